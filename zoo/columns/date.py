"""Dates: parts of a date as columns of their own, numbers and categories."""

import datetime
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.dates import ELAPSED, FLAGS, WHOLE, date_order, date_parts, date_prefix, dates_of
from zoo.columns.frames import Frame, pandas, shown
from zoo.columns.written import written
from zoo.errors import DataError

NUMBER_PARTS = ("Year", "Dayofyear", "Minute", ELAPSED)  # the other parts of a date are categories
TIME_PARTS = ("Hour", "Minute")  # where they vary
FARTHEST = 100 * 365  # days before and after the training rows from which a date is taken for a slip


@register
@dataclass(frozen=True)
class DateColumn(Column):
    """The first and the last day of the training rows; `prefix` is that of the parts.

    order  of days and months in text as 05/03/2021, "dmy", "mdy" or "ymd"; "" where the training rows had none such.
    times  the parts of the time of day that varied in the training rows.
    """

    prefix: str = ""
    first: str = ""
    last: str = ""
    order: str = ""
    times: tuple[str, ...] = ()

    kind: ClassVar[str] = "date"

    def __post_init__(self) -> None:
        try:
            datetime.date.fromisoformat(self.first), datetime.date.fromisoformat(self.last)
        except ValueError as error:
            raise DataError(f"The schema is damaged: {shown(self.first)} to {shown(self.last)} are no days.") from error

    @classmethod
    def fit(cls, values: Values, name: str, order: str = "") -> Self:
        """`order` of days and months in text; without it the values decide."""
        order = date_order(values, name, order) or written(values).orders.get(name, "")
        dates = dates_of(values, name, order=order)
        if dates.isna().all():
            raise DataError(f"The column {shown(name)} has no date in any training row: ignore it.")
        times = tuple(part for part in TIME_PARTS if getattr(dates.dt, part.lower()).nunique() > 1)
        first, last = str(dates.min().date()), str(dates.max().date())
        return cls(name, prefix=date_prefix(name), first=first, last=last, order=order, times=times)

    def encode(self, values: Values) -> dict[str, np.ndarray]:
        return {}  # its parts are columns of their own

    @property
    def spec(self) -> InputSpec:
        return InputSpec((), "float32")

    @property
    def inputs(self) -> dict[str, InputSpec]:
        return {}

    @property
    def parts(self) -> dict[str, str]:
        """The columns that a date becomes -> their kinds."""
        parts = (*WHOLE, *self.times, *FLAGS, ELAPSED)
        return {self.prefix + part: "number" if part in NUMBER_PARTS else "category" for part in parts}

    def expand(self, values: Values) -> Frame:
        """The parts of the dates. A date that is far from those of training is refused."""
        dates = dates_of(values, self.name, order=self.order)
        days = pandas().Timedelta(FARTHEST, "D")
        first, last = pandas().Timestamp(self.first), pandas().Timestamp(self.last)
        far = (dates < first - days) | (dates > last + days)
        if far.any():
            row = int(np.argmax(far.to_numpy()))
            raise DataError(
                f"The column {shown(self.name)} holds {dates.iloc[row].date()} in row {row + 1}, a century away from "
                f"the training rows ({self.first} to {self.last})."
            )
        return date_parts(dates, self.prefix, times=self.times)

    def describe(self) -> str:
        return f"{self.first} to {self.last}"
