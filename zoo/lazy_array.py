"""Arrays that are computed when rows are asked for: an input larger than memory trains as a small one does."""

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, overload

import numpy as np

from zoo.errors import DataError, DataWarning

THREADS = 4  # that decode the rows of a batch together


class LazyArray:
    """Rows (n, *shape) of `dtype`, made out of one item each (the path of a picture) when they are read.

    It has what `Samples`, training and pipelines ask of an array: `len`, `shape`, `dtype`, and `array[rows]` with row
    numbers, which gives a NumPy array; nothing is kept.

    items        one a row; an array (n, ...) is decoded already.
    decode       item -> array; the same bytes every time, from any thread.
    finish       (k, ...) decoded rows -> (k, *shape) of `dtype`, which a model takes. Training changes pictures between
                 the two, while their pixels are pixels.
    stand_in     what training reads in the place of a row that cannot be decoded, told in a warning: a file that broke
                 must not end a training of hours. Without it, as everywhere else, the error is raised.
    identity     item -> what it is, in words, for the fingerprint.
    fingerprint  of what decodes them; with the items it tells a resumed run that the data is the same, without reading
                 it.

    >>> squares = LazyArray([1, 2, 3], lambda item: np.full((2,), item**2, "float32"), shape=(2,), dtype="float32")
    >>> squares.shape, squares[np.array([2, 0])].tolist()
    ((3, 2), [[9.0, 9.0], [1.0, 1.0]])
    """

    def __init__(
        self,
        items: Sequence[Any] | np.ndarray,
        decode: Callable[[Any], np.ndarray] | None = None,
        *,
        shape: Sequence[int],
        dtype: Any,
        finish: Callable[[np.ndarray], np.ndarray] | None = None,
        stand_in: np.ndarray | None = None,
        identity: Callable[[Any], str] = repr,
        fingerprint: str = "",
    ):
        self.items = items if isinstance(items, np.ndarray) else list(items)
        self.decode = decode
        self.shape = (len(self.items), *shape)
        self.dtype = np.dtype(dtype)
        self.finish = finish
        self.stand_in = stand_in
        self.identity = identity
        self._fingerprint = fingerprint

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def fingerprint(self) -> str:
        digest = sha256(f"{self._fingerprint} {self.shape} {self.dtype}".encode())
        if isinstance(self.items, np.ndarray):
            digest.update(np.ascontiguousarray(self.items).tobytes())
        else:
            for item in self.items:
                digest.update(self.identity(item).encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.items)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("A lazy array would be decoded as a whole: whoever wants that writes array[:].")

    @overload
    def __getitem__(self, rows: int) -> np.ndarray: ...

    @overload
    def __getitem__(self, rows: Any) -> np.ndarray: ...

    def __getitem__(self, rows: Any) -> np.ndarray:
        """One row, or those of row numbers (k,), of a mask (n,) or of a slice, as (k, *shape)."""
        if isinstance(rows, int | np.integer):
            return self[[rows]][0]
        numbers = np.arange(len(self))[rows]
        if not numbers.size:
            return np.empty((*numbers.shape, *self.shape[1:]), self.dtype)
        return self.finished(self.decoded(numbers.reshape(-1))).reshape(*numbers.shape, *self.shape[1:])

    def decoded(self, rows: np.ndarray, *, lenient: bool = False) -> np.ndarray:
        """(k,) row numbers -> (k, ...) as they were decoded, before `finish`; `lenient` takes the stand-in for a row
        that cannot be."""
        if isinstance(self.items, np.ndarray):
            return self.items[rows]
        read = self._lenient if lenient and self.stand_in is not None else self._decoded
        if len(rows) > 1:
            with ThreadPoolExecutor(THREADS) as pool:
                found = list(pool.map(read, rows.tolist()))
        else:
            found = [read(int(row)) for row in rows]
        return np.stack(found)

    def finished(self, decoded: np.ndarray) -> np.ndarray:
        """(k, ...) decoded rows -> (k, *shape), as a model takes them."""
        found = np.asarray(self.finish(decoded) if self.finish else decoded, self.dtype)
        if found.shape[1:] != self.shape[1:]:
            raise DataError(f"A batch of rows has the shape {found.shape[1:]}, not {self.shape[1:]}.")
        return found

    def take(self, rows: Any) -> "LazyArray":
        """These rows, still lazy."""
        chosen = np.arange(len(self))[rows]
        return self.with_items(
            self.items[chosen] if isinstance(self.items, np.ndarray) else [self.items[i] for i in chosen]
        )

    def joined(self, other: Any) -> "LazyArray":
        """These rows and those of another lazy array that is decoded alike. Raises `DataError` for any other."""
        facts = ("decode", "_fingerprint", "dtype")
        alike = isinstance(other, LazyArray) and all(getattr(self, each) == getattr(other, each) for each in facts)
        if not alike or self.shape[1:] != other.shape[1:]:
            raise DataError("A lazy input can be joined with another lazy one that is decoded alike only.")
        arrays = [each.items for each in (self, other)]
        whole = all(isinstance(items, np.ndarray) for items in arrays)
        return self.with_items(np.concatenate(arrays) if whole else [*arrays[0], *arrays[1]])

    def with_items(self, items: Sequence[Any] | np.ndarray) -> "LazyArray":
        """Other items, decoded as these are."""
        return LazyArray(
            items,
            self.decode,
            shape=self.shape[1:],
            dtype=self.dtype,
            finish=self.finish,
            stand_in=self.stand_in,
            identity=self.identity,
            fingerprint=self._fingerprint,
        )

    def _decoded(self, row: int) -> np.ndarray:
        if self.decode is None:
            return np.asarray(self.items[row])
        values = np.asarray(self.decode(self.items[row]))
        expected = self.shape[1:] if self.finish is None else values.shape
        if values.shape != expected:
            raise DataError(
                f"Row {row + 1} ({str(self.items[row])[:80]}) has the shape {values.shape}, not {expected}."
            )
        return values

    def _lenient(self, row: int) -> np.ndarray:
        try:
            return self._decoded(row)
        except DataError as error:
            warnings.warn(f"{error} Training reads a plain picture in its place.", DataWarning, stacklevel=2)
            assert self.stand_in is not None
            return self.stand_in


def take(values: Any, rows: Any) -> Any:
    """Rows of an array; of a lazy one they stay lazy."""
    return values.take(rows) if isinstance(values, LazyArray) else values[rows]


def join(first: Any, second: Any) -> Any:
    """One array and then another; sequences of integers (n, length) of two lengths are padded on the right with 0."""
    if isinstance(first, LazyArray):
        return first.joined(second)
    if first.ndim == 2 and first.shape[1] != second.shape[1] and np.issubdtype(first.dtype, np.integer):
        longest = max(first.shape[1], second.shape[1])
        first, second = (np.pad(each, ((0, 0), (0, longest - each.shape[1]))) for each in (first, second))
    return np.concatenate([first, second])
