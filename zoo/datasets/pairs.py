"""From pairs of texts with a score to a data set: two sequences of word numbers a pair, and how alike they are.

Punctuation is left out: in the data at hand it tells where a sentence came from, not what it says.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import SPLITS
from zoo.datasets.tokeniser import Tokeniser, words_of
from zoo.errors import ConfigError, DataError, is_number
from zoo.samples import Samples, Target

SIDES = ("left", "right")
WORDS = 100  # of a text that are read; the longest sentence of STS-B has 61
SEPARATOR = "\t"  # between the two texts of a pair, where they stand in one line


@dataclass(frozen=True)
class Pair:
    """Two texts and how alike they are, None where that is not known; `groups`: column -> value, for the report."""

    left: str
    right: str
    score: float | None = None
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scale:
    """The range of the scores, `low` for texts that have nothing in common, and `high` for texts of one meaning."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (is_number(self.low) and is_number(self.high) and self.low < self.high):
            raise ConfigError(f"A scale goes from a number up to a larger one; received {self.low!r} to {self.high!r}.")

    @property
    def target(self) -> Target:
        """What a model of such scores predicts; the unit tells scales apart."""
        return Target("regression", unit=f"points of {self.low:g} to {self.high:g}")


def spelled(text: str) -> str:
    """The words of a text that a model of pairs reads.

    >>> spelled("A man isn't playing, is he?")
    "a man isn't playing is he"
    """
    return " ".join(_spelled(text))


@lru_cache(maxsize=100_000)
def _spelled(text: str) -> tuple[str, ...]:
    """Sentences come again in other pairs: looking them up is faster."""
    return tuple(word for word in words_of(text) if word[0].isalnum())


def encode_pairs(pairs: Sequence[Pair], tokeniser: Tokeniser, *, words: int = WORDS) -> dict[str, np.ndarray]:
    """{"left": (n, L), "right": (n, M)} int32, padded on the right with 0, cut after `words` words."""
    return {
        side: tokeniser.encode_batch([spelled(getattr(pair, side)) for pair in pairs], max_length=words)
        for side in SIDES
    }


def pairs_of(samples: Samples) -> list[Pair]:
    """The texts of samples that `build_pairs` made."""
    return [Pair(left, right) for left, _, right in (text.partition(SEPARATOR) for text in samples.texts)]


def build_pairs(
    name: str,
    splits: Mapping[str, Sequence[Pair]],
    scale: Scale,
    *,
    words: int = WORDS,
    vocabulary_size: int,
    tokeniser: Tokeniser | None = None,
    card: Mapping[str, Any],
) -> Dataset:
    """A data set with the inputs "left" and "right" and the target "score", out of "train", "validation" and "test".

    The vocabulary is fitted on the training split alone, unless there is a `tokeniser`. Raises `DataError` for a score
    beyond the scale, an empty text, or a split without any pair.
    """
    if words < 1:
        raise ConfigError(f"words, the length of a text, must be at least 1; received {words}.")
    for split in SPLITS:
        if not splits[split]:
            raise DataError(f"'{name}' has no pair in the split '{split}'.")
        for pair in splits[split]:
            _check(pair, scale, name)
    tokeniser = tokeniser or Tokeniser.fit(
        (spelled(text) for pair in splits["train"] for text in (pair.left, pair.right)), vocabulary_size=vocabulary_size
    )
    long = sum(
        len(_spelled(getattr(pair, side))) > words for split in SPLITS for pair in splits[split] for side in SIDES
    )
    train, validation, test = (_samples(splits[split], tokeniser, words) for split in SPLITS)
    counted = {
        "scale": [scale.low, scale.high],
        "words": words,
        "texts_cut": long,
        "vocabulary_size": tokeniser.size,
        "sizes": {split: len(splits[split]) for split in SPLITS},
    }
    return Dataset(name, train, validation, test, {"score": scale.target}, tokeniser, card={**card, **counted})


def _check(pair: Pair, scale: Scale, name: str) -> None:
    for side in SIDES:
        if not _spelled(getattr(pair, side)):
            raise DataError(f"'{name}' has a pair whose {side} text has no word: {getattr(pair, side)[:60]!r}.")
    if pair.score is not None and not scale.low <= pair.score <= scale.high:
        raise DataError(f"'{name}' has the score {pair.score:g}; its scale goes from {scale.low:g} to {scale.high:g}.")


def _samples(pairs: Sequence[Pair], tokeniser: Tokeniser, words: int) -> Samples:
    columns = pairs[0].groups
    return Samples(
        inputs=encode_pairs(pairs, tokeniser, words=words),
        targets={"score": np.array([np.nan if p.score is None else p.score for p in pairs], dtype="float32")},
        groups={column: np.array([pair.groups[column] for pair in pairs]) for column in columns},
        texts=tuple(SEPARATOR.join(" ".join(text.split()) for text in (pair.left, pair.right)) for pair in pairs),
    )


def overlap(pairs: Sequence[Pair]) -> np.ndarray:
    """(n, 12) float32: how much two texts share, in numbers that need no learning: what simple models are shown.

    Shares of common words, of pairs of words and of runs of three letters, differences of length, and whether one of
    the texts denies something. Swapping the texts changes nothing.

    >>> [f"{share:.2f}" for share in overlap([Pair("a man plays", "a man sings")])[0, :3]]
    ['0.50', '0.67', '0.67']
    """
    rows = []
    for pair in pairs:
        left, right = (list(_spelled(getattr(pair, side))) for side in SIDES)
        found: list[float] = []
        for parts in (lambda words: words, _neighbours, _letters):
            found += _shared(Counter(parts(left)), Counter(parts(right)))
        longer, shorter = max(len(left), len(right)), min(len(left), len(right))
        denies = any(map(_denies, left)) != any(map(_denies, right))
        rows.append([*found, longer, longer - shorter, float(denies)])
    return np.array(rows, dtype="float32")


def _shared(left: Counter[Any], right: Counter[Any]) -> list[float]:
    """What both have, as a share of what either has, of the shorter one, of the longer one."""
    both, sizes = (left & right).total(), (left.total(), right.total())
    return [both / max(size, 1) for size in ((left | right).total(), min(sizes), max(sizes))]


def _neighbours(words: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(words))


def _letters(words: Sequence[str]) -> list[str]:
    text = " ".join(words)
    return [text[start : start + 3] for start in range(len(text) - 2)]


def _denies(word: str) -> bool:
    return word in ("no", "not", "nobody", "none", "never", "nothing", "without") or word.endswith("n't")
