"""What is given as a table -> a checked pandas DataFrame. Pandas is imported here alone, when a table is first used."""

import importlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zoo.errors import DataError, MissingExtraError, nearest

Frame = Any  # pandas.DataFrame
Column = Any  # pandas.Series


def pandas() -> Any:
    """The package pandas, or one sentence that says how to get it."""
    return extra("pandas", "A table")


def extra(package: str, purpose: str) -> Any:
    """pandas, or pyarrow of the extra "tables", imported when first used."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(purpose, package.partition(".")[0], "tables") from error


def frame_of(table: Any) -> Frame:
    """A DataFrame, a table of Arrow, a mapping of columns, or a list of mappings (rows) -> a DataFrame with a row at
    least."""
    pd = pandas()
    if not isinstance(table, pd.DataFrame):
        table = _built(pd, table)
    if not len(table):
        raise DataError(f"The table is empty: it has {len(table.columns)} columns and no row.")
    names = [str(name) for name in table.columns]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(f"Column names must differ; the table has more than one {listed(twice)}.")
    return table if names == list(table.columns) else table.set_axis(names, axis="columns")


def beside(left: Frame, right: Frame) -> Frame:
    """The columns of both; what is noted beside the left one stays noted, which `concat` forgets."""
    both = pandas().concat([left, right], axis="columns")
    both.attrs |= left.attrs
    return both


def is_path(source: Any) -> bool:
    """Whether a table is given by the path of its file."""
    return isinstance(source, str | Path)


def exact_integers(kind: Any) -> Any:
    """A type of Arrow -> that of pandas which keeps whole numbers where some are missing; None for others."""
    names = {"int": "Int", "uint": "UInt"}
    found = re.fullmatch(r"(u?int)(8|16|32|64)", str(kind))
    return pandas().api.types.pandas_dtype(f"{names[found[1]]}{found[2]}") if found else None


def _built(pd: Any, table: Any) -> Frame:
    if hasattr(table, "to_arrow"):  # of polars
        table = table.to_arrow()
    if hasattr(table, "schema") and hasattr(table, "to_pandas"):  # of Arrow
        return table.to_pandas(types_mapper=exact_integers)
    rows = isinstance(table, list | tuple) and table and all(isinstance(row, Mapping) for row in table)
    if not rows and not isinstance(table, Mapping):
        raise DataError(
            "A table must be a DataFrame, a mapping of columns or a list of rows with named values; "
            f"received {type(table).__name__}."
        )
    try:
        return pd.DataFrame(table)
    except (ValueError, TypeError) as error:
        raise DataError(f"The columns do not make a table: {str(error).rstrip('.')}.") from error


def require_columns(frame: Frame, needed: Iterable[str], purpose: str) -> None:
    """Raise unless all `needed` columns are there, with the nearest name among those that are not needed."""
    needed = list(needed)
    missing = [name for name in needed if name not in frame.columns]
    if not missing:
        return
    spare = [name for name in frame.columns if name not in needed]
    guesses = [f"'{guess}' for {shown(name)}" for name in missing if (guess := nearest(name, spare))]
    hint = f" Did you mean {', '.join(guesses[:5])}?" if guesses else f" It has {listed(frame.columns)}."
    raise DataError(f"The table lacks {listed(missing)}, which {purpose}.{hint}")


def row_of(column: Column, text: str) -> int:
    """The number of the first row, from 1, that holds this text."""
    return int((column.astype(str).str.strip() == text).to_numpy().argmax()) + 1


def listed(names: Iterable[Any], most: int = 10) -> str:
    """Names in quotes, the first `most` of them."""
    names = [shown(str(name)) for name in names]
    return (", ".join(names[:most]) or "no column") + (f" and {len(names) - most} more" if len(names) > most else "")


def shown(value: Any) -> str:
    """A user's value on one line, text in quotes, at most 60 characters."""
    text = str(value)
    text = text if text.isprintable() else ascii(text)[1:-1]
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if isinstance(value, str) else text
