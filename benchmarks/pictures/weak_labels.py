"""Ages of faces of which one in ten has a right label: pretraining on the wrong ones beside doing without it.

    ZOO_MIRROR=... python -m benchmarks.pictures.weak_labels    # a few minutes on two cores

It writes results/weak_labels.json. A network of one hidden layer on MobileNet's features (frozen, 64x64) of UTKFace's
sample, split as the source does. Of its training rows a tenth keeps its ages. The others have cheap ones: half of them
the age of another face drawn at random, the rest the middle of their decade. Ways to train, with `SEEDS` seeds:

clean        the tenth alone
mixed        all rows as if they were alike; mixed_mse with the squared error, which follows wrong labels more
weak_clean   the cheap labels, then a fresh last layer and the clean ones

The mean absolute error of the test part, read once; validation has right labels and stops each training.
"""

import argparse
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

import zoo
from benchmarks.pictures.fine_tuning import ENTRY, TAG, features
from zoo.records import write_record
from zoo.samples import Samples, Target
from zoo.tasks.pictures import options
from zoo.terminal import import_frameworks
from zoo.training import FineTune, Head, Optimiser, Recipe, fit, predict_rows
from zoo.training.fine_tuning.weak_labels import fit_weak_then_clean

SEEDS = (0, 1, 2)
CLEAN, WRONG = 0.1, 0.5  # shares of the training rows, and of the other ones
SIZE, HIDDEN, DECADE = 64, 128, 10
WAYS = ("clean", "mixed", "mixed_mse", "weak_clean")


def network(width: int) -> keras.Model:
    """features (B, width) -> age."""
    given = keras.Input((width,), name="features")
    x = layers.Dense(HIDDEN, activation="relu", name="hidden")(layers.BatchNormalization(name="standard")(given))
    return keras.Model([given], {"age": layers.Dense(1, name="age")(layers.Dropout(0.3)(x))})


def recipe(loss: str = "mae", **changes: Any) -> Recipe:
    head = Head(Target("regression", unit="years"), loss=loss, metrics=("mae",))
    rate = Optimiser("adamw", learning_rate=2e-3, schedule="one_cycle", weight_decay=1e-2)
    return replace(Recipe({"age": head}, optimiser=rate, epochs=15, batch_size=64, fine_tune=None), **changes)


def cheap(ages: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Of `WRONG` of them another's age, of the rest the middle of the decade."""
    middle = ages // DECADE * DECADE + DECADE / 2
    return np.where(random.random(len(ages)) < WRONG, random.permutation(ages), middle).astype(ages.dtype)


def samples(rows: np.ndarray, ages: np.ndarray) -> Samples:
    return Samples({"features": rows}, {"age": ages})


def errors(train: Samples, validation: Samples, test: Samples, seed: int) -> dict[str, float]:
    """Way -> mean absolute error in years."""
    random = np.random.default_rng(seed)
    rows, ages = train.inputs["features"], train.targets["age"]
    order = random.permutation(len(ages))
    right, others = np.split(order, [round(CLEAN * len(ages))])
    clean, weak = samples(rows[right], ages[right]), samples(rows[others], cheap(ages[others], random))
    few = recipe(epochs=60, batch_size=32)
    found = {}
    for way in WAYS:
        keras.utils.set_random_seed(seed)
        model = network(rows.shape[1])
        if way == "weak_clean":
            tune = FineTune(("linear_probe", "all"), rate=0.3, decay=0.5)
            fit_weak_then_clean(
                model, weak, clean, validation, replace(few, fine_tune=tune, epochs=30), weak_recipe=recipe(), seed=seed
            )
        elif way == "clean":
            fit(model, clean, validation, few, seed=seed)
        else:
            loss = "mse" if way == "mixed_mse" else "mae"
            fit(model, clean.joined(weak), validation, recipe(loss), seed=seed)
        outputs, _ = predict_rows(model, test, few.heads)
        found[way] = float(np.abs(outputs["age"].reshape(-1) - test.targets["age"].reshape(-1)).mean())
        print(seed, way, round(found[way], 3), flush=True)
    return found


def main() -> None:
    import_frameworks()
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    dataset = zoo.load_dataset("utkface", **{**options(ENTRY, TAG), "size": SIZE, "seed": 0})
    rows, ages, held, expected = features(dataset)
    cut = len(dataset.train)
    splits = (samples(rows[:cut], ages[:cut]), samples(rows[cut:], ages[cut:]), samples(held, expected))
    found = {str(seed): errors(*splits, seed) for seed in SEEDS}
    scores = {way: [found[str(seed)][way] for seed in SEEDS] for way in WAYS}
    figures = {
        "rows": {"train": cut, "clean": round(CLEAN * cut), "validation": len(splits[1]), "test": len(held)},
        "wrong_share": WRONG,
        "mae": found,
        "mean": {way: float(np.mean(each)) for way, each in scores.items()},
        "deviation": {way: float(np.std(each)) for way, each in scores.items()},
        "median": float(np.abs(expected - np.median(ages[:cut])).mean()),
    }
    print(figures["mean"], figures["median"])
    write_record(
        "results/weak_labels.json", figures, command="python -m benchmarks.pictures.weak_labels", seed=list(SEEDS)
    )


if __name__ == "__main__":
    main()
