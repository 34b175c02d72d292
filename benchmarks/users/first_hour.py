"""The first hour: a file of one's own, no setting touched. The zoo's networks beside logistic regression and trees.

    python -m benchmarks.users.first_hour                                  # the five small tables: minutes on one core
    python -m benchmarks.users.first_hour --tables adult credit            # 10,000 rows each, as files of one's own

Every table is written as a CSV file and read as a stranger's would be, with the general settings of
`zoo/tasks/tables.py`; the same 70:10:20 split for all, five seeds. Of `mlp` and `entity_embedding` the one counts that
is better on its own validation rows, likewise of the linear model and the trees. Writes results/first_hour.json, where
the rows of the tables that were run take the place of older ones.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.records import write_record

RECORD = Path("results/first_hour.json")
ENTRIES = ("mlp", "entity_embedding")
SEEDS = 5
SUBSAMPLE = 10_000  # rows of adult and credit
WITHIN = {"auc": 0.005, "accuracy": 0.005, "mae": 0.02}  # of the best simple model; of errors, a share of its own


@dataclass(frozen=True)
class Small:
    """A table: a function of the seed that gives its rows, the column to predict, and what it is judged by."""

    rows: Callable[[int], pd.DataFrame]
    target: str
    metric: str


def loans(seed: int, rows: int = 490) -> pd.DataFrame:
    """Generated: nearly a linear score of numbers and categories, some of them missing."""
    random = np.random.default_rng(1_000 + seed)
    income, age, years = random.lognormal(10, 0.4, rows), random.integers(20, 70, rows), random.exponential(5, rows)
    purpose, home = random.choice(["car", "study", "house", "other"], rows), random.choice(["rent", "own"], rows)
    score = 1.2 * (np.log(income) - 10) / 0.4 + 0.03 * (age - 45) + 0.15 * (years - 5)
    score += np.select([purpose == "study", purpose == "house"], [-0.8, 0.7]) + 0.6 * (home == "own")
    paid = np.where(random.random(rows) < 1 / (1 + np.exp(-score)), "paid", "late")
    table = pd.DataFrame({"income": income.round(), "age": age, "years": years.round(1), "purpose": purpose})
    table = table.assign(home=home, noise=random.normal(size=rows).round(3), paid=paid)
    table.loc[random.random(rows) < 0.1, "years"] = np.nan
    table.loc[random.random(rows) < 0.1, "purpose"] = None
    return table


def flats(seed: int, rows: int = 3_000) -> pd.DataFrame:
    """Generated: prices that are a product of area, district, age and floor, with a tenth of noise."""
    random = np.random.default_rng(2_000 + seed)
    area, floor, built = random.gamma(8, 9, rows), random.integers(0, 9, rows), random.integers(1900, 2024, rows)
    district = random.integers(0, 25, rows)
    worth = np.random.default_rng(7).lognormal(0, 0.3, 25)
    balcony = random.choice(["yes", "no", "loggia"], rows)
    lift = np.where((floor > 4) | (random.random(rows) < 0.4), "lift", "stairs")
    price = 3_000 * area * worth[district] * (1.2 - 0.4 * np.exp(-(((built - 1965) / 25.0) ** 2)))
    price *= 1 - 0.04 * floor * (lift == "stairs") + 0.06 * (balcony == "yes")
    price *= random.lognormal(0, 0.1, rows)
    table = pd.DataFrame({"area": area.round(1), "floor": floor, "built": built.astype(float), "lift": lift})
    table = table.assign(balcony=balcony, district=[f"d{each:02}" for each in district], price=price.round(-2))
    table.loc[random.random(rows) < 0.15, "built"] = np.nan
    return table


def shipped(name: str) -> Callable[[int], pd.DataFrame]:
    """A table that scikit-learn ships, with its target as words where it is a class."""

    def rows(seed: int) -> pd.DataFrame:
        from sklearn import datasets

        loaded = getattr(datasets, f"load_{name}")(as_frame=True)
        classes = [str(each) for each in getattr(loaded, "target_names", ())]
        target = loaded.target.map(lambda value: f"is {classes[int(value)]}") if classes else loaded.target
        return loaded.data.assign(target=target)

    return rows


def subsample(name: str) -> Callable[[int], pd.DataFrame]:
    """So many rows of one of the zoo's tables."""

    def rows(seed: int) -> pd.DataFrame:
        from zoo.tasks import load_table

        table = load_table(name, seed=0)
        whole = pd.concat([table.train, table.validation, table.test], ignore_index=True)
        return whole.sample(min(SUBSAMPLE, len(whole)), random_state=seed, ignore_index=True)

    return rows


TABLES = {
    "breast_cancer": Small(shipped("breast_cancer"), "target", "auc"),
    "diabetes": Small(shipped("diabetes"), "target", "mae"),
    "digits": Small(shipped("digits"), "target", "accuracy"),
    "loans": Small(loans, "paid", "auc"),
    "flats": Small(flats, "price", "mae"),
    "adult": Small(subsample("adult"), "income", "auc"),
    "credit": Small(subsample("credit"), "default", "auc"),
}
SMALL = tuple(name for name in TABLES if name not in ("adult", "credit"))


