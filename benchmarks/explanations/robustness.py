"""How easily a small MNIST network is fooled, here and by foolbox, and what adversarial training changes.

    pip install foolbox
    ZOO_MIRROR=... python -m benchmarks.explanations.robustness    # some ten minutes on two cores of one's own

It writes results/robustness.json. The network of MNIST's recipe learns from `TRAINED` pictures, not augmented; and
from there, at .3 of a pixel's range, by adversarial training. Both are attacked on the same test pictures, read once.
PGD here and foolbox's take steps of one size, as many; foolbox runs in a process of its own on PyTorch, on the same
weights, and so does the attack of here then. The one here keeps the first picture on the way that fools the model,
foolbox looks at the last one alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

import zoo
from zoo.records import write_record
from zoo.tasks import recipe_for
from zoo.terminal import import_frameworks

SEED, TRAINED, VALIDATED, EPOCHS, ADVERSARIAL = 0, 6_000, 1_000, 3, 5
STRENGTH, ATTACK_STEPS = 0.3, 2  # of adversarial training
PICTURES, COMPARED, STEPS = 100, 50, 40
LINF, L2 = (0.1, 0.2, 0.3), (1.0, 2.0)
ENTRY, DATA = "mnist_cnn", "mnist"
REACH = 2.5  # all steps together, in strengths


NETWORKS = ("plain", "adversarial")


@cache
def data() -> Any:
    return zoo.load_dataset(DATA, seed=SEED)


def trained(folder: Path, epochs: int) -> dict[str, float]:
    """Train both networks -> seconds of each."""
    from zoo.training import AdversarialTraining

    dataset = data()
    recipe = replace(recipe_for(dataset, ENTRY, data=DATA, options={}), augmentation=None, epochs=EPOCHS)
    keras.utils.set_random_seed(SEED)
    model = zoo.create_model(ENTRY, **recipe.config)
    train, validation = dataset.train.take(np.arange(TRAINED)), dataset.validation.take(np.arange(VALIDATED))
    attack = AdversarialTraining(STRENGTH, steps=ATTACK_STEPS)
    seconds = {}
    for name, plan in zip(NETWORKS, (recipe, replace(recipe, epochs=epochs, adversarial=attack)), strict=True):
        started = time.perf_counter()
        run = zoo.fit(model, train, validation, plan, seed=SEED)
        model.save(folder / f"{name}.keras")
        seconds[name] = time.perf_counter() - started
        print(name, round(seconds[name]), "s; best epoch", run.best_epoch, flush=True)
    return seconds


def given(folder: Path, name: str, count: int) -> tuple[Any, Any, Any]:
    """(model, the first test pictures with their labels, the scale of their pixels)."""
    dataset = data()
    column = dataset.schema.of("picture")[0]
    model = keras.saving.load_model(folder / f"{name}.keras", compile=False)
    return model, dataset.test.take(np.arange(count)), column


def attacked(folder: Path) -> dict[str, Any]:
    """Network -> attack -> strength -> accuracy."""
    found: dict[str, Any] = {}
    for name in NETWORKS:
        model, samples, scale = given(folder, name, PICTURES)
        found[name] = {}
        for label, options in {
            "noise": {"method": "noise", "strength": list(LINF)},
            "fgsm": {"method": "fgsm", "strength": list(LINF)},
            "pgd_linf": {"method": "pgd", "strength": list(LINF), "steps": STEPS},
            "pgd_l2": {"method": "pgd", "norm": "l2", "strength": list(L2), "steps": STEPS},
        }.items():
            result = zoo.attack(model, samples, scale=scale, seed=SEED, **options)
            found[name][label] = {f"{each:g}": share for each, share in result.accuracy.items()}
            print(name, result.sentence(), flush=True)
    return found


def beside_foolbox(folder: Path) -> dict[str, Any]:
    """On PyTorch: the accuracy left by PGD here and by foolbox's on the same pictures, at each strength."""
    import foolbox
    import torch

    from zoo.robustness.sources import picture_rows

    found: dict[str, Any] = {"foolbox": foolbox.__version__, "pictures": COMPARED, "steps": STEPS}
    for name in NETWORKS:
        graph, samples, scale = given(folder, name, COMPARED)
        classifier, labels, _ = picture_rows(graph, samples, None, None, scale)

        class Scores(torch.nn.Module):
            """(B, H, W, C) pixels from 0 to 1 -> logits."""

            def __init__(self, of: Any = classifier):
                super().__init__()
                self.scorer, self.of = of.scorer, of

            def forward(self, x: Any) -> Any:
                low, width = (torch.as_tensor(each) for each in (self.of.scale.low, self.of.scale.width))
                return self.scorer({self.of.name: x * width + low}, training=False)["scores"]

        model = foolbox.PyTorchModel(Scores().eval(), bounds=(0, 1), device="cpu")
        x, y = torch.as_tensor(classifier.pictures), torch.as_tensor(labels)
        for norm, strengths in (("linf", LINF), ("l2", L2)):
            attack = {"linf": foolbox.attacks.LinfPGD, "l2": foolbox.attacks.L2PGD}[norm]
            torch.manual_seed(SEED)
            _, _, fooled = attack(steps=STEPS, rel_stepsize=REACH / STEPS)(model, x, y, epsilons=list(strengths))
            options = {"norm": norm, "strength": list(strengths), "steps": STEPS, "seed": SEED}
            ours = zoo.attack(graph, samples, scale=scale, **options)
            theirs = {f"{each:g}": float(1 - part.float().mean()) for each, part in zip(strengths, fooled, strict=True)}
            own = {f"{each:g}": share for each, share in ours.accuracy.items() if each}
            found[f"{name}_{norm}"] = {"zoo": own, "foolbox": theirs}
            print(name, norm, found[f"{name}_{norm}"], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=ADVERSARIAL, help="of adversarial training")
    parser.add_argument("--folder", help="where the trained networks are kept (default: a temporary folder)")
    parser.add_argument("--foolbox", metavar="FILE", help=argparse.SUPPRESS)  # what the second process writes
    parsed = parser.parse_args()
    import_frameworks()
    if parsed.foolbox:
        Path(parsed.foolbox).write_text(json.dumps(beside_foolbox(Path(parsed.folder))), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(parsed.folder or scratch)
        seconds = trained(folder, parsed.epochs)
        found = attacked(folder)
        file = Path(scratch) / "foolbox.json"
        command = [
            sys.executable,
            "-m",
            "benchmarks.explanations.robustness",
            "--folder",
            str(folder),
            "--foolbox",
            str(file),
        ]
        subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": "torch"})
        beside = json.loads(file.read_text(encoding="utf-8"))
    figures = {
        "entry": ENTRY,
        "trained_on": TRAINED,
        "pictures": PICTURES,
        "epochs": {"plain": EPOCHS, "adversarial": parsed.epochs},
        "training": {"strength": STRENGTH, "steps": ATTACK_STEPS},
        "seconds": seconds,
        "pgd_steps": STEPS,
        "accuracy": found,
        "beside_foolbox": beside,
        "shared_machine": True,
    }
    write_record("results/robustness.json", figures, command="python -m benchmarks.explanations.robustness", seed=SEED)


if __name__ == "__main__":
    main()
