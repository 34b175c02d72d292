"""Pictures shared out to training, validation and test: alike in classes, copies and people never in two of them."""

import numpy as np
import pandas as pd

from zoo.datasets.splits import SHARES, SPLITS, split_by_labels, split_people
from zoo.errors import DataError

LEAST = 10  # pictures


def split_pictures(labels: np.ndarray | None, groups: np.ndarray, *, seed: int, of: str = "pictures") -> np.ndarray:
    """(n,) 0 for training, 1 for validation, 2 for test, 70:10:20 in every class.

    labels  (n,) classes, or None.
    groups  (n,) whatever must stand in one split: copies of a picture, the pictures of a person.
    """
    if len(groups) < LEAST:
        raise DataError(f"A split into training, validation and test needs at least {LEAST} {of}; received "
                        f"{len(groups)}.")  # fmt: skip
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    strata = np.zeros(len(groups), int) if labels is None else np.unique(labels, return_inverse=True)[1]
    if len(first) == len(groups):
        return split_by_labels(strata[:, None], SHARES[1:], np.random.default_rng(seed))
    people = {f"{number:08d}": int(strata[row]) for number, row in enumerate(first)}
    found = split_people(people, seed=seed, of="different pictures or groups")
    numbers = {name: number for number, name in enumerate(SPLITS)}
    return np.array([numbers[found[f"{each:08d}"]] for each in place])


def parts_of(frame: pd.DataFrame, split: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows of each split."""
    train, validation, test = (frame[split == number].reset_index(drop=True) for number in range(len(SPLITS)))
    return train, validation, test


def linked(copies: np.ndarray, values: pd.Series | None) -> np.ndarray:
    """(n,) numbers, the same for what must stand in one split: copies, and all that equal `values` link; a missing one
    links nothing."""
    if values is None:
        return copies
    texts = values.astype(str).where(values.notna(), None)
    people = [f"row {row}" if value is None else f"of {value}" for row, value in enumerate(texts)]
    first: dict[str, int] = {}
    parents: dict[int, int] = {}

    def root(cluster: int) -> int:
        while cluster in parents:
            cluster = parents[cluster]
        return cluster

    for person, cluster in zip(people, copies.tolist(), strict=True):
        one, other = root(first.setdefault(person, cluster)), root(cluster)
        if one != other:
            parents[other] = one
    return np.array([root(cluster) for cluster in copies.tolist()])
