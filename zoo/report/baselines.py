"""What simple models score on the same split: the constant answer, a linear model, gradient-boosted trees.

A network that does not beat them has learnt nothing worth its size. All are fitted on the training rows whose label is
known; the strength of the linear model's penalty is the best on validation, and test is only predicted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.metrics import DEFAULTS, METRICS, score
from zoo.report.features import Features, features
from zoo.samples import Samples, Target, present

try:
    import warnings

    from sklearn.decomposition import TruncatedSVD
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits
except ImportError as error:
    raise MissingExtraError("A report's baselines", "scikit-learn", "report") from error

BASELINES = ("majority", "linear", "trees")
FEWEST_ROWS = 20  # labelled training rows below which a fitted baseline says nothing
INVERSE_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)  # C of the logistic regression
RIDGE_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
REDUCED = 64  # text columns that the trees see, by truncated SVD: they cannot take 100,000
TREES = {"max_iter": 100, "max_leaf_nodes": 31, "early_stopping": False}
TEXT_TREES = {"max_iter": 100, "max_leaf_nodes": 8, "max_bins": 63, "early_stopping": False}
TREE_COLUMNS = 512  # dense columns beyond which trees take minutes
TEXT_TREE_WORK = 200_000  # rows x trees an iteration, likewise

Predict = Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class Baseline:
    """Test predictions of one output, metric -> (n,) or (n, classes); none of them when it was left out.

    `note` says what was fitted, or why nothing was.
    """

    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    note: str = ""


def fit_baselines(
    train: Samples, validation: Samples, test: Samples, targets: Mapping[str, Target], *, seed: int = 0
) -> dict[str, dict[str, Baseline]]:
    """Output name -> "majority", "linear", "trees" -> `Baseline`. The same seed gives the same predictions.

    Outputs without a training label, or with too few, get a note instead of predictions.
    """
    # One thread: where a training holds the cores, threads that wait for each other took 10 times as long.
    with threadpool_limits(1):
        return _fit_all(features(train, validation, test), train, validation, len(test), targets, seed)


def _fit_all(
    matrices: Features, train: Samples, validation: Samples, rows: int, targets: Mapping[str, Target], seed: int
) -> dict[str, dict[str, Baseline]]:
    reduced = _reduce(matrices, seed)
    fitted: dict[str, dict[str, Baseline]] = {}
    for name, target in targets.items():
        labels = train.targets.get(name, np.full(len(train), np.nan, np.float32))
        known = np.flatnonzero(present(labels))
        held_out = validation.targets.get(name, np.full(len(validation), np.nan, np.float32))
        reason = _why_not(matrices, labels[known], target)
        fitted[name] = {"majority": _majority(labels[known], target, rows)}
        if reason:
            fitted[name] |= {kind: Baseline(note=f"left out: {reason}") for kind in ("linear", "trees")}
            continue
        fitted[name]["linear"] = _linear(matrices, labels, known, held_out, target)
        fitted[name]["trees"] = _trees(reduced, matrices.sparse, labels, known, target, seed)
    return fitted


def _why_not(matrices: Features, labels: np.ndarray, target: Target) -> str:
    if matrices.train is None:
        return matrices.note
    if len(labels) < FEWEST_ROWS:
        return f"{len(labels)} labelled training rows, {FEWEST_ROWS} needed"
    if target.kind != "regression" and len(np.unique(labels)) < 2:
        return "the training labels are all of one class"
    return ""


def _majority(labels: np.ndarray, target: Target, rows: int) -> Baseline:
    """The best constant answer for each metric: median, mean, or the shares of the classes in train."""
    if not len(labels):
        return Baseline(note="left out: no training label")
    if target.kind == "regression":
        answers = {"mae": np.median(labels), "rmse": np.mean(labels), "r2": np.mean(labels)}
        return Baseline({metric: np.full(rows, value) for metric, value in answers.items()}, "median, or mean")
    shares = np.bincount(labels, minlength=len(target.labels)) / len(labels)
    constant = np.full(rows, shares[1]) if target.kind == "binary" else np.tile(shares, (rows, 1))
    return Baseline(dict.fromkeys(DEFAULTS[target.kind], constant), "shares of the classes in train")


def _linear(
    matrices: Features, labels: np.ndarray, known: np.ndarray, held_out: np.ndarray, target: Target
) -> Baseline:
    """Ridge or logistic regression; for each metric the penalty that is best on validation."""
    x, y = matrices.train[known], labels[known]
    if target.kind == "regression":
        name = "ridge regression, penalty"
        models = [(strength, _ridge(x, y, strength)) for strength in RIDGE_PENALTIES]
    else:
        name = "logistic regression, C"
        models = [(strength, _logistic(x, y, strength, target)) for strength in INVERSE_PENALTIES]
    labelled = present(held_out)
    answers, chosen = {}, {}
    guesses = [predict(matrices.validation)[labelled] for _, predict in models]
    for metric in DEFAULTS[target.kind]:
        shifts = [_shift(metric, held_out[labelled], guess) for guess in guesses]
        values = [
            score(metric, held_out[labelled], guess + shift) for guess, shift in zip(guesses, shifts, strict=True)
        ]
        best = _best(values, metric) if labelled.any() else len(models) // 2
        chosen[metric] = models[best][0]
        answers[metric] = models[best][1](matrices.test) + shifts[best]
    how = "chosen on validation" if labelled.any() else "validation has no label to choose it by"
    headline = chosen[DEFAULTS[target.kind][0]]
    return Baseline(answers, f"{name} {headline:g} ({how}), {matrices.note}")


def _best(values: Iterable[float | None], metric: str) -> int:
    sign = 1.0 if METRICS[metric].better == "higher" else -1.0
    return int(np.argmax([sign * value for value in values if value is not None]))


def _shift(metric: str, labels: np.ndarray, guesses: np.ndarray) -> float:
    """What a ridge regression, which answers with the mean, lacks to answer with the median: blogs' ages are skew."""
    return float(np.median(labels - guesses)) if metric == "mae" and len(labels) else 0.0


