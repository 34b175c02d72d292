"""Are they new? How varied poems are, and how much of them stands in a corpus already."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

BREAK = "\n"  # between the poems of a corpus: no overlap reaches across it
_BASE = np.uint64(1_000_003)  # of a rolling hash modulo 2**64


def distinct_pairs(poems: Iterable[Sequence[str]]) -> float:
    """Share of the pairs of neighbouring characters in a line that occur once only (distinct-2, Li et al. 2016)."""
    pairs = [pair for poem in poems for line in poem for pair in pairwise(line)]
    return len(set(pairs)) / len(pairs) if pairs else 0.0


class Corpus:
    """What was written before: the poems of a training split, their lines and neighbouring lines."""

    def __init__(self, poems: Iterable[Sequence[str]]):
        known = [tuple(poem) for poem in poems]
        self.lines = frozenset(line for poem in known for line in poem)
        self.couplets = frozenset(pair for poem in known for pair in pairwise(poem))
        self._text = _numbers(BREAK.join("".join(poem) for poem in known))

    def shared_lines(self, poems: Sequence[Sequence[str]]) -> float:
        """Share of lines that stand in the corpus."""
        lines = [line for poem in poems for line in poem]
        return sum(line in self.lines for line in lines) / len(lines)

    def shared_couplets(self, poems: Sequence[Sequence[str]]) -> float:
        """Share of pairs of neighbouring lines that stand in the corpus as neighbours."""
        couplets = [pair for poem in poems for pair in pairwise(poem)]
        return sum(pair in self.couplets for pair in couplets) / len(couplets) if couplets else 0.0

    def longest_overlaps(self, poems: Sequence[Sequence[str]]) -> list[int]:
        """For each poem the longest run of characters, line ends left out, that stands in one poem of the corpus."""
        texts = [_numbers("".join(poem)) for poem in poems]
        longest = np.zeros(len(texts), dtype="int64")
        going, length = np.arange(len(texts)), 1
        known, runs = np.zeros(len(self._text), dtype="uint64"), [np.zeros(len(text), dtype="uint64") for text in texts]
        while len(going):
            known = _longer(known, self._text, length)
            for number in going:
                runs[number] = _longer(runs[number], texts[number], length)
            asked = np.concatenate([runs[number] for number in going])
            owner = np.repeat(going, [len(runs[number]) for number in going])
            going = np.unique(owner[_among(asked, known)])
            longest[going] = length
            length += 1
        return longest.tolist()


def _numbers(text: str) -> np.ndarray:
    """Code points; `BREAK` is one that no poem holds, as poems are lines."""
    return np.array([ord(character) for character in text], dtype="uint64")


def _longer(hashes: np.ndarray, text: np.ndarray, length: int) -> np.ndarray:
    """The hashes of all runs of `length` - 1 in a text -> those of all runs of `length`, one less."""
    count = max(len(text) - length + 1, 0)
    return hashes[:count] * _BASE + text[length - 1 : length - 1 + count]


def _among(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(n,) bool: which hashes are among many known ones. Only the few are sorted."""
    wanted = np.unique(asked)
    if not len(wanted):
        return np.zeros(0, dtype=bool)
    place = np.minimum(np.searchsorted(wanted, known), len(wanted) - 1)
    return np.isin(asked, wanted[np.unique(place[wanted[place] == known])])
