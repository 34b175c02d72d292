"""Shares people out to training, validation and test, so that nobody stands in two of them."""

from collections.abc import Hashable, Mapping

import numpy as np

from zoo.errors import ConfigError, DataError

SPLITS = ("train", "validation", "test")
SHARES = (0.7, 0.1, 0.2)
LEAST_PEOPLE = 10  # one person for validation, two for the test


def split_people(strata: Mapping[str, Hashable], *, seed: int) -> dict[str, str]:
    """person -> stratum becomes person -> "train", "validation" or "test", 70:10:20 overall and in every stratum.

    People stand in a random order within their stratum, the strata in a random order round a circle; from a random
    start, each person goes to the split furthest behind its share. The order of the mapping does not matter.
    Raises `DataError` for fewer than ten people, `ConfigError` for a negative seed.
    """
    if len(strata) < LEAST_PEOPLE:
        raise DataError(
            f"A split into training, validation and test needs at least {LEAST_PEOPLE} people; received {len(strata)}."
        )
    if seed < 0:
        raise ConfigError(f"A seed must not be negative; received {seed}.")
    random = np.random.default_rng(seed)
    people = sorted(strata)
    kinds = sorted(set(strata.values()), key=repr)
    rank_of_stratum = dict(zip(kinds, random.permutation(len(kinds)), strict=True))
    rank = random.permutation(len(people))
    circle = sorted(range(len(people)), key=lambda i: (rank_of_stratum[strata[people[i]]], rank[i]))
    start = int(random.integers(len(people)))  # else the first stratum's first person would always be one to train on

    held_out = [max(1, round(share * len(people))) for share in SHARES[1:]]
    quota = np.array([len(people) - sum(held_out), *held_out]) / len(people)
    behind = np.zeros(len(SPLITS))
    found = {}
    for i in circle[start:] + circle[:start]:
        behind += quota
        chosen = int(np.argmax(behind))
        behind[chosen] -= 1
        found[people[i]] = SPLITS[chosen]
    return found
