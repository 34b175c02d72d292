"""Rossmann store sales: one net of fast.ai's shape, the average of several, and simple answers, on the last six weeks.

    python -m benchmarks.rossmann net --seed 0      # one training; predictions into runs/rossmann
    python -m benchmarks.rossmann baselines         # gradient boosting and a linear model; likewise
    python -m benchmarks.rossmann record            # scores of all that is there into results/rossmann.json

Everything was chosen on the six weeks before; a net is then trained on all days before the test, which is read once.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from zoo.datasets import load_table
from zoo.datasets.dataset import Dataset
from zoo.metrics import exp_rmspe
from zoo.records import write_record
from zoo.samples import Samples

ENTRY, DATA, TARGET = "entity_embedding", "rossmann", "Sales"
FOLDER = Path("runs/rossmann")
TREES = {"max_iter": 1000, "learning_rate": 0.1, "max_leaf_nodes": 255, "max_bins": 255, "early_stopping": False}


def net(seed: int) -> None:
    """Train one net and keep its predictions of the logarithm of the sales."""
    import keras

    from zoo import create_model
    from zoo.recipes import tables
    from zoo.terminal import epoch_printer
    from zoo.training import fit, predict

    data = load_table(DATA).dataset()
    recipe = tables.recipe(data, ENTRY, data=DATA, options={})
    keras.utils.set_random_seed(seed)
    model = create_model(ENTRY, **recipe.config)
    start, used = time.perf_counter(), time.process_time()
    rows = tables.training_rows(data, ENTRY)
    fit(model, rows, data.validation, recipe, seed=seed, callbacks=[epoch_printer()])
    facts = {
        "seed": seed,
        "wall_seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - used,  # of all threads: half of it on two free cores, at best
        "training_rows": len(rows),
        "weights": model.count_params(),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
    }
    keep(f"net-{seed}", data, predict(model, data.test, recipe.heads)[TARGET], facts)


def baselines() -> None:
    """Median of the store, ridge regression and gradient boosting of the logarithm, on the same columns and days."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import OneHotEncoder

    data = load_table(DATA).dataset()
    rows = data.train.joined(data.validation)
    target = rows.targets[TARGET]
    medians = {store: np.median(target[rows.inputs["Store"] == store]) for store in np.unique(rows.inputs["Store"])}
    keep("median-of-store", data, np.array([medians[store] for store in data.test.inputs["Store"]]), {})
    numbers, tested = (np.nan_to_num(each.inputs["numbers"]) for each in (rows, data.test))
    scale = numbers.std(axis=0) + 1e-6
    hot = OneHotEncoder(handle_unknown="ignore", dtype=np.float32).fit(categories(rows))
    ridge = Ridge(solver="lsqr").fit(beside(numbers / scale, hot.transform(categories(rows))), target)
    keep("linear", data, ridge.predict(beside(tested / scale, hot.transform(categories(data.test)))), {})
    start = time.perf_counter()
    columns, kinds = table(rows)
    trees = HistGradientBoostingRegressor(categorical_features=kinds, random_state=0, **TREES).fit(columns, target)
    keep("trees", data, trees.predict(table(data.test)[0]), {"wall_seconds": time.perf_counter() - start, **TREES})


def beside(numbers: np.ndarray, hot: Any) -> Any:
    """Dense numbers and sparse categories as one sparse matrix."""
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix(numbers), hot]).tocsr()


def categories(samples: Samples) -> np.ndarray:
    """(n, categories) ids."""
    return np.stack([values for name, values in samples.inputs.items() if name != "numbers"], axis=1)


def table(samples: Samples) -> tuple[np.ndarray, list[bool]]:
    """Numbers and ids side by side, and which columns trees take as categories: those of at most 255 values."""
    ids = categories(samples)
    few = [int(column.max()) < 255 for column in ids.T]
    return np.concatenate([samples.inputs["numbers"], ids], axis=1), [False] * (
        samples.inputs["numbers"].shape[1]
    ) + few


def keep(name: str, data: Dataset, predicted: np.ndarray, facts: dict[str, Any]) -> None:
    """Write predictions and what they scored."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.save(FOLDER / f"{name}.npy", predicted.astype(np.float32))
    facts = {**facts, "exp_rmspe": exp_rmspe(data.test.targets[TARGET], predicted)}
    (FOLDER / f"{name}.json").write_text(json.dumps(facts))
    print(name, facts)


def record() -> None:
    """Scores of every net, of their average, and of the simple answers."""
    data = load_table(DATA).dataset()
    runs = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("net-*.json"))]
    nets = [np.load(path) for path in sorted(FOLDER.glob("net-*.npy"))]
    scores = [run["exp_rmspe"] for run in runs]
    simple = [path for path in sorted(FOLDER.glob("*.json")) if not path.name.startswith("net-")]
    figures = {
        "test": "19 June to 31 July 2015, open days with sales: fast.ai's split",
        "test_rows": len(data.test),
        "one_net": {"mean": statistics.mean(scores), "deviation": statistics.stdev(scores), "nets": len(runs)},
        "average_of_nets": {
            "nets": len(nets),
            "exp_rmspe": exp_rmspe(data.test.targets[TARGET], np.mean(nets, axis=0)),
        },
        "baselines": {path.stem: json.loads(path.read_text()) for path in simple},
        "fast_ai": 0.1037,
        "runs": runs,
        "card": dict(data.card),
    }
    print(figures)
    seeds = [run["seed"] for run in runs]
    write_record(
        "results/rossmann.json", figures, command="python -m benchmarks.rossmann net --seed N; record", seed=seeds
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("net", "baselines", "record"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    {"net": lambda: net(arguments.seed), "baselines": baselines, "record": record}[arguments.part]()


if __name__ == "__main__":
    main()
