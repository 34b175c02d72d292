"""Rows in batches of few shapes: each shape is compiled once."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

ROWS = 4096  # predicted at once at the most
VALUES = 1 << 16  # of one input in a batch of long sequences, or of pictures
SHORTEST = 16  # length to which sequences are cut at the least


def batches(inputs: Mapping[str, Any], *, trim_padding: bool) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """(row numbers, arrays), every row once. A batch is filled up to a power of two with copies of its last row.

    `trim_padding` cuts the padding (0) on the right that all sequences of integers (n, L) of a batch share, and brings
    those of like length together: for models whose outputs do not depend on it.
    """
    count = len(next(iter(inputs.values())))
    sequences = {
        name: _lengths(np.asarray(values))
        for name, values in inputs.items()
        if trim_padding and len(values.shape) == 2 and np.issubdtype(values.dtype, np.integer)
    }
    order = np.argsort(sum(sequences.values(), start=np.zeros(count, int)), kind="stable")[::-1]
    start = 0
    while start < count:
        first = order[start]
        width = max(
            (
                _rounded(sequences[name][first], values.shape[1])
                if name in sequences
                else int(np.prod(values.shape[1:]))
                for name, values in inputs.items()
            ),
            default=1,
        )
        rows = order[start : start + min(ROWS, max(1, VALUES // max(width, 1)))]
        start += len(rows)
        filled = np.concatenate([rows, np.repeat(rows[-1:], 2 ** (len(rows) - 1).bit_length() - len(rows))])
        arrays = {name: values[filled] for name, values in inputs.items()}
        for name, lengths in sequences.items():
            arrays[name] = arrays[name][:, : _rounded(lengths[rows].max(), arrays[name].shape[1])]
        yield rows, arrays


def _lengths(tokens: np.ndarray) -> np.ndarray:
    """(n, L) -> (n,) lengths without the padding on the right."""
    filled = tokens != 0
    return np.where(filled.any(axis=1), tokens.shape[1] - np.argmax(filled[:, ::-1], axis=1), 0)


def _rounded(length: int, longest: int) -> int:
    """The next of few lengths: a power of two, or three quarters of one."""
    size = SHORTEST
    while size < length:
        size = size * 3 // 2 if size & (size - 1) == 0 else size * 4 // 3
    return int(min(size, longest))
