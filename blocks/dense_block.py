"""Dense blocks: every layer sees the features of all layers before it, and adds a few of its own.

Huang et al. 2016, "Densely Connected Convolutional Networks".
"""

import keras
from keras import layers

from blocks.checks import require_integer
from blocks.convolution import Layer


def dense_block(
    x: keras.KerasTensor,
    depth: int,
    growth: int,
    *,
    norm: Layer = layers.BatchNormalization,
    act: str = "relu",
    name: str,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H, W, C + depth * growth): `depth` layers of `growth` features, each a bottleneck of
    1x1 (4 * growth) and 3x3 convolutions with normalisation and activation before them (section 3, DenseNet-B)."""
    require_integer("growth", growth)
    for number in range(1, require_integer("depth", depth) + 1):
        unit = f"{name}_block{number}"
        y = norm_act(x, norm=norm, act=act, names=(f"{unit}_0_bn", f"{unit}_0_relu"))
        y = layers.Conv2D(4 * growth, 1, use_bias=False, name=f"{unit}_1_conv")(y)
        y = norm_act(y, norm=norm, act=act, names=(f"{unit}_1_bn", f"{unit}_1_relu"))
        y = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{unit}_2_conv")(y)
        x = layers.Concatenate(name=f"{unit}_concat")([x, y])
    return x


def norm_act(
    x: keras.KerasTensor, *, names: tuple[str, str], norm: Layer = layers.BatchNormalization, act: str = "relu"
) -> keras.KerasTensor:
    """(B, ..., C) -> (B, ..., C): what stands before a convolution in pre-activated networks."""
    return layers.Activation(act, name=names[1])(norm(name=names[0])(x))
