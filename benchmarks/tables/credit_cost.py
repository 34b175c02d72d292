"""What lending decisions cost when a default costs ten times a refused good borrower: the network beside boosted trees.

    python -m benchmarks.tables.credit_cost     # about 15 minutes on two cores; writes results/credit_cost.json

Give Me Some Credit, five stratified splits into 80 % and 20 %. scikit-learn's histogram gradient boosting, with its own
defaults, learns from the 80 %; the network from 70 %, the other 10 % being its validation split. Everybody decides by
the same rule, the cheapest expected cost, whose threshold is 1/11. Costs are those of a test case, in the unit of a
refused good borrower.
"""

import argparse
import statistics
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from zoo.costs import CostMatrix
from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.metrics import score
from zoo.records import write_record
from zoo.report import build_cost_report
from zoo.report.cost_report import CHEAPEST
from zoo.samples import Samples
from zoo.tasks import load_table, recipe_for
from zoo.training import Imbalance, fit, predict

OUTPUT = "default"
COSTS = CostMatrix.of_mistakes(("paid", "defaulted"), false_positive=1.0, false_negative=10.0, unit="refused borrowers")
# How the costs enter: only the decision; the weights of the loss (then corrected); the loss itself (then calibrated).
HEADS: dict[str, dict[str, Any]] = {
    "matrix in the decision": {},
    "matrix in the weights too": {"class_weights": {"paid": 1.0, "defaulted": 10.0}, "imbalance": Imbalance()},
    "matrix in the loss too": {"loss": "expected_cost", "costs": COSTS},
}


def network(data: Dataset, entry: str, changes: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Split -> probability of a default."""
    chosen = recipe_for(data, entry, data="credit", options={"seed": seed})
    head = replace(chosen.heads[OUTPUT], **changes)
    keras.utils.set_random_seed(seed)
    model = create_model(entry, **chosen.config)
    fit(model, data.train, data.validation, replace(chosen, heads={OUTPUT: head}), seed=seed)
    return {name: predict(model, getattr(data, name), {OUTPUT: head})[OUTPUT] for name in ("validation", "test")}


def boosting(data: Dataset, seed: int) -> np.ndarray:
    """Probability of a default on test, by trees that learnt from training and validation rows."""
    rows = data.train.joined(data.validation)
    trees = HistGradientBoostingClassifier(random_state=seed).fit(rows.inputs["numbers"], labels(rows))
    return trees.predict_proba(data.test.inputs["numbers"])[:, 1]


def labels(samples: Samples) -> np.ndarray:
    return samples.targets[OUTPUT]


def one_split(seed: int, entry: str, saved: str | None) -> dict[str, dict[str, float]]:
    """Who decides -> cost of a case, its standard error, AUC; and the costs of the simple rules."""
    data = load_table("credit", seed=seed).dataset()
    trees = boosting(data, seed)
    found: dict[str, dict[str, float]] = {}
    for name, changes in HEADS.items():
        answers = network(data, entry, changes, seed)
        report = build_cost_report(
            answers["test"],
            labels(data.test),
            data.targets[OUTPUT],
            COSTS,
            validation=(answers["validation"], labels(data.validation)),
            rivals={"gradient boosting": (trees, np.zeros(0))},
            title="Give Me Some Credit",
        )
        for row in report.rows:
            who = f"network, {name}" if row.who == "model" else row.who
            found[f"{who}: {row.rule}"] = {"cost": row.mean, "standard_error": row.standard_error}
        found[f"network, {name}: {CHEAPEST}"]["auc"] = score("auc", labels(data.test), answers["test"])
        if saved and name == next(iter(HEADS)):
            report.save(saved)
    found[f"gradient boosting: {CHEAPEST}"]["auc"] = score("auc", labels(data.test), trees)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--report", help="a folder for the first split's report in money")
    arguments = parser.parse_args()
    runs = []
    for seed in range(arguments.splits):
        runs.append(one_split(seed, arguments.model, arguments.report if seed == 0 else None))
        print(seed, {key: round(value["cost"], 4) for key, value in runs[-1].items()}, flush=True)
    means = {key: {what: statistics.mean(run[key][what] for run in runs) for what in runs[0][key]} for key in runs[0]}
    rival = f"gradient boosting: {CHEAPEST}"
    against = {
        key: [run[key]["cost"] - run[rival]["cost"] for run in runs] for key in runs[0] if key.startswith("network")
    }
    figures = {
        "model": arguments.model,
        "costs": COSTS.to_json(),
        "mean": means,
        "difference_to_gradient_boosting": {
            key: {"mean": statistics.mean(values), "deviation": statistics.pstdev(values), "splits": values}
            for key, values in against.items()
        },
        "runs": runs,
    }
    command = f"python -m benchmarks.tables.credit_cost --splits {arguments.splits} --model {arguments.model}"
    write_record("results/credit_cost.json", figures, command=command, seed=list(range(arguments.splits)))


if __name__ == "__main__":
    main()
