"""Decisions and calibration by group: whom does a threshold let through, whose probabilities are too high?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from zoo.metrics import calibration_error, likeliest
from zoo.report.groups import FEWEST_DRAWS, FLAGGED
from zoo.report.significance import normal_p
from zoo.report.uncertainty import standard_error

RATES = ("selected", "true positive rate", "false positive rate")

ROUNDING = 1e-9  # of a number of rows


@dataclass(frozen=True)
class GroupRates:
    """What a threshold decides for one group of a binary output.

    rates      of `RATES` -> (share, its standard error); None where there is no such row.
    own_threshold  at which the group would have the true positive rate that all have at the common threshold, or the
                   least above it that ties and whole rows allow; None where there is none to be had.
    draws      independent rows: of several of one person one.
    """

    group: str
    rows: int
    rates: dict[str, tuple[float, float] | None]
    own_threshold: float | None
    draws: int

    def to_json(self) -> dict[str, Any]:
        rates = {name: None if pair is None else {"share": pair[0], "standard_error": pair[1]}
                 for name, pair in self.rates.items()}  # fmt: skip
        equal = {"threshold_of_equal_true_positive_rate": self.own_threshold}
        return {"group": self.group, "rows": self.rows, **rates, **equal}


@dataclass(frozen=True)
class Gap:
    """The largest difference of a rate between two groups of a column, and its standard error.

    `p` is corrected for all pairs of groups of the column (Bonferroni): among many some are far apart by chance.
    """

    rate: str
    low: str
    high: str
    difference: float
    error: float
    p: float

    @property
    def flagged(self) -> bool:
        return self.p < 0.05

    def to_json(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "low": self.low,
            "high": self.high,
            "difference": self.difference,
            "standard_error": self.error,
            "p_corrected": self.p,
        }


@dataclass(frozen=True)
class GroupCalibration:
    """`surplus` is the mean probability of the predicted class less the share that came true (above 0: too sure), with
    its standard error; `error` the expected calibration error, which is never 0 for few rows, by chance alone."""

    group: str
    rows: int
    surplus: float
    surplus_error: float
    error: float
    draws: int

    @property
    def flagged(self) -> bool:
        return self.draws >= FEWEST_DRAWS and abs(self.surplus) > FLAGGED * self.surplus_error > 0

    def to_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "rows": self.rows,
            "surplus_confidence": self.surplus,
            "standard_error": self.surplus_error,
            "calibration_error": self.error,
            "flagged": self.flagged,
        }


def rates_by_group(
    labels: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str],
    codes: np.ndarray,
    threshold: float,
    *,
    draws: np.ndarray | None = None,
) -> list[GroupRates]:
    """(n,) labels 0 or 1, all known, and probabilities of 1 -> what the threshold decides in each group.

    draws  (n,) which rows are one draw (a person's).

    Selection rates alike are demographic parity, true positive rates alike equal opportunity (Hardt et al. 2016).
    """
    positive = labels == 1
    chosen = probabilities >= threshold
    common = float(chosen[positive].mean()) if positive.any() else None
    together = np.arange(len(labels)) if draws is None else np.unique(draws, return_inverse=True)[1]
    found = []
    for code, name in enumerate(names):
        inside = codes == code
        if not inside.any():
            continue
        parts = {"selected": inside, "true positive rate": inside & positive, "false positive rate": inside & ~positive}
        rates = {rate: _share(chosen[part], together[part]) for rate, part in parts.items()}
        own = np.sort(probabilities[inside & positive])[::-1]
        place = 0 if common is None else ceil(common * len(own) - ROUNDING)  # as many of the own are let through
        equal = float(own[place - 1]) if place else None
        found.append(GroupRates(name, int(inside.sum()), rates, equal, len(np.unique(together[inside]))))
    return found


def gaps(groups: Sequence[GroupRates]) -> list[Gap]:
    """For each rate the two groups that are farthest apart, among those of at least `FEWEST_DRAWS` independent rows."""
    found = []
    for rate in RATES:
        known = [(each.group, *pair) for each in groups if each.draws >= FEWEST_DRAWS and (pair := each.rates[rate])]
        if len(known) < 2:
            continue
        low, high = min(known, key=lambda each: each[1]), max(known, key=lambda each: each[1])
        error = float(np.hypot(low[2], high[2]))
        pairs = len(known) * (len(known) - 1) // 2
        p = min(1.0, pairs * normal_p((high[1] - low[1]) / error)) if error else 1.0
        found.append(Gap(rate, low[0], high[0], high[1] - low[1], error, p))
    return found


def _share(values: np.ndarray, draws: np.ndarray) -> tuple[float, float] | None:
    """A share of truth values and its standard error, that of two rows more on each side (Agresti and Coull 1998), as a
    share of 0 of 5 rows is not sure; or that of the draws (a person's rows together), where it is larger."""
    count = len(values)
    if not count:
        return None
    mean, smoothed = float(values.mean()), (values.sum() + 2.0) / (count + 4.0)
    error = float(np.sqrt(smoothed * (1 - smoothed) / (count + 4.0)))
    together = len(np.unique(draws)) < count
    return mean, max(error, standard_error((values - mean) / count, draws) or 0.0) if together else error


def calibration_by_group(
    labels: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str],
    codes: np.ndarray,
    *,
    decided: np.ndarray | None = None,
    draws: np.ndarray | None = None,
) -> list[GroupCalibration]:
    """(n,) labels, all known, and (n,) or (n, classes) probabilities -> how far each group's can be trusted.

    decided  (n,) the labels that the model gives; None: the likeliest. draws  (n,) which rows are one draw.
    """
    said = (likeliest(probabilities) if decided is None else decided).astype(np.int64)
    if probabilities.ndim == 1:
        sure = np.where(said == 1, probabilities, 1.0 - probabilities)
    else:
        sure = probabilities[np.arange(len(labels)), said]
    right = (said == labels).astype(np.int64)
    surplus = sure - right
    together = np.arange(len(labels)) if draws is None else draws
    found = []
    for code, name in enumerate(names):
        inside = codes == code
        count = int(inside.sum())
        if count < 2:
            continue
        mean = float(surplus[inside].mean())
        error = standard_error((surplus[inside] - mean) / count, together[inside])
        if error is None:  # all rows are one person's
            continue
        pair = (labels, probabilities) if probabilities.ndim == 1 else (right, sure)
        of_group = calibration_error(*(each[inside] for each in pair))
        found.append(GroupCalibration(name, count, mean, error, of_group, len(np.unique(together[inside]))))
    return found
