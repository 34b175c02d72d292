"""Shares poems out to training, validation and test, so that no poem is told by another version of it.

Poems belong together, and to one split, when they share a line of `LONG_LINE` characters (words) or more, or when their
pairs of neighbouring characters overlap by a Jaccard index of `ALIKE` or more: versions of one poem, answers in
the same words, series with a common first line. Exact repetitions are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from zoo.datasets.checks import require_seed
from zoo.errors import DataError

LONG_LINE = 5  # characters; shorter lines ("歸去來") are common property
ALIKE = 0.2  # with nothing but common phrases, two poems reach 0.1
RARE = 12  # poems with a pair of characters, at the most, for it to be looked up: versions share many rare ones
SHARES = {"train": 0.88, "validation": 0.04, "test": 0.08}
LEAST = 10  # groups of poems

Lines = Sequence[str | tuple[str, ...]]  # each a text of characters, or a tuple of words


def split_poems(poems: Sequence[Lines], *, seed: int) -> dict[str, list[int]]:
    """ "train", "validation", "test" -> numbers of the poems, in ascending order; `SHARES` of the groups.

    A pure function of the poems and the seed. Raises `DataError` where there are too few different poems,
    `ConfigError` for a seed that is none.
    """
    groups = groups_of(poems)
    members = [numbers for _, numbers in sorted(_by_value(groups).items()) if numbers]
    if len(members) < LEAST:
        raise DataError(f"A split needs at least {LEAST} different poems; received {len(members)}.")
    order = np.random.default_rng(require_seed(seed)).permutation(len(members))
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


def _alike(poems: Sequence[Lines], numbers: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Pairs of poems whose Jaccard index of bigrams is at least `ALIKE`, among those that share two rare ones."""
    owner, bigram = _bigrams([poems[number] for number in numbers])
    starts = np.searchsorted(owner, np.arange(len(numbers) + 1))
    for one, other in _sharing_rare(owner, bigram):
        mine, theirs = (bigram[starts[each] : starts[each + 1]] for each in (one, other))
        both = len(np.intersect1d(mine, theirs, assume_unique=True))
        if both >= ALIKE * (len(mine) + len(theirs) - both):
            yield numbers[one], numbers[other]


def _bigrams(poems: Sequence[Lines]) -> tuple[np.ndarray, np.ndarray]:
    """(m,) place of a poem and (m,) number of a pair of neighbours in it, each pair once a poem; sorted."""
    ids: dict[str, int] = {}
    first: list[int] = []
    second: list[int] = []
    lengths = []
    for poem in poems:
        before = len(first)
        for line in poem:
            row = [ids.setdefault(unit, len(ids)) for unit in line]
            first += row[:-1]
            second += row[1:]
        lengths.append(len(first) - before)
    kinds = max(len(ids), 1) ** 2
    owner = np.repeat(np.arange(len(poems), dtype=np.int64), lengths)
    keys = np.unique(owner * kinds + np.array(first, np.int64) * len(ids) + np.array(second, np.int64))
    return keys // kinds, keys % kinds


def _sharing_rare(owner: np.ndarray, bigram: np.ndarray) -> Iterable[tuple[int, int]]:
    """Pairs of poems with two bigrams or more in common that at most `RARE` poems have."""
    if not len(owner):
        return
    order = np.argsort(bigram, kind="stable")
    owner, bigram = owner[order], bigram[order]
    _, group, holders = np.unique(bigram, return_inverse=True, return_counts=True)
    rare = holders[group] <= RARE
    poems = int(owner.max()) + 1
    pairs = []
    for apart in range(1, RARE):
        together = rare[apart:] & (bigram[apart:] == bigram[:-apart])
        pairs.append(owner[:-apart][together] * poems + owner[apart:][together])
    found, counts = np.unique(np.concatenate(pairs), return_counts=True)
    for pair in found[counts >= 2].tolist():
        yield divmod(pair, poems)


def _by_value(groups: Iterable[int]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for number, group in enumerate(groups):
        if group >= 0:
            found[group].append(number)
    return found
