"""A pretrained MobileNet fine-tuned by the recipe, beside a linear model on its features, on the same split.

    ZOO_MIRROR=... python -m benchmarks.pictures.fine_tuning              # all three, hours on a machine that is shared
    ZOO_MIRROR=... python -m benchmarks.pictures.fine_tuning cars64 --runs runs    # one; finished runs are loaded

It writes results/fine_tuning.json, in which what was not measured this time stays as it was.

pets37   259 photos, 7 of each of 37 breeds, `--folds` of five stratified folds: the recipe as it is, and with the last
         stage trained too. The validation rows of each fold are trained on in the end (`refit`): nothing is chosen.
cars64   2,000 photos of 96x64 of 196 models, the source's own split.
utkface  8,000 faces of 64x64, the source's own split; mean absolute error in years.

The linear model is logistic regression (C = .01) or ridge on standardised features of the training and validation rows.
"""

import argparse
import csv
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import zoo
from zoo.artifacts import fetch
from zoo.datasets.dataset import Dataset
from zoo.records import write_record
from zoo.tasks.pictures import options
from zoo.terminal import epoch_printer, import_frameworks
from zoo.training import FineTune, Optimiser

ENTRY, TAG, RECORD = "mobilenet", "imagenet", Path("results/fine_tuning.json")
BATCH = 64
STRENGTH = 0.01  # C of the logistic regression
RIDGE = (10.0, 100.0, 1_000.0)

Figures = dict[str, Any]


def features(dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What MobileNet gives for the rows of training and validation and for those of the test, and both targets."""
    (given,) = (each.shape[1:] for each in dataset.train.inputs.values())
    model = zoo.create_model(ENTRY, weights=TAG, input_shape=given, include_top=False, pooling="avg")
    found = []
    for part in (dataset.train.joined(dataset.validation), dataset.test):
        (pictures,), (targets,) = part.inputs.values(), part.targets.values()
        starts = range(0, len(part), BATCH)
        rows = [
            model.predict_on_batch(pictures[np.arange(at, min(at + BATCH, len(part)))])["features"] for at in starts
        ]
        found += [np.concatenate([np.asarray(each) for each in rows]), targets]
    return tuple(found)


def linear(dataset: Dataset) -> float:
    """The score of the linear model: accuracy, or mean absolute error."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, targets, test, expected = features(dataset)
    (kind,) = (target.kind for target in dataset.targets.values())
    last = RidgeCV(RIDGE) if kind == "regression" else LogisticRegression(C=STRENGTH, max_iter=200)
    model = make_pipeline(StandardScaler(), last).fit(train, targets)
    if kind == "regression":
        return float(np.abs(model.predict(test) - expected).mean())
    return float((model.predict(test) == expected).mean())


def trained(data: str, folder: Path, given: Mapping[str, Any], seed: int, **changes: Any) -> Figures:
    """The recipe's run: its score on the test split and on validation, seconds, stages."""
    start = time.perf_counter()
    _, report = zoo.train(
        ENTRY,
        data,
        weights=TAG,
        folder=folder,
        seed=seed,
        baselines="none",
        callbacks=[epoch_printer()],
        data_options=given.get("data_options"),
        test=given.get("test"),
        **changes,
    )
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    score = next(row["model"] for row in report.scores)
    seconds = {row["stage"]: row["seconds"] for row in history}  # the last row of each stage
    return {
        "score": score,
        "epochs_seconds": round(sum(seconds.values()), 1),
        "seconds_of_this_call": round(time.perf_counter() - start, 1),
        "stages": sorted(each.name for each in (folder / "stages").glob("*")),
    }


def own_split(data: str, size: Any, changes: Mapping[str, Any], runs: Path, seed: int, *_: Any) -> Figures:
    """On the split of the source."""
    given = {"data_options": {"size": size}}
    run = trained(data, runs / data, given, seed, **changes)
    dataset = zoo.load_dataset(data, **{**options(ENTRY, TAG), "size": size, "seed": seed})
    rows = {"train": len(dataset.train), "validation": len(dataset.validation), "test": len(dataset.test)}
    return {"size": size, "rows": rows, "linear": linear(dataset), "fine_tuned": run}


PETS: Mapping[str, Figures] = {
    "recipe": {},
    "last_stage": {
        "fine_tune": FineTune(("linear_probe", "last_stage"), rate=0.04, weight_decay=0.1, views=4, solve=True)
    },
}


def pets37(runs: Path, seed: int, folds: int, ways: Sequence[str]) -> Figures:
    """Stratified folds; each is a table of paths, as a user's own."""
    from sklearn.model_selection import StratifiedKFold

    found: dict[str, list[Any]] = {name: [] for name in ("linear", *ways)}
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(fetch("pets37.sample")) as archive:
        archive.extractall(folder)
        files = sorted(Path(folder).rglob("*.jpg"))
        breeds = np.array([file.parent.name for file in files])
        splits = StratifiedKFold(5, shuffle=True, random_state=seed).split(breeds, breeds)
        for number, parts in list(enumerate(splits, start=1))[:folds]:
            names = [Path(folder) / f"{what}_{number}.csv" for what in ("train", "test")]
            for name, rows in zip(names, parts, strict=True):
                with open(name, "w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows(
                        [["picture", "breed"], *([files[row].relative_to(folder), breeds[row]] for row in rows)]
                    )
            train, test = map(str, names)
            seen = {**options(ENTRY, TAG), "test": test, "targets": ["breed"], "seed": seed}
            loaded = zoo.load_dataset(train, task="pictures", **seen)
            found["linear"].append(linear(loaded))
            given = {"test": test, "data_options": {"targets": ["breed"]}}
            for way, changes in PETS.items():
                if way in ways:
                    name = runs / f"pets37_{number}{'' if way == 'recipe' else f'_{way}'}"
                    found[way].append(trained(train, name, given, seed, refit=True, **changes))
            print(number, {name: rows[-1] for name, rows in found.items()}, flush=True)
    means = {
        name: [each if isinstance(each, float) else each["score"] for each in rows] for name, rows in found.items()
    }
    return {"folds": found, "mean": {name: float(np.mean(scores)) for name, scores in means.items()}}


FACES: Mapping[str, Any] = {
    "optimiser": Optimiser("adamw", learning_rate=2e-3, schedule="one_cycle", weight_decay=2e-2),
    "augmentation": ["flip", "crop"],
    "fine_tune": FineTune(("linear_probe", "last_stage"), rate=0.1, views=3, epochs=(6, 12)),
}
WORKS: dict[str, Callable[..., Figures]] = {
    "pets37": pets37,
    "cars64": partial(own_split, "cars64", (96, 144), {}),
    "utkface": partial(own_split, "utkface", 64, FACES),
}


def main() -> None:
    import_frameworks()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", default=list(WORKS), metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--runs", type=Path, help="folder of the runs (default: a temporary one)")
    parser.add_argument("--folds", type=int, default=5, help="of the five of pets37 (default: all)")
    parser.add_argument("--ways", nargs="+", choices=list(PETS), default=list(PETS), help="of pets37 (default: both)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for work in given.works:
            found = WORKS[work](given.runs or Path(folder), given.seed, given.folds, given.ways)
            print(work, found, flush=True)
            figures = {**(json.loads(RECORD.read_text())["figures"] if RECORD.exists() else {}), work: found}
            write_record(RECORD, figures, command="python -m benchmarks.pictures.fine_tuning", seed=given.seed)


if __name__ == "__main__":
    main()
