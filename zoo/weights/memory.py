"""Memory that every backend takes as it is: weights are read from the file to where they stay."""

import math
import mmap
from typing import Any

import numpy as np

ALIGNMENT = 64  # bytes; TensorFlow and JAX copy arrays that begin anywhere else
LARGE = 2**20  # bytes, from which on a mapping of its own is worth its call of the system


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array for numbers to be read into, zeros until then.

    Not of `np.empty`, which asks the system for huge pages: in a virtual machine their first use took four times as
    long as reading the numbers. Large memory is made present at once, where the system can: one by one its pages take
    a sixth longer.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    block = np.frombuffer(_zeros(size + ALIGNMENT), np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size].view(dtype).reshape(shape)


def _zeros(size: int) -> bytearray | mmap.mmap:
    if size < LARGE or not hasattr(mmap, "MAP_POPULATE"):  # which only Linux has
        return bytearray(size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)


def can_be_shared(array: np.ndarray) -> bool:
    """Whether a backend may use the array's memory for its own."""
    plain = array.flags.c_contiguous and array.flags.writeable and array.dtype.isnative
    return plain and array.size > 0 and array.ctypes.data % ALIGNMENT == 0
