"""A vote of models that were trained apart: the weights that are best on validation, and what they then say."""

from collections.abc import Iterator, Mapping

import numpy as np

from zoo.errors import DataError
from zoo.metrics import METRICS, score, those
from zoo.samples import present

STEPS = 20  # of a weight from 0 to 1; fewer where there are many models
MOST_TRIED = 20_000


def best_weights(
    predictions: Mapping[str, np.ndarray], labels: np.ndarray, metric: str, *, steps: int = STEPS
) -> dict[str, float]:
    """Model -> its weight in the vote that scores best on these labels, of all weights in steps of 1 / `steps`.

    predictions  model -> (n,) numbers or probabilities, or (n, classes), for rows that none was trained on.

    >>> best_weights({"a": np.array([0.0, 4.0]), "b": np.array([2.0, 2.0])}, np.array([1.0, 3.0]), "mae", steps=2)
    {'a': 0.5, 'b': 0.5}
    """
    if not predictions:
        raise DataError("A vote needs the predictions of a model.")
    known = present(labels)
    if not known.any():
        raise DataError("The weights of a vote cannot be chosen on rows without a label.")
    names, sign = list(predictions), 1 if METRICS[metric].better == "higher" else -1
    kept = {name: those(known, labels, values) for name, values in predictions.items()}
    truth = kept[names[0]][0]
    best, found = -np.inf, dict.fromkeys(names, 1 / len(names))
    for weights in _shares(len(names), _steps(len(names), steps)):
        mixed = sum(weight * kept[name][1] for name, weight in zip(names, weights, strict=True) if weight)
        value = score(metric, truth, np.asarray(mixed))
        if value is not None and sign * value > best:
            best, found = sign * value, dict(zip(names, weights, strict=True))
    return found


def vote(predictions: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """The weighted mean of what models predict, (n,) or (n, classes)."""
    return np.asarray(sum(weights[name] * values for name, values in predictions.items()))


def _steps(models: int, steps: int) -> int:
    """As many steps as leave no more than `MOST_TRIED` weights to try."""
    from math import comb

    while steps > 1 and comb(steps + models - 1, models - 1) > MOST_TRIED:
        steps -= 1
    return steps


def _shares(models: int, steps: int, left: int | None = None) -> Iterator[tuple[float, ...]]:
    """All weights of so many models in steps that add up to 1."""
    left = steps if left is None else left
    if models == 1:
        yield (left / steps,)
        return
    for first in range(left, -1, -1):
        for rest in _shares(models - 1, steps, left - first):
            yield (first / steps, *rest)
