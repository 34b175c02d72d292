"""Fire module: few channels are squeezed out of many before the dear 3x3 convolution. Iandola et al. 2016, figure 1."""

import keras
from keras import layers

from blocks.checks import require_integer, require_rank


def fire_module(x: keras.KerasTensor, squeeze: int, expand: int | None = None, *, name: str) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H, W, 2 * expand): 1x1 to `squeeze` channels, then 1x1 beside 3x3 to `expand` each.

    `expand` is 4 * `squeeze` where it is not given, as in SqueezeNet.
    """
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    squeeze = require_integer("squeeze", squeeze)
    expand = 4 * squeeze if expand is None else require_integer("expand", expand)
    x = layers.Conv2D(squeeze, 1, activation="relu", name=f"{name}_squeeze")(x)
    wide = [
        layers.Conv2D(expand, size, padding="same", activation="relu", name=f"{name}_expand{size}x{size}")(x)
        for size in (1, 3)
    ]
    return layers.Concatenate(name=f"{name}_concat")(wide)
