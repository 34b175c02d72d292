"""Pictures of two splits that look alike: near-duplicates, beyond the copies that are kept apart already."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.datasets.pictures.facts import Facts, same_picture

# Copies of photos cropped by 4 % a side differ in 7 to 9 bits and correlate by .89 to .93, brighter ones by .97; of 438
# photos of the samples pets37 and cars64, one is that much like one of another split.
BITS = 10  # of the 64 of the hash may differ
ALIKE = 0.92  # correlation of the thumbnails' pixels
NEARLY_THE_SAME = 0.98  # drawings and digits are alike in any case, but not that much
LEAST_CONTRAST = 4.0  # deviation of a thumbnail's pixels: blank pictures are like all others that are
MOST_COMPARED = 1 << 31  # pairs of hashes; of more test pictures some are compared, evenly spaced
AT_ONCE = 1 << 22  # pairs of hashes in memory


class Lookalike(NamedTuple):
    """Picture `row` of the one split is like picture `other` of the other; `copy`: it shows the same, as a copy."""

    row: int
    other: int
    correlation: float
    copy: bool


def lookalikes(tested: Sequence[Facts], others: Sequence[Facts]) -> tuple[list[Lookalike], int]:
    """(for each picture of `tested` that is like one of the `others` the most similar one, the closest pair first;
    how many of `tested` were compared)."""
    if not tested or not others:
        return [], 0
    most = max(1, MOST_COMPARED // len(others))
    chosen = np.unique(np.linspace(0, len(tested) - 1, min(most, len(tested))).astype(int))
    theirs = np.array([each.difference_hash for each in others], dtype=np.uint64)
    size = max(1, AT_ONCE // len(others))
    found = []
    for start in range(0, len(chosen), size):
        rows = chosen[start : start + size]
        mine = np.array([tested[row].difference_hash for row in rows], dtype=np.uint64)
        for place, candidate in zip(*np.nonzero(_bits(mine[:, None] ^ theirs) <= BITS), strict=True):
            row = int(rows[place])
            alike = _correlation(tested[row].thumbnail, others[candidate].thumbnail)
            copy = same_picture(tested[row], others[candidate])
            if copy or alike >= ALIKE:
                found.append(Lookalike(row, int(candidate), alike, copy))
    best: dict[int, Lookalike] = {}
    for each in sorted(found, key=lambda each: (not each.copy, -each.correlation, each.row, each.other)):
        best.setdefault(each.row, each)
    return list(best.values()), len(chosen)


def _bits(values: np.ndarray) -> np.ndarray:
    """The number of bits of each."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(values))
    counts = np.array([bin(value).count("1") for value in range(256)], dtype=np.uint8)  # NumPy 1
    return counts[np.ascontiguousarray(values).view(np.uint8).reshape(*values.shape, 8)].sum(axis=-1)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's, of two thumbnails; 0 where one is blank."""
    first, second = (each.astype(np.float64) - each.mean() for each in (one, other))
    if min(first.std(), second.std()) < LEAST_CONTRAST:
        return 0.0
    return float((first * second).mean() / (first.std() * second.std()))
