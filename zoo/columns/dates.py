"""Dates, and the parts of a date that a model can use."""

import re

import numpy as np

from zoo.columns.frames import Column, Frame, frame_of, pandas, require_columns, shown
from zoo.columns.values import codes_of, is_blank
from zoo.errors import DataError

ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
WHOLE = ("Year", "Month", "Week", "Day", "Dayofweek", "Dayofyear")
FLAGS = (
    "Is_month_end",
    "Is_month_start",
    "Is_quarter_end",
    "Is_quarter_start",
    "Is_year_end",
    "Is_year_start",
)
TIMES = ("Hour", "Minute", "Second")
ATTRIBUTES = {"Dayofweek": "day_of_week", "Dayofyear": "day_of_year"}  # of pandas, where the part is not the name
LAST_YEAR = 9999  # of Python's dates
ELAPSED = "Elapsed"  # seconds since 1970


def add_date_parts(
    frame: Frame, column: str, *, prefix: str | None = None, drop: bool = True, time: bool = False
) -> Frame:
    """A copy of `frame` with the parts of a date as columns, named as fast.ai's `add_datepart` names them.

    `{prefix}Year`, Month, Week (ISO), Day, Dayofweek (Monday 0), Dayofyear, Is_month_end, Is_month_start, the same of
    quarter and year, Elapsed (seconds since 1970); with `time` Hour, Minute and Second. The prefix is the column's
    name without "Date" or "date" at its end. `drop` leaves out the date itself. Parts of a missing date are missing.

    Raises `DataError` for a column that is not there, values that are no dates, and parts that would replace a column.
    """
    frame = frame_of(frame)
    require_columns(frame, [column], "is to be a date")
    parts = date_parts(dates_of(frame[column], column), date_prefix(column) if prefix is None else prefix, time=time)
    rest = frame.drop(columns=column) if drop else frame
    taken = [name for name in parts if name in rest.columns]
    if taken:
        raise DataError(f"The parts of {shown(column)} would replace the column {shown(taken[0])}; give a prefix.")
    return pandas().concat([rest, parts], axis="columns")


def date_prefix(column: str) -> str:
    """What the names of the parts begin with.

    >>> date_prefix("SaleDate"), date_prefix("Date"), date_prefix("day")
    ('Sale', '', 'day')
    """
    return re.sub("[Dd]ate$", "", column)


def date_parts(dates: Column, prefix: str, *, time: bool = False) -> Frame:
    """A column of datetimes -> a frame of its parts, with the same index."""
    pd = pandas()
    known = dates.notna()
    complete = bool(known.all())
    found = {}
    for part in (*WHOLE, *(TIMES if time else ())):
        name = ATTRIBUTES.get(part, part.lower())
        values = dates.dt.isocalendar().week if part == "Week" else getattr(dates.dt, name)
        found[part] = values.astype("int32" if complete else "float32")
    for part in FLAGS:
        values = getattr(dates.dt, part.lower())
        found[part] = values if complete else values.astype("boolean").where(known)
    seconds = dates.to_numpy().astype("datetime64[s]").astype("int64").astype("float64")
    found[ELAPSED] = pd.Series(np.where(known, seconds, np.nan), index=dates.index)
    return pd.DataFrame({prefix + part: values for part, values in found.items()}, index=dates.index)


def dates_of(column: Column, name: str, *, first: int = 1) -> Column:
    """datetimes, date objects or text as 2015-07-31 (or 2015-07-31 14:30) -> datetimes, of UTC without zone, or NaT.

    Text in any other order is refused: 3/4/2015 is two days.
    """
    pd = pandas()
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        if str(column.dtype).startswith("date32"):  # pyarrow's days, which have no zone
            column = column.astype("datetime64[s]")
        column = column.dt.tz_convert(None) if getattr(column.dt, "tz", None) is not None else column
        outside = (column.dt.year < 1) | (column.dt.year > LAST_YEAR)
        if outside.any():
            raise _no_date(name, column, outside.to_numpy(dtype=bool, na_value=False), first)
        return column
    if pd.api.types.is_numeric_dtype(column.dtype) and not column.isna().all():
        raise _no_date(name, column, column.notna().to_numpy(), first)
    codes, given = codes_of(column, name)
    fits = [is_blank(value) or is_date(value) for value in given]
    kept = [value if fit and not is_blank(value) else None for value, fit in zip(given, fits, strict=True)]
    parsed = pd.to_datetime(pd.Series([*kept, None], dtype=object), format="ISO8601", errors="coerce", utc=True)
    wrong = parsed.isna().to_numpy() & [*(not is_blank(value) for value in given), False]
    if wrong[codes].any():
        raise _no_date(name, column, wrong[codes], first)
    return pd.Series(parsed.dt.tz_convert(None).to_numpy()[codes], index=column.index)


def is_date(value: object) -> bool:
    """Whether this is a date, or text as 2015-07-31."""
    if isinstance(value, str):
        return ISO.fullmatch(value.strip()) is not None
    return hasattr(value, "year") and hasattr(value, "day")


def _no_date(name: str, column: Column, wrong: np.ndarray, first: int) -> DataError:
    row = int(np.argmax(wrong))
    return DataError(
        f"The column {shown(name)} must be dates as 2015-07-31; row {row + first} holds {shown(column.iloc[row])}."
    )
