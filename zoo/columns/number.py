"""Numbers: raw in the model's input, NaN where missing; what imputes and scales them stands inside the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.kinds import number_format
from zoo.columns.values import numbers_of

NARROWEST = 1e-37  # width whose inverse float32 still has
RESOLUTION = 2.0**-24  # of float32
LEAST_STEPS = 1000.0  # that a deviation must have in float32


@register
@dataclass(frozen=True)
class NumberColumn(Column):
    """Statistics of the training rows where the number is known.

    missing  how many training rows had none.
    origin   what is subtracted before the value becomes float32: 0, but where float32 could not tell the values apart
             (times of one day in seconds since 1970).
    written_as  how the numbers of a text are written, as "1.234,56 EUR"; "" where as in Python.
    """

    median: float = 0.0
    mean: float = 0.0
    deviation: float = 0.0
    low: float = 0.0
    high: float = 0.0
    missing: int = 0
    rows: int = 0
    origin: float = 0.0
    written_as: str = ""

    kind: ClassVar[str] = "number"
    shared_input: ClassVar[str] = "numbers"

    @classmethod
    def fit(cls, values: Values, name: str, decimal: str | None = None) -> Self:
        """`decimal` is the mark before the fraction in text as 1,234, where the other values do not say."""
        written_as = number_format(values, name, decimal)
        numbers = numbers_of(values, name, written_as=written_as)
        known = numbers[~np.isnan(numbers)]
        missing = len(numbers) - len(known)
        if not len(known):  # the model is given the constant 0, and no flag
            return cls(name, missing=missing, rows=len(numbers), written_as=written_as)
        low, high, deviation = float(known.min()), float(known.max()), float(known.std())
        median = float(np.median(known))
        coarse = max(abs(low), abs(high)) * RESOLUTION * LEAST_STEPS > deviation > 0
        return cls(
            name,
            median=median,
            mean=float(known.mean()),
            deviation=deviation,
            low=low,
            high=high,
            missing=missing,
            rows=len(numbers),
            origin=median if coarse else 0.0,
            written_as=written_as,
        )

    def encode(self, values: Values) -> np.ndarray:
        return numbers_of(values, self.name, written_as=self.written_as) - self.origin

    @property
    def spec(self) -> InputSpec:
        return InputSpec((), "float32")

    def affine(self, scaling: str | None) -> tuple[float, float]:
        """(shift, factor) of scaled = (value - shift) * factor. A column that never varied says nothing: factor 0."""
        if scaling is None:
            return 0.0, 1.0
        shift, width = (self.mean, self.deviation) if scaling == "z-score" else (self.low, self.high - self.low)
        varies = self.high > self.low and width > max(1e-9 * max(abs(self.low), abs(self.high)), NARROWEST)
        return shift - self.origin, 1.0 / width if varies else 0.0

    @property
    def flag(self) -> float:
        """1 where training had rows with and rows without a number, so that a model learnt what its absence means."""
        return float(0 < self.missing < self.rows)

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        affine = [column.affine(scaling) for column in columns]
        return {
            "numbers": {
                "medians": [column.median - column.origin for column in columns],
                "shifts": [shift for shift, _ in affine],
                "factors": [factor for _, factor in affine],
                "flags": [column.flag for column in columns],
            }
        }

    def describe(self) -> str:
        return f"{self.low:g} to {self.high:g}, {self.missing:,} missing"
