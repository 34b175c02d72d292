"""Scores of predictions, in numpy: named, with the direction in which they are better.

Regression takes targets and predictions (n,); classification takes integer labels (n,) and probabilities (n, classes);
binary takes labels 0 or 1 (n,) and the probability of 1 (n,). Rows without a label are left out by `score`, which also
takes vectors of numbers and tags (n, k).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zoo.errors import require_known
from zoo.samples import MISSING_CLASS, Kind, present, row_batches

TINY = 1e-7  # probabilities are clipped to [TINY, 1 - TINY] before a logarithm
BINS = 10  # of a calibration error, as in a report's reliability plot


@dataclass(frozen=True)
class Metric:
    """A score and how to read it: `better` is "higher" or "lower"; `unit` is "%" for shares of samples."""

    function: Callable[[np.ndarray, np.ndarray], float]
    better: str
    unit: str = ""


def mean_absolute_error(target: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.mean(np.abs(target - predicted)))


def root_mean_squared_error(target: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(target - predicted))))


def mean_squared_error(target: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.mean(np.square(target - predicted)))


def pearson(target: np.ndarray, predicted: np.ndarray) -> float:
    """Pearson's correlation, -1..1; 0 where one of both does not vary.

    >>> round(pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 6)
    1.0
    """
    x, y = (values.astype(np.float64) - np.mean(values, dtype=np.float64) for values in (target, predicted))
    spread = float(np.sqrt(np.sum(x * x)) * np.sqrt(np.sum(y * y)))
    return float(np.sum(x * y)) / spread if spread else 0.0


def spearman(target: np.ndarray, predicted: np.ndarray) -> float:
    """Pearson's correlation of the ranks, equal values sharing the mean of theirs."""
    return pearson(ranks(target), ranks(predicted))


def ranks(values: np.ndarray) -> np.ndarray:
    """(n,) -> (n,) ranks from 1; equal values have the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[group]


def r_squared(target: np.ndarray, predicted: np.ndarray) -> float:
    """1 - residual variance / variance; 0 where the target does not vary."""
    spread = float(np.sum(np.square(target - np.mean(target))))
    return 1.0 - float(np.sum(np.square(target - predicted))) / spread if spread else 0.0


def exp_rmspe(target: np.ndarray, predicted: np.ndarray) -> float:
    """Root mean squared percentage error of exp(predicted), both being logarithms (of sales, for example).

    Rossmann's score on Kaggle, 0.1 being 10 %; days without sales have no logarithm and are left out there too.

    >>> round(exp_rmspe(np.log([100.0, 200.0]), np.log([110.0, 180.0])), 6)
    0.1
    """
    return float(np.sqrt(np.mean(np.square(np.expm1(predicted - target)))))


def accuracy(target: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.mean(likeliest(predicted) == target))


def likeliest(predicted: np.ndarray) -> np.ndarray:
    """Probabilities (n,) of the positive label or (n, classes) -> (n,) the likeliest label, or whether positive."""
    return predicted >= 0.5 if predicted.ndim == 1 else _by_rows(lambda part: np.argmax(part, axis=-1), predicted)


def likelihoods(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(n,) float64: the probability of each row's label, from `TINY` up to 1."""
    if predicted.ndim == 1:
        found = np.where(target == 1, predicted, 1.0 - predicted)
    else:
        found = predicted[np.arange(len(target)), target]
    return np.clip(found.astype(np.float64), TINY, 1.0)


def _by_rows(function: Callable[[np.ndarray], np.ndarray], predicted: np.ndarray) -> np.ndarray:
    """What `function` makes of (n, classes), made of a part of the rows at a time."""
    parts = row_batches(len(predicted), predicted.shape[1])
    return np.concatenate([function(predicted[part]) for part in parts])


def f1(target: np.ndarray, predicted: np.ndarray) -> float:
    """2 precision recall / (precision + recall) of the positive label; 0 where neither a label nor a decision is."""
    chosen = predicted >= 0.5
    found = float(np.sum(chosen & (target == 1)))
    return 2.0 * found / max(float(np.sum(chosen) + np.sum(target == 1)), 1.0)


def log_loss(target: np.ndarray, predicted: np.ndarray) -> float:
    """Mean cross-entropy in nats."""
    return float(-np.mean(np.log(likelihoods(target, predicted))))


def perplexity(target: np.ndarray, predicted: np.ndarray) -> float:
    """exp(cross-entropy): among how many equally likely labels the prediction leaves one to guess."""
    return float(np.exp(log_loss(target, predicted)))


