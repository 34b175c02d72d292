"""What a schema keeps of each column: plain values learnt from the training rows."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, TypeVar

import numpy as np

from zoo.errors import DataError, is_number
from zoo.samples import Target
from zoo.tables.frames import shown

MISSING_ID, UNSEEN_ID = 0, 1  # of a category: no value; a value that training had not, or too rarely
FIRST_ID = 2  # of the vocabulary
NARROWEST = 1e-37  # width whose inverse float32 still has


@dataclass(frozen=True)
class NumberColumn:
    """Statistics of the training rows where the number is known.

    missing  how many training rows had none.
    origin   what is subtracted before the value becomes float32: 0, but where float32 could not tell the values apart
             (times of one day in seconds since 1970).
    """

    name: str
    median: float
    mean: float
    deviation: float
    low: float
    high: float
    missing: int = 0
    rows: int = 0
    origin: float = 0.0

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


@dataclass(frozen=True)
class CategoryColumn:
    """`vocabulary` are the values with an id of their own, from `FIRST_ID` on; `input` is the model's input."""

    name: str
    vocabulary: tuple[str, ...]
    input: str = ""
    missing: int = 0
    rare: int = 0  # training rows with a value that is not in the vocabulary

    @property
    def size(self) -> int:
        """Number of ids."""
        return FIRST_ID + len(self.vocabulary)

    def ids(self, codes: np.ndarray, texts: list[str | None]) -> np.ndarray:
        """Codes (n,) into `texts`, -1 where missing -> ids (n,) int32."""
        known = {text: number for number, text in enumerate(self.vocabulary, start=FIRST_ID)}
        table = [MISSING_ID if text is None else known.get(text, UNSEEN_ID) for text in texts]
        return np.array([*table, MISSING_ID], dtype=np.int32)[codes]  # code -1 is the last one


@dataclass(frozen=True)
class DateColumn:
    """The first and the last day of the training rows; `prefix` is that of the parts."""

    name: str
    prefix: str
    first: str
    last: str


@dataclass(frozen=True)
class OutputColumn:
    """A target: `log` says that the model predicts logarithms; `low` and `high` bound what it predicts, in those."""

    name: str
    target: Target
    output: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None

    @property
    def predicted(self) -> Target:
        """What the model predicts: the target, or its logarithm, in the unit of that."""
        return replace(self.target, unit=f"log {self.target.unit}".rstrip()) if self.log else self.target

    def config(self) -> dict[str, Any]:
        """What a builder is told of this output."""
        if self.target.kind == "classification":
            return {"kind": "classification", "classes": len(self.target.labels)}
        if self.low is None:
            return {"kind": self.target.kind}
        return {"kind": self.target.kind, "low": self.low, "high": self.high}


Stored = TypeVar("Stored", NumberColumn, CategoryColumn, DateColumn, OutputColumn, Target)


def column_from_json(kind: type[Stored], values: Mapping[str, Any]) -> Stored:
    """A column, or a target, of JSON values, which have no tuples. Raises `DataError` for a value of another type."""
    given = dict(values)
    if kind is OutputColumn:
        given["target"] = column_from_json(Target, given["target"])
    for name in {"vocabulary", "labels"} & given.keys():
        given[name] = tuple(given[name]) if isinstance(given[name], list | tuple) else given[name]
    for each in fields(kind):
        if each.name in given and not _is_a(each.type, given[each.name]):
            raise DataError(f"The schema is damaged: '{each.name}' of a column cannot be {shown(given[each.name])}.")
    if isinstance(made := kind(**given), DateColumn):
        _require_days(made)
    return made


def _is_a(kind: Any, value: Any) -> bool:
    if kind is float:
        return is_number(value)
    if kind == float | None:
        return value is None or is_number(value)
    if kind is int:
        return type(value) is int and value >= 0
    if kind == tuple[str, ...]:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    return not isinstance(kind, type) or isinstance(value, kind)


def _require_days(column: DateColumn) -> None:
    try:
        date.fromisoformat(column.first), date.fromisoformat(column.last)
    except ValueError as error:
        raise DataError(f"The schema is damaged: {shown(column.first)} to {shown(column.last)} are no days.") from error
