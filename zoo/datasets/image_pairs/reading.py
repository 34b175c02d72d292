"""The files of pairs: which of them can be read, and which are one picture under two names."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pandas as pd

from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.pictures.facts import facts_of
from zoo.errors import DataError

SIZE = 128  # pixels a side of a user's pictures, where it is not given


def readable(frame: pd.DataFrame, columns: Sequence[str], path: Path | str) -> pd.DataFrame:
    """The rows whose pictures can all be read; the others are told, and more than half of them refused."""
    damaged = damaged_files(frame, columns, path)
    return frame[~frame[list(columns)].isin(damaged).any(axis=1)].reset_index(drop=True)


def damaged_files(frame: pd.DataFrame, columns: Sequence[str], path: Path | str) -> set[str]:
    """The pictures that cannot be read, which are told; more than half of all are refused."""
    files = sorted(set(frame[list(columns)].to_numpy(str).ravel()))
    errors = {file: each for file, each in zip(files, facts_of(files), strict=True) if isinstance(each, DataError)}
    if errors:
        rows = int(frame[list(columns)].isin(set(errors)).any(axis=1).sum())
        then = f"{rows} rows with them are left out."
        tell_damaged(list(errors.values()), len(files), f"pictures of '{path}'", then)
    return set(errors)


def digest(file: str) -> str:
    """The hash of a file's bytes: one picture under two names is one."""
    return sha256(Path(file).read_bytes()).hexdigest()
