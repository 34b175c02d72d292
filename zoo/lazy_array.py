"""Arrays that are computed when rows are asked for: an input larger than memory trains as a small one does."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, overload

import numpy as np

from zoo.errors import DataError

THREADS = 4  # that decode the rows of a batch together


class LazyArray:
    """Rows (n, *shape) of `dtype`, made by `decode` out of one item each (the path of a picture) when they are read.

    It has what `Samples`, training and pipelines ask of an array: `len`, `shape`, `dtype`, and `array[rows]` with row
    numbers, which gives a NumPy array; nothing is kept. `decode` must give the same bytes every time, from any thread.

    fingerprint  of the items: what tells a resumed run that the data is the same, without reading it.

    >>> squares = LazyArray([1, 2, 3], lambda item: np.full((2,), item**2, "float32"), shape=(2,), dtype="float32")
    >>> squares.shape, squares[np.array([2, 0])].tolist()
    ((3, 2), [[9.0, 9.0], [1.0, 1.0]])
    """

    def __init__(
        self,
        items: Sequence[Any],
        decode: Callable[[Any], np.ndarray],
        *,
        shape: Sequence[int],
        dtype: Any,
        fingerprint: str = "",
    ):
        self.items = list(items)
        self.decode = decode
        self.shape = (len(self.items), *shape)
        self.dtype = np.dtype(dtype)
        self._fingerprint = fingerprint

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def fingerprint(self) -> str:
        digest = sha256(f"{self._fingerprint} {self.shape} {self.dtype}".encode())
        for item in self.items:
            digest.update(repr(item).encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, rows: int) -> np.ndarray: ...

    @overload
    def __getitem__(self, rows: Any) -> np.ndarray: ...

    def __getitem__(self, rows: Any) -> np.ndarray:
        """One row, or those of row numbers (k,), of a mask (n,) or of a slice, as (k, *shape)."""
        if isinstance(rows, int | np.integer):
            return self._decoded(int(rows))
        numbers = np.arange(len(self))[rows]
        found = np.empty((numbers.size, *self.shape[1:]), self.dtype)
        if numbers.size > 1:
            with ThreadPoolExecutor(THREADS) as pool:
                for place, row in enumerate(pool.map(self._decoded, numbers.reshape(-1).tolist())):
                    found[place] = row
        elif numbers.size:
            found[0] = self._decoded(int(numbers.reshape(-1)[0]))
        return found.reshape(*numbers.shape, *self.shape[1:])

    def take(self, rows: Any) -> "LazyArray":
        """These rows, still lazy."""
        chosen = np.arange(len(self))[rows]
        items = [self.items[row] for row in chosen.tolist()]
        return LazyArray(items, self.decode, shape=self.shape[1:], dtype=self.dtype, fingerprint=self._fingerprint)

    def joined(self, other: Any) -> "LazyArray":
        """These rows and those of another lazy array that is decoded alike. Raises `DataError` for any other."""
        facts = ("decode", "_fingerprint", "dtype")
        alike = isinstance(other, LazyArray) and all(getattr(self, each) == getattr(other, each) for each in facts)
        if not alike or self.shape[1:] != other.shape[1:]:
            raise DataError("A lazy input can be joined with another lazy one that is decoded alike only.")
        items = [*self.items, *other.items]
        return LazyArray(items, self.decode, shape=self.shape[1:], dtype=self.dtype, fingerprint=self._fingerprint)

    def _decoded(self, row: int) -> np.ndarray:
        values = np.asarray(self.decode(self.items[row]), self.dtype)
        if values.shape != self.shape[1:]:
            raise DataError(
                f"Row {row + 1} ({str(self.items[row])[:80]}) has the shape {values.shape}, not {self.shape[1:]}."
            )
        return values


def take(values: Any, rows: Any) -> Any:
    """Rows of an array; of a lazy one they stay lazy."""
    return values.take(rows) if isinstance(values, LazyArray) else values[rows]


def join(first: Any, second: Any) -> Any:
    """One array and then another."""
    return first.joined(second) if isinstance(first, LazyArray) else np.concatenate([first, second])
