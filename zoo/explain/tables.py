"""Explanations of a row, and of the senses of a sample: Shapley values, permutation, integrated gradients.

Lundberg and Lee 2017 (Shapley values of coalitions whose other columns are those of background rows); Strumbelj and
Kononenko 2014 (sampling of orders); Sundararajan et al. 2017.
"""

from collections.abc import Mapping
from math import comb
from typing import Any

import numpy as np

from zoo.errors import ConfigError
from zoo.explain.slopes import completeness_gap, gauss_legendre
from zoo.explain.subject import Subject

EXACT = 10  # columns up to which all coalitions are asked about
ORDERS = 64  # sampled beyond: each forwards and backwards
MOST_ASKED = 1 << 18  # rows


def shapley(
    subject: Subject, background: Mapping[str, np.ndarray] | None = None, *, orders: int | None = None, seed: int = 0
) -> tuple[np.ndarray, dict[str, Any]]:
    """(columns,) values whose sum is the score of the row less the mean score of the background rows.

    orders  None: exact up to `EXACT` columns, else `ORDERS` random orders; a number: so many.
    """
    ground = subject.typical if background is None else background
    rows, count = len(next(iter(ground.values()))), len(subject.columns)
    if orders is None and count <= EXACT and rows * 2**count <= MOST_ASKED:
        masks = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
        worth = coalition_scores(subject, masks, ground)
        found = np.zeros(count)
        for column in range(count):
            without = np.flatnonzero(~masks[:, column])
            gains = worth[without | (1 << column)] - worth[without]
            weights = np.array([1 / (count * comb(count - 1, size)) for size in masks[without].sum(axis=1)])
            found[column] = (gains * weights).sum()
        return found, {"coalitions": len(masks), "background": rows}
    return _sampled(subject, ground, ORDERS if orders is None else orders, seed)


def _sampled(
    subject: Subject, ground: Mapping[str, np.ndarray], orders: int, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:
    count, random = len(subject.columns), np.random.default_rng(seed)
    if type(orders) is not int or orders < 2:
        raise ConfigError(f"'orders' must be a number of at least 2; received {orders!r}.")
    draws = []
    for _ in range(orders):
        order = random.permutation(count)
        both = np.zeros(count)
        for each in (order, order[::-1]):
            masks = np.zeros((count + 1, count), bool)
            for step, column in enumerate(each, start=1):
                masks[step:, column] = True
            both[each] += np.diff(coalition_scores(subject, masks, ground)) / 2
        draws.append(both)
    errors = np.std(draws, axis=0, ddof=1) / np.sqrt(orders)
    rows = len(next(iter(ground.values())))
    return np.mean(draws, axis=0), {
        "orders": orders, "seed": seed, "background": rows, "standard_error": float(errors.max())
    }  # fmt: skip


def coalition_scores(subject: Subject, masks: np.ndarray, ground: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n, columns) bool -> (n,): mean score over the background rows, the columns of a mask taken from the sample."""
    rows = len(next(iter(ground.values())))
    inputs = {name: np.tile(values, (len(masks), *[1] * (values.ndim - 1))) for name, values in ground.items()}
    for column, slots in enumerate(subject.columns.values()):
        chosen = np.repeat(masks[:, column], rows)
        for name, place in slots:
            if place is None:
                inputs[name][chosen] = subject.inputs[name][0]
            else:
                inputs[name][chosen, place] = subject.inputs[name][0, place]
    return subject.scores(inputs).reshape(len(masks), rows).mean(axis=1)


def permutation(
    subject: Subject, background: Mapping[str, np.ndarray] | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """(columns,) what the score loses, on average, where a column has the values of other rows."""
    if background is None:
        raise ConfigError("Permutation puts other rows' values into a column: give some as background=.")
    count = len(subject.columns)
    masks = np.concatenate([np.ones((1, count), bool), ~np.eye(count, dtype=bool)])
    worth = coalition_scores(subject, masks, background)
    return worth[0] - worth[1:], {"background": len(next(iter(background.values())))}


def integrated_gradients(subject: Subject, *, steps: int = 64) -> tuple[np.ndarray, dict[str, Any], float]:
    """((columns,) values, settings, completeness gap), from the typical row's numbers to this row's.

    There is no straight line between two categories: they stay the row's own all the way, and have the value 0.
    """
    names = sorted({name for slots in subject.columns.values() for name, _ in slots})
    moved = [name for name in names if np.issubdtype(subject.inputs[name].dtype, np.floating)]
    if not moved:
        raise ConfigError("The row has no number, and integrated gradients are of numbers: use method='shapley'.")
    start = {name: subject.typical[name] for name in moved}
    end = {name: np.where(np.isnan(subject.inputs[name]), start[name], subject.inputs[name]) for name in moved}
    points, weights = gauss_legendre(steps)

    def along(points: np.ndarray) -> dict[str, np.ndarray]:
        rows = {name: np.repeat(values, len(points), axis=0) for name, values in subject.inputs.items()}
        for name in moved:
            shares = points.reshape(-1, *[1] * (start[name].ndim - 1))
            rows[name] = (start[name] + shares * (end[name] - start[name])).astype("float32")
        return rows

    slopes = subject.gradients(moved, along(points)).gradients
    by_input = {
        name: (end[name] - start[name])[0] * np.tensordot(weights, slope.astype(np.float64), axes=1)
        for name, slope in zip(moved, slopes, strict=True)
    }
    found = np.array(
        [
            sum(float(np.sum(by_input[name] if place is None else by_input[name][place])) for name, place in slots
                if name in by_input)
            for slots in subject.columns.values()
        ]
    )  # fmt: skip
    ends = subject.gradients([], along(np.array([0.0, 1.0]))).scores
    held = sorted(name for name in names if name not in moved)
    settings = {"steps": steps, **({"held": held} if held else {})}
    return found, settings, completeness_gap(found, float(ends[1] - ends[0]))
