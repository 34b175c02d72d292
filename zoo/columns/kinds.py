"""Which kind a column is: its dtype decides, or the user."""

from collections.abc import Iterable, Mapping

from zoo.columns.column import KINDS
from zoo.columns.dates import is_date
from zoo.columns.frames import Column, Frame, pandas, shown
from zoo.columns.values import codes_of, is_blank, natural
from zoo.errors import ConfigError, DataError, UnknownNameError, require_known

NUMERALS = 0.9  # share of different values that are numbers, from which text among them is taken for a slip
LEAST_NUMERALS = 20


def kinds_of(frame: Frame, columns: Iterable[str], types: Mapping[str, str]) -> dict[str, str]:
    """Column -> kind. Numbers are numbers; text, truth values and pandas categories are categories; datetimes, and text
    that is all dates as 2015-07-31, are dates. `types` decides where it names the column."""
    return {column: types.get(column) or _kind(frame[column], column) for column in columns}


def require_types(types: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raise unless `types` maps columns that there are to kinds that there are."""
    if not isinstance(types, Mapping):
        raise ConfigError(f"'types' must map columns to types, as {{'Store': 'category'}}; received {types!r}.")
    known = list(columns)
    for column, kind in types.items():
        if column not in known:
            raise UnknownNameError("column of 'types'", column, known)
        require_known(f"type of {shown(column)}", kind, KINDS)


def _kind(column: Column, name: str) -> str:
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
        return "number"
    return _kind_of_objects(column, name)


def _kind_of_objects(column: Column, name: str) -> str:
    """Text, or Python objects of any type."""
    if column.map(lambda value: isinstance(value, list | dict)).any():
        raise DataError(
            f"The column {shown(name)} holds lists or objects, which are neither numbers nor text; ignore it."
        )
    _, different = codes_of(column, name)
    values = [value for value in different if not is_blank(value)]
    if not values:
        return "number"
    if all(is_date(value) for value in values):
        return "date"
    texts = [str(value).strip() for value in values]
    words = [text for text in texts if natural(text)[0]]
    numerals = len(texts) - len(words)
    if not words and not any(isinstance(value, str | bool) for value in values):
        return "number"  # numbers as Python objects: Decimal, or integers beside None
    if words and numerals >= max(LEAST_NUMERALS, NUMERALS * len(texts)):
        row = int((column.astype(str).str.strip() == words[0]).to_numpy().argmax())
        raise DataError(
            f"The column {shown(name)} holds numbers, but text in row {row + 1}: {shown(words[0])}. Mend it, or force "
            f"types={{{shown(name)}: 'category'}}."
        )
    return "category"
