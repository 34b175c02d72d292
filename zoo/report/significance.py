"""Tests of significance: McNemar's exact test, the paired bootstrap, and p values corrected for many tests."""

from dataclasses import dataclass
from math import erfc, lgamma, log, sqrt

import numpy as np

from zoo.errors import ConfigError, DataError

RESAMPLES = 10_000
AT_ONCE = 1 << 22  # drawn row numbers in memory
COVERED = 0.95


def mcnemar(first_only: int, second_only: int) -> float:
    """The exact two-sided p value of McNemar 1947: rows that only the first, or only the second of two got right.

    Under the hypothesis that both err alike, each of these rows falls to either with probability 1/2.

    >>> mcnemar(0, 0), round(mcnemar(1, 7), 4), mcnemar(5, 5)
    (1.0, 0.0703, 1.0)
    """
    total, fewer = first_only + second_only, min(first_only, second_only)
    if fewer < 0:
        raise ConfigError(f"Counts must not be negative; received {first_only} and {second_only}.")
    if not total:
        return 1.0
    terms = [lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1) - total * log(2) for k in range(fewer + 1)]
    return float(min(1.0, 2.0 * np.exp(terms).sum()))


@dataclass(frozen=True)
class PairedDifference:
    """The mean of second - first, `low` to `high` its 95 % interval; `p` two-sided."""

    mean: float
    low: float
    high: float
    p: float


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    *,
    draws: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedDifference:
    """Of the losses (n,) of two models on the same rows, by drawing rows anew (Efron and Tibshirani 1993, chapter 16).

    `draws` (n,) says which rows are one draw (a person's). The p value is that of the differences brought to mean 0,
    and at least 1 / (resamples + 1). Raises `DataError` for arrays of different length, or of fewer than two draws.
    """
    if first.shape != second.shape or first.ndim != 1:
        raise DataError(f"Losses of the same rows must be two arrays (n,); received {first.shape} and {second.shape}.")
    if resamples < 100:
        raise ConfigError(f"A bootstrap needs at least 100 resamples; received {resamples}.")
    differences = second.astype(np.float64) - first
    places = np.arange(len(first)) if draws is None else np.unique(draws, return_inverse=True)[1]
    sums, sizes = np.bincount(places, weights=differences), np.bincount(places)
    count = len(sums)
    if count < 2:
        raise DataError(f"A bootstrap needs at least two independent rows; received {count}.")
    random, means = np.random.default_rng(seed), np.empty(resamples)
    step = max(1, AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = random.integers(0, count, (min(step, resamples - start), count))
        means[start : start + len(rows)] = sums[rows].sum(axis=1) / sizes[rows].sum(axis=1)
    mean = float(differences.mean())
    low, high = np.quantile(means, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    as_far = int((np.abs(means - mean) >= abs(mean) * (1 - 1e-12)).sum()) if mean else resamples
    return PairedDifference(mean, float(low), float(high), (as_far + 1) / (resamples + 1))


def normal_p(value: float) -> float:
    """Two-sided p value of a number of standard errors.

    >>> round(normal_p(1.96), 3)
    0.05
    """
    return erfc(abs(value) / sqrt(2))


def one_sided_p(value: float) -> float:
    """How likely a standard normal value is to be at least as large."""
    return erfc(value / sqrt(2)) / 2


def corrected(p_values: np.ndarray) -> np.ndarray:
    """(k,) p values -> (k,) those of Benjamini and Hochberg 1995: calling all below .05 true errs in 5 % of the calls.

    >>> corrected(np.array([0.01, 0.04, 0.5])).round(3).tolist()
    [0.03, 0.06, 0.5]
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * count / np.arange(1, count + 1)
    found = np.empty(count)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0) if count else scaled
    return found


def kolmogorov_smirnov(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """(largest distance of two samples' distribution functions, its asymptotic p value with Stephens' correction).

    >>> kolmogorov_smirnov(np.arange(100.0), np.arange(100.0))
    (0.0, 1.0)
    """
    one, two = np.sort(first), np.sort(second)
    values = np.concatenate([one, two])
    shares = [np.searchsorted(each, values, side="right") / len(each) for each in (one, two)]
    distance = float(np.abs(shares[0] - shares[1]).max())
    root = sqrt(len(one) * len(two) / (len(one) + len(two)))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:  # the series below does not converge there; p is 1 to ten digits
        return distance, 1.0
    terms = [(-1) ** (k - 1) * np.exp(-2 * (k * scaled) ** 2) for k in range(1, 101)]
    return distance, float(np.clip(2 * sum(terms), 0.0, 1.0))


def chi_square(first: np.ndarray, second: np.ndarray) -> float:
    """p value that two rows of counts (k,) are of one distribution, by the cube-root normal form of Wilson and
    Hilferty 1931; 1 where there is one value only.

    >>> even = np.array([50, 50])
    >>> chi_square(even, np.array([48, 52])) > 0.5, chi_square(even, np.array([90, 10])) < 1e-6
    (True, True)
    """
    table = np.stack([first, second]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    freedom = table.shape[1] - 1
    if freedom < 1 or not table.sum(axis=1).all():
        return 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float((np.square(table - expected) / expected).sum())
    spread = 2.0 / (9.0 * freedom)
    return one_sided_p(((statistic / freedom) ** (1 / 3) - (1 - spread)) / sqrt(spread))


def population_stability(first: np.ndarray, second: np.ndarray) -> float:
    """Sum over bins of (share2 - share1) log(share2 / share1), of counts (k,) with half a row added to each bin.

    Usual reading: below .1 nothing, from .25 a shift. It does not grow with the number of rows, as tests do.
    """
    one, two = ((each + 0.5) / (each.sum() + 0.5 * len(each)) for each in (first, second))
    return float(((two - one) * (np.log(two) - np.log(one))).sum())
