"""Squeeze and excitation: an image's averages say how much each channel counts. Hu et al. 2017."""

import keras
from keras import layers

from blocks.checks import require_integer, require_rank
from blocks.convolution import Layer

NAMES = ("se_squeeze", "se_reduce", "se_expand", "se_excite")


def squeeze_excite(
    x: keras.KerasTensor,
    units: int,
    *,
    conv: Layer = layers.Conv2D,
    act: str = "relu",
    gate: str = "sigmoid",
    names: tuple[str, str, str, str] = NAMES,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H, W, C), each channel multiplied by a number from 0 to 1.

    Two 1x1 convolutions make the numbers of the channels' averages: `units` with `act`, then C with `gate`. `names`
    are those of the average, the two convolutions and the product.
    """
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    require_integer("units", units)
    squeeze, reduce, expand, excite = names
    weights = layers.GlobalAveragePooling2D(keepdims=True, name=squeeze)(x)  # (B, 1, 1, C)
    weights = conv(units, 1, activation=act, name=reduce)(weights)  # (B, 1, 1, units)
    weights = conv(x.shape[-1], 1, activation=gate, name=expand)(weights)
    return layers.Multiply(name=excite)([x, weights])
