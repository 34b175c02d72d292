"""How much a report's simple models may cost.

Sizes follow from counts (rows, columns, words, labels) and never from a clock: the same rows give the same models. The
units were measured on one core, and a quick set of simple models takes some seconds however large the table is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.errors import require_known
from zoo.lazy_array import LazyArray
from zoo.samples import Samples, labelled

SIZES = ("quick", "full", "none")
LOOKED_AT = 1_000  # rows by which the length of texts is judged
LETTERS = 6  # of a word, in the mean, with the space behind it
PER_WORD = 5  # columns whose cost a word has in a linear model: itself and the pair that it ends, in a sparse matrix
SOFTMAX = 64  # columns whose cost a probability of several labels has
TREE = 3_000_000  # rows x columns that double the cost of a tree
LEAST_ROWS = 2_000  # below which a sample would tell little
LEAST_LABELLED = 500  # rows of a sample in which an output has its label, where there are so many
MOST_PREDICTIONS = 50_000_000  # (rows, labels) that are held of one model: 200 MB; scikit-learn needs ten times that


@dataclass(frozen=True)
class Budget:
    """What simple models are given.

    rows    training rows at the most: a random sample of them.
    words   of the texts of these rows, in all.
    linear  rows x columns x labels that a linear model reads in one step (a quarter of a nanosecond each).
    trees   that a setting of boosting grows, of `TREE` rows x columns or less (8 milliseconds each).
    """

    rows: float = np.inf
    words: float = np.inf
    linear: float = np.inf
    trees: float = np.inf

    def steps(self, rows: int, columns: int, trees: int) -> float:
        """How many steps of boosting there may be, of so many trees each."""
        return self.trees / (trees * (1 + rows * columns / TREE))


BUDGETS = {"quick": Budget(rows=20_000, words=600_000, linear=3e7, trees=300), "full": Budget(), "none": Budget(rows=0)}


def budget_of(size: str) -> Budget:
    """The budget of "quick", "full" or "none". Raises `UnknownNameError` for another word."""
    require_known("size of the simple models", size, SIZES)
    return BUDGETS[size]


def rows_within(budget: Budget, train: Samples, labels: Mapping[str, int]) -> int:
    """How many of the training rows the budget allows, for outputs of so many labels each (1 for a number)."""
    if not np.isfinite(budget.rows):
        return len(train)
    words, columns = words_of(train), columns_of(train) + PER_WORD * words_of(train)
    cost = sum(count * (columns + (SOFTMAX if count > 1 else 0)) for count in labels.values())
    wanted = min(budget.linear / max(cost, 1), budget.words / max(words, 1))
    return int(min(len(train), budget.rows, max(wanted, LEAST_ROWS)))


def columns_of(samples: Samples) -> int:
    """How many numbers and categories a row has."""
    plain = [values for values in samples.inputs.values() if not isinstance(values, LazyArray)]
    return sum(values[:1].size for values in plain if not _is_sequence(values))


def words_of(samples: Samples) -> float:
    """How many words a row has, in the mean over the first."""
    words = 0.0
    for name, values in samples.inputs.items():
        if not isinstance(values, LazyArray) and name not in samples.raw and _is_sequence(values):
            words += float(np.count_nonzero(values[:LOOKED_AT], axis=1).mean())
    for documents in samples.raw.values():
        texts = [text for text in documents[:LOOKED_AT] if isinstance(text, str)]
        words += sum(map(len, texts)) / LETTERS / max(len(texts), 1)
    return words


def _is_sequence(values: np.ndarray) -> bool:
    return values.ndim == 2 and np.issubdtype(values.dtype, np.integer)


def sample(samples: Samples, most: int, outputs: Mapping[str, object], seed: int) -> Samples:
    """At most `most` of the samples at random, in their order, and some more where an output has few labels there."""
    if len(samples) <= most:
        return samples
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(samples), dtype=bool)
    chosen[random.choice(len(samples), most, replace=False)] = True
    for name in outputs:
        if name not in samples.targets:
            continue
        known = labelled(samples.targets[name])
        lacking = min(LEAST_LABELLED, int(known.sum())) - int((known & chosen).sum())
        if lacking > 0:
            chosen[random.choice(np.flatnonzero(known & ~chosen), lacking, replace=False)] = True
    kept = {name: samples.targets[name] for name in outputs if name in samples.targets}
    return Samples(samples.inputs, kept, raw=samples.raw).take(np.flatnonzero(chosen))
