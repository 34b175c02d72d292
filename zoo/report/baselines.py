"""What simple models score on the same split: the constant answer, a linear model, gradient-boosted trees.

A network that does not beat them has learnt nothing worth its size. All are fitted on the training rows whose label is
known; the strength of the linear model's penalty, and the trees' setting and number of steps, are the best on
validation for each metric, and test is only predicted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError, require_known
from zoo.metrics import DEFAULTS, METRICS
from zoo.report.candidates import Baseline, Candidate, Task, choose, constant
from zoo.report.features import Features, features
from zoo.report.trees import fit_trees, tree_columns
from zoo.samples import Samples, Target, present

try:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits
except ImportError as error:
    raise MissingExtraError("A report's baselines", "scikit-learn", "report") from error

FEWEST_ROWS = 20  # labelled training rows below which a fitted baseline says nothing
INVERSE_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)  # C of the logistic regression
RIDGE_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)

Predict = Callable[[Any], np.ndarray]


def fit_baselines(
    train: Samples,
    validation: Samples,
    test: Samples,
    targets: Mapping[str, Target],
    *,
    metrics: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
) -> dict[str, dict[str, Baseline]]:
    """Output name -> "majority", "linear", "trees" -> `Baseline`. The same seed gives the same predictions.

    `metrics` names for an output what it is judged by, the headline first; those of its kind where it does not.
    Outputs without a training label, or with too few, get a note instead of predictions.
    """
    for name, names in (metrics or {}).items():
        require_known("output", name, targets)
        for metric in names:
            require_known("metric", metric, METRICS)
    tasks = {
        name: Task(
            _labels(train, name),
            _labels(validation, name),
            target,
            tuple((metrics or {}).get(name, DEFAULTS[target.kind])),
        )
        for name, target in targets.items()
    }
    # One thread: where a training holds the cores, threads that wait for each other took 10 times as long.
    with threadpool_limits(1):
        return _fit_all(features(train, validation, test, seed=seed), tasks, len(test), seed)


def _labels(samples: Samples, name: str) -> np.ndarray:
    return samples.targets.get(name, np.full(len(samples), np.nan, np.float32))


def _fit_all(seen: Features, tasks: Mapping[str, Task], rows: int, seed: int) -> dict[str, dict[str, Baseline]]:
    matrices = tree_columns(seen, seed)
    fitted: dict[str, dict[str, Baseline]] = {}
    for name, task in tasks.items():
        fitted[name] = {"majority": _majority(task, rows)}
        reason = _why_not(seen, task)
        if reason:
            fitted[name] |= {kind: Baseline(note=f"left out: {reason}") for kind in ("linear", "trees")}
            continue
        fitted[name]["linear"] = _linear(seen, task)
        fitted[name]["trees"] = fit_trees(seen, matrices, task, seed)
    return fitted


def _why_not(seen: Features, task: Task) -> str:
    if not seen.linear:
        return seen.note
    labels = task.train[seen.rows]
    labels = labels[present(labels)]
    if len(labels) < FEWEST_ROWS:
        return f"{len(labels)} labelled training rows, {FEWEST_ROWS} needed"
    if task.target.kind != "regression" and len(np.unique(labels)) < 2:
        return "the training labels are all of one class"
    return ""


def _majority(task: Task, rows: int) -> Baseline:
    """The best constant answer for each metric: median, mean, or the shares of the classes in train."""
    labels, target = task.train[present(task.train)], task.target
    if not len(labels):
        return Baseline(note="left out: no training label")
    if target.kind == "regression":
        answers = {metric: np.full(rows, constant(metric, labels)) for metric in task.metrics}
        return Baseline(answers, "median, mean, or the quantile best for the metric")
    shares = np.bincount(labels, minlength=len(target.labels)) / len(labels)
    answer = np.full(rows, shares[1]) if target.kind == "binary" else np.tile(shares, (rows, 1))
    return Baseline(dict.fromkeys(task.metrics, answer), "shares of the classes in train")


def _linear(seen: Features, task: Task) -> Baseline:
    """Ridge or logistic regression; for each metric the penalty that is best on validation."""
    labels = task.train[seen.rows]
    known = np.flatnonzero(present(labels))
    x, y = seen.linear[0][known], labels[known]
    if task.target.kind == "regression":
        name = "ridge regression, penalty"
        models = [(strength, _ridge(x, y, strength)) for strength in RIDGE_PENALTIES]
    else:
        name = "logistic regression, C"
        models = [(strength, _logistic(x, y, strength, task)) for strength in INVERSE_PENALTIES]
    candidates = [
        Candidate(f"{strength:g}", predict(seen.linear[1]), predict(seen.linear[2])) for strength, predict in models
    ]
    answers, chosen = choose(candidates, task)
    return Baseline(answers, f"{name} {chosen}, {seen.note}")


def _ridge(x: Any, y: np.ndarray, penalty: float) -> Predict:
    mean = float(np.mean(y))
    model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-4).fit(x, y - mean)
    return lambda rows: model.predict(rows).astype(np.float64) + mean


def _logistic(x: Any, y: np.ndarray, strength: float, task: Task) -> Predict:
    # Many classes: the looser tolerance is 3 times as fast, and no worse on validation (measured on posts).
    tolerance = 1e-4 if task.target.kind == "binary" else 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped after 200 steps it is a baseline still
        model = LogisticRegression(C=strength, tol=tolerance, max_iter=200).fit(x, y)
    return lambda rows: task.spread(model.predict_proba(rows), model.classes_)
