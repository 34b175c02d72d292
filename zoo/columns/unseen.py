"""Rows of which most values are none that training had: a slip of spelling, language or units, told before it costs."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.columns.frames import Frame, shown
from zoo.errors import DataError, DataWarning

if TYPE_CHECKING:
    from zoo.columns.column import Column

MOST, NEARLY_ALL = 0.5, 0.9  # shares of values never seen beyond which they are told, and refused
LEAST_TOLD, LEAST_REFUSED = 2, 10  # rows with a value: a single new one is no mistake
LOOKED_AT = 1_000  # rows, spread evenly


@dataclass(frozen=True)
class Unseen:
    """What of a column training did not have.

    rows     with a value.
    share    of the values, or of the words.
    usual    that share in the training rows, where rare values have no id.
    unknown  one that training did not have; known: one that it had.
    """

    rows: int
    share: float
    unknown: str
    known: str
    usual: float = 0.0
    what: str = "values"


def check_unseen(columns: Iterable["Column"], frame: Frame, *, of: str = "rows", refuse: bool = False) -> None:
    """Warn of each column most of whose values training did not have; where `refuse`, raise `DataError` for one with
    nearly none that it had, in ten rows or more."""
    rows = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, min(len(frame), LOOKED_AT)).astype(int))]
    for column in columns:
        found = column.unseen(rows[column.name])
        if found is None or found.rows < LEAST_TOLD or found.share <= MOST or found.usual > MOST:
            continue
        known = f"training had {found.what} such as {shown(found.known)}" if found.known else "training had none"
        told = (
            f"{found.share:.0%} of the {found.what} in the column {shown(column.name)} of the {of} are none that "
            f"training had, such as {shown(found.unknown)}; {known}"
        )
        if refuse and found.share > NEARLY_ALL and found.rows >= LEAST_REFUSED:
            raise DataError(f"{told}. Where that is right, give allow_unseen=True (--allow-unseen).")
        warnings.warn(f"{told}.", DataWarning, stacklevel=4)