def area_under_roc(target: np.ndarray, predicted: np.ndarray) -> float:
    """Probability that a positive ranks above a negative, ties counting half; 0.5 when one class is absent."""
    positives = int(np.sum(target == 1))
    negatives = len(target) - positives
    if not positives or not negatives:
        return 0.5
    return float((np.sum(ranks(predicted)[target == 1]) - positives * (positives + 1) / 2.0) / (positives * negatives))


def steps_off(target: np.ndarray, predicted: np.ndarray) -> float:
    """Of ordered labels: how many places the median label lies from the right one, in the mean."""
    return float(np.mean(np.abs(median_label(predicted) - target)))


def median_label(shares: np.ndarray) -> np.ndarray:
    """(n, classes) probabilities of ordered labels -> (n,) the first at which half of the probability is reached."""
    return _by_rows(_medians, shares)


def _medians(shares: np.ndarray) -> np.ndarray:
    sums = np.cumsum(shares, axis=1, dtype=np.float64)
    return np.argmax(sums >= 0.5 * sums[:, -1:], axis=1)


def quadratic_kappa(target: np.ndarray, predicted: np.ndarray) -> float:
    """Of ordered labels: agreement beyond chance, mistakes weighted by the square of their distance (Cohen 1968)."""
    chosen, classes = median_label(predicted), predicted.shape[1]
    weights = np.square(np.subtract.outer(np.arange(classes), np.arange(classes)))
    shares = [np.bincount(each, minlength=classes) / len(target) for each in (target, chosen)]
    expected = float(np.sum(weights * np.outer(*shares)))
    return 1.0 - float(np.mean(weights[target, chosen])) / expected if expected else 0.0


