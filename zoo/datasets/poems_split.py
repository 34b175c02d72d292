"""Shares poems out to training, validation and test, so that no poem is told by another version of it.

Poems belong together, and to one split, when they share a line of `LONG_LINE` characters (words) or more, or when their
pairs of neighbouring characters overlap by a Jaccard index of `ALIKE` or more: versions of one poem, answers in
the same words, series with a common first line. Exact repetitions are left out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

import numpy as np

from zoo.errors import DataError

LONG_LINE = 5  # characters; shorter lines ("歸去來") are common property
ALIKE = 0.2  # with nothing but common phrases, two poems reach 0.1
RARE = 12  # poems with a pair of characters, at the most, for it to be looked up: versions share many rare ones
SHARES = {"train": 0.88, "validation": 0.04, "test": 0.08}
LEAST = 10  # groups of poems

Lines = Sequence[str | tuple[str, ...]]  # each a text of characters, or a tuple of words


def split_poems(poems: Sequence[Lines], *, seed: int) -> dict[str, list[int]]:
    """ "train", "validation", "test" -> numbers of the poems, in ascending order; `SHARES` of the groups.

    A pure function of the poems and the seed. Raises `DataError` where there are too few different poems.
    """
    groups = groups_of(poems)
    members = [numbers for _, numbers in sorted(_by_value(groups).items()) if numbers]
    if len(members) < LEAST:
        raise DataError(f"A split needs at least {LEAST} different poems; received {len(members)}.")
    order = np.random.default_rng(seed).permutation(len(members))
    held_out = {name: max(1, round(SHARES[name] * len(members))) for name in ("validation", "test")}
    ends = np.cumsum([held_out["validation"], held_out["test"]])
    parts = dict(zip(("validation", "test", "train"), np.split(order, ends), strict=True))
    return {name: sorted(number for group in parts[name] for number in members[group]) for name in SHARES}


def groups_of(poems: Sequence[Lines]) -> list[int]:
    """Poem -> the number of the first poem of its group; -1 for an exact repetition of an earlier poem.

    >>> groups_of([["白日依山盡", "黃河入海流"], ["牀前明月光", "疑是地上霜"], ["白日依山盡", "大河入海流"]])
    [0, 1, 0]
    """
    first: dict[tuple[str | tuple[str, ...], ...], int] = {}
    unique = [number for number, poem in enumerate(poems) if first.setdefault(tuple(poem), number) == number]
    leader = list(range(len(poems)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for one, other in (*_sharing_a_line(poems, unique), *_alike(poems, unique)):
        one, other = find(one), find(other)
        leader[max(one, other)] = min(one, other)
    kept = set(unique)
    return [find(number) if number in kept else -1 for number in range(len(poems))]


def _sharing_a_line(poems: Sequence[Lines], numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    seen: dict[str | tuple[str, ...], int] = {}
    for number in numbers:
        for line in poems[number]:
            if len(line) >= LONG_LINE:
                yield seen.setdefault(line, number), number


def _alike(poems: Sequence[Lines], numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Pairs of poems whose Jaccard index of bigrams is at least `ALIKE`, among those that share two rare ones."""
    pairs = {number: {both for line in poems[number] for both in pairwise(line)} for number in numbers}
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, found in pairs.items():
        for pair in found:
            holders[pair].append(number)
    shared = Counter(both for held in holders.values() if len(held) <= RARE for both in combinations(held, 2))
    for (one, other), count in shared.items():
        if count >= 2 and len(pairs[one] & pairs[other]) >= ALIKE * len(pairs[one] | pairs[other]):
            yield one, other


def _by_value(groups: Iterable[int]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for number, group in enumerate(groups):
        if group >= 0:
            found[group].append(number)
    return found
