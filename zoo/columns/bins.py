"""Edges of bins for numbers: where training has many values close together, a network is given more detail."""

import numpy as np


def bin_edges(numbers: np.ndarray, bins: int) -> list[list[float]]:
    """(n, k) numbers of the training rows, NaN where missing -> for each column its edges, ascending.

    Quantiles, so that every bin holds about as many rows; a column with at most `bins` different values has those.
    A column without a number has no edge.

    >>> bin_edges(np.array([[0.0, 1.0], [0.0, 2.0], [5.0, 3.0], [np.nan, 4.0]]), 2)
    [[0.0, 5.0], [1.0, 2.5, 4.0]]
    """
    return [_edges(column[~np.isnan(column)].astype(np.float64), bins) for column in numbers.T]


def _edges(values: np.ndarray, bins: int) -> list[float]:
    different = np.unique(values)
    if len(different) > bins:
        different = np.unique(np.quantile(values, np.linspace(0.0, 1.0, bins + 1)))
    return [float(edge) for edge in np.unique(different.astype(np.float32))]  # as the model sees them
