"""Columns of a DataFrame -> arrays; whatever does not fit is told with its column, row (from 1) and value."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.columns.frames import Column, pandas, shown
from zoo.columns.matching import matched
from zoo.columns.number_texts import format_like, read_cell
from zoo.errors import DataError, nearest
from zoo.samples import MISSING_CLASS

# what stands for no value in a file: the marks of pandas.read_csv, so that both read the same, and that of UCI's files
MISSING = (
    *("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>", "#N/A", "#N/A N/A", "#NA"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "?"),
)
EXACT = 2**53  # below it float64 has every whole number
WHOLE = re.compile(r"-?[0-9]+\.0+")
LARGEST = float(np.finfo(np.float32).max)
MOST_BITS = 4096  # of a whole number; Python refuses to write one of 4,300 digits


def numbers_of(column: Column, name: str, *, first: int = 1, written_as: str = "") -> np.ndarray:
    """(n,) float64, NaN where missing: numbers, truth values, or text that is a number. `first` is the first row.

    written_as  an example of text that is a number (see `zoo.columns.number_texts`); "": as Python writes them.
    """
    types = pandas().api.types
    if types.is_datetime64_any_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype):
        raise DataError(f"The column {shown(name)} must be numbers; it holds {column.dtype} values.")
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.zeros(len(values), dtype=bool)
    else:
        codes, texts = codes_of(column, name)
        read = _number if not written_as else _reader(written_as)
        numbers = [read(text) for text in texts]
        table = np.array([*numbers, np.nan])
        slips = (math.isnan(number) and not is_blank(text) for number, text in zip(numbers, texts, strict=True))
        refused = np.array([*slips, False])
        values, wrong = table[codes], refused[codes]
    if wrong.any():
        row = int(np.argmax(wrong))
        value = column.iloc[row]
        plain = " as 1234.56" if isinstance(value, str) and read_cell(value) is not None else ""
        like = format_like(written_as).shown if written_as else f"numbers{plain}"
        raise DataError(f"The column {shown(name)} must be {like}; row {row + first} holds {shown(value)}.")
    huge = np.abs(values) > LARGEST
    if huge.any():
        row = int(np.argmax(huge))
        raise DataError(
            f"The column {shown(name)} must be finite numbers; row {row + first} holds {shown(column.iloc[row])}."
        )
    return values


def texts_of(column: Column, name: str) -> tuple[np.ndarray, list[str | None]]:
    """Codes (n,), -1 where missing, and the text of each code (None: blank).

    1, 1.0, "1" and "1.0" are the same category: a column of integers with a gap arrives as floats.
    """
    codes, values = codes_of(column, name)
    for code, value in enumerate(values):
        if isinstance(value, float | np.floating) and EXACT <= abs(float(value)) < math.inf:
            row = int(np.argmax(codes == code))
            raise DataError(
                f"The column {shown(name)} holds {value:.0f} in row {row + 1} as a float, which cannot tell ids of "
                "that size apart: read the column as whole numbers ('Int64') or as text."
            )
    return codes, [None if is_blank(value) else _text(value) for value in values]


def labels_of(
    column: Column,
    name: str,
    labels: Sequence[str],
    *,
    other: str = "",
    renamed: Mapping[str, str] | None = None,
) -> np.ndarray:
    """(n,) int32 class numbers, `MISSING_CLASS` where missing.

    `renamed` maps labels of the data to those of the model. A label that is not one of `labels` is `other`; where that
    is "", it is refused.
    """
    codes, texts = texts_of(column, name)
    texts = matched(texts, [*labels, *(renamed or {})], column, name)
    texts = [text if text is None else (renamed or {}).get(text, text) for text in texts]
    numbers = {label: number for number, label in enumerate(labels)}
    if other:
        texts = [other if text is not None and text not in numbers else text for text in texts]
    for code, text in enumerate(texts):
        if text is not None and text not in numbers:
            row = int(np.argmax(codes == code))
            said = f"The target {shown(name)} has an unknown label {shown(text)} in row {row + 1}"
            raise DataError(f"{said}{_hint(text, labels)}")
    table = [MISSING_CLASS if text is None else numbers[text] for text in texts]
    return np.array([*table, MISSING_CLASS], dtype=np.int32)[codes]


def _hint(given: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown name: the nearest, and those that are known."""
    guess, more = nearest(given, known), ", ..." if known[10:] else ""
    return f"{f'; did you mean {shown(guess)}?' if guess else '.'} Known: {', '.join(map(shown, known[:10]))}{more}."


