"""Paths of pictures, sounds and volumes in a file of rows: they are meant from where that file stands."""

import os
from collections.abc import Mapping
from pathlib import Path

from zoo.columns.frames import Frame

KINDS = ("picture", "sound", "volume")  # of columns, whose values are paths


def beside_file(rows: Frame, types: Mapping[str, str], file: Path | str) -> Frame:
    """The rows with paths from here: of those that stand beside the file; others stay as they are."""
    folder = Path(file).parent
    named = [name for name, kind in types.items() if kind in KINDS and name in rows.columns]
    if not named:
        return rows
    rows = rows.copy()
    for name in named:
        rows[name] = rows[name].astype(object).map(lambda value: _beside(value, folder))
    return rows


def _beside(value: object, folder: Path) -> object:
    there = path_from(folder, value) if isinstance(value, str) and value.strip() else None
    return there if there is not None and os.path.exists(there) else value


def path_from(folder: Path, text: str) -> str:
    """The path from here of a file that a table in the folder names; one written as on Windows is found too."""
    there = folder / text.strip()
    if "\\" in text and not os.path.exists(there):
        other = folder / text.strip().replace("\\", "/")
        if os.path.exists(other):
            return str(other)
    return str(there)