def one_seed(small: Small, seed: int, file: Path) -> dict[str, Any]:
    """Scores on test and on validation of both networks and both simple models, and the seconds of each."""
    from zoo.report.baselines import fit_baselines
    from zoo.tasks import load_dataset

    small.rows(seed).to_csv(file, index=False)
    data = load_dataset(file, task="tables", targets=[small.target], seed=seed)
    found = {entry: network(entry, data, small.metric, seed) for entry in ENTRIES}
    start = time.perf_counter()
    (name,) = data.targets
    held_out = data.validation.joined(data.test)  # the models are chosen on validation; their scores there too are kept
    fitted = fit_baselines(data.train, data.validation, held_out, data.targets, metrics={name: [small.metric]})[name]
    first = len(data.validation)
    for kind in ("linear", "trees"):
        predicted = fitted[kind].predictions[small.metric]
        found[kind] = scores(data, predicted[:first], predicted[first:], small.metric)
    found["simple"] = {"seconds": time.perf_counter() - start}
    return {"seed": seed, "rows": len(data.train), **found}


def network(entry: str, data: Any, metric: str, seed: int, **changes: Any) -> dict[str, Any]:
    """Train an entry by its general recipe."""
    import keras

    from zoo.create import create_model
    from zoo.tasks import recipe_for
    from zoo.training import fit, predict

    recipe = replace(recipe_for(data, entry, data="own.csv", options={}), **changes)
    keras.utils.set_random_seed(seed)
    model = create_model(entry, **recipe.config)
    start = time.perf_counter()
    run = fit(model, data.train, data.validation, recipe, seed=seed)
    seconds = time.perf_counter() - start
    (name,) = data.targets
    validation, test = (predict(model, rows, recipe.heads)[name] for rows in (data.validation, data.test))
    steps = -(-len(data.train) // recipe.batch_size) * len(run.history)
    length = {"steps": steps, "best_epoch": run.best_epoch, "epochs": len(run.history), "seconds": seconds}
    return {**scores(data, validation, test, metric), **length}


def scores(data: Any, validation: np.ndarray, test: np.ndarray, metric: str) -> dict[str, float]:
    from zoo.metrics import score

    (name,) = data.targets
    pairs = {"validation": (data.validation, validation), "test": (data.test, test)}
    return {split: float(score(metric, rows.targets[name], predicted)) for split, (rows, predicted) in pairs.items()}


def summary(small: Small, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds: the chosen network, the chosen simple model, and how far the network is ahead."""
    sign = -1.0 if small.metric == "mae" else 1.0

    def chosen(run: Mapping[str, Any], kinds: tuple[str, ...]) -> float:
        return float(run[max(kinds, key=lambda kind: sign * run[kind]["validation"])]["test"])

    ours, theirs = (np.array([chosen(run, kinds) for run in runs]) for kinds in (ENTRIES, ("linear", "trees")))
    ahead = sign * (ours - theirs)
    gap = float(ahead.mean() / theirs.mean()) if small.metric == "mae" else float(ahead.mean())
    return {
        "metric": small.metric,
        "training_rows": runs[0]["rows"],
        "network": float(ours.mean()),
        "network_deviation": float(ours.std(ddof=1)) if len(runs) > 1 else 0.0,
        "simple": float(theirs.mean()),
        "simple_deviation": float(theirs.std(ddof=1)) if len(runs) > 1 else 0.0,
        **{kind: float(np.mean([run[kind]["test"] for run in runs])) for kind in (*ENTRIES, "linear", "trees")},
        "ahead": gap,
        "ahead_error": float(ahead.std(ddof=1) / len(runs) ** 0.5 / (theirs.mean() if small.metric == "mae" else 1.0))
        if len(runs) > 1
        else 0.0,
        "near": gap >= -WITHIN[small.metric],
        "seconds": float(np.mean([run[entry]["seconds"] for run in runs for entry in ENTRIES])),
        "steps": float(np.mean([run[entry]["steps"] for run in runs for entry in ENTRIES])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=sorted(TABLES), default=list(SMALL))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    arguments = parser.parse_args()
    figures = json.loads(RECORD.read_text(encoding="utf-8"))["figures"] if RECORD.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.tables:
            small, file = TABLES[name], Path(folder) / f"{name}.csv"
            runs = [one_seed(small, seed, file) for seed in range(arguments.seeds)]
            figures[name] = {"summary": summary(small, runs), "runs": runs}
            print(name, json.dumps(figures[name]["summary"], indent=1), flush=True)
            command = f"python -m benchmarks.users.first_hour --tables {' '.join(arguments.tables)}"
            write_record(RECORD, figures, command=command, seed=list(range(arguments.seeds)))


if __name__ == "__main__":
    main()
