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
        longest = [0] * len(texts)
        going = [number for number, text in enumerate(texts) if len(text)]
        length = 1
        while going:
            known = np.unique(_hashes(self._text, length))
            going = [
                number
                for number in going
                if len(texts[number]) >= length and np.isin(_hashes(texts[number], length), known).any()
            ]
            for number in going:
                longest[number] = length
            length += 1
        return longest


def _numbers(text: str) -> np.ndarray:
    """Code points; `BREAK` is one that no poem holds, as poems are lines."""
    return np.array([ord(character) for character in text], dtype="uint64")


def _hashes(text: np.ndarray, length: int) -> np.ndarray:
    """(L,) -> (L - length + 1,): a hash of every run of that length."""
    count = max(len(text) - length + 1, 0)
    found = np.zeros(count, dtype="uint64")
    for offset in range(length):
        found = found * _BASE + text[offset : offset + count]
    return found
