"""The baseline of a language model: interpolated Kneser-Ney n-grams, counted in numpy.

Kneser and Ney 1995, in the interpolated form of Chen and Goodman 1999: every order takes a discount off its counts and
gives it to the order below, which counts different contexts.
"""

from dataclasses import dataclass

import numpy as np

from zoo.errors import ConfigError


@dataclass(frozen=True)
class _Order:
    """Counts of one order: of n-grams, by their number, and of their contexts (sum, different successors)."""

    grams: np.ndarray
    counts: np.ndarray
    contexts: np.ndarray
    sums: np.ndarray
    kinds: np.ndarray
    discount: float


class KneserNey:
    """A model of `order` characters in a row, of ids below `size`; `start` stands before each text.

    >>> model = KneserNey(2, size=4).fit(np.array([[1, 2, 1, 2], [1, 2, 3, -1]]))
    >>> model.losses(np.array([[1, 2, 3]])).round(2).tolist()
    [[0.14, 0.14, 1.02]]
    """

    def __init__(self, order: int, *, size: int, start: int = 0):
        if not 1 <= order <= 3:
            raise ConfigError(f"The order of an n-gram must be 1, 2 or 3; received {order}.")
        self.order, self.size, self.start = order, size, start
        self.orders: list[_Order] = []

    def fit(self, ids: np.ndarray) -> "KneserNey":
        """Count texts (n, L), -1 behind their ends."""
        windows, known = self._windows(ids)
        grams, counts = np.unique(self._numbers(windows[known]), return_counts=True)
        found = [self._counted(grams, counts)]
        for order in range(self.order - 1, 0, -1):  # below the highest order an n-gram counts once for each context
            grams, counts = np.unique(grams % self.size**order, return_counts=True)
            found.append(self._counted(grams, counts))
        self.orders = found[::-1]
        return self

    def losses(self, ids: np.ndarray) -> np.ndarray:
        """Texts (n, L) -> -log probability of every character (n, L), 0 behind the ends."""
        windows, known = self._windows(ids)
        numbers = self._numbers(windows[known])
        shares = np.full(len(numbers), 1.0 / self.size)
        for length, order in enumerate(self.orders, start=1):
            own = numbers % self.size**length
            count = _looked_up(order.grams, order.counts, own)
            context = own // self.size
            total = _looked_up(order.contexts, order.sums, context)
            left = order.discount * _looked_up(order.contexts, order.kinds, context)
            divisor = np.maximum(total, 1)
            shares = np.where(total > 0, (np.maximum(count - order.discount, 0) + left * shares) / divisor, shares)
        found = np.zeros(ids.shape)
        found[known] = -np.log(shares)
        return found

    def _windows(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, L) -> (n, L, order) the characters up to each place, and (n, L) which places there are."""
        before = np.full((len(ids), self.order - 1), self.start)
        padded = np.concatenate([before, ids], axis=1).astype(np.int64)
        return np.lib.stride_tricks.sliding_window_view(padded, self.order, axis=1), ids >= 0

    def _numbers(self, windows: np.ndarray) -> np.ndarray:
        """(m, order) -> (m,) one number for each n-gram."""
        return windows @ self.size ** np.arange(self.order - 1, -1, -1, dtype=np.int64)

    def _counted(self, grams: np.ndarray, counts: np.ndarray) -> _Order:
        contexts, places = np.unique(grams // self.size, return_inverse=True)
        once, twice = np.sum(counts == 1), np.sum(counts == 2)
        discount = once / max(once + 2.0 * twice, 1.0)
        return _Order(grams, counts, contexts, np.bincount(places, counts), np.bincount(places), float(discount))


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The values at the sorted keys that are wanted, 0 where there is none."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
