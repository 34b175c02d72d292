"""Who is who, from pairs alone: pictures that pairs of the same link, at whatever remove, are of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.errors import DataError


@dataclass(frozen=True)
class Links:
    """Keys of the left and the right pictures (n,), and whether a pair is the same (n,) bool."""

    left: np.ndarray
    right: np.ndarray
    same: np.ndarray

    @classmethod
    def of(cls, left: Sequence[str] | pd.Series, right: Sequence[str] | pd.Series, same: object) -> "Links":
        return cls(np.asarray(left, object), np.asarray(right, object), np.asarray(same, bool))


def person_of(links: Links, *, also_different: bool = False) -> dict[str, str]:
    """Key of a picture -> that of the first picture of its person; with `also_different`, of all that hangs together.

    >>> person_of(Links.of(["a", "b", "d"], ["b", "c", "a"], [True, True, False]))
    {'a': 'a', 'b': 'a', 'c': 'a', 'd': 'd'}
    """
    leader: dict[str, str] = {}

    def first(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for left, right, same in zip(links.left, links.right, links.same, strict=True):
        one, other = first(left), first(right)
        if same or also_different:
            leader[other] = one
    return {key: first(key) for key in leader}


def require_consistent(links: Links, files: np.ndarray, path: Path | str) -> None:
    """Raise `DataError` where a pair is said to differ and others make it the same. files: (n, 2) names."""
    people = person_of(links)
    for row in np.flatnonzero(~links.same).tolist():
        if people[links.left[row]] == people[links.right[row]]:
            raise DataError(
                f"'{path}' says that {files[row][0]} and {files[row][1]} differ, and other pairs say that they show "
                "the same."
            )