def average_precision(target: np.ndarray, predicted: np.ndarray) -> float:
    """Mean precision over the positives, each at the threshold that just finds it; ties are found together.

    The area under the precision-recall curve without interpolation (Davis and Goadrich 2006); 0 without a positive.
    """
    positives = int(np.sum(target == 1))
    if not positives:
        return 0.0
    _, precision, recall = precision_recall_curve(target, predicted)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def precision_recall_curve(target: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds from high to low, and precision and recall of "positive where predicted >= threshold"; each (t,)."""
    order = np.argsort(-predicted, kind="stable")
    found = np.cumsum(target[order] == 1)
    last = np.flatnonzero(np.diff(predicted[order], append=-np.inf))  # ties are accepted together
    return predicted[order][last], found[last] / (last + 1.0), found[last] / max(float(np.sum(target == 1)), 1.0)


def calibration_error(
    target: np.ndarray, predicted: np.ndarray, *, bins: int = BINS, equal: Literal["width", "mass"] = "width"
) -> float:
    """Expected calibration error: mean distance, over bins, of the mean probability and the share that came true.

    Bins of equal width, weighted by their samples: of the chosen class' probability (Guo et al. 2017, section 2), or
    for a binary output of the positive label's (Naeini et al. 2015). `equal="mass"`: bins of equal size, which look
    closer at a rare label, whose probabilities crowd in one bin of equal width (Nixon et al. 2019).
    """
    both = (predicted if predicted.ndim == 1 else predicted.max(axis=1)).astype(np.float64)
    right = target if predicted.ndim == 1 else likeliest(predicted) == target
    if equal == "width":
        places = np.minimum((both * bins).astype(int), bins - 1)
    else:
        places = np.searchsorted(np.quantile(both, np.arange(1, bins) / bins), both, side="right")
    surplus = np.bincount(places, weights=right - both, minlength=bins)
    return float(np.sum(np.abs(surplus)) / len(target))


def equal_error_rate(target: np.ndarray, predicted: np.ndarray) -> float:
    """Labels 0 or 1 and scores (n,) -> the share of mistakes at the threshold where both kinds are as frequent.

    Between two thresholds, where the line between them says so; 0.5 of one label alone.

    >>> equal_error_rate(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9]))
    0.5
    """
    order = np.argsort(-predicted, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(predicted[order])), len(order) - 1)  # equal scores fall together
    hits, alarms = np.cumsum(target[order] == 1), np.cumsum(target[order] == 0)
    if not hits[-1] or not alarms[-1]:
        return 0.5
    missed = np.append(1.0, 1.0 - hits[ends] / hits[-1])
    wrong = np.append(0.0, alarms[ends] / alarms[-1])
    place = int(np.argmax(wrong >= missed))
    before = missed[place - 1] - wrong[place - 1]
    share = before / (before + wrong[place] - missed[place])
    return float(wrong[place - 1] + share * (wrong[place] - wrong[place - 1]))


def mean_dice(target: np.ndarray, predicted: np.ndarray) -> float:
    """Of masks (n, ...) and probabilities (n, ..., labels): the mean Dice over samples and labels but the first, the
    background. Twice what both share of a label over what they have of it; 1 where neither has any.
    """
    found = []
    for each, shares in zip(target, predicted, strict=True):
        chosen = np.where(each == MISSING_CLASS, MISSING_CLASS, np.argmax(shares, axis=-1))
        for label in range(1, shares.shape[-1]):
            total = int((each == label).sum()) + int((chosen == label).sum())
            found.append(2.0 * float(((each == label) & (chosen == label)).sum()) / total if total else 1.0)
    return float(np.mean(found))


def centre_precision(target: np.ndarray, predicted: np.ndarray) -> float:
    """Of heat maps (n, ...) and predictions (n, ..., 1): the average precision of centres among the places that lie far
    from any, whose target is 0.
    """
    chosen = (target >= 1.0) | (target <= 1e-3)
    return average_precision((target[chosen] >= 1.0).astype(np.int32), predicted[..., 0][chosen])


METRICS: dict[str, Metric] = {
    "mae": Metric(mean_absolute_error, "lower"),
    "rmse": Metric(root_mean_squared_error, "lower"),
    "mse": Metric(mean_squared_error, "lower"),
    "r2": Metric(r_squared, "higher"),
    "pearson": Metric(pearson, "higher"),
    "spearman": Metric(spearman, "higher"),
    "accuracy": Metric(accuracy, "higher", "%"),
    "f1": Metric(f1, "higher"),
    "log_loss": Metric(log_loss, "lower"),
    "perplexity": Metric(perplexity, "lower"),
    "auc": Metric(area_under_roc, "higher"),
    "steps_off": Metric(steps_off, "lower"),
    "kappa": Metric(quadratic_kappa, "higher"),
    "exp_rmspe": Metric(exp_rmspe, "lower"),
    "average_precision": Metric(average_precision, "higher"),
    "calibration_error": Metric(calibration_error, "lower"),
    "equal_error_rate": Metric(equal_error_rate, "lower", "%"),
    "centre_precision": Metric(centre_precision, "higher"),
    "dice": Metric(mean_dice, "higher"),
}
OF_MAPS = ("centre_precision", "dice")  # metrics that take whole maps
DEFAULTS: dict[Kind, tuple[str, ...]] = {
    "regression": ("mae", "rmse", "r2"),
    "classification": ("accuracy", "log_loss"),
    "ordered": ("steps_off", "kappa", "accuracy", "log_loss"),
    "binary": ("accuracy", "auc", "log_loss"),
    "tags": ("accuracy", "auc", "log_loss"),
    "heat_map": ("centre_precision",),
    "mask": ("dice",),
}
ALLOWED: dict[Kind, tuple[str, ...]] = {
    "regression": (*DEFAULTS["regression"], "mse", "pearson", "spearman", "exp_rmspe"),
    "classification": (*DEFAULTS["classification"], "perplexity", "calibration_error"),
    "ordered": (*DEFAULTS["ordered"], "calibration_error"),
    "binary": (*DEFAULTS["binary"], "f1", "average_precision", "calibration_error", "equal_error_rate"),
    "tags": (*DEFAULTS["tags"], "average_precision", "calibration_error"),
    "heat_map": DEFAULTS["heat_map"],
    "mask": DEFAULTS["mask"],
}


def score(metric: str, target: np.ndarray, predicted: np.ndarray) -> float | None:
    """One score over the rows whose label is known; None when there is no such row.

    Of vectors and tags, both (n, k), the mean over the columns that have a label ("macro").
    """
    require_known("metric", metric, METRICS)
    if metric in OF_MAPS:
        return METRICS[metric].function(target, predicted) if present(target).any() else None
    if target.ndim > 1:
        columns = zip(_columns(target), _columns(predicted), strict=True)
        scores = [score(metric, *column) for column in columns]
        known_scores = [each for each in scores if each is not None]
        return float(np.mean(known_scores)) if known_scores else None
    known = present(target)
    return METRICS[metric].function(*those(known, target, predicted)) if known.any() else None


def those(known: np.ndarray, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """The `known` rows of each array; the arrays themselves where all are: those of many labels are large."""
    return arrays if known.all() else tuple(each[known] for each in arrays)


def _columns(values: np.ndarray) -> np.ndarray:
    """(n, ..., k) -> (k, n * ...)."""
    return values.reshape(-1, values.shape[-1]).T
