"""Predictions as CSV or JSONL: cells that a spreadsheet would run are escaped, numbers stay numbers."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from zoo.columns.frames import Frame
from zoo.errors import ConfigError, require_known

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a cell begins that a spreadsheet takes for a formula (OWASP)


def format_of(to: Path | str, format_: str | None) -> str:
    """ "csv" or "jsonl": as asked for, else by the file's ending."""
    if format_ is not None:
        require_known("format of predictions", format_, WRITERS)
        return format_
    suffix = Path(to).suffix.lower()[1:]
    if suffix not in WRITERS:
        raise ConfigError(f"Predictions are written as .csv or .jsonl; '{to}' ends in neither: name the format.")
    return suffix


def write_csv(file: TextIO, frames: Iterable[Frame]) -> None:
    """A header and a line for each row."""
    for number, frame in enumerate(frames):
        text = frame.rename(columns=_harmless)
        for place, (_, column) in enumerate(text.items()):
            if column.dtype.kind not in "biuf":
                text.isetitem(place, column.map(_harmless, na_action="ignore"))
        text.to_csv(file, index=False, header=number == 0, lineterminator="\n")


def _harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula, behind an apostrophe; a number is none.

    >>> _harmless("=HYPERLINK(A1)"), _harmless("-5.5"), _harmless("a=b")
    ("'=HYPERLINK(A1)", '-5.5', 'a=b')
    """
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False, default=_plain)
    if not isinstance(cell, str) or not cell.startswith(FORMULA) or _is_number(cell):
        return cell
    return f"'{cell}"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def write_jsonl(file: TextIO, frames: Iterable[Frame]) -> None:
    """An object a line; null where there is no value."""
    for frame in frames:
        names = list(frame.columns)
        for row in zip(*(frame[name].to_numpy() for name in names), strict=True):
            values = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            file.write(json.dumps(values, ensure_ascii=False, allow_nan=False, default=str) + "\n")


def _plain(value: Any) -> Any:
    """A cell as JSON has it. Float32 in the digits that it has."""
    if isinstance(value, np.generic):
        value = float(str(value)) if isinstance(value, np.float32) else value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or isinstance(value, str | bool | int | list | dict):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value != value else str(value)  # NaT; a date


WRITERS: Mapping[str, Callable[[TextIO, Iterable[Frame]], None]] = {"csv": write_csv, "jsonl": write_jsonl}
