"""How easily a small network is fooled, here and by foolbox, and what adversarial training changes.

    pip install foolbox
    ZOO_MIRROR=... python -m benchmarks.explanations.robustness                   # some ten minutes on two cores
    ZOO_MIRROR=... python -m benchmarks.explanations.robustness --data cifar10    # an hour

It writes results/robustness.json, of CIFAR-10 results/robustness_cifar10.json. A small network learns from plain
pictures; and from there by adversarial training. MNIST's is that of its recipe, on digits that are not augmented.
CIFAR-10's gets less than an hour of two cores for both trainings: what a user sees who has that, not what these
methods can reach. Both are attacked on the same test pictures, read once.
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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

import zoo
from zoo.records import write_record
from zoo.tasks import recipe_for
from zoo.terminal import import_frameworks
from zoo.training import AdversarialTraining, Optimiser

SEED, ENTRY = 0, "mnist_cnn"
COMPARED, STEPS = 50, 40
REACH = 2.5  # all steps together, in strengths


@dataclass(frozen=True)
class Setting:
    """Of one data set: how many pictures train, choose the epoch and judge; how both networks are trained and attacked.

    strength, attack_steps  of adversarial training.
    training                what is otherwise than in the recipe.
    """

    trained: int
    validated: int
    pictures: int
    epochs: int
    adversarial: int
    strength: float
    attack_steps: int
    linf: tuple[float, ...]
    l2: tuple[float, ...]
    record: str
    config: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


SETTINGS = {
    "mnist": Setting(6_000, 1_000, 100, 3, 5, 0.3, 2, (0.1, 0.2, 0.3), (1.0, 2.0), "robustness"),
    "cifar10": Setting(
        48_000, 1_000, 500, 2, 10, 8 / 255, 2, (2 / 255, 4 / 255, 8 / 255), (0.25, 0.5), "robustness_cifar10",
        config={"filters": (24, 48, 96), "dropout": 0.0},
        training={
            "augmentation": ["flip", "crop"],
            "batch_size": 128,
            "optimiser": Optimiser("muon", learning_rate=1e-2, schedule="linear"),
        },
    ),
}  # fmt: skip


NETWORKS = ("plain", "adversarial")


@cache
def dataset_of(data: str) -> Any:
    return zoo.load_dataset(data, seed=SEED)


def trained(data: str, folder: Path, epochs: int) -> dict[str, float]:
    """Train both networks, unless the folder has them -> seconds of each."""
    done = folder / "seconds.json"
    if done.exists():
        return json.loads(done.read_text(encoding="utf-8"))
    setting, dataset = SETTINGS[data], dataset_of(data)
    usual = recipe_for(dataset, ENTRY, data=data, options={})
    recipe = replace(usual, epochs=setting.epochs, **{"augmentation": None, **setting.training})
    keras.utils.set_random_seed(SEED)
    model = zoo.create_model(ENTRY, **{**recipe.config, **setting.config})
    train = dataset.train.take(np.arange(setting.trained))
    validation = dataset.validation.take(np.arange(setting.validated))
    attack = AdversarialTraining(setting.strength, steps=setting.attack_steps)
    seconds: dict[str, float] = {}
    for name, plan in zip(NETWORKS, (recipe, replace(recipe, epochs=epochs, adversarial=attack)), strict=True):
        started = time.perf_counter()
        run = zoo.fit(model, train, validation, plan, seed=SEED)
        model.save(folder / f"{name}.keras")
        seconds[name] = time.perf_counter() - started
        print(name, round(seconds[name]), "s; best epoch", run.best_epoch, flush=True)
    done.write_text(json.dumps(seconds), encoding="utf-8")
    return seconds


def given(data: str, folder: Path, name: str, count: int) -> tuple[Any, Any, Any]:
    """(model, the first test pictures with their labels, the scale of their pixels)."""
    dataset = dataset_of(data)
    column = dataset.schema.of("picture")[0]
    model = keras.saving.load_model(folder / f"{name}.keras", compile=False)
    return model, dataset.test.take(np.arange(count)), column


def attacked(data: str, folder: Path) -> dict[str, Any]:
    """Network -> attack -> strength -> accuracy."""
    setting = SETTINGS[data]
    linf, found = list(setting.linf), dict[str, Any]()
    for name in NETWORKS:
        model, samples, scale = given(data, folder, name, setting.pictures)
        found[name] = {}
        attacks: dict[str, dict[str, Any]] = {
            "noise": {"method": "noise", "strength": linf},
            "fgsm": {"method": "fgsm", "strength": linf},
            "pgd_linf": {"method": "pgd", "strength": linf, "steps": STEPS},
            "pgd_l2": {"method": "pgd", "norm": "l2", "strength": list(setting.l2), "steps": STEPS},
        }
        for label, options in attacks.items():
            result = zoo.attack(model, samples, scale=scale, seed=SEED, **options)
            found[name][label] = {f"{each:g}": share for each, share in result.accuracy.items()}
            print(name, result.sentence(), flush=True)
    return found


def beside_foolbox(data: str, folder: Path) -> dict[str, Any]:
    """On PyTorch: the accuracy left by PGD here and by foolbox's on the same pictures, at each strength."""
    import foolbox
    import torch

    from zoo.robustness.sources import picture_rows

    found: dict[str, Any] = {"foolbox": foolbox.__version__, "pictures": COMPARED, "steps": STEPS}
    for name in NETWORKS:
        graph, samples, scale = given(data, folder, name, COMPARED)
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
        for norm, strengths in (("linf", SETTINGS[data].linf), ("l2", SETTINGS[data].l2)):
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
    parser.add_argument("--data", choices=SETTINGS, default="mnist")
    parser.add_argument("--epochs", type=int, help="of adversarial training")
    parser.add_argument(
        "--folder", help="where the trained networks are kept, and taken from (default: a temporary one)"
    )
    parser.add_argument("--foolbox", metavar="FILE", help=argparse.SUPPRESS)  # what the second process writes
    parsed = parser.parse_args()
    import_frameworks()
    if parsed.foolbox:
        found = beside_foolbox(parsed.data, Path(parsed.folder))
        Path(parsed.foolbox).write_text(json.dumps(found), encoding="utf-8")
        return
    setting = SETTINGS[parsed.data]
    epochs = parsed.epochs or setting.adversarial
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(parsed.folder or scratch)
        seconds = trained(parsed.data, folder, epochs)
        found = attacked(parsed.data, folder)
        file = Path(scratch) / "foolbox.json"
        own = [sys.executable, "-m", "benchmarks.explanations.robustness", "--data", parsed.data]
        command = [*own, "--folder", str(folder), "--foolbox", str(file)]
        subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": "torch"})
        beside = json.loads(file.read_text(encoding="utf-8"))
    figures = {
        "entry": ENTRY,
        "trained_on": setting.trained,
        "pictures": setting.pictures,
        "epochs": {"plain": setting.epochs, "adversarial": epochs},
        "training": {"strength": setting.strength, "steps": setting.attack_steps},
        "seconds": seconds,
        "pgd_steps": STEPS,
        "accuracy": found,
        "beside_foolbox": beside,
        "shared_machine": True,
    }
    asked = "" if parsed.data == "mnist" else f" --data {parsed.data}"
    command_line = f"python -m benchmarks.explanations.robustness{asked}"
    write_record(f"results/{setting.record}.json", figures, command=command_line, seed=SEED)


if __name__ == "__main__":
    main()
