"""Digits of which two in five have a wrong label: co-teaching beside a loss that bears wrong labels and the plain way.

    ZOO_MIRROR=... python -m benchmarks.pictures.co_teaching    # some minutes on two cores

It writes results/co_teaching.json. MNIST's fully connected network learns from `TRAINED` pictures, not augmented, of
which `WRONG` got another label, drawn at random, with each of `SEEDS`. Ways to train, as long each:

plain          the cross-entropy
noise_aware    the generalised cross-entropy (Zhang and Sabuncu 2018)
co_teaching    two networks (Han et al. 2018), told the share of wrong labels
clean          the cross-entropy on the right labels alone, which nobody would know

Accuracy on the test part, read once; validation has right labels and chooses the epoch, for all ways alike.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

import keras
import numpy as np

import zoo
from zoo.records import write_record
from zoo.samples import Samples
from zoo.tasks import recipe_for
from zoo.terminal import import_frameworks
from zoo.training import CoTeaching, fit, predict

SEEDS = (0, 1, 2)
TRAINED, VALIDATED, EPOCHS, RISING, WRONG = 5_000, 1_000, 12, 5, 0.4
ENTRY, DATA, LOSS = "image_mlp", "mnist", "generalised_crossentropy"


def noisy(samples: Samples, name: str, classes: int, seed: int) -> tuple[Samples, np.ndarray]:
    """(the samples with other labels for a share of the rows, which rows)."""
    random = np.random.default_rng(seed)
    labels = samples.targets[name]
    wrong = random.random(len(labels)) < WRONG
    moved = (labels + random.integers(1, classes, len(labels))) % classes
    return replace(samples, targets={name: np.where(wrong, moved, labels).astype(labels.dtype)}), wrong


def accuracies(dataset: Any, seed: int) -> dict[str, dict[str, float]]:
    """Way -> accuracy on the test part, and seconds."""
    usual = recipe_for(dataset, ENTRY, data=DATA, options={})
    recipe = replace(usual, augmentation=None, epochs=EPOCHS)
    ((name, head),) = recipe.heads.items()
    train, validation = dataset.train.take(np.arange(TRAINED)), dataset.validation.take(np.arange(VALIDATED))
    given, wrong = noisy(train, name, len(head.target.labels), seed)
    ways = {
        "plain": (given, recipe),
        "noise_aware": (given, replace(recipe, heads={name: replace(head, loss=LOSS)})),
        "co_teaching": (given, replace(recipe, co_teaching=CoTeaching(WRONG, epochs=RISING))),
        "clean": (train.take(np.flatnonzero(~wrong)), recipe),
    }
    found = {}
    for way, (rows, plan) in ways.items():
        keras.utils.set_random_seed(seed)
        model, started = zoo.create_model(ENTRY, **recipe.config), time.process_time()
        fit(model, rows, validation, plan, seed=seed)
        seconds = time.process_time() - started
        shares = predict(model, dataset.test, recipe.heads)[name]
        right = float((shares.argmax(axis=1) == dataset.test.targets[name]).mean())
        found[way] = {"accuracy": right, "processor_seconds": seconds}
        print(seed, way, round(right, 4), round(seconds, 1), flush=True)
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    import_frameworks()
    dataset = zoo.load_dataset(DATA, seed=0)
    runs = {str(seed): accuracies(dataset, seed) for seed in SEEDS}
    scores = {way: [run[way]["accuracy"] for run in runs.values()] for way in runs[str(SEEDS[0])]}
    figures = {
        "entry": ENTRY,
        "rows": {"train": TRAINED, "validation": VALIDATED, "test": len(dataset.test)},
        "wrong_share": WRONG,
        "epochs": EPOCHS,
        "runs": runs,
        "mean": {way: float(np.mean(each)) for way, each in scores.items()},
        "deviation": {way: float(np.std(each, ddof=1)) for way, each in scores.items()},
        "shared_machine": True,
    }
    print(figures["mean"])
    write_record("results/co_teaching.json", figures, command="python -m benchmarks.pictures.co_teaching", seed=SEEDS)


if __name__ == "__main__":
    main()
