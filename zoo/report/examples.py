"""Which rows of a test split were predicted worst and best, and which classes are taken for each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.metrics import likeliest, likelihoods
from zoo.samples import Target, present


@dataclass(frozen=True)
class Example:
    """One row of the test split and what was predicted for it.

    probability  of the true label and of the predicted one, for classes; None for numbers.
    error        predicted minus true, for numbers; None for classes.
    """

    row: int
    true: str
    predicted: str
    probability: tuple[float, float] | None = None
    error: float | None = None

    @property
    def right(self) -> bool:
        return self.probability is not None and self.true == self.predicted

    def caption(self) -> str:
        """Two lines: what is true, and what was predicted how surely."""
        if self.probability is None:
            return f"true: {self.true}\npredicted: {self.predicted}"
        of_true, of_predicted = map(percent, self.probability)
        said = self.predicted if self.right else f"{self.predicted} ({of_predicted})"
        return f"true: {self.true} ({of_true})\npredicted: {said}"

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"row": self.row, "true": self.true, "predicted": self.predicted}
        if self.probability is not None:
            found |= {"probability_of_true": self.probability[0], "probability_of_predicted": self.probability[1]}
        return found if self.error is None else found | {"error": self.error}


def percent(share: float) -> str:
    """
    >>> percent(0.876), percent(0.0004), percent(0.9996)
    ('88 %', '<1 %', '>99 %')
    """
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def examples(
    labels: np.ndarray, predicted: np.ndarray, target: Target, *, worst: int, best: int
) -> tuple[list[Example], list[Example]]:
    """(the rows that were predicted worst, those that were predicted best), each in that order; no row in both.

    Of classes, those whose true label has the least or the largest probability; of numbers, those with the largest or
    the least absolute error. Rows without a label are left out; of very few rows the worst are half.
    """
    known = np.flatnonzero(present(labels))
    if not len(known):
        return [], []
    true, guess = labels[known], predicted[known]
    badness = np.abs(guess - true) if target.kind == "regression" else -likelihoods(true, guess)
    order = np.argsort(-badness, kind="stable")
    first = min(worst, -(-len(order) // 2))
    last = min(best, len(order) - first)

    def of(places: np.ndarray) -> list[Example]:
        return [_example(int(known[place]), true[place], guess[place], target) for place in places]

    return of(order[:first]), of(order[::-1][:last])


def _example(row: int, true: Any, guess: Any, target: Target) -> Example:
    if target.kind == "regression":
        unit = f" {target.unit}" if target.unit else ""
        return Example(row, f"{true:.4g}{unit}", f"{guess:.4g}{unit}", error=float(guess - true))
    shares = np.array([1.0 - guess, guess]) if np.ndim(guess) == 0 else guess
    said = int(likeliest(np.asarray(guess)[None])[0])
    return Example(row, target.labels[true], target.labels[said], (float(shares[true]), float(shares[said])))


@dataclass(frozen=True)
class Confused:
    """Rows of one class that were taken for another; `share` is that of all rows of the true class."""

    true: str
    predicted: str
    count: int
    share: float

    def said(self) -> str:
        return f"{self.true} taken for {self.predicted}: {self.count} ({100 * self.share:.0f} % of {self.true})"

    def to_json(self) -> dict[str, Any]:
        return {"true": self.true, "predicted": self.predicted, "count": self.count, "share": self.share}


def confused_pairs(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str], *, most: int) -> list[Confused]:
    """The pairs (true class, predicted class) with the most mistakes, at most so many.

    Among equal counts those of the larger share of their class come first, then those first by name.

    >>> shares = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    >>> confused_pairs(np.array([0, 1, 1]), shares, ("cat", "dog"), most=3)
    [Confused(true='dog', predicted='cat', count=1, share=0.5)]
    """
    known = present(labels)
    true = labels[known].astype(np.int64)
    said = likeliest(predicted[known]).astype(np.int64)
    totals = np.bincount(true, minlength=len(names))
    pairs, counts = np.unique(np.stack([true, said])[:, true != said], axis=1, return_counts=True)
    found = [
        Confused(names[one], names[other], int(count), float(count / totals[one]))
        for one, other, count in zip(*pairs.tolist(), counts.tolist(), strict=True)
    ]
    return sorted(found, key=lambda each: (-each.count, -each.share, each.true, each.predicted))[:most]
