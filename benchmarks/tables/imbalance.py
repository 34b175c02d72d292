"""Every method against imbalance on Adult cut to 3 % positives: how well it ranks, and whether its probabilities hold.

    python -m benchmarks.tables.imbalance     # about 25 minutes on two cores; writes results/imbalance.json

One network, `entity_embedding`, trained by each method with the same settings, on three splits with a seed each. Rich
people are left out at random, in all three splits, until 3 % are left. The expected calibration error (bins of equal
width; in "mass" of equal size) is that of the test rows, in points: "raw" as trained, "prior" after the closed form for
changed frequencies, "temperature" after one temperature more, and "learnt" with the shift learnt as well; both are
learnt on validation. "default" is the one of these that the method has without being asked. Focal loss and mined
negatives have no closed form.
"""

import argparse
import statistics
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd

from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.metrics import calibration_error, score
from zoo.records import write_record
from zoo.report.baselines import fit_baselines
from zoo.tasks import load_table
from zoo.training import Calibration, Head, Imbalance, Optimiser, Recipe, fit, predict
from zoo.training.output_layers.calibration import learn, prior_shift
from zoo.training.resampling.imbalance import METHODS, WITHOUT_CLOSED_FORM
from zoo.training.resampling.sampling import sampler_for
from zoo.training.resampling.synthesis import with_synthetic_rows

SHARE = 0.03
OUTPUT, RARE = "income", ">50K"
CONFIG = {"units": (128, 64), "dropout": 0.1, "embedding_dropout": 0.1}
TRAINING = {
    "epochs": 12,
    "batch_size": 256,
    "optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=1e-2),
}
# Full balance is the usual choice; fewer negatives than these and mining sees little of the data.
PLANS = {
    **{method: Imbalance(method) for method in METHODS},
    "under_sampling 1:4": Imbalance("under_sampling", ratio=0.25),
    "hard_negatives": Imbalance("hard_negatives", ratio=0.25),
}


def cut(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with only so many rich people that they are `SHARE` of all."""
    rich = np.flatnonzero(frame[OUTPUT] == RARE)
    kept = round(SHARE / (1 - SHARE) * (len(frame) - len(rich)))
    dropped = np.random.default_rng(seed).permutation(rich)[kept:]
    return frame.drop(index=frame.index[dropped]).reset_index(drop=True)


def rare_adult(seed: int) -> Dataset:
    """Adult's three splits, cut."""
    table = load_table("adult", seed=seed)
    parts = {name: cut(getattr(table, name), seed) for name in ("train", "validation", "test")}
    return replace(table, **parts).dataset()


def one_run(data: Dataset, plan: Imbalance, seed: int) -> dict[str, float]:
    """Metric -> value on the test split."""
    keras.utils.set_random_seed(seed)
    model = create_model("entity_embedding", **data.schema.model_config(), **CONFIG)
    head = Head(data.targets[OUTPUT], imbalance=plan)
    run = fit(model, data.train, data.validation, Recipe({OUTPUT: head}, **TRAINING), seed=seed)
    answers = {name: predict(model, getattr(data, name), {OUTPUT: head})[OUTPUT] for name in ("validation", "test")}
    raw = {name: run.calibrations[OUTPUT].undo(found) for name, found in answers.items()}
    labels = {name: getattr(data, name).targets[OUTPUT] for name in answers}
    found = {metric: score(metric, labels["test"], answers["test"]) for metric in ("average_precision", "auc")}
    tested = {"raw": raw["test"], "default": answers["test"]}
    if plan.method in WITHOUT_CLOSED_FORM:
        tested["learnt"] = answers["test"]
    else:
        shift = closed_form(data, plan, seed)
        tested["prior"] = shift.apply(raw["test"])
        for name, calibration in (("temperature", "temperature"), ("learnt", "temperature_and_prior")):
            learner = replace(head, imbalance=replace(plan, calibration=calibration))
            tested[name] = learn(learner, shift, labels["validation"], raw["validation"]).apply(raw["test"])
    for name, probabilities in tested.items():
        found[f"error_{name}"] = 100 * calibration_error(labels["test"], probabilities)
        found[f"mass_error_{name}"] = 100 * calibration_error(labels["test"], probabilities, equal="mass")
    return found | {"seconds": run.history[-1]["seconds"], "best_epoch": run.best_epoch}


def closed_form(data: Dataset, plan: Imbalance, seed: int) -> Calibration:
    """The shift for the changed frequencies, whatever the method does by default."""
    heads = {OUTPUT: Head(data.targets[OUTPUT], imbalance=replace(plan, calibration="prior"))}
    train = with_synthetic_rows(data.train, heads, seed)
    sampler = sampler_for(heads, train, seed)
    labels = train.targets if sampler is None else sampler.targets(sampler.rows(0), train.targets)
    weights = heads[OUTPUT].class_weight_table(train.targets[OUTPUT])
    return prior_shift(heads[OUTPUT], data.train.targets[OUTPUT], labels[OUTPUT], weights)


def trees(data: Dataset, seed: int) -> dict[str, float]:
    """What gradient-boosted trees without any method reach on the same rows."""
    metrics = ("average_precision", "auc", "log_loss")
    fitted = fit_baselines(
        data.train, data.validation, data.test, data.targets, metrics={OUTPUT: metrics}, seed=seed, size="full"
    )[OUTPUT]["trees"]
    labels = data.test.targets[OUTPUT]
    found = {metric: score(metric, labels, fitted.predictions[metric]) for metric in ("average_precision", "auc")}
    errors = {
        f"{kind}error_raw": 100 * calibration_error(labels, fitted.predictions["log_loss"], equal=equal)
        for kind, equal in (("", "width"), ("mass_", "mass"))
    }
    return found | errors


def summary(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Metric -> mean and standard deviation over the runs."""
    return {
        key: {"mean": statistics.mean(values), "deviation": statistics.pstdev(values)}
        for key in runs[0]
        if (values := [run[key] for run in runs])
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {}
    for seed in range(arguments.seeds):
        data = rare_adult(seed)
        for name, plan in PLANS.items():
            runs.setdefault(name, []).append(one_run(data, plan, seed))
            print(seed, name, {key: round(value, 4) for key, value in runs[name][-1].items()}, flush=True)
        runs.setdefault("boosted trees, no method", []).append(trees(data, seed))
        print(seed, "trees", runs["boosted trees, no method"][-1], flush=True)
    figures = {
        "share": SHARE,
        "methods": {name: summary(found) for name, found in runs.items()},
        "defaults": {name: plan.calibration for name, plan in PLANS.items()},
        "runs": runs,
        "test_rows": len(data.test),
        "test_positives": int(np.sum(data.test.targets[OUTPUT])),
    }
    command = f"python -m benchmarks.tables.imbalance --seeds {arguments.seeds}"
    write_record("results/imbalance.json", figures, command=command, seed=list(range(arguments.seeds)))


if __name__ == "__main__":
    main()
