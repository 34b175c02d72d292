"""Which class is taken for which: counts, the rare ones of many classes taken together."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics import likeliest, those
from zoo.samples import present

OTHERS = "{} others"


def confusion(
    labels: np.ndarray, predicted: np.ndarray, names: Sequence[str], *, most: int, alone: Sequence[int] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Labels (n,), probabilities -> (k, k) counts, true class down and predicted class across, and k names.

    Of more than `most` classes the most frequent, or those of the numbers `alone`, stand alone, and the others are one:
    the last.

    >>> confusion(np.array([2, 2, 1, 0]), np.eye(3)[[2, 2, 0, 0]], "abc", most=2)[1]
    ['c', '2 others']
    """
    known = present(labels)
    true, shares = those(known, labels, predicted)
    chosen = likeliest(shares).astype(int)
    place, shown = np.arange(len(names)), list(names)
    if len(names) > most:
        frequent = np.argsort(-np.bincount(true, minlength=len(names)), kind="stable")[: most - 1]
        kept = np.unique(frequent if alone is None else np.asarray(alone, int))
        place[:] = len(kept)
        place[kept] = np.arange(len(kept))
        shown = [names[label] for label in kept] + [OTHERS.format(len(names) - len(kept))]
    counts = np.zeros((len(shown), len(shown)), dtype=int)
    np.add.at(counts, (place[true], place[chosen]), 1)
    return counts, shown
