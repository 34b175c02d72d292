"""The unit of networks of separable convolutions: activation first, then depthwise and pointwise at once, then norm."""

import keras
from keras import layers

from blocks.convolution import Layer


def act_separable_norm(
    x: keras.KerasTensor,
    filters: int,
    kernel: int = 3,
    *,
    names: tuple[str | None, str, str],
    strides: int = 1,
    norm: Layer = layers.BatchNormalization,
    act: str = "relu",
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/strides, W/strides, filters). Chollet 2016, "Xception", figure 5.

    `names` are those of the activation, the convolution and the normalisation; no activation where the first is None.
    """
    if names[0] is not None:
        x = layers.Activation(act, name=names[0])(x)
    x = layers.SeparableConv2D(filters, kernel, strides=strides, padding="same", use_bias=False, name=names[1])(x)
    return norm(name=names[2])(x)
