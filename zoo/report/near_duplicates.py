"""Rows that are nearly the same: equal in almost all columns, or texts of almost the same words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from zoo.errors import DataError
from zoo.samples import present

ALIKE = 0.8  # share of common word triples (Jaccard) from which two texts are nearly the same
HASHES, BANDS = 64, 16  # of MinHash (Broder 1997): two texts alike by .8 meet in a band with p = 1 - (1 - .8^4)^16
PRIME = (1 << 31) - 1
SHINGLE = 3  # words
STEPS = 100.0  # parts of a deviation within which numbers count as equal
MOST_IN_A_BUCKET = 200  # texts that all begin alike would be compared with each other squared


@dataclass(frozen=True)
class NearDuplicate:
    """Two rows; `similarity` is 1 for the same, `labels_differ` says that one of their labels is probably wrong;
    None where one of them is not known."""

    row: int
    other: int
    similarity: float
    labels_differ: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "other": self.other,
            "similarity": round(self.similarity, 4),
            "labels_differ": self.labels_differ,
        }


def near_duplicate_texts(texts: Sequence[str], labels: np.ndarray | None = None) -> list[NearDuplicate]:
    """Pairs of texts that share at least `ALIKE` of their word triples, the most alike first. Empty texts are none.

    Candidates are found by MinHash, so that a pair just at the threshold is missed once in five thousand times.
    """
    shingled = [_shingles(text) for text in texts]
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for row, (signature, shingles) in enumerate(zip(map(_signature, shingled), shingled, strict=True)):
        if shingles:
            for band, part in enumerate(signature.reshape(BANDS, -1)):
                buckets[(band, part.tobytes())].append(row)
    pairs = {
        (one, other)
        for rows in buckets.values()
        for place, one in enumerate(rows[:MOST_IN_A_BUCKET])
        for other in rows[place + 1 : MOST_IN_A_BUCKET]
    }
    alike = [(len(shingled[a] & shingled[b]) / len(shingled[a] | shingled[b]), a, b) for a, b in pairs]
    return _sorted(((each, a, b) for each, a, b in alike if each >= ALIKE), labels)


def near_duplicate_rows(columns: Mapping[str, Sequence[Any]], labels: np.ndarray | None = None) -> list[NearDuplicate]:
    """Pairs of rows that are equal in every column; numbers within about a hundredth of their deviation.

    A row is paired with the first that it equals. Two numbers may fall on both sides of an edge of the rounding: some
    near-duplicates are missed, none is invented. Raises `DataError` without columns.
    """
    if not columns:
        raise DataError("Near-duplicates need at least one column.")
    codes = [_codes(values) for values in columns.values()]
    rows = np.stack(codes, axis=1)
    _, groups = np.unique(rows, axis=0, return_inverse=True)
    exact = np.stack([_exact(values) for values in columns.values()], axis=1)
    first: dict[int, int] = {}
    found = []
    for row, group in enumerate(groups.reshape(-1).tolist()):
        other = first.setdefault(group, row)
        if other != row:
            found.append((float((exact[row] == exact[other]).mean()), other, row))
    return _sorted(found, labels)


def _sorted(found: Iterable[tuple[float, int, int]], labels: np.ndarray | None) -> list[NearDuplicate]:
    known = np.zeros(0, bool) if labels is None else present(labels)

    def differ(a: int, b: int) -> bool | None:
        return bool(labels[a] != labels[b]) if labels is not None and known[a] and known[b] else None

    pairs = [NearDuplicate(a, b, alike, differ(a, b)) for alike, a, b in found]
    return sorted(pairs, key=lambda each: (not each.labels_differ, -each.similarity, each.row, each.other))


def _shingles(text: str) -> frozenset[int]:
    """Hashes of the runs of three words; of a shorter text the text itself."""
    words = text.casefold().split()
    if not words:
        return frozenset()
    runs = [words[start : start + SHINGLE] for start in range(max(1, len(words) - SHINGLE + 1))]
    return frozenset(crc32(" ".join(run).encode("utf-8", "replace")) for run in runs)


def _signature(shingles: frozenset[int]) -> np.ndarray:
    """(HASHES,) the least of each of so many hash functions over the shingles."""
    if not shingles:
        return np.zeros(HASHES, np.int64)
    values = np.fromiter(shingles, np.int64, len(shingles)) % PRIME
    random = np.random.default_rng(0)
    factors, shifts = random.integers(1, PRIME, (2, HASHES, 1))
    return ((factors * values + shifts) % PRIME).min(axis=1)


def _is_number(values: Sequence[Any]) -> bool:
    return np.asarray(values).dtype.kind in "fiu"


def _codes(values: Sequence[Any]) -> np.ndarray:
    """(n,) equal integers where values are nearly equal."""
    if not _is_number(values):
        return _exact(values)
    numbers = np.asarray(values, np.float64)
    step = float(np.nanstd(numbers)) / STEPS if np.isfinite(numbers).any() else 0.0
    rounded = np.round(numbers / step) if step else numbers
    return np.unique(rounded, return_inverse=True)[1].reshape(-1)


def _exact(values: Sequence[Any]) -> np.ndarray:
    if _is_number(values):
        return np.unique(np.asarray(values, np.float64), return_inverse=True)[1].reshape(-1)
    texts: dict[str, int] = {}
    return np.array(
        [texts.setdefault("" if each is None or each != each else str(each), len(texts)) for each in values]
    )
