"""The files of pairs: which of them can be read, and which are one picture under two names."""

import warnings
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.datasets.pictures.facts import facts_of
from zoo.errors import DataError, DataWarning

SIZE = 128  # pixels a side of a user's pictures, where it is not given
MOST_DAMAGED = 0.5  # of all files: beyond, something else is wrong
NAMED = 3  # files that are named of those that cannot be read


def readable(frame: pd.DataFrame, columns: Sequence[str], path: Path | str) -> pd.DataFrame:
    """The rows whose pictures can all be read; the others are told, and more than half of them refused."""
    files = sorted(set(frame[list(columns)].to_numpy(str).ravel()))
    errors = {file: each for file, each in zip(files, facts_of(files), strict=True) if isinstance(each, DataError)}
    if not errors:
        return frame
    named = "; ".join(str(each).rstrip(".") for each in list(errors.values())[:NAMED])
    named += "; ..." if len(errors) > NAMED else ""
    said = f"{len(errors)} of {len(files)} pictures of '{path}' cannot be read: {named}."
    if len(errors) > MOST_DAMAGED * len(files):
        raise DataError(said)
    bad = np.any([frame[name].isin(errors).to_numpy() for name in columns], axis=0)
    warnings.warn(f"{said} {int(bad.sum())} rows with them are left out.", DataWarning, stacklevel=3)
    return frame[~bad].reset_index(drop=True)


def digest(file: str) -> str:
    """The hash of a file's bytes: one picture under two names is one."""
    return sha256(Path(file).read_bytes()).hexdigest()
