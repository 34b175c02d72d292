"""Nodules by a network whose weights are averaged over its last steps, by logistic regression, and by both together.

    python -m benchmarks.volumes.blend      # 5 folds by exam -> results/volumes_nodules_blend.json

The same folds, settings and eight views as `benchmarks.volumes.classifiers nodules`. Which of the three is taken is
decided on the rows of all folds that choose; the test rows are read once, in the end, and tell all three.
"""

import os
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.volumes.classifiers import (
    FOLDS,
    SEED,
    SETTINGS,
    network_views,
    nodule_folds,
    regression_odds,
    spread,
)
from zoo.datasets.volumes.nodules import SHAPE, read_nodules
from zoo.records import machine_facts, write_record
from zoo.tasks.volumes import measures

RESULT = Path(__file__).resolve().parents[2] / "results" / "volumes_nodules_blend.json"
AVERAGED = 0.25  # of all steps, the last
EDGE = 1e-6


def odds_of(views: np.ndarray) -> np.ndarray:
    """(views, n) probabilities -> (n,) logarithms of the odds of their mean."""
    share = np.clip(views.mean(axis=0), EDGE, 1 - EDGE)
    return np.asarray(np.log(share / (1 - share)))


def main() -> None:
    volumes, labels, exams = read_nodules()
    features = measures(volumes[..., None].astype(np.float32), 0.0)
    start = time.perf_counter()
    scores: dict[str, dict[str, list[float]]] = {"chosen": {}, "test": {}}
    for fold, rows in enumerate(nodule_folds(labels, exams)):
        simple = regression_odds(features, labels, rows)
        views = network_views("nodules", volumes, labels, rows, SEED + fold, SHAPE, average_last=AVERAGED)
        for place, part in enumerate(("chosen", "test")):
            network = odds_of(views[place])
            ways = {"logistic_regression": simple[place], "network": network, "both": (simple[place] + network) / 2}
            for name, odds in ways.items():
                scores[part].setdefault(name, []).append(float(roc_auc_score(labels[rows[place + 1]], odds)))
        print(f"fold {fold + 1}: { ({n: round(e[-1], 3) for n, e in scores['chosen'].items()}) }", flush=True)
        means = {name: float(np.mean(each)) for name, each in scores["chosen"].items()}
        figures: dict[str, Any] = {
            "by_rows_that_choose": {name: spread(each) for name, each in scores["chosen"].items()},
            "taken": max(means, key=lambda name: means[name]),
            "test": {name: spread(each) for name, each in scores["test"].items()},
            "folds": fold + 1,
            "of": FOLDS,
            "settings": {**SETTINGS["nodules"], "average_last": AVERAGED, "backend": keras.backend.backend()},
            "seconds": time.perf_counter() - start,
            "shared_machine": {"load": os.getloadavg()[0], "date": machine_facts()["date"]},
        }
        command = f"KERAS_BACKEND={keras.backend.backend()} python -m benchmarks.volumes.blend"
        write_record(RESULT, figures, command=command, seed=SEED)


if __name__ == "__main__":
    main()
