"""Layers that pad as PyTorch and Caffe do: alike on all sides, where "same" at stride 2 may pad the far side alone.

Weights trained with one padding predict wrongly with the other, though every shape agrees.
"""

from typing import Any

import keras
from keras import layers

from blocks.checks import require_integer


def symmetric_conv(
    filters: int, kernel: int, *, name: str, strides: int = 1, padding: int | str = "same", **options: Any
) -> Any:
    """A 2D convolution, to be called on (B, H, W, C): (kernel - 1) / 2 zeros on all four sides, or `padding` zeros.

    "valid" adds none. `kernel` is odd where the padding is "same". `options` are those of `keras.layers.Conv2D`.
    """
    if padding == "same" and strides > 1:
        padding = (kernel - 1) // 2
    if not padding or isinstance(padding, str):
        return layers.Conv2D(filters, kernel, strides=strides, padding=padding or "valid", name=name, **options)
    pad = layers.ZeroPadding2D(padding, name=f"{name}_pad")
    convolution = layers.Conv2D(filters, kernel, strides=strides, name=name, **options)
    return lambda x: convolution(pad(x))


def symmetric_max_pool(x: keras.KerasTensor, size: int = 3, *, stride: int = 2, name: str) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, (H - 1) // stride + 1, ., C) with an odd `size`: (size - 1) / 2 zeros on all four sides.

    Zeros are what PyTorch's minus infinity is, as long as `x` has no negative numbers (after a ReLU).
    """
    x = layers.ZeroPadding2D((require_integer("size", size) - 1) // 2, name=f"{name}_pad")(x)
    return layers.MaxPooling2D(size, strides=stride, name=name)(x)


def ceil_max_pool(x: keras.KerasTensor, size: int = 3, *, stride: int = 2, name: str) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, ceil((H - size) / stride) + 1, ., C): the last window may reach over the edge.

    PyTorch's `ceil_mode`, Caffe's only mode. `x` must have no negative numbers (after a ReLU): the edge is zeros.
    """
    over = require_integer("stride", stride) - 1
    if require_integer("size", size) < stride:
        raise ValueError(f"'size' must be at least 'stride', {stride}, or the last window could miss; received {size}.")
    x = layers.ZeroPadding2D(((0, over), (0, over)), name=f"{name}_pad")(x)
    return layers.MaxPooling2D(size, strides=stride, name=name)(x)
