"""Scores of the small tables over several seeds, each a training from scratch by the recipe, on its own split.

    python -m benchmarks.tables.scores plane older_than_five membership california adult credit    # or some of them

Writes results/table_NAME.json. The recipes' choices were made on validation splits; a test split is read once a seed,
here. Beside the baselines of the report stands scikit-learn's gradient boosting with its own settings, on all rows but
the test's.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

ENTRIES = {
    "plane": "linear_regression",
    "older_than_five": "softmax_regression",
    "membership": "mlp",
    "california": "entity_embedding",
    "adult": "entity_embedding",
    "credit": "mlp",
}
SEEDS = 5


def one_seed(data: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train and judge; the report's rows, and what else the table's headline asks for."""
    from zoo.tasks import load_table, train

    start = time.perf_counter()
    trained, report = train(ENTRIES[data], data, folder=folder / f"{data}-{seed}", seed=seed, baselines="full")
    seconds = time.perf_counter() - start
    found: dict[str, Any] = {"seed": seed, "seconds": seconds, "scores": [dict(row) for row in report.scores]}
    found["model"] = {f"{row['output']} {row['metric']}": row["model"] for row in report.scores}
    if data == "plane":
        weights, bias = trained.model.get_layer("y").get_weights()
        found["model"] |= {"slope of a": weights[0, 0], "slope of b": weights[1, 0], "height": bias[0]}
    if data in ("california", "adult", "credit"):
        found["scikit_learn_trees"] = default_trees(load_table(data, seed=seed).dataset())
    if data == "membership":
        (row,) = (row for row in report.scores if row["metric"] == "accuracy")
        found["model"]["gap closed"] = row["gap_closed"]
    return found


def default_trees(data: Any) -> dict[str, float]:
    """What scikit-learn's histogram gradient boosting scores on the test split, fitted on all other rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    from zoo.metrics import area_under_roc, mean_absolute_error

    ((name, target),) = data.targets.items()
    rows = data.train.joined(data.validation)

    def columns(samples: Any) -> np.ndarray:
        return np.concatenate([np.reshape(each, (len(samples), -1)) for each in samples.inputs.values()], axis=1)

    widths = [(key, values.ndim) for key, values in rows.inputs.items()]
    kinds = [ndim == 1 and int(rows.inputs[key].max()) < 255 for key, ndim in widths for _ in range(_width(rows, key))]
    if target.kind == "regression":
        answers = {}
        for loss in ("squared_error", "absolute_error"):
            trees = HistGradientBoostingRegressor(loss=loss, categorical_features=kinds, random_state=0)
            predicted = trees.fit(columns(rows), rows.targets[name]).predict(columns(data.test))
            answers[f"{name} mae, {loss}"] = mean_absolute_error(data.test.targets[name], predicted)
        return answers
    trees = HistGradientBoostingClassifier(categorical_features=kinds, random_state=0)
    predicted = trees.fit(columns(rows), rows.targets[name]).predict_proba(columns(data.test))[:, 1]
    return {f"{name} auc": area_under_roc(data.test.targets[name], predicted)}


def _width(samples: Any, name: str) -> int:
    values = samples.inputs[name]
    return 1 if values.ndim == 1 else values.shape[1]


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Score -> mean and standard deviation over the seeds, of the model and beside it."""
    found: dict[str, Any] = {}
    for key in runs[0]["model"]:
        found[key] = {"model": spread([run["model"][key] for run in runs])}
    for place, row in enumerate(runs[0]["scores"]):
        for kind in ("majority", "linear", "trees", "limit"):
            values = [run["scores"][place][kind] for run in runs]
            if all(isinstance(value, float) for value in values):
                found[f"{row['output']} {row['metric']}"][kind] = spread(values)
    for key in runs[0].get("scikit_learn_trees", ()):
        found.setdefault(key, {})["scikit_learn_trees"] = spread([run["scikit_learn_trees"][key] for run in runs])
    return found


def spread(values: list[float]) -> dict[str, float]:
    """Mean, standard deviation, and the extremes."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": statistics.mean(values), "deviation": deviation, "least": min(values), "most": max(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", choices=sorted(ENTRIES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folder", type=Path, default=Path("runs/tables"))
    arguments = parser.parse_args()
    for data in arguments.data:
        runs = [one_seed(data, seed, arguments.folder) for seed in range(arguments.seeds)]
        figures: dict[str, Any] = {"model": ENTRIES[data], "summary": summary(runs), "runs": runs}
        if data == "membership":
            from zoo.datasets.tables.membership import bayes_accuracy

            figures["bayes_accuracy"] = bayes_accuracy()
        print(data, figures["summary"])
        command = f"python -m benchmarks.tables.scores {data} --seeds {arguments.seeds}"
        write_record(f"results/table_{data}.json", figures, command=command, seed=list(range(arguments.seeds)))


if __name__ == "__main__":
    main()
