"""What the classifier of volumes reaches by its recipe, beside logistic regression on a few numbers of the volumes.

    python -m benchmarks.volumes.classifiers nodules    # 5 folds by exam -> results/volumes_nodules.json
    python -m benchmarks.volumes.classifiers adrenal    # 3 seeds -> results/volumes_adrenal.json

Of the rows to train on a tenth chooses the epoch of the network and the strength of the regression; the test rows are
read once, in the end. The network is that of `zoo train volume_classifier --data nodules`, its score that of
`zoo predict --views mirrored`, the mean over the eight mirrored views of each volume; that of the plain volumes stands
beside it.
"""

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.grouped_folds import SEED, Rows, grouped_folds
from benchmarks.seeds import spread
from zoo.create import create_model
from zoo.datasets.table import Table
from zoo.datasets.volumes.adrenal import adrenal3d
from zoo.datasets.volumes.nodules import nodule_rows, nodules, read_nodules
from zoo.records import machine_facts, write_record
from zoo.tasks.task import recipe_for
from zoo.tasks.volumes import measures, pooled
from zoo.training import fit, predict

RESULTS = Path(__file__).resolve().parents[2] / "results"
ENTRY = "volume_classifier"
SEEDS = 3
STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # of logistic regressions
PLACES = 8  # a side, whose means the regression on adrenal glands sees


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


def network(table: Table, seed: int) -> tuple[dict[str, float], dict[str, Any]]:
    """AUC of a network on the test rows, of the mean over mirrored views and of the plain volumes; and its recipe."""
    dataset = table.dataset()
    recipe = recipe_for(dataset, ENTRY, data=table.name, options={})
    keras.utils.set_random_seed(seed)
    model = create_model(ENTRY, **recipe.config)
    fit(model, dataset.train, dataset.validation, recipe, seed=seed)
    ((name, labels),) = dataset.test.targets.items()
    found = {
        views: float(roc_auc_score(labels, predict(model, dataset.test, recipe.heads, views=views)[name]))
        for views in ("mirrored", "plain")
    }
    return {"auc": found["mirrored"], "plain": found["plain"]}, recipe.to_json()


def of_nodules() -> tuple[list[float], list[tuple[Table, int]]]:
    """The regression's AUC in each fold; a table and a seed for each training."""
    volumes, labels, exams = read_nodules()
    features = measures(volumes[..., None].astype(np.float32), 0.0)
    found, table = grouped_folds(labels, exams), nodules()
    rows = nodule_rows(volumes, labels, exams)
    trainings = [
        (replace(table, train=rows.iloc[a], validation=rows.iloc[b], test=rows.iloc[c]), SEED + number)
        for number, (a, b, c) in enumerate(found)
    ]
    return [regression(features, labels, each) for each in found], trainings


def of_adrenal() -> tuple[list[float], list[tuple[Table, int]]]:
    """The same of glands, whose test rows are always those of the paper's validation part."""
    simple, trainings = [], []
    for seed in range(SEEDS):
        table = adrenal3d(seed=seed)
        frames = (table.train, table.validation, table.test)
        together = pd.concat(frames, ignore_index=True)
        features = pooled(np.stack(together["volume"].tolist())[..., None].astype(np.float32), PLACES)
        ends = np.cumsum([len(each) for each in frames])
        rows = (np.arange(ends[0]), np.arange(ends[0], ends[1]), np.arange(ends[1], ends[2]))
        simple.append(regression(features, (together["state"] == "mass").to_numpy(int), rows))
        trainings.append((table, seed))
    return simple, trainings


def run(name: str, simple: list[float], trainings: list[tuple[Table, int]]) -> None:
    """The record, written anew after every training, so that one that is stopped tells how far it came."""
    start, found = time.perf_counter(), []
    print(f"logistic regression {np.mean(simple):.3f}", flush=True)
    for table, seed in trainings:
        scores, recipe = network(table, seed)
        found.append(scores)
        seconds = time.perf_counter() - start
        print(f"{len(found)} of {len(trainings)}: {scores}, {seconds:.0f} s", flush=True)
        figures = {
            "logistic_regression": spread(simple),
            "network": spread([each["auc"] for each in found]),
            "network_plain": spread([each["plain"] for each in found]),
            "trainings": len(found),
            "of": len(trainings),
            "recipe": recipe,
            "backend": keras.backend.backend(),
            "seconds": seconds,
            "shared_machine": {"load": os.getloadavg()[0], "date": machine_facts()["date"]},
        }
        command = f"python -m benchmarks.volumes.classifiers {name}"
        write_record(RESULTS / f"volumes_{name}.json", figures, command=command, seed=SEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["nodules", "adrenal"])
    part = parser.parse_args().part
    run(part, *{"nodules": of_nodules, "adrenal": of_adrenal}[part]())


if __name__ == "__main__":
    main()
