"""Dates, and the parts of a date that a model can use."""

import datetime
import re
from collections.abc import Sequence

import numpy as np

from zoo.columns.date_texts import YEARS, order_of, readings
from zoo.columns.frames import Column, Frame, beside, frame_of, pandas, require_columns, shown
from zoo.columns.values import codes_of
from zoo.errors import DataError

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
    parts = date_parts(
        dates_of(frame[column], column), date_prefix(column) if prefix is None else prefix, times=TIMES if time else ()
    )
    rest = frame.drop(columns=column) if drop else frame
    taken = [name for name in parts if name in rest.columns]
    if taken:
        raise DataError(f"The parts of {shown(column)} would replace the column {shown(taken[0])}; give a prefix.")
    return beside(rest, parts)


def date_prefix(column: str) -> str:
    """What the names of the parts begin with.

    >>> date_prefix("SaleDate"), date_prefix("Date"), date_prefix("day")
    ('Sale', '', 'day')
    """
    return re.sub("[Dd]ate$", "", column)


def date_parts(dates: Column, prefix: str, *, times: Sequence[str] = ()) -> Frame:
    """A column of datetimes -> a frame of its parts, with the same index; `times` are those of `TIMES` among them."""
    pd = pandas()
    known = dates.notna()
    complete = bool(known.all())
    found = {}
    for part in (*WHOLE, *times):
        name = ATTRIBUTES.get(part, part.lower())
        values = dates.dt.isocalendar().week if part == "Week" else getattr(dates.dt, name)
        found[part] = values.astype("int32" if complete else "float32")
    for part in FLAGS:
        values = getattr(dates.dt, part.lower())
        found[part] = values if complete else values.astype("boolean").where(known)
    seconds = dates.to_numpy().astype("datetime64[s]").astype("int64").astype("float64")
    found[ELAPSED] = pd.Series(np.where(known, seconds, np.nan), index=dates.index)
    return pd.DataFrame({prefix + part: values for part, values in found.items()}, index=dates.index)


def dates_of(column: Column, name: str, *, first: int = 1, order: str = "") -> Column:
    """datetimes, date objects or text (see `zoo.columns.date_texts`) -> datetimes without a zone, or NaT.

    Times with a zone keep the hour of their own clock. `order` is that of text as 05/03/2021; without it the column
    itself must decide. Whole numbers are dates as 20240501, or years. Raises `DataError` for anything else.
    """
    pd = pandas()
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        if str(column.dtype).startswith("date32"):  # pyarrow's days, which have no zone
            column = column.astype("datetime64[s]")
        column = column.dt.tz_localize(None) if getattr(column.dt, "tz", None) is not None else column
        outside = (column.dt.year < 1) | (column.dt.year > LAST_YEAR)
        if outside.any():
            raise _no_date(name, column, outside.to_numpy(dtype=bool, na_value=False), first)
        return column
    codes, given = codes_of(column, name)
    texts = [_date_text(value) for value in given]
    order = order or order_of([text for text in texts if text], name, column)[0]
    found = [_parsed(text, order) for text in texts]
    parsed = pd.to_datetime(pd.Series([*found, None], dtype=object), format="ISO8601", errors="coerce")
    wrong = parsed.isna().to_numpy() & [*(bool(text) for text in texts), False]
    if wrong[codes].any():
        raise _no_date(name, column, wrong[codes], first, order)
    return pd.Series(parsed.to_numpy()[codes], index=column.index)


def _date_text(value: object) -> str:
    """A value as text: of a date or a time its own clock's, of a whole number its digits; "" where blank."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, float | np.floating) and value == int(value):
        return str(int(value))
    return str(value)


def _parsed(text: str, order: str) -> str | None:
    found = readings(text)
    if not found and re.fullmatch(r"(19|20)\d{2}", text):
        return f"{text}-01-01"
    return found.get("", found.get(order))


def date_order(column: Column, name: str, given: str = "") -> str:
    """The order of days and months in a column of text; "" where none is needed."""
    if given or pandas().api.types.is_datetime64_any_dtype(column.dtype):
        return given
    return order_of([text for text in map(_date_text, codes_of(column, name)[1]) if text], name, column)[0]


def is_date(value: object) -> bool:
    """Whether this is a date, or text that is one in some order."""
    if isinstance(value, str):
        return bool(readings(value))
    return hasattr(value, "year") and hasattr(value, "day")


def are_compact_days(column: Column) -> bool:
    """Whether whole numbers are all days as 20240501. By chance about one number of eight digits in a thousand is."""
    values = column.dropna().unique()
    numbers = np.asarray(values, dtype=np.float64)
    low, high = (year * 10_000 for year in (YEARS[0], YEARS[1] + 1))
    if not len(numbers) or not ((numbers >= low) & (numbers < high) & (numbers % 1 == 0)).all():
        return False
    days = pandas().Series(numbers.astype(np.int64).astype(str))
    return bool(pandas().to_datetime(days, format="%Y%m%d", errors="coerce").notna().all())


def _no_date(name: str, column: Column, wrong: np.ndarray, first: int, order: str = "") -> DataError:
    row = int(np.argmax(wrong))
    like = {"dmy": "31/07/2015 or 2015-07-31", "mdy": "07/31/2015 or 2015-07-31"}.get(order, "2015-07-31")
    return DataError(
        f"The column {shown(name)} must be dates as {like}; row {row + first} holds {shown(column.iloc[row])}."
    )
