"""Which kind a column is: its dtype decides, or the user."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zoo.columns.column import KINDS
from zoo.columns.date_texts import are_dates, order_for, order_of, readings
from zoo.columns.dates import are_compact_days, is_date
from zoo.columns.frames import Column, Frame, pandas, row_of, shown
from zoo.columns.number_texts import NumberFormat, format_like, formats_of, plain_digits, read_cell
from zoo.columns.values import codes_of, is_blank, natural
from zoo.columns.written import written
from zoo.errors import ConfigError, DataError, UnknownNameError, require_known

NUMERALS = 0.9  # share of different values that are numbers, from which text among them is taken for a slip
LEAST_NUMERALS = 20
LOOKED_AT = 5_000  # different values of a column that say what it is
THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}(\.[0-9]{3})*")
PADDED = re.compile(r"[+-]?0[0-9]+")  # 007 is a name, not a number


def kinds_of(
    frame: Frame,
    columns: Iterable[str],
    types: Mapping[str, str],
    *,
    numerals: bool = False,
    orders: str | Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Column -> kind. `types` decides where it names the column.

    Numbers are numbers, and so is text of numbers with marks, currencies or units in one format; text, truth values and
    pandas categories are categories; datetimes and text that is all dates are dates, as are whole numbers as 20240501.
    Text of bare numerals is a category, unless with `numerals`, for files that have nothing but text; 007 always is.
    orders  of days and months, where dates do not say: one, or column -> order.
    """
    return {column: types.get(column) or _kind(frame[column], column, numerals, orders) for column in columns}


