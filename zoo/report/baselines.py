"""What simple models score on the same split: the constant answer, a linear model, gradient-boosted trees.

A network that does not beat them has learnt nothing worth its size. All are fitted on the training rows whose label is
known; the strength of the linear model's penalty, and the trees' setting and number of steps, are the best on
validation for each metric, and test is only predicted. What they may cost is a `Budget`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError, require_known
from zoo.metrics import DEFAULTS, METRICS
from zoo.report.budget import MOST_PREDICTIONS, Budget, budget_of, rows_within, sample
from zoo.report.candidates import TRAIN, Baseline, Candidate, Task, choose, constant
from zoo.report.features import Features, features
from zoo.report.trees import Matrices, fit_trees, tree_columns
from zoo.samples import EXCLUSIVE, Samples, Target, present

try:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits
except ImportError as error:
    raise MissingExtraError("A report's baselines", "scikit-learn", "report") from error

BASELINES = ("majority", "linear", "trees")
FEWEST_ROWS = 20  # labelled training rows below which a fitted baseline says nothing
INVERSE_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)  # C of the logistic regression
RIDGE_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
ROWS_OF_A_CLASS = 5  # in the mean, below which a sample says nothing of the classes

Predict = Callable[[Any], np.ndarray]


def fit_baselines(
    train: Samples,
    validation: Samples,
    test: Samples,
    targets: Mapping[str, Target],
    *,
    metrics: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
    size: str = "quick",
) -> dict[str, dict[str, Baseline]]:
    """Output name -> "majority", "linear", "trees" -> `Baseline`. The same seed gives the same predictions.

    metrics  output -> what it is judged by, the headline first; those of its kind where it is not named.
    size     "quick": on a sample of rows where there are many, a few seconds at the most; "full": on all rows, as long
             as it takes; "none": the constant answer alone.

    Outputs without a training label, or with too few, and models beyond the budget get a note instead of predictions.
    """
    budget = budget_of(size)
    for name, names in (metrics or {}).items():
        require_known("output", name, targets)
        for metric in names:
            require_known("metric", metric, METRICS)
    judged = {name: tuple((metrics or {}).get(name, DEFAULTS[target.kind])) for name, target in targets.items()}
    wholes = {name: _task(train, validation, name, target, judged[name]) for name, target in targets.items()}
    found = {name: {"majority": _majority(task, len(test))} for name, task in wholes.items()}
    if not budget.rows:
        return {name: kinds | _left_out("not asked for") for name, kinds in found.items()}
    classes = {name: len(target.labels) if target.kind in EXCLUSIVE else 1 for name, target in targets.items()}
    some = sample(train, rows_within(budget, train, classes), targets, seed)
    held_out = sample(validation, len(validation) if some is train else len(some) // 2, targets, seed)
    tasks = {name: _task(some, held_out, name, target, judged[name]) for name, target in targets.items()}
    told = "" if some is train else f", {len(some):,} of {len(train):,} training rows"
    # One thread: where a training holds the cores, threads that wait for each other took 10 times as long.
    with threadpool_limits(1):
        seen = features(some, held_out, test, seed=seed)
        matrices = tree_columns(seen, seed)
        for name, task in tasks.items():
            fitted = _fitted(seen, matrices, task, seed, budget, sampled=some is not train)
            for kind, each in fitted.items():
                found[name][kind] = replace(each, note=each.note + told * bool(each.predictions))
    return found


def _task(train: Samples, validation: Samples, name: str, target: Target, metrics: Sequence[str]) -> Task:
    return Task(_labels(train, name), _labels(validation, name), target, metrics)


def _labels(samples: Samples, name: str) -> np.ndarray:
    return samples.targets.get(name, np.full(len(samples), np.nan, np.float32))


def _left_out(reason: str) -> dict[str, Baseline]:
    return {kind: Baseline(note=f"left out: {reason}") for kind in BASELINES[1:]}


def _fitted(
    seen: Features, matrices: Matrices, task: Task, seed: int, budget: Budget, *, sampled: bool
) -> dict[str, Baseline]:
    """The linear model and the trees, or why they are left out."""
    if reason := _why_not(seen, task, sampled):
        return _left_out(reason)
    return {
        "linear": _linear(seen, task, few=sampled),
        "trees": fit_trees(seen, matrices, task, seed, budget),
    }


def _why_not(seen: Features, task: Task, sampled: bool) -> str:
    if not seen.linear:
        return seen.note
    labels = task.train[seen.rows]
    labels = labels[present(labels)]
    if len(labels) < FEWEST_ROWS:
        return f"{len(labels)} labelled training rows, {FEWEST_ROWS} needed"
    if task.target.kind != "regression" and len(np.unique(labels)) < 2:
        return "the training labels are all of one class"
    classes = task.trees
    if sampled and len(labels) < ROWS_OF_A_CLASS * classes:
        return f"a sample of {len(labels):,} rows says too little of {classes:,} classes"
    most = max(matrix.shape[0] for matrix in seen.linear) * classes
    if classes > 1 and most > MOST_PREDICTIONS:
        return f"{most // classes:,} rows of {classes:,} classes are more probabilities than fit in memory"
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
    # One row that stands for all: of many classes, as many as there are samples would fill the memory.
    answer = np.full(rows, shares[1]) if target.kind == "binary" else np.broadcast_to(shares, (rows, len(shares)))
    return Baseline(dict.fromkeys(task.metrics, answer), "shares of the classes in train")


def _linear(seen: Features, task: Task, *, few: bool) -> Baseline:
    """Ridge or logistic regression; for each metric the penalty that is best on validation, of `few` or of all."""
    labels = task.train[seen.rows]
    known = np.flatnonzero(present(labels))
    x, y = seen.linear[TRAIN][known], labels[known]
    regression = task.target.kind == "regression"
    penalties = RIDGE_PENALTIES if regression else INVERSE_PENALTIES
    fitted = [
        (penalty, _ridge(x, y, penalty) if regression else _logistic(x, y, penalty, task, 100 if few else 200))
        for penalty in penalties[:: 2 if few else 1]
    ]
    candidates = [Candidate(f"{penalty:g}", _on_splits(predict, seen)) for penalty, predict in fitted]
    answers, chosen = choose(candidates, task)
    name = "ridge regression, penalty" if regression else "logistic regression, C"
    return Baseline(answers, f"{name} {chosen}, {seen.note}")


def _on_splits(predict: Predict, seen: Features) -> Callable[[int], np.ndarray]:
    return lambda split: predict(seen.linear[split])


def _ridge(x: Any, y: np.ndarray, penalty: float) -> Predict:
    mean = float(np.mean(y))
    model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-4).fit(x, y - mean)
    return lambda rows: model.predict(rows).astype(np.float64) + mean


def _logistic(x: Any, y: np.ndarray, strength: float, task: Task, steps: int) -> Predict:
    # Many classes: the looser tolerance is 3 times as fast, and no worse on validation (measured on posts).
    tolerance = 1e-4 if task.target.kind == "binary" else 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early it is a baseline still
        model = LogisticRegression(C=strength, tol=tolerance, max_iter=steps).fit(x, y)
    return lambda rows: task.predict(model, rows)
