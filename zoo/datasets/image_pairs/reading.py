"""The files of pairs: which of them can be read, and which are one picture under two names."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.pictures.facts import facts_of
from zoo.errors import DataError

SIZE = 128  # pixels a side of a user's pictures, where it is not given


def readable(frame: pd.DataFrame, columns: Sequence[str], path: Path | str) -> pd.DataFrame:
    """The rows whose pictures can all be read; the others are told, and more than half of them refused."""
    files = sorted(set(frame[list(columns)].to_numpy(str).ravel()))
    errors = {file: each for file, each in zip(files, facts_of(files), strict=True) if isinstance(each, DataError)}
    if not errors:
        return frame
    bad = np.any([frame[name].isin(errors).to_numpy() for name in columns], axis=0)
    then = f"{int(bad.sum())} rows with them are left out."
    tell_damaged(list(errors.values()), len(files), f"pictures of '{path}'", then)
    return frame[~bad].reset_index(drop=True)


def digest(file: str) -> str:
    """The hash of a file's bytes: one picture under two names is one."""
    return sha256(Path(file).read_bytes()).hexdigest()
