"""What the classifier of volumes reaches, beside logistic regression on a few numbers of the same volumes.

    python -m benchmarks.volumes.classifiers nodules    # 5 folds by exam -> results/volumes_nodules.json
    python -m benchmarks.volumes.classifiers adrenal    # 3 seeds -> results/volumes_adrenal.json

Of the rows to train on a tenth chooses the epoch of the network and the strength of the regression; the test rows are
read once, in the end. The network's score is that of the mean over the eight mirrored views of each volume, which was
settled before any was measured; that of the plain volumes stands beside it.
"""

import argparse
import os
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.grouped_folds import SEED, Rows, grouped_folds
from zoo.columns import VolumeColumn
from zoo.create import create_model
from zoo.datasets.splits import split_by_labels
from zoo.datasets.volumes.adrenal import HELD_OUT, read_adrenal
from zoo.datasets.volumes.nodules import SHAPE, read_nodules
from zoo.records import machine_facts, write_record
from zoo.samples import Samples, Target
from zoo.tasks.volumes import measures, pooled
from zoo.training import Head, Optimiser, Recipe, fit

RESULTS = Path(__file__).resolve().parents[2] / "results"
SEEDS = 3
STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # of logistic regressions
PLACES = 8  # a side, whose means the regression on adrenal glands sees
SETTINGS = {
    "nodules": {"epochs": 20, "batch_size": 16, "learning_rate": 3e-3, "weight_decay": 0.05},
    "adrenal": {"epochs": 12, "batch_size": 32, "learning_rate": 3e-3, "weight_decay": 0.05},
}
AUGMENTATION = {"nodules": ["flip_axes", "quarter_turns"], "adrenal": ["flip_axes", ("affine", {"share": 0.5})]}


def regression(features: np.ndarray, labels: np.ndarray, rows: Rows) -> float:
    """AUC on the test rows of the strength that is best on those that choose."""
    training, chosen, test = rows

    def model(strength: float) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2_000, class_weight="balanced"))

    def auc(fitted: Any, part: np.ndarray) -> float:
        return float(roc_auc_score(labels[part], fitted.predict_proba(features[part])[:, 1]))

    best = max(STRENGTHS, key=lambda each: auc(model(each).fit(features[training], labels[training]), chosen))
    both = np.concatenate([training, chosen])
    return auc(model(best).fit(features[both], labels[both]), test)


def network(name: str, volumes: np.ndarray, labels: np.ndarray, rows: Rows, seed: int, shape: Any) -> dict[str, float]:
    """AUC of a network on the test rows: of the mean over mirrored views, and of the plain volumes."""
    training, chosen, test = rows
    settings = SETTINGS[name]
    column = VolumeColumn.fit([volumes[row] for row in training], "volume", shape=shape)
    samples = Samples({"volume": column.encode(list(volumes))}, {"label": labels.astype("int32")})
    keras.utils.set_random_seed(seed)
    outputs = {"label": {"kind": "binary"}}
    model = create_model("volume_classifier", outputs=outputs, input_shape=[*column.spec.shape])
    recipe = Recipe(
        {"label": Head(Target("binary", ("no", "yes")))},
        optimiser=Optimiser("adamw", learning_rate=settings["learning_rate"], schedule="one_cycle",
                            weight_decay=settings["weight_decay"]),
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        augmentation=AUGMENTATION[name],
        balance="static",
    )  # fmt: skip
    fit(model, samples.take(training), samples.take(chosen), recipe, seed=seed)
    tested = samples.take(test).inputs["volume"][:]
    views = [
        np.concatenate([np.asarray(model.predict_on_batch(part)["label"]).reshape(-1) for part in np.array_split(
            np.flip(tested, [axis + 1 for axis in range(3) if mirrored[axis]]), 4)])
        for mirrored in product((False, True), repeat=3)
    ]  # fmt: skip
    return {
        "auc": float(roc_auc_score(labels[test], np.mean(views, axis=0))),
        "plain": float(roc_auc_score(labels[test], views[0])),
    }


def spread(scores: Sequence[float]) -> dict[str, Any]:
    deviation = float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0
    return {"each": list(scores), "mean": float(np.mean(scores)), "deviation": deviation}


def nodules() -> tuple[dict[str, Any], int]:
    volumes, labels, exams = read_nodules()
    features = measures(volumes[..., None].astype(np.float32), 0.0)
    found = grouped_folds(labels, exams)
    simple = [regression(features, labels, rows) for rows in found]
    return run("nodules", simple, [(volumes, labels, rows, SEED + number) for number, rows in enumerate(found)], SHAPE)


def adrenal() -> tuple[dict[str, Any], int]:
    (first, first_labels), (second, second_labels) = read_adrenal()
    volumes, labels = np.concatenate([first, second]), np.concatenate([first_labels, second_labels])
    features = pooled(volumes[..., None].astype(np.float32), PLACES)
    test = np.arange(len(first), len(volumes))
    draws = []
    for seed in range(SEEDS):
        held_out = split_by_labels(first_labels[:, None], (HELD_OUT, 0.0), np.random.default_rng(seed)) == 1
        draws.append((np.flatnonzero(~held_out), np.flatnonzero(held_out), test))
    simple = [regression(features, labels, rows) for rows in draws]
    return run("adrenal", simple, [(volumes, labels, rows, seed) for seed, rows in enumerate(draws)], None)


def run(name: str, simple: list[float], trainings: list[Any], shape: Any) -> tuple[dict[str, Any], int]:
    """The record, written anew after every training, so that one that is stopped tells how far it came."""
    start, found = time.perf_counter(), []
    print(f"logistic regression {np.mean(simple):.3f}", flush=True)
    for volumes, labels, rows, seed in trainings:
        found.append(network(name, volumes, labels, rows, seed, shape))
        seconds = time.perf_counter() - start
        print(f"{len(found)} of {len(trainings)}: {found[-1]}, {seconds:.0f} s", flush=True)
        figures = {
            "logistic_regression": spread(simple),
            "network": spread([each["auc"] for each in found]),
            "network_plain": spread([each["plain"] for each in found]),
            "trainings": len(found),
            "of": len(trainings),
            "settings": {**SETTINGS[name], "augmentation": AUGMENTATION[name], "shape": shape},
            "seconds": seconds,
            "shared_machine": {"load": os.getloadavg()[0], "date": machine_facts()["date"]},
        }
        command = f"python -m benchmarks.volumes.classifiers {name}"
        write_record(RESULTS / f"volumes_{name}.json", figures, command=command, seed=SEED)
    return figures, len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["nodules", "adrenal"])
    {"nodules": nodules, "adrenal": adrenal}[parser.parse_args().part]()


if __name__ == "__main__":
    main()
