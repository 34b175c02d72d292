"""Drift: how a column of new rows differs from that of the training rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.report.significance import chi_square, corrected, kolmogorov_smirnov, population_stability

SHIFTED, CHANGED = 0.25, 0.1  # population stability from which a column is called shifted, or changed
ALPHA = 0.05
BINS = 10
MOST_VALUES = 50  # of categories; the rest is one
EXPECTED = 5  # rows of a value that a chi-square test needs; rarer ones are one


@dataclass(frozen=True)
class ColumnDrift:
    """One column of new rows beside that of training.

    missing     share of rows without a value in training and now; None where it is not known.
    unseen      share of values now that training did not have; `example` is one.
    outside     share of numbers now below the least or above the largest of training.
    moved       mean of the numbers now less that of training, in deviations of training.
    stability   population stability index; None without the training rows.
    p           that both are of one distribution (Kolmogorov-Smirnov, chi-square), corrected for all columns.
    """

    name: str
    kind: str
    missing: tuple[float | None, float]
    unseen: float | None = None
    example: str = ""
    outside: float | None = None
    moved: float | None = None
    stability: float | None = None
    p: float | None = None

    @property
    def verdict(self) -> str:
        """ "shifted", "changed" or "as in training". A tiny difference that many rows prove is none to act on."""
        by_rows = self.stability is not None and self.p is not None and self.p < ALPHA
        level = self.stability if by_rows and self.stability is not None else 0.0
        gone = self.missing[0] is not None and abs(self.missing[1] - self.missing[0]) >= CHANGED
        far = max(self.unseen or 0.0, self.outside or 0.0)
        moved = self.stability is None and self.moved is not None and abs(self.moved) >= 1.0
        if level >= SHIFTED or far >= 0.5:
            return "shifted"
        return "changed" if level >= CHANGED or gone or far >= CHANGED or moved else "as in training"

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.name,
            "kind": self.kind,
            "missing_in_training": self.missing[0],
            "missing": self.missing[1],
            "unseen": self.unseen,
            "example": self.example,
            "outside": self.outside,
            "moved_in_deviations": self.moved,
            "population_stability": self.stability,
            "p_corrected": self.p,
            "verdict": self.verdict,
        }


def compare_numbers(drift: ColumnDrift, trained: np.ndarray, given: np.ndarray) -> ColumnDrift:
    """With the training rows' numbers, NaN where missing: stability over tenths of training, and a test."""
    one, two = trained[np.isfinite(trained)], given[np.isfinite(given)]
    if not len(one) or not len(two):
        return drift
    inner = np.unique(np.quantile(one, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(inner, each, side="left"), minlength=len(inner) + 1) for each in (one, two)]
    return replace(drift, stability=population_stability(*counts), p=kolmogorov_smirnov(one, two)[1])


def compare_categories(drift: ColumnDrift, trained: Sequence[Any], given: Sequence[Any]) -> ColumnDrift:
    """With the training rows' values: stability over the values, and a chi-square test."""
    known, counts = np.unique(np.array([str(each) for each in trained], dtype=str), return_counts=True)
    if not len(known) or not len(given):
        return drift
    kept = known[np.argsort(-counts, kind="stable")[:MOST_VALUES]]
    places = {value: number for number, value in enumerate(kept.tolist())}
    one, two = (
        np.bincount([places.get(str(each), len(kept)) for each in values], minlength=len(kept) + 1)
        for values in (trained, given)
    )
    rare = (one + two) * min(len(given), len(trained)) / (len(given) + len(trained)) < EXPECTED
    merged = [np.append(each[~rare], each[rare].sum()) for each in (one, two)]
    used = (one + two) > 0
    return replace(drift, stability=population_stability(one[used], two[used]), p=chi_square(*merged))


def with_corrected(columns: Sequence[ColumnDrift]) -> list[ColumnDrift]:
    """The p values corrected for the number of columns that were tested."""
    p_values = np.array([each.p for each in columns if each.p is not None])
    fitted = iter(corrected(p_values).tolist())
    return [each if each.p is None else replace(each, p=next(fitted)) for each in columns]


@dataclass(frozen=True)
class Drift:
    """All columns of new rows, and of what the model predicts for them; the most changed first.

    rows         how many training rows and new rows there are.
    note         why there is no comparison with the training rows themselves, or "".
    """

    rows: tuple[int, int]
    columns: Sequence[ColumnDrift]
    predictions: Sequence[ColumnDrift]
    note: str = ""

    @property
    def changed(self) -> list[ColumnDrift]:
        return [each for each in (*self.columns, *self.predictions) if each.verdict != "as in training"]

    def to_json(self) -> Mapping[str, Any]:
        return {
            "training_rows": self.rows[0],
            "rows": self.rows[1],
            "note": self.note,
            "columns": [each.to_json() for each in self.columns],
            "predictions": [each.to_json() for each in self.predictions],
        }