def _ridge(x: Any, y: np.ndarray, penalty: float) -> Predict:
    mean = float(np.mean(y))
    model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-4).fit(x, y - mean)
    return lambda rows: model.predict(rows).astype(np.float64) + mean


def _logistic(x: Any, y: np.ndarray, strength: float, target: Target) -> Predict:
    # Many classes: the looser tolerance is 3 times as fast, and no worse on validation (measured on posts).
    tolerance = 1e-4 if target.kind == "binary" else 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped after 200 steps it is a baseline still
        model = LogisticRegression(C=strength, tol=tolerance, max_iter=200).fit(x, y)
    return lambda rows: _spread(model.predict_proba(rows), model.classes_, target)


def _spread(probabilities: np.ndarray, classes: np.ndarray, target: Target) -> np.ndarray:
    """Probabilities of the classes seen in train -> (n, all classes), or (n,) of the positive one."""
    full = np.zeros((len(probabilities), len(target.labels)))
    full[:, classes] = probabilities
    return full[:, 1] if target.kind == "binary" else full


def _reduce(matrices: Features, seed: int) -> tuple[Any, Any]:
    """Train and test columns for trees: the dense ones as they are, text by truncated SVD (unsupervised)."""
    if not matrices.sparse:
        return matrices.train, matrices.test
    width = min(REDUCED, min(matrices.train.shape) - 1)
    if width < 1:
        return None, None
    reducer = TruncatedSVD(width, n_iter=2, random_state=seed)
    return reducer.fit_transform(matrices.train), reducer.transform(matrices.test)


def _trees(
    matrices: tuple[Any, Any], text: bool, labels: np.ndarray, known: np.ndarray, target: Target, seed: int
) -> Baseline:
    train, test = matrices
    per_step = len(target.labels) if target.kind == "classification" else 1
    if train is None:
        return Baseline(note="left out: a single text column")
    if text and len(known) * per_step > TEXT_TREE_WORK:
        return Baseline(note=f"left out: too slow on text of {len(known)} rows and {per_step} classes")
    if train.shape[1] > TREE_COLUMNS:
        return Baseline(note=f"left out: too slow on {train.shape[1]} columns")
    options: dict[str, Any] = {**(TEXT_TREES if text else TREES), "random_state": seed}
    note = f"100 steps of gradient-boosted trees on {train.shape[1]} columns" + (
        " of the SVD of TF-IDF" if text else ""
    )
    x, y = train[known], labels[known]
    if target.kind != "regression":
        model = HistGradientBoostingClassifier(**options).fit(x, y)
        answer = _spread(model.predict_proba(test), model.classes_, target)
        return Baseline(dict.fromkeys(DEFAULTS[target.kind], answer), note)
    # Absolute error for its own metric; the two others reward the mean.
    median = HistGradientBoostingRegressor(loss="absolute_error", **options).fit(x, y).predict(test)
    mean = HistGradientBoostingRegressor(loss="squared_error", **options).fit(x, y).predict(test)
    return Baseline({"mae": median, "rmse": mean, "r2": mean}, note)
