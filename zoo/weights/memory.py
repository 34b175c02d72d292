"""Memory that every backend takes as it is: weights are read from the file to where they stay."""

import math
from typing import Any

import numpy as np

ALIGNMENT = 64  # bytes; TensorFlow and JAX copy arrays that begin anywhere else


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array for numbers to be read into, zeros until then.

    Not of `np.empty`, which asks the system for huge pages: in a virtual machine their first use took four times as
    long as reading the numbers.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    block = np.frombuffer(bytearray(size + ALIGNMENT), np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size].view(dtype).reshape(shape)


def can_be_shared(array: np.ndarray) -> bool:
    """Whether a backend may use the array's memory for its own."""
    plain = array.flags.c_contiguous and array.flags.writeable and array.dtype.isnative
    return plain and array.size > 0 and array.ctypes.data % ALIGNMENT == 0
