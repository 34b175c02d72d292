"""Linear models by L2 as what they are, convex problems with one solution, in numpy.

A solution costs seconds, needs no learning rate, and comes out the same on every backend.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SOFTMAX, SIGMOID, LINEAR = "softmax", "sigmoid", "linear"  # activations: cross-entropies, and half the squared error
CURVATURE = {SOFTMAX: 0.25, SIGMOID: 0.25, LINEAR: 1.0}  # of a row's loss by its score, at most or about
PAST, ITERATIONS = 10, 200  # steps that are remembered; the most of them
CLOSE, ROUGH = 1e-6, 1e-3  # share of the gradient of 0 at which a solution ends; of one that is to be judged alone
NEGLIGIBLE = 1e-10  # share of the largest variance below which a direction is rounding

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class LinearRows:
    """Rows of one output: what a linear model reads, should say, and how much each counts.

    features (n, d); targets (n, k) float64, of classes 1 for the label and else 0; weights (n, 1) or (n, k), 0 where a
    target is not known.
    """

    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    activation: str

    def take(self, rows: np.ndarray) -> "LinearRows":
        return LinearRows(self.features[rows], self.targets[rows], self.weights[rows], self.activation)

    def loss(self, scores: np.ndarray) -> tuple[float, np.ndarray]:
        """Scores (n, k) -> the weighted sum of all losses, and its gradient (n, k)."""
        if self.activation == SOFTMAX:
            top = scores.max(axis=1, keepdims=True)
            total = np.log(np.exp(scores - top).sum(axis=1, keepdims=True)) + top
            losses = total - np.sum(self.targets * scores, axis=1, keepdims=True)
            slopes = np.exp(scores - total) - self.targets
        elif self.activation == SIGMOID:
            losses = np.logaddexp(0.0, scores) - self.targets * scores
            slopes = _sigmoid(scores) - self.targets
        else:
            slopes = scores - self.targets
            losses = 0.5 * np.square(slopes)
        return float(np.sum(self.weights * losses)), self.weights * slopes


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -scores)))


PREDICTED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    SOFTMAX: _softmax,
    SIGMOID: _sigmoid,
    LINEAR: lambda scores: scores,
}


def solve_path(
    rows: LinearRows, strengths: Sequence[float], close: float = CLOSE
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Kernel (d, k) and bias (k,) for each strength, by the least of all losses + strength / 2 * sum(kernel ** 2).

    Each solution is where the next one begins.
    """
    axes, variances = _axes(rows.features)
    turned = rows.features @ axes  # the kernel of a solution has no part outside of what rows span
    curvature = CURVATURE[rows.activation]
    whole = np.append(curvature * variances, curvature * max(float(rows.weights.mean(axis=1).sum()), 1e-12))
    start = np.zeros((len(whole), rows.targets.shape[1]))
    for strength in strengths:
        held = np.append(np.full(len(variances), strength), 0.0)[:, None]  # the bias is not
        unit = np.sqrt(whole[:, None] + held)  # in which the problem curves about alike in every direction

        def objective(place: np.ndarray, held: Any = held, unit: Any = unit) -> tuple[float, np.ndarray]:
            values = place / unit
            loss, slopes = rows.loss(turned @ values[:-1] + values[-1])
            gradient = np.concatenate([turned.T @ slopes, slopes.sum(axis=0)[None]]) + held * values
            return loss + 0.5 * float(np.sum(held * np.square(values))), gradient / unit

        least = close * float(np.linalg.norm(objective(np.zeros_like(start))[1]))
        start = minimum(objective, start * unit, least) / unit
        yield axes @ start[:-1], start[-1]


def _axes(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) -> directions (d, r) that the rows span, and the sum of squares (r,) along each."""
    if len(features) >= features.shape[1]:
        squares, axes = np.linalg.eigh(features.T @ features)
        kept = squares > NEGLIGIBLE * squares[-1]
        return axes[:, kept], squares[kept]
    squares, rows = np.linalg.eigh(features @ features.T)
    kept = squares > NEGLIGIBLE * squares[-1]
    return features.T @ (rows[:, kept] / np.sqrt(squares[kept])), squares[kept]


def minimum(objective: Objective, start: np.ndarray, least: float) -> np.ndarray:
    """Where a smooth convex function is least, to a gradient of the norm `least`: L-BFGS. Nocedal and Wright 2006,
    algorithms 7.4 and 7.5.
    """
    place, (value, slope) = start, objective(start)
    past: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(ITERATIONS):
        if np.linalg.norm(slope) <= least:
            break
        step, share = _direction(slope, past), 1.0
        falls = float(np.sum(step * slope))
        while True:  # halve until the function falls by a part of what its slope says (Armijo)
            reached = objective(place + share * step)
            if reached[0] <= value + 1e-4 * share * falls or share < 1e-9:
                break
            share /= 2.0
        if reached[0] >= value:
            break  # rounding is all that is left
        moved, turned = share * step, reached[1] - slope
        if np.sum(moved * turned) > 1e-12 * np.sum(np.square(turned)):
            past = [*past, (moved, turned)][-PAST:]
        place, (value, slope) = place + moved, reached
    return place


def _direction(slope: np.ndarray, past: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Down by what the last steps told of the curvature."""
    found, shares = slope.copy(), []
    for moved, turned in reversed(past):
        share = np.sum(moved * found) / np.sum(moved * turned)
        shares.append(share)
        found -= share * turned
    if past:
        moved, turned = past[-1]
        found *= np.sum(moved * turned) / np.sum(np.square(turned))
    for (moved, turned), share in zip(past, reversed(shares), strict=True):
        found += (share - np.sum(turned * found) / np.sum(moved * turned)) * moved
    return -found
