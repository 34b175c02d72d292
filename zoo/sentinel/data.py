"""Inputs and targets looked at before they reach the model: the first number that no model can take."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.keras_internals.graph import operation_class, readers

ASK_FOR_NAN = (keras.ops.isnan, keras.ops.nan_to_num, keras.ops.isfinite)  # in graphs that take missing numbers


@dataclass(frozen=True)
class DataFault:
    """One number in a batch.

    part      "input", "target" or "sample weight".
    row       of the batch, from 0.
    place     the other indices, from 0; empty for an array (B,).
    value     the number itself.
    low, high   range of the finite numbers in the same array.
    allowed   largest integer allowed, for tokens beyond an embedding; else None.
    """

    part: str
    name: str
    row: int
    place: tuple[int, ...]
    value: float
    low: float | None
    high: float | None
    allowed: int | None = None


class DataCheck:
    """Looks for NaN and Inf in floats, and for integers that the embedding that reads them does not have.

    `missing` names inputs and targets where NaN stands for a missing number. Inputs whose graph asks for NaN itself
    belong to them without being named.
    """

    def __init__(self, model: keras.Model, missing: Collection[str] = ()):
        model = getattr(model, "model", None) or model
        inputs = getattr(model, "inputs", None) or []
        self.inputs = [tensor.name for tensor in inputs]
        self.outputs = list(getattr(model, "output_names", None) or [])
        self.missing = {*missing, *(tensor.name for tensor in inputs if _asks_for_nan(tensor))}
        self.sizes: Mapping[str, int | None] = {tensor.name: _embedding_size(tensor) for tensor in inputs}
        self._nameless = not self.missing and not any(self.sizes.values())  # all arrays are judged alike

    def fault(self, batch: Any) -> DataFault | None:
        """The first fault of a batch (inputs, targets, sample weights), or None."""
        if self._nameless and all(map(_is_plainly_sound, tree.flatten(batch))):
            return None
        for part, name, values in self.named(batch):
            array = to_numpy(values)
            if array is None:
                continue
            kind = array.dtype.kind
            if kind == "f" and not _is_sound(array, name in self.missing):
                wrong = np.isinf(array) if name in self.missing else ~np.isfinite(array)
                if wrong.any():
                    return _fault(part, name, array, wrong)
            size = self.sizes.get(name) if part == "input" and kind in "iu" else None
            if size is not None and array.size and (array.min() < 0 or array.max() >= size):
                return _fault(part, name, array, np.logical_or(array < 0, array >= size), size - 1)
        return None

    def named(self, batch: Any) -> Iterator[tuple[str, str, Any]]:
        """(part, name, array) of all that a batch holds."""
        parts = batch if isinstance(batch, tuple) else (batch,)
        kinds = (("input", self.inputs), ("target", self.outputs), ("sample weight", self.outputs))
        for (part, names), values in zip(kinds, parts, strict=False):
            yield from ((part, name, each) for name, each in _named(values, names, part) if each is not None)


def to_numpy(values: Any) -> np.ndarray | None:
    """An array or tensor in main memory as numpy, without a copy where possible; None for what holds no numbers."""
    if isinstance(values, np.ndarray):
        return values
    if not hasattr(values, "dtype") or not hasattr(values, "shape"):
        return None
    if hasattr(values, "numpy") and keras.backend.backend() == "tensorflow":
        return np.asarray(values.numpy())
    return np.asarray(keras.ops.convert_to_numpy(values))


def _named(values: Any, names: list[str], part: str) -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        yield from ((str(name), each) for name, each in values.items())
    elif isinstance(values, list | tuple):
        for row, each in enumerate(values):
            yield (names[row] if row < len(names) else f"{part} {row}"), each
    else:
        yield (names[0] if len(names) == 1 else part), values


def _is_sound(array: np.ndarray, may_miss: bool) -> bool:
    """A quick look: the sum of squares is finite when all numbers are, unless they are huge."""
    if may_miss:
        return False
    flat = array.reshape(-1)
    return math.isfinite(np.dot(flat, flat))


def _is_plainly_sound(values: Any) -> bool:
    """A quick look at anything in a batch; False is no verdict."""
    array = to_numpy(values)
    return array is None or array.dtype.kind != "f" or _is_sound(array, False)


def _fault(part: str, name: str, array: np.ndarray, wrong: np.ndarray, allowed: int | None = None) -> DataFault:
    place = tuple(int(each) for each in np.unravel_index(int(np.argmax(wrong)), array.shape))
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    row, *rest = place or (0,)
    return DataFault(part, name, row, tuple(rest), float(array[place]), low, high, allowed)


def _asks_for_nan(tensor: Any) -> bool:
    return any(type(reader) in map(operation_class, ASK_FOR_NAN) for reader in readers(tensor))


def _embedding_size(tensor: Any) -> int | None:
    """Rows of the smallest embedding that reads the input directly, or None."""
    sizes = [reader.input_dim for reader in readers(tensor) if isinstance(reader, keras.layers.Embedding)]
    return min(sizes, default=None)
