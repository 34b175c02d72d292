"""What the columns of a user's table hold beside numbers, dates and categories: texts, and paths of pictures."""

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns.frames import shown
from zoo.columns.paths import path_from
from zoo.datasets.damaged_files import tell_damaged
from zoo.errors import DataError, DataWarning
from zoo.pictures import SUFFIXES

SAMPLE = 500  # values that are looked at, evenly spaced
LEAST_WORDS = 3.0  # of a value in the mean, from which a column is text where most of its values differ
SURE_WORDS = 8.0  # in the mean, from which it is text in any case
DIFFERENT = 0.5
URLS = ("http://", "https://", "ftp://")
BETWEEN = re.compile(r"[;,|\n]\s*|\s+")  # pictures of one cell


def guess_senses(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, str]:
    """Column -> "picture" or "text", of those that hold such."""
    found = {}
    for name in columns:
        values = list(frame[name].dropna().astype(object))
        if values:
            values = [values[place] for place in np.unique(np.linspace(0, len(values) - 1, SAMPLE).astype(int))]
        if values and (kind := _kind(values)):
            found[name] = kind
    return found


def _kind(values: Sequence[Any]) -> str:
    if sum(isinstance(each, bytes) or _names_picture(each) for each in values) > len(values) / 2:
        return "picture"
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) < len(values):
        return ""
    words = float(np.mean([len(each.split()) for each in texts]))
    differ = len(set(texts)) > DIFFERENT * len(texts)
    return "text" if words >= SURE_WORDS or (words >= LEAST_WORDS and differ) else ""


def _names_picture(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_names_picture, value))
    return isinstance(value, str) and value.strip().lower().endswith(SUFFIXES)


def find_pictures(values: pd.Series, name: str, folder: Path) -> pd.Series:
    """Paths as they stand in a file -> paths from here; None where a row has no picture.

    Raises `DataError` for addresses, several pictures in one cell, and a column without any picture.
    """
    found: list[Any] = []
    for row, value in enumerate(values, start=1):
        several = value if isinstance(value, list | tuple) else _several(value)
        if several:
            raise DataError(
                f"The column {shown(name)} names {len(several)} pictures in row {row} ({shown(several[0])}, ...): give "
                "each a column of its own, of one picture a row."
            )
        text = value.strip() if isinstance(value, str) else value
        if isinstance(text, str) and text.lower().startswith(URLS):
            raise DataError(
                f"The column {shown(name)} holds addresses, such as {shown(text)} in row {row}: download the pictures, "
                "and give the paths of their files."
            )
        none = text is None or (isinstance(text, float) and np.isnan(text)) or text == "" or text is pd.NA
        found.append(None if none else path_from(folder, text) if isinstance(text, str) else text)
    if all(each is None for each in found):
        raise DataError(f"The column {shown(name)} has no picture in any row: ignore it.")
    return pd.Series(found, index=values.index, dtype=object)


def _several(value: Any) -> list[str]:
    parts = BETWEEN.split(value.strip()) if isinstance(value, str) else []
    return parts if len(parts) > 1 and all(map(_names_picture, parts)) else []


def without_damaged(values: pd.Series, name: str, facts: Sequence[Any]) -> pd.Series:
    """The column without the pictures that cannot be read, which are told; more than half of them are refused.

    facts  of each row: the error that says why its picture cannot be read, or anything else.
    """
    bad = np.array([isinstance(each, DataError) for each in facts])
    if not bad.any():
        return values
    errors = [each for each in facts if isinstance(each, DataError)]
    said = f"pictures of the column {shown(name)}"
    tell_damaged(errors, int(values.notna().sum()), said, "Their rows count as rows without a picture.")
    return values.mask(bad, None)


def tell_kinds(name: str, kinds: Mapping[str, str], targets: Mapping[str, Any], guessed: Sequence[str]) -> None:
    """Say, before training starts, what every column is taken for."""
    by_kind: dict[str, list[str]] = {}
    for column, kind in kinds.items():
        by_kind.setdefault(kind, []).append(column)
    parts = [f"{kind} {', '.join(columns)}" for kind, columns in by_kind.items()]
    aims = [f"{column} ({_kind_of_target(kind)})" for column, kind in targets.items()]
    first = guessed[0] if guessed else next(iter(kinds))
    warnings.warn(
        f"The columns of '{name}' are taken for: {'; '.join(parts)}. To be predicted: {', '.join(aims)}; where that is "
        f"wrong, give types={{'{first}': 'category'}} (--types {first}=category).",
        DataWarning,
        stacklevel=3,
    )


def _kind_of_target(kind: Any) -> str:
    return str(getattr(kind, "kind", "ordered" if isinstance(kind, list | tuple) else kind))
