"""Inception module: branches of different depth and width look at one input, and their channels are concatenated."""

from collections.abc import Sequence

import keras
from keras import layers

from blocks.checks import require_integer, require_rank


def inception_module(
    x: keras.KerasTensor, filters: int | Sequence[int], *, stride: int = 2, name: str
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, ceil(H / stride), ceil(W / stride), sum of the filters of the four branches), any H and W.

    Szegedy et al. 2014, in the form of Chollet 2017, "Deep Learning with Python", section 7.1.4: a 1x1 convolution;
    1x1 then 3x3; 3x3 average pooling then 3x3; 1x1, 3x3, 3x3. `filters` is one number for all branches, or four.
    `stride` falls on the first layer of the first and third branch and on the last layer of the others; 1 keeps the
    size, as inside the towers of the Inception networks. With "valid" padding the branches end at different sizes;
    "same" padding lines them up and changes no parameter.
    """
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    require_integer("stride", stride)
    of_branch = [filters] * 4 if isinstance(filters, int) else list(filters)
    if len(of_branch) != 4:
        raise ValueError(f"'filters' must be one number or four, one for each branch; received {filters!r}.")
    a, b, c, d = (require_integer("filters", number) for number in of_branch)

    def conv(x: keras.KerasTensor, filters: int, size: int, stride: int, layer: str) -> keras.KerasTensor:
        return layers.Conv2D(filters, size, strides=stride, padding="same", activation="relu", name=f"{name}_{layer}")(
            x
        )

    branch_a = conv(x, a, 1, stride, "a_conv")
    branch_b = conv(conv(x, b, 1, 1, "b_conv1"), b, 3, stride, "b_conv2")
    pooled = layers.AveragePooling2D(3, strides=stride, padding="same", name=f"{name}_c_pool")(x)
    branch_c = conv(pooled, c, 3, 1, "c_conv")
    branch_d = conv(conv(conv(x, d, 1, 1, "d_conv1"), d, 3, 1, "d_conv2"), d, 3, stride, "d_conv3")
    return layers.Concatenate(name=f"{name}_concat")([branch_a, branch_b, branch_c, branch_d])
