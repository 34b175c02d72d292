"""What stands where an input is hidden, and how maps of pixels are made of values of colours."""

from typing import Any

import numpy as np

from zoo.errors import ConfigError, is_number, require_known

FILLS = ("mean", "zero", "blur")
BLUR = 8  # a share of the sides, over which a blurred picture is averaged


def filled(value: np.ndarray, fill: Any = "mean") -> np.ndarray:
    """What replaces an input (...) in the model's own numbers, of its shape.

    "mean": each channel's mean over the picture; "zero": 0; "blur": means over an eighth of the sides; a number; or an
    array of the shape.
    """
    if is_number(fill):
        return np.full_like(value, fill)
    if isinstance(fill, np.ndarray):
        if fill.shape != value.shape:
            raise ConfigError(f"What is filled in must have the input's shape {value.shape}; received {fill.shape}.")
        return fill.astype(value.dtype)
    require_known("fill", fill, FILLS)
    if fill == "zero":
        return np.zeros_like(value)
    if fill == "mean" or value.ndim < 3:
        axes = tuple(range(value.ndim - 1)) or None
        return np.broadcast_to(value.mean(axis=axes, keepdims=value.ndim > 1), value.shape).astype(value.dtype)
    return _blurred(value)


def _blurred(value: np.ndarray) -> np.ndarray:
    """(H, W, C): two passes of a box, its edges repeated."""
    found = value.astype(np.float64)
    for axis in (0, 1, 0, 1):
        side = max(1, found.shape[axis] // BLUR)
        pad = [(side, side) if each == axis else (0, 0) for each in range(3)]
        sums = np.cumsum(np.pad(found, pad, mode="edge"), axis=axis)
        length = found.shape[axis]
        high = np.take(sums, np.arange(length) + side + side // 2, axis=axis)
        low = np.take(sums, np.arange(length) + side // 2, axis=axis)
        found = (high - low) / side
    return found.astype(value.dtype)


def map_of(values: np.ndarray, *, signed: bool) -> np.ndarray:
    """(H, W, C) -> (H, W): the sum over colours; of gradients, whose sign says little, the largest |value|."""
    return values.sum(axis=-1) if signed else np.abs(values).max(axis=-1)
