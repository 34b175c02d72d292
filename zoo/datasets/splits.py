"""Shares people or rows out to training, validation and test, so that nobody stands in two of them."""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

import numpy as np

from zoo.datasets.checks import require_seed
from zoo.errors import DataError

SPLITS = ("train", "validation", "test")
SHARES = (0.7, 0.1, 0.2)
SPLIT = "split"  # the column of a file that divides its rows, where there is one
SPLIT_OF = {  # what splits are called, in a column or as folders -> split
    "training": "train",
    "dev": "validation",
    "val": "validation",
    "valid": "validation",
    "testing": "test",
    **{split: split for split in SPLITS},
}
LEAST_PEOPLE = 10  # one person for validation, two for the test


def split_people(
    strata: Mapping[str, Hashable], *, seed: int, shares: tuple[float, float] = SHARES[1:], of: str = "people"
) -> dict[str, str]:
    """person -> stratum becomes person -> "train", "validation" or "test", overall and in every stratum.

    `shares` are those of the last two; a share of 0 has nobody. `of` says in an error what is shared out.

    People stand in a random order within their stratum, the strata in a random order round a circle; from a random
    start, each person goes to the split furthest behind its share. The order of the mapping does not matter.
    Raises `DataError` for fewer than ten people, `ConfigError` for a seed that is none.
    """
    if len(strata) < LEAST_PEOPLE:
        raise DataError(
            f"A split into training, validation and test needs at least {LEAST_PEOPLE} {of}; received {len(strata)}."
        )
    random = np.random.default_rng(require_seed(seed))
    people = sorted(strata)
    kinds = sorted(set(strata.values()), key=repr)
    rank_of_stratum = dict(zip(kinds, random.permutation(len(kinds)), strict=True))
    rank = random.permutation(len(people))
    circle = sorted(range(len(people)), key=lambda i: (rank_of_stratum[strata[people[i]]], rank[i]))
    start = int(random.integers(len(people)))  # else the first stratum's first person would always be one to train on

    held_out = [max(1, round(share * len(people))) if share else 0 for share in shares]
    quota = np.array([len(people) - sum(held_out), *held_out]) / len(people)
    behind = np.zeros(len(SPLITS))
    found = {}
    for i in circle[start:] + circle[:start]:
        behind += quota
        chosen = int(np.argmax(behind))
        behind[chosen] -= 1
        found[people[i]] = SPLITS[chosen]
    return found


def splits_in_column(values: Iterable[object], path: Path | str) -> list[str]:
    """The split that each value of a column "split" names. Raises `DataError` for one that is none."""
    given = [str(value).strip().lower() for value in values]
    for row, name in enumerate(given, start=1):
        if name not in SPLIT_OF:
            raise DataError(f"'{SPLIT}' of {path} must be train, validation or test; row {row} has '{name[:40]}'.")
    return [SPLIT_OF[name] for name in given]


def split_by_labels(labels: np.ndarray, shares: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """(n, k) labels -> (n,) 0 for training, 1 for validation, 2 for test: the last two have `shares` of every label.

    Of several columns the rarest label is shared out first, then the rarest of what is left, each row to the split that
    lacks most of that label (Sechidis et al. 2011, iterative stratification). No split with a share is left
    empty.
    """
    split = np.full(len(labels), -1)
    columns = [np.unique(column, return_inverse=True)[1] for column in labels.T]
    grouped = [np.split(np.argsort(each, kind="stable"), np.cumsum(np.bincount(each))[:-1]) for each in columns]
    order = [(len(rows), place, kind) for place, groups in enumerate(grouped) for kind, rows in enumerate(groups)]
    for _, place, kind in sorted(order) if len(columns) > 1 else order:
        _share_out(split, grouped[place][kind], shares, random, several=len(columns) > 1)
    for number, share in enumerate(shares, start=1):
        if share and not (split == number).any():  # of every label too few for this split
            spare = random.permutation(np.flatnonzero(split == 0))
            split[spare[: max(1, round(share * len(labels)))]] = number
    return split


def _share_out(
    split: np.ndarray, rows: np.ndarray, shares: tuple[float, float], random: np.random.Generator, *, several: bool
) -> None:
    """Give those of a label's `rows` that have no split one; where it has a row for each split, each gets one."""
    wanted = [round(share * len(rows)) for share in shares]
    if several and len(rows) >= len(SPLITS):
        wanted = [max(1, number) if share else 0 for number, share in zip(wanted, shares, strict=True)]
    free = random.permutation(rows[split[rows] < 0])
    validation, test = (max(0, number - np.sum(split[rows] == place)) for place, number in enumerate(wanted, start=1))
    split[free] = 0
    split[free[:test]] = 2
    split[free[test : test + validation]] = 1