def labels_in(column: Column, name: str) -> tuple[str, ...]:
    """The different labels of a column, in order."""
    return tuple(sorted({text for text in texts_of(column, name)[1] if text is not None}, key=natural))


TAG_MARKS = (";", "|", ",")  # what stands between tags in one cell, the first of them that any cell has


def tag_mark(column: Column) -> str:
    """What stands between the tags of one cell: the first of `TAG_MARKS` that any cell has."""
    texts = [cell for cell in column if isinstance(cell, str)]
    return next((mark for mark in TAG_MARKS if any(mark in text for text in texts)), TAG_MARKS[0])


def tag_names(column: Column, name: str) -> tuple[str, ...]:
    """The different tags of a column, in order."""
    return tuple(sorted({tag for row in _tags(column, name, tag_mark(column)) for tag in row or ()}, key=natural))


def tags_of(column: Column, name: str, tags: Sequence[str], mark: str = "") -> np.ndarray:
    """(n, tags) int32: 1 for a tag that a row has, 0 for one that it lacks, `MISSING_CLASS` where the cell is missing.

    A cell is a list of tags, or a text with `mark` between them; a blank one is missing, as in a file, and a lone mark
    or an empty list says that no tag holds. An unknown tag is refused.
    """
    places = {tag: place for place, tag in enumerate(tags)}
    found = np.zeros((len(column), len(tags)), dtype=np.int32)
    for row, here in enumerate(_tags(column, name, mark or tag_mark(column))):
        if here is None:
            found[row] = MISSING_CLASS
        for tag in here or ():
            if tag not in places:
                said = f"The target {shown(name)} has an unknown tag {shown(tag)} in row {row + 1}"
                raise DataError(f"{said}{_hint(tag, tags)}")
            found[row, places[tag]] = 1
    return found


def _tags(column: Column, name: str, mark: str) -> list[list[str] | None]:
    """The tags of each row; None where the cell is missing or blank. A lone mark, or an empty list, is no tag."""
    cells = list(column)
    found: list[list[str] | None] = []
    for row, cell in enumerate(cells, start=1):
        if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
            found.append([_text(tag) for tag in cell])
        elif is_blank(cell):
            found.append(None)
        elif isinstance(cell, str):
            found.append([tag.strip() for tag in cell.split(mark) if tag.strip()])
        elif pandas().isna(cell):
            found.append(None)
        elif np.isscalar(cell):
            found.append([_text(cell)])
        else:
            raise DataError(f"The target {shown(name)} must hold tags; row {row} holds {shown(repr(cell))}.")
    return found


def natural(text: str) -> tuple[int, float, str]:
    """Sorts numbers by their size, before words by their letters.

    >>> sorted(["10", "9", "b", "2.5", "a"], key=natural)
    ['2.5', '9', '10', 'a', 'b']
    """
    number = _number(text)
    return (1, 0.0, text) if math.isnan(number) else (0, number, text)


def codes_of(column: Column, name: str) -> tuple[np.ndarray, list[Any]]:
    """Codes (n,), -1 where missing, and the different values. Raises `DataError` for values that are none."""
    try:
        codes, values = pandas().factorize(column)
    except TypeError as error:  # lists and dicts cannot be hashed
        raise DataError(f"The column {shown(name)} holds values that are neither numbers nor text: {error}.") from error
    text = pandas().api.types.is_string_dtype(getattr(values, "dtype", object)) and hasattr(values, "to_numpy")
    listed_values = values.to_numpy(dtype=object).tolist() if text else list(values)  # one by one Arrow is slow
    if any(isinstance(value, int) and value.bit_length() > MOST_BITS for value in listed_values):
        raise DataError(f"The column {shown(name)} holds a whole number of more than a thousand digits.")
    return np.asarray(codes), listed_values


def is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _text(value: Any) -> str:
    if isinstance(value, str):
        text = value.strip()
        if text.casefold() in ("true", "false"):  # pandas reads TRUE of a CSV file as a truth value
            return text.capitalize()
        return text.partition(".")[0] if WHOLE.fullmatch(text) else text
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def _reader(written_as: str) -> Callable[[Any], float]:
    """Text in this format -> its number; other values as they are."""
    like = format_like(written_as)
    return lambda value: like.number(value) if isinstance(value, str) else _number(value)


def _number(value: Any) -> float:
    """NaN for what is no number."""
    if isinstance(value, str) and not value.isascii():
        return math.nan  # digits of other scripts, which float() would read
    try:
        return float(value.replace("_", "x") if isinstance(value, str) else value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return math.nan
