"""Scores of predictions, in numpy: named, with the direction in which they are better.

Regression takes targets and predictions (n,); classification takes integer labels (n,) and probabilities (n, classes);
binary takes labels 0 or 1 (n,) and the probability of 1 (n,). Rows without a label are left out by `score`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoo.errors import require_known
from zoo.samples import Kind, present

TINY = 1e-7  # probabilities are clipped to [TINY, 1 - TINY] before a logarithm


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


def r_squared(target: np.ndarray, predicted: np.ndarray) -> float:
    """1 - residual variance / variance; 0 where the target does not vary."""
    spread = float(np.sum(np.square(target - np.mean(target))))
    return 1.0 - float(np.sum(np.square(target - predicted))) / spread if spread else 0.0


def accuracy(target: np.ndarray, predicted: np.ndarray) -> float:
    chosen = predicted >= 0.5 if predicted.ndim == 1 else np.argmax(predicted, axis=-1)
    return float(np.mean(chosen == target))


def log_loss(target: np.ndarray, predicted: np.ndarray) -> float:
    """Mean cross-entropy in nats."""
    likelihood = (
        np.where(target == 1, predicted, 1.0 - predicted)
        if predicted.ndim == 1
        else predicted[np.arange(len(target)), target]
    )
    return float(-np.mean(np.log(np.clip(likelihood, TINY, 1.0))))


def area_under_roc(target: np.ndarray, predicted: np.ndarray) -> float:
    """Probability that a positive ranks above a negative, ties counting half; 0.5 when one class is absent."""
    positives = int(np.sum(target == 1))
    negatives = len(target) - positives
    if not positives or not negatives:
        return 0.5
    _, group, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[group]  # average rank within ties
    return float((np.sum(ranks[target == 1]) - positives * (positives + 1) / 2.0) / (positives * negatives))


METRICS: dict[str, Metric] = {
    "mae": Metric(mean_absolute_error, "lower"),
    "rmse": Metric(root_mean_squared_error, "lower"),
    "r2": Metric(r_squared, "higher"),
    "accuracy": Metric(accuracy, "higher", "%"),
    "log_loss": Metric(log_loss, "lower"),
    "auc": Metric(area_under_roc, "higher"),
}
DEFAULTS: dict[Kind, tuple[str, ...]] = {
    "regression": ("mae", "rmse", "r2"),
    "classification": ("accuracy", "log_loss"),
    "binary": ("accuracy", "auc", "log_loss"),
}


def score(metric: str, target: np.ndarray, predicted: np.ndarray) -> float | None:
    """One score over the rows whose label is known; None when there is no such row."""
    require_known("metric", metric, METRICS)
    known = present(target)
    return METRICS[metric].function(target[known], predicted[known]) if known.any() else None
