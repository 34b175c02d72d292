"""The same value is the same category however it was read: pandas makes 1.5 of 1.50 and 1234 of 01234."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from zoo.columns.frames import listed, pandas, shown
from zoo.columns.written import written
from zoo.errors import DataError

NUMERAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def canonical(text: str) -> str | None:
    """What is left of a numeral where it is read as a number; None for other text.

    >>> canonical("1.50"), canonical("1e3"), canonical("007"), canonical("A7")
    ('1.5', '1000', '7', None)
    """
    if len(text) > 400 or not NUMERAL.fullmatch(text):
        return None
    number = Decimal(text)
    return str(int(number)) if number == number.to_integral_value() else str(float(text))


def matched(texts: Sequence[str | None], known: Iterable[str], values: Any, name: str) -> list[str | None]:
    """The texts of a column, each in the spelling that is known, where it is another of the same number.

    A number may be any numeral of its size, a text only the number itself: of ids that were read as text "7" is not
    "007". Raises `DataError` for a number that may be two of the known ones.
    """
    names = set(known)
    unlike = [text for text in texts if text is not None and text not in names]
    numeric = pandas().api.types.is_numeric_dtype(getattr(values, "dtype", object)) or name in written(values).numerals
    if not numeric and not unlike:
        return list(texts)
    spellings: dict[str, list[str]] = {}
    for each in names:
        if (number := canonical(each)) is not None and (numeric or number == each):
            spellings.setdefault(number, []).append(each)
    same = names if not numeric else set()  # a number may be another text than the one that looks like it
    return [
        text if text is None or text in same else _spelling(text, spellings, numeric, name) or text for text in texts
    ]


def _spelling(text: str, spellings: Mapping[str, list[str]], numeric: bool, name: str) -> str | None:
    found = spellings.get(canonical(text) or "", [])
    if len(found) > 1 and numeric:
        raise DataError(
            f"The column {shown(name)} holds the number {text}, which may be {listed(sorted(found))} of the training "
            "rows: give the column as text."
        )
    return found[0] if len(found) == 1 else None
