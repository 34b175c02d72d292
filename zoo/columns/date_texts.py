"""Dates as people write them: any order, partial, compact, with month names, times and zones; each text -> ISO 8601.

05/03/2021 is two days. Which, a whole column decides; where it cannot, the user is asked.
"""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from zoo.columns.frames import Column, row_of, shown
from zoo.errors import ConfigError, DataError, require_known

ORDERS = ("dmy", "mdy", "ymd")
YEARS = (1900, 2100)  # of days without marks: 20240501 is one, 12345678 is not
PIVOT = 69  # two digits from here on are of the last century, as Python has it
LOOKED_AT = 50  # values that say whether a column is worth reading whole
LATE_DAYS = 3  # different days after the twelfth of a month, by which a column is one of days
MONTHS_FIRST = 6  # different months, where these stand first: versions as 1.22.14 begin with few numbers
_NAMES = (
    "jan january januar janvier janv enero ene gennaio gen januari jän jänner",
    "feb february februar février fevrier févr fév febrero febbraio februari",
    "mar march märz marz mär mrz mars marzo maart",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag mei",
    "jun june juni juin junio giugno giu",
    "jul july juli juillet juil julio luglio lug",
    "aug august août aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set",
    "oct october oktober okt octobre octubre ottobre ott",
    "nov november novembre noviembre",
    "dec december dezember dez décembre déc diciembre dic dicembre",
)
MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
_TIME = re.compile(
    r"(?P<date>.*?\S)(?:(?:[T,]|\s+|(?<=[0-9]):)\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|GMT|CES?T|[A-Z]{1,2}[SD]T|[+-]\d{2}:?\d{2}|[+-]\d{2}|\[[\w/]+\])*)"
)
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})(?:(?<=[-/].)|(?<=[-/]..)|\2(\d{1,2}))|年(\d{1,2})月(?:(\d{1,2})日)?)"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?Z?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.]|\. ?)(\d{1,2})\2(\d{4}|\d{2})")
_MONTH_YEAR = re.compile(r"(\d{1,2})[-/](\d{4})")
_DAY_NAME = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|er|\.)?[-/ ,]*(?:of |de )?)?([^\W\d_]{3,10})\.?[-/ ,']*(?:de )?(\d{4}|\d{2})"
)
_NAME_DAY = re.compile(r"([^\W\d_]{3,10})\.?[-/ ]*(\d{1,2})(?:st|nd|rd|th)?[-/ ,]+(\d{4}|\d{2})")
_YEAR_NAME = re.compile(r"(\d{4})[-/ ,]*([^\W\d_]{3,10})\.?(?:[-/ ]*(\d{1,2}))?")
_WEEK = re.compile(r"(\d{4})-?W(\d{2})(?:-?([1-7]))?")
_QUARTER = re.compile(r"(?:(\d{4})[-/ ]?Q([1-4])|Q([1-4])[-/ ]?(\d{4}))")
_SHAPE = re.compile(  # of a date, be it one or not; 20.04.1 is none
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2}))(?:[ T]\d{1,2}:\d{2}.*)?"
)
_SHORT = re.compile(r"(?=\d[-.]|\d\d[-.]\d[-.])\d{1,2}[-.]\d{1,2}[-.]\d{2}")  # 1.10.12 may be a version
_PARTS = re.compile(r"(\d{1,2})([-.])(\d{1,2})\2\d{1,2}")  # what a version may look like
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)


@lru_cache(maxsize=200_000)
def readings(text: str) -> dict[str, str]:
    """Order -> the date by it as ISO 8601, its own clock's time without the zone; "" where the order does not matter.

    1.10.12 is a day here; whether a column of such is one of versions, `are_dates` says.

    >>> readings("2021-03-05T08:30Z"), readings("31.12.2020")
    ({'': '2021-03-05T08:30:00'}, {'dmy': '2020-12-31'})
    """
    text = text.strip()
    if not any(each.isdigit() for each in text):
        return {}
    days = _days(text)
    if days or not (found := _TIME.fullmatch(text)):
        return days
    clock = _clock(found)
    return {order: f"{day}T{clock}" for order, day in _days(found["date"].rstrip(" ,")).items()} if clock else {}


def _clock(found: re.Match[str]) -> str:
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    if found["half"]:
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + 12 * (found["half"][0] in "pP")
    return f"{hour:02}:{minute:02}:{second:02}" if hour < 24 and minute < 60 and second < 60 else ""


def _days(text: str) -> dict[str, str]:
    if found := _COMPACT.fullmatch(text):
        year, month, day, *clock = found.groups()
        whole = _day(int(year), int(month), int(day)) if YEARS[0] <= int(year) <= YEARS[1] else ""
        hour, minute, second = (int(each or 0) for each in clock)
        if not whole or hour > 23 or minute > 59 or second > 59:
            return {}
        return {"": f"{whole}T{hour:02}:{minute:02}:{second:02}" if clock[0] else whole}
    if found := _YEAR_LAST.fullmatch(text):
        return _ordered(found[1], found[3], found[4])
    day = _of_one_order(_WEEKDAY.sub("", text, count=1))
    return {"": day} if day else {}


