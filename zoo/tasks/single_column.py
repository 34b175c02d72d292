"""What tasks share whose models read one column of files: sounds, volumes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.errors import DataError
from zoo.tasks.task import targets_of


def trained_as(schema: Schema, kind: str) -> Mapping[str, Any]:
    """What other files are read for: what the model predicts, whatever it is called there, however few labels."""
    targets, (column, *_) = targets_of(schema), schema.of(kind)
    return {"targets": targets, "trained_as": {kind: column.name, "targets": targets, "outputs": schema.outputs}}


def files_as_rows(files: Sequence[str], schema: Schema, find: Callable[[Sequence[str]], Iterable[Path]]) -> Frame:
    """A file a row, as `find` finds them in what is given. Raises `DataError` for a model of several columns."""
    names = schema.names
    if len(names) != 1:
        raise DataError(f"The model reads the columns {', '.join(names)}; give a file of rows.")
    return pandas().DataFrame({names[0]: [str(path) for path in find(files)]}, dtype=object)
