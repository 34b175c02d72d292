"""The block of ConvNeXt: a residual block with the proportions of a transformer's. Liu et al. 2022."""

import keras
from keras import layers

from blocks.checks import require_rank
from blocks.convolution import drop_path as dropped

EPSILON = 1e-6  # of every normalisation of the network


def convnext_block(
    x: keras.KerasTensor, *, scale: float = 1e-6, drop_path: float = 0.0, name: str
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H, W, C). Liu et al. 2022, figure 4.

    Depthwise 7x7, layer normalisation, dense to 4 C with exact GELU, dense to C; the result, each channel multiplied
    by a learnt number that begins at `scale` (Touvron et al. 2021), is added to `x`.
    """
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    channels = x.shape[-1]
    y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise_conv")(x)
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_layernorm")(y)
    y = layers.Dense(4 * channels, name=f"{name}_pointwise_conv_1")(y)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Dense(channels, name=f"{name}_pointwise_conv_2")(y)
    # a depthwise convolution of one pixel is a learnt number for each channel, and as fast as a product
    start = keras.initializers.Constant(scale)
    y = layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer=start, name=f"{name}_layer_scale")(y)
    return layers.Add(name=f"{name}_add")([x, dropped(y, drop_path, name=f"{name}_drop_path")])
