"""From pairs of texts with a score to a data set: two sequences of word numbers a pair, and how alike they are.

Punctuation is left out: in the data at hand it tells where a sentence came from, not what it says.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns.text import spelled_words
from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
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
    """The range of the scores, `low` for texts that have nothing in common, and `high` for texts of one meaning.

    `labels`, where a pair has one of two, are those of the scores 0 and 1.
    """

    low: float
    high: float
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (is_number(self.low) and is_number(self.high) and self.low < self.high):
            raise ConfigError(f"A scale goes from a number up to a larger one; received {self.low!r} to {self.high!r}.")

    @property
    def target(self) -> Target:
        """What a model of such scores predicts; the unit tells scales apart."""
        if self.labels:
            return Target("binary", self.labels)
        return Target("regression", unit=f"points of {self.low:g} to {self.high:g}")


def pairs_of(samples: Samples) -> list[Pair]:
    """The texts of samples that `build_pairs` made."""
    return [Pair(left, right) for left, right in zip(*(samples.raw[side] for side in SIDES), strict=True)]


def build_pairs(
    name: str,
    splits: Mapping[str, Sequence[Pair]],
    scale: Scale,
    *,
    words: int = WORDS,
    vocabulary_size: int,
    card: Mapping[str, Any],
    limits: Mapping[str, Mapping[str, float]] | None = None,
    least_labels: int = 2,
) -> Dataset:
    """A data set with the inputs "left" and "right" and the target "score", out of "train", "validation" and "test".

    Of two labels the training rows must have `least_labels`: 1 where they are known beforehand. The vocabulary is
    fitted on the training split alone. Raises `DataError` for a score beyond the scale, an empty text, or a split
    without any pair.
    """
    if words < 1:
        raise ConfigError(f"words, the length of a text, must be at least 1; received {words}.")
    for split in SPLITS:
        if not splits[split]:
            raise DataError(f"'{name}' has no pair in the split '{split}'.")
        for pair in splits[split]:
            _check(pair, scale, name)
    long = sum(
        len(spelled_words(getattr(pair, side))) > words for split in SPLITS for pair in splits[split] for side in SIDES
    )
    sizes = {split: len(splits[split]) for split in SPLITS}
    counted = {"scale": [scale.low, scale.high], "words": words, "texts_cut": long, "sizes": sizes}
    options = {"words": words, "vocabulary_size": vocabulary_size, "punctuation": False}
    groups = tuple(splits["train"][0].groups)
    train, validation, test = (_frame(splits[split], scale.labels) for split in SPLITS)
    return Table(
        name,
        train,
        validation,
        test,
        targets={"score": scale.target},
        columns={
            "types": dict.fromkeys(SIDES, "text"),
            "options": {SIDES[0]: options},
            "shared": (SIDES,),
            "ignore": groups,
            "least_labels": least_labels,
        },
        groups=groups,
        unit="pairs",
        limits=limits or {},
        card={**card, **counted},
    ).dataset()


def _frame(pairs: Sequence[Pair], labels: Sequence[str]) -> pd.DataFrame:
    scores: Any = np.array([np.nan if pair.score is None else pair.score for pair in pairs], "float32")
    if labels:
        scores = [None if pair.score is None else labels[round(pair.score)] for pair in pairs]
    return pd.DataFrame(
        {
            **{side: [" ".join(getattr(pair, side).split()) for pair in pairs] for side in SIDES},
            "score": scores,
            **{group: [pair.groups[group] for pair in pairs] for group in pairs[0].groups},
        }
    )


def _check(pair: Pair, scale: Scale, name: str) -> None:
    for side in SIDES:
        if not spelled_words(getattr(pair, side)):
            raise DataError(f"'{name}' has a pair whose {side} text has no word: {getattr(pair, side)[:60]!r}.")
    if pair.score is not None and not scale.low <= pair.score <= scale.high:
        raise DataError(f"'{name}' has the score {pair.score:g}; its scale goes from {scale.low:g} to {scale.high:g}.")


def overlap(pairs: Sequence[Pair]) -> np.ndarray:
    """(n, 12) float32: how much two texts share, in numbers that need no learning: what simple models are shown.

    Shares of common words, of pairs of words and of runs of three letters, differences of length, and whether one of
    the texts denies something. Swapping the texts changes nothing.

    >>> [f"{share:.2f}" for share in overlap([Pair("a man plays", "a man sings")])[0, :3]]
    ['0.50', '0.67', '0.67']
    """
    rows = []
    for pair in pairs:
        left, right = (list(spelled_words(getattr(pair, side))) for side in SIDES)
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
