"""How much a report's simple models may cost.

Sizes follow from counts (rows, columns, words, labels) and never from a clock: the same rows give the same models. The
figures were measured on one core: a unit of `linear` takes about half a nanosecond and is walked through some hundred
times a fit; a quick set of simple models takes some seconds at the most, whatever the size of the table.
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
PER_WORD = 2  # columns that a word fills: itself, and the pair that it ends
SOFTMAX = 10  # what a probability costs, in columns
LEAST_ROWS = 2_000  # below which a sample would tell little
LEAST_LABELLED = 500  # rows of a sample in which an output has its label, where there are so many
MOST_PREDICTIONS = 50_000_000  # (rows, labels) that are held of one model: 200 MB; scikit-learn needs ten times that


@dataclass(frozen=True)
class Budget:
    """What simple models are given.

    rows      training rows, and validation rows, at the most: a random sample of them.
    linear    rows x columns x labels that a linear model reads in one step: more rows are not taken.
    trees     rows x columns x labels x steps of all trees; what would get too few steps is left out.
    """

    rows: float = np.inf
    linear: float = np.inf
    trees: float = np.inf


BUDGETS = {"quick": Budget(rows=20_000, linear=8e6, trees=4e8), "full": Budget(), "none": Budget(rows=0)}


def budget_of(size: str) -> Budget:
    """The budget of "quick", "full" or "none". Raises `UnknownNameError` for another word."""
    require_known("size of the simple models", size, SIZES)
    return BUDGETS[size]


def rows_within(budget: Budget, train: Samples, labels: Mapping[str, int]) -> int:
    """How many of the training rows the budget allows, for outputs of so many labels each (1 for a number)."""
    if not np.isfinite(budget.linear):
        return len(train)
    columns = columns_of(train)
    cost = sum(count * (columns + (SOFTMAX if count > 1 else 0)) for count in labels.values())
    wanted = max(LEAST_ROWS, int(budget.linear / max(cost, 1)))
    return int(min(len(train), budget.rows, wanted))


def columns_of(samples: Samples) -> float:
    """How many columns a row fills for a linear model, in the mean: its numbers, its categories and its words."""
    columns = 0.0
    for name, values in samples.inputs.items():
        if isinstance(values, LazyArray) or name in samples.raw:
            continue
        is_sequence = values.ndim == 2 and np.issubdtype(values.dtype, np.integer)
        columns += PER_WORD * np.count_nonzero(values[:LOOKED_AT], axis=1).mean() if is_sequence else values[:1].size
    for documents in samples.raw.values():
        texts = [value for value in documents[:LOOKED_AT] if isinstance(value, str)]
        columns += PER_WORD * sum(map(len, texts)) / LETTERS / max(len(texts), 1)
    return columns


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