def require_types(types: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raise unless `types` maps columns that there are to kinds that there are."""
    if not isinstance(types, Mapping):
        raise ConfigError(f"'types' must map columns to types, as {{'Store': 'category'}}; received {types!r}.")
    known = list(columns)
    for column, kind in types.items():
        if column not in known:
            raise UnknownNameError("column of 'types'", column, known)
        require_known(f"type of {shown(column)}", kind, KINDS)


def number_format(column: Column, name: str, decimal: str | None = None) -> str:
    """How a column of numbers is written, as an example; "" where it is no text, or text of plain numbers.

    Raises `DataError` for numbers that mean either of two things, as 1,234, unless the `decimal` mark is given.
    """
    if example := written(column).formats.get(name):
        return example
    if not _is_text(column):
        return ""
    texts = _texts(column, name)
    if not any(natural(text)[0] for text in texts) and decimal != ",":
        return ""
    found = formats_of(texts, share=NUMERALS, least=LEAST_NUMERALS, decimal=decimal)
    return _only_format(found.formats, texts, name)


def number_formats(
    frame: Frame, names: Sequence[str], decimal: str | None, *, doubtful: bool = False
) -> dict[str, str]:
    """Column -> how its numbers are written, as far as they are not plain. A table has one decimal mark.

    doubtful  the file is of a kind in which 1.234 may well be a thousand: that is asked for, where nothing tells.
    """
    found: dict[str, str] = {}
    open_: dict[str, DataError] = {}
    for name in names:
        try:
            found[name] = number_format(frame[name], name, decimal)
        except DataError as error:
            open_[name] = error
    plain = {
        name: _texts(frame[name], name) for name, example in found.items() if not example and _is_text(frame[name])
    }
    dotted = {name: texts for name, texts in plain.items() if any("." in text for text in texts)}
    unsure = {name for name, texts in dotted.items() if all(THOUSANDS.fullmatch(text) for text in texts)}
    marks = {format_like(each).decimal for name, each in found.items() if each and _has_marks(frame[name], name)}
    marks |= {"." for _ in dotted.keys() - unsure}
    if decimal is None and len(marks) == 1:
        again = [*open_, *(unsure if marks == {","} else ())]
        return number_formats(frame, again, marks.pop()) | {
            name: each for name, each in found.items() if each and name not in again
        }
    if decimal is None and doubtful and not marks and unsure:
        name = min(unsure)
        text = next(text for text in dotted[name] if "." in text)
        raise DataError(
            f"The column {shown(name)} holds numbers that may be thousands, such as {shown(text)}, in a file parted "
            f"by semicolons: give decimal=',' (--decimal ,) where that is {text.replace('.', '')}, or decimal='.' "
            "where it has a fraction."
        )
    for told in open_.values():
        raise told
    return {name: example for name, example in found.items() if example}


def _has_marks(column: Column, name: str) -> bool:
    """Whether its numbers have points or commas: 8 kg and 8:30 say nothing of what 1,234 is."""
    cells = (read_cell(text) for text in _texts(column, name)) if _is_text(column) else ()
    return any(cell is not None and ("." in cell.body or "," in cell.body) for cell in cells)


def _only_format(formats: Sequence[NumberFormat], texts: Sequence[str], name: str) -> str:
    """The format as an example, "" for none."""
    if len(formats) < 2:
        return str(formats[0]) if formats else ""
    differ = next(text for text in texts if formats[0].number(text) != formats[1].number(text))
    ways = [f"decimal='{each.decimal}' where that is {each.number(differ):g}" for each in formats]
    raise DataError(
        f"The column {shown(name)} holds numbers that mean either of two things, such as {shown(differ)}: give "
        f"{', or '.join(ways)} (--decimal)."
    )


def _is_text(column: Column) -> bool:
    types = pandas().api.types
    values = column.cat.categories if isinstance(column.dtype, pandas().CategoricalDtype) else column
    return bool(types.is_object_dtype(values.dtype) or types.is_string_dtype(values.dtype))


def _texts(column: Column, name: str) -> list[str]:
    """The different values of a column that are not blank, as text, or so many of them as say how it is written."""
    return [str(value).strip() for value in _spread([each for each in codes_of(column, name)[1] if not is_blank(each)])]


def _spread(values: list[Any]) -> list[Any]:
    """At most `LOOKED_AT` values from everywhere: what they do not say is refused with its row when it is read."""
    return values if len(values) <= LOOKED_AT else values[:: -(-len(values) // LOOKED_AT)]


def _kind(column: Column, name: str, numerals: bool, orders: str | Mapping[str, str] | None) -> str:
    types = pandas().api.types
    if types.is_datetime64_any_dtype(column.dtype):
        return "date"
    if types.is_bool_dtype(column.dtype) or isinstance(column.dtype, pandas().CategoricalDtype):
        return "category"
    if types.is_timedelta64_dtype(column.dtype) or types.is_complex_dtype(column.dtype):
        raise DataError(
            f"The column {shown(name)} holds {column.dtype} values; make them numbers, or ignore the column."
        )
    if types.is_numeric_dtype(column.dtype):
        return "date" if are_compact_days(column) else "number"
    return _kind_of_objects(column, name, numerals, orders)


def _kind_of_objects(column: Column, name: str, numerals: bool, orders: str | Mapping[str, str] | None) -> str:
    """Text, or Python objects of any type."""
    if column.map(lambda value: isinstance(value, list | dict)).any():
        raise DataError(
            f"The column {shown(name)} holds lists or objects, which are neither numbers nor text; ignore it."
        )
    _, different = codes_of(column, name)
    values = [value for value in different if not is_blank(value)]
    if not values:
        return "number"
    padded = any(isinstance(value, str) and PADDED.fullmatch(plain_digits(value)) for value in values)
    values = _spread(values)
    texts = [str(value).strip() for value in values]
    words = [text for text in texts if natural(text)[0]]
    if not words and not any(isinstance(value, str | bool) for value in values):
        return "number"  # numbers as Python objects: Decimal, or integers beside None
    if not words:
        if all(text.isdecimal() and readings(text) for text in texts):
            return "date"  # as 20240501
        return "number" if numerals and not padded else "category"
    if all(is_date(value) for value in values if not isinstance(value, str)) and _are_dates(
        column, texts, name, orders
    ):
        return "date"
    if padded or any(not isinstance(value, str) for value in values):
        return _number_or_category(column, texts, words, name)
    found = formats_of(texts, share=NUMERALS, least=LEAST_NUMERALS)
    if found.formats:
        return "number"
    if found.unlike is not None:
        like, slip = found.unlike
        raise DataError(_slip(column, name, like.shown, slip))
    return "category"


def _are_dates(column: Column, texts: Sequence[str], name: str, orders: str | Mapping[str, str] | None) -> bool:
    """Whether text is dates. Raises `DataError` where nearly all is, or where it may be dates of two orders."""
    dates, slip = are_dates(texts, share=NUMERALS, least=LEAST_NUMERALS)
    if dates and not slip and not order_for(orders, name):
        slip = order_of(texts, name, column)[1]
    if slip and dates:
        raise DataError(_slip(column, name, "dates", slip))
    return dates


def _number_or_category(column: Column, texts: Sequence[str], words: Sequence[str], name: str) -> str:
    """Bare numerals with words among them: a category, unless they are so few that they must be slips."""
    if len(texts) - len(words) >= max(LEAST_NUMERALS, NUMERALS * len(texts)):
        raise DataError(_slip(column, name, "numbers", words[0]))
    return "category"


def _slip(column: Column, name: str, what: str, text: str) -> str:
    value, row = shown(text), row_of(column, text)
    return (
        f"The column {shown(name)} holds {what}, but text in row {row}: {value}. Mend it, name it among the marks of "
        f"missing values, as missing=[{value}] (--missing), or force types={{{shown(name)}: 'category'}}."
    )
