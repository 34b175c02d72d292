"""Residual connections: the output of layers is added to their input, so that a gradient has a short way back.

He et al. 2015, "Deep Residual Learning for Image Recognition".
"""

import keras
from keras import layers

from blocks.checks import require_integer, require_rank

CONVOLUTIONS = {3: layers.Conv1D, 4: layers.Conv2D, 5: layers.Conv3D}


def residual_connection(x: keras.KerasTensor, y: keras.KerasTensor, *, stride: int = 1, name: str) -> keras.KerasTensor:
    """x (B, ..., C) and y, what layers made of it, (B, .../stride, C') -> x + y, of the shape of y.

    `x` is added as it is when `stride` is 1 and the channels agree; else a 1x1 convolution of that stride brings it to
    the shape of `y`. Sequences, images and volumes; the layers above `y` must use "same" padding.
    """
    rank = require_rank("x", x, tuple(CONVOLUTIONS), "(B, ..., C) with one to three dimensions of space")
    require_rank("y", y, (rank,), f"of the same number of dimensions as x, {rank}")
    require_integer("stride", stride)
    if stride > 1 or x.shape[-1] != y.shape[-1]:
        project = CONVOLUTIONS[rank](y.shape[-1], 1, strides=stride, padding="same", name=f"{name}_projection")
        x = project(x)
    if any(None not in (ours, theirs) and ours != theirs for ours, theirs in zip(x.shape, y.shape, strict=True)):
        raise ValueError(
            f"With stride={stride} the shortcut has the shape {tuple(x.shape)}, but the layers end at "
            f"{tuple(y.shape)}: 'stride' must be the product of their strides, and their padding 'same'."
        )
    return layers.Add(name=f"{name}_add")([x, y])


def residual_block(x: keras.KerasTensor, filters: int, *, stride: int = 1, name: str) -> keras.KerasTensor:
    """(B, ..., C) -> (B, .../stride, filters): two convolutions of width 3 and the shortcut around them.

    He et al. 2015, figure 2, without normalisation. The first convolution carries the stride.
    """
    rank = require_rank("x", x, tuple(CONVOLUTIONS), "(B, ..., C) with one to three dimensions of space")
    require_integer("filters", filters)
    require_integer("stride", stride)
    convolution = CONVOLUTIONS[rank]
    y = convolution(filters, 3, strides=stride, padding="same", activation="relu", name=f"{name}_conv1")(x)
    y = convolution(filters, 3, padding="same", name=f"{name}_conv2")(y)
    return layers.ReLU(name=f"{name}_relu")(residual_connection(x, y, stride=stride, name=name))
