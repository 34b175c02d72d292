"""Standard errors of scores, by each row's influence on the score: no resampling, the same every time.

A row's influence is how much the score moves with that row's weight; the sum of the squares estimates the variance
(the infinitesimal jackknife, Efron and Tibshirani 1993, section 20.6). Rows of one person count as one draw.
"""

from collections.abc import Callable

import numpy as np

from zoo.errors import require_known
from zoo.metrics import likeliest, likelihoods, ranks

MEANS_OVER_ROWS = ("mae", "accuracy", "log_loss")
MEASURABLE = 2  # independent draws below which there is no standard error


def influence(metric: str, target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(n,) labels, all known, and predictions -> (n,) influences, which sum to 0."""
    require_known("metric", metric, INFLUENCES)
    return INFLUENCES[metric](target, predicted)


def standard_error(influences: np.ndarray, draws: np.ndarray | None = None) -> float | None:
    """Of the score that these rows give; `draws` (n,) says which rows belong together. None for a single draw."""
    if draws is not None:
        _, positions = np.unique(draws, return_inverse=True)
        influences = np.bincount(positions, weights=influences)
    count = len(influences)
    if count < MEASURABLE:
        return None
    return float(np.sqrt(np.sum(np.square(influences)) * count / (count - 1)))


def losses(metric: str, target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(n,) values whose mean is the score, for "mae", "accuracy" and "log_loss"."""
    if metric == "mae":
        return np.abs(target - predicted).astype(np.float64)
    if metric == "accuracy":
        return (likeliest(predicted) == target).astype(np.float64)
    require_known("metric that is a mean over rows", metric, MEANS_OVER_ROWS)
    return -np.log(likelihoods(target, predicted))


def _of_mean(metric: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def compute(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        values = losses(metric, target, predicted)
        return (values - np.mean(values)) / len(values)

    return compute


def _of_rmse(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return _of_root_mean(np.square(target - predicted, dtype=np.float64))


def _of_mse(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    squares = np.square(target - predicted, dtype=np.float64)
    return (squares - np.mean(squares)) / len(squares)


def _of_exp_rmspe(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return _of_root_mean(np.square(np.expm1(np.asarray(predicted, np.float64) - target)))


def _of_root_mean(squares: np.ndarray) -> np.ndarray:
    """The derivative of a square root times the influence on the mean square."""
    root = np.sqrt(np.mean(squares))
    return (squares - np.mean(squares)) / (2.0 * root * len(squares)) if root else np.zeros(len(squares))


def _of_r2(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """1 - a/b with a the mean square error and b the variance: -da/b + a db/b^2."""
    squares = np.square(target - predicted, dtype=np.float64)
    spreads = np.square(target - np.mean(target), dtype=np.float64)
    a, b = np.mean(squares), np.mean(spreads)
    return (a * (spreads - b) / b - (squares - a)) / (b * len(squares)) if b else np.zeros(len(squares))


def _of_pearson(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """z_x z_y - r (z_x^2 + z_y^2) / 2, of standardised values (Devlin, Gnanadesikan and Kettenring 1975)."""
    if not np.ptp(target) or not np.ptp(predicted):
        return np.zeros(len(target))
    wide = (np.asarray(values, np.float64) for values in (target, predicted))
    x, y = ((values - np.mean(values)) / np.std(values) for values in wide)
    return (x * y - np.mean(x * y) * (x * x + y * y) / 2.0) / len(x)


def _of_spearman(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Those of Pearson's correlation of the ranks, taken as they are: a row also moves the ranks of others a little."""
    return _of_pearson(ranks(target), ranks(predicted))


def _of_auc(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Placements of DeLong, DeLong and Clarke-Pearson 1988: the share of the other class that a row beats."""
    positive = target == 1
    found = np.zeros(len(target))
    above, below = np.sort(predicted[positive]), np.sort(predicted[~positive])
    if not len(above) or not len(below):
        return found
    wins = (np.searchsorted(below, predicted[positive]) + np.searchsorted(below, predicted[positive], "right")) / 2
    losses_to = (
        np.searchsorted(above, predicted[~positive]) + np.searchsorted(above, predicted[~positive], "right")
    ) / 2
    area = np.mean(wins) / len(below)
    found[positive] = (wins / len(below) - area) / len(above)
    found[~positive] = (1.0 - losses_to / len(above) - area) / len(below)
    return found


INFLUENCES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mae": _of_mean("mae"),
    "accuracy": _of_mean("accuracy"),
    "log_loss": _of_mean("log_loss"),
    "rmse": _of_rmse,
    "mse": _of_mse,
    "pearson": _of_pearson,
    "spearman": _of_spearman,
    "r2": _of_r2,
    "auc": _of_auc,
    "exp_rmspe": _of_exp_rmspe,
}
