"""What options of several sources must be: told here, before numpy or pandas fail on them."""

import os
from collections.abc import Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

from zoo.columns.paths import path_from
from zoo.errors import ConfigError, DataError


def require_seed(seed: Any) -> int:
    """The seed. Raises `ConfigError` unless it is a whole number from 0 on."""
    if not _is_whole(seed):
        raise ConfigError(f"A seed must be a whole number; received {seed!r}.")
    if seed < 0:
        raise ConfigError(f"A seed must not be negative; received {seed}.")
    return int(seed)


def require_count(name: str, value: Any, *, least: int = 1) -> int:
    """The option `name`. Raises `ConfigError` unless it is a whole number from `least` on."""
    if not _is_whole(value) or value < least:
        raise ConfigError(f"'{name}' must be a whole number >= {least}; received {value!r}.")
    return int(value)


def require_labels(rows: Any, outputs: Iterable[Any]) -> None:
    """Raise `DataError` for a label that a trained model does not know; `outputs` are the columns that it predicts.

    Before rows without a label or a file are left out: the row that is told is then that of the file, or of its part
    where a column splits it.
    """
    for column in outputs:
        if column.target.kind in ("binary", "classification") and column.name in rows.columns:
            column.encode(rows[column.name])


def require_header(names: Iterable[object], suffixes: Sequence[str], path: Path | str) -> None:
    """Raise `DataError` where the first line of a table names a file with one of the endings, and no columns: one that
    is there, or stands in a folder. A column may be called front.png."""
    for name in map(str, names):
        if not name.strip().lower().endswith(tuple(suffixes)):
            continue
        if "/" in name or "\\" in name or os.path.exists(path_from(Path(path).parent, name)):
            raise DataError(
                f"'{path}' has no line with the names of its columns: its first one holds '{name[:60]}'. Write one, as "
                "file,label."
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