def _of_one_order(text: str) -> str:
    if found := _YEAR_FIRST.fullmatch(text):
        month, day = found[3] or found[5], found[4] or found[6] or 1
        return _day(int(found[1]), int(month), int(day))
    if found := _MONTH_YEAR.fullmatch(text):
        return _day(int(found[2]), int(found[1]), 1)
    if found := _WEEK.fullmatch(text):
        try:
            return datetime.date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1)).isoformat()
        except ValueError:
            return ""
    if found := _QUARTER.fullmatch(text):
        return _day(int(found[1] or found[4]), 3 * int(found[2] or found[3]) - 2, 1)
    for pattern, (year, name, day) in ((_NAME_DAY, (3, 1, 2)), (_DAY_NAME, (3, 2, 1)), (_YEAR_NAME, (1, 2, 3))):
        if (found := pattern.fullmatch(text)) and (month := MONTHS.get(found[name].casefold())):
            if not found[day] and len(found[year]) == 2 and text[-3] not in "-/'":
                return ""  # May 20 is a day of any year
            return _day(_year(found[year]), month, int(found[day] or 1))
    return ""


def _ordered(first: str, second: str, year: str) -> dict[str, str]:
    """By day first and month first, and where the year has two digits by the year first."""
    found = {"dmy": _day(_year(year), int(second), int(first)), "mdy": _day(_year(year), int(first), int(second))}
    if len(year) == 2:
        found["ymd"] = _day(_year(first), int(second), int(year)) if len(first) == 2 else ""
    return {order: day for order, day in found.items() if day}


def _year(text: str) -> int:
    return int(text) + (0 if len(text) == 4 else 2000 if int(text) < PIVOT else 1900)


def _day(year: int, month: int, day: int) -> str:
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return ""


def order_for(given: str | Mapping[str, str] | None, name: str) -> str:
    """What the option `date_order` says of a column: an order, or column -> order; "" for nothing."""
    order = given.get(name, "") if isinstance(given, Mapping) else given or ""
    if order:
        if not isinstance(order, str):
            raise ConfigError(f"'date_order' must be one of {', '.join(ORDERS)}; received {order!r}.")
        require_known("order of dates", order, ORDERS)
    return order


def order_of(texts: Iterable[str], name: str, column: Column) -> tuple[str, str]:
    """(the order by which all these texts, those of a column, are dates, the first that is none by it).

    The order is "" where it does not matter, the second "" where all are dates. Raises `DataError` where days of two
    orders fit all.
    """
    texts = list(texts)
    open_ = [text for text in texts if (found := readings(text)) and "" not in found]
    fits = {order: [order in readings(text) for text in open_] for order in ORDERS}
    whole = _by_years([order for order in ORDERS if open_ and all(fits[order])], open_)
    order = whole[0] if whole else max(ORDERS[:2], key=lambda each: sum(fits[each])) if open_ else ""
    differ = next((text for text in open_ if len({readings(text).get(each) for each in whole}) > 1), "")
    if differ:
        days = {each: datetime.date.fromisoformat(readings(differ)[each][:10]) for each in whole}
        ways = [f"'{each}' for {day.day} {day:%B %Y}" for each, day in days.items()]
        raise DataError(
            f"The column {shown(name)} holds days that can be read in {len(ways)} orders: row {row_of(column, differ)} "
            f"holds {shown(differ)}. Write them as 2015-07-31, or give date_order (--date-order), {', or '.join(ways)}."
        )
    wrong = next((text for text in texts if not {"", order} & readings(text).keys()), "")
    return order, wrong


def _by_years(orders: list[str], texts: Sequence[str]) -> list[str]:
    """Of orders with a year of two digits in different places, those by which there are half as many years at most."""
    if len(orders) < 2 or "ymd" not in orders:
        return orders
    years = {order: len({readings(text)[order][:4] for text in texts}) for order in orders}
    fewest = min(years.values())
    return [order for order in orders if years[order] < 2 * fewest]


def are_dates(texts: Sequence[str], *, share: float, least: int) -> tuple[bool, str]:
    """(whether a column of these different texts is one of dates, a text in it that is none).

    Nearly all of many texts make the rest slips, as does a look of dates: 31/02/2020. Dates of two orders are told by
    `order_of`.
    """
    if _are_versions(texts, share, least):
        return False, ""
    head = [bool(readings(text)) for text in texts[:LOOKED_AT]]
    if not head or 2 * sum(head) < len(head):
        return False, ""
    fit = [bool(readings(text)) for text in texts]
    if all(fit):
        return True, ""
    slips = [text for text, fits in zip(texts, fit, strict=True) if not fits]
    return sum(fit) >= max(least, share * len(texts)) or all(map(_SHAPE.fullmatch, slips)), slips[0]


def _are_versions(texts: Sequence[str], share: float, least: int) -> bool:
    """Whether texts as 1.10.12 are no days: nothing in the column is one that no version would be.

    That is a date of another look, or days that go on beyond the twelfth while (nearly) every text is one in the same
    order: of versions some do not fit.
    """
    if not any(map(_SHORT.fullmatch, texts)) or any(readings(text) and not _PARTS.fullmatch(text) for text in texts):
        return False
    parts = [(int(found[1]), int(found[3])) for found in map(_PARTS.fullmatch, texts) if found]
    late = {"dmy": {first for first, _ in parts if first > 12}, "mdy": {second for _, second in parts if second > 12}}
    if len({first for first, _ in parts}) < MONTHS_FIRST:
        late["mdy"] = set()
    for order, days in late.items():
        fit = sum(bool({"", order} & readings(text).keys()) for text in texts)
        if len(days) >= LATE_DAYS and (fit == len(texts) or fit >= max(least, share * len(texts))):
            return False
    return True
