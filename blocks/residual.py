"""Residual connections: the output of layers is added to their input, so that a gradient has a short way back.

He et al. 2015, "Deep Residual Learning for Image Recognition"; He et al. 2016, "Identity Mappings in Deep Residual
Networks". The blocks of ResNets take `conv` and `norm` with a family's constants bound, and `names`: from the name of
the block and the number of a convolution (0 is the shortcut's) to the names of convolution, normalisation, activation.
"""

from collections.abc import Callable, Sequence

import keras
from keras import layers

from blocks.checks import require_integer, require_rank
from blocks.convolution import Layer, conv_norm_act
from blocks.convolution import drop_path as dropped
from blocks.padding import symmetric_conv

Names = Callable[[str, int], tuple[str, str, str]]
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


def numbered(block: str, number: int) -> tuple[str, str, str]:
    """Names as in the ResNets of Keras: "block_1_conv", "block_1_bn", "block_1_relu"."""
    return f"{block}_{number}_conv", f"{block}_{number}_bn", f"{block}_{number}_relu"


def residual_unit(
    x: keras.KerasTensor,
    plan: Sequence[tuple[int, int, int]],
    *,
    name: str,
    conv: Layer = symmetric_conv,
    norm: Layer = layers.BatchNormalization,
    use_bias: bool = False,
    names: Names = numbered,
    drop_path: float = 0.0,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, F): normalised convolutions, a shortcut around them, ReLU on the sum.

    `plan` has (filters, kernel, stride) of each convolution. The shortcut is a 1x1 convolution where shapes differ.
    """
    stride = 1
    for _, _, step in plan:
        stride *= step
    shortcut, y, last = x, x, len(plan)
    if stride > 1 or x.shape[-1] != plan[-1][0]:
        shortcut = conv_norm_act(
            x, plan[-1][0], 1, strides=stride, conv=conv, norm=norm, use_bias=use_bias, act=None, names=names(name, 0)
        )
    for number, (filters, kernel, step) in enumerate(plan, start=1):
        act = None if number == last else "relu"
        layer_names = names(name, number)
        y = conv_norm_act(
            y, filters, kernel, strides=step, conv=conv, norm=norm, use_bias=use_bias, act=act, names=layer_names
        )
    y = layers.Add(name=f"{name}_add")([shortcut, dropped(y, drop_path, name=f"{name}_drop_path")])
    return layers.Activation("relu", name=f"{name}_out")(y)


def basic_block(
    x: keras.KerasTensor,
    filters: int,
    *,
    stride: int = 1,
    name: str,
    conv: Layer = symmetric_conv,
    norm: Layer = layers.BatchNormalization,
    use_bias: bool = False,
    names: Names = numbered,
    drop_path: float = 0.0,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, filters): two 3x3 convolutions. He et al. 2015, figure 5, left."""
    plan = [(filters, 3, stride), (filters, 3, 1)]
    return residual_unit(x, plan, name=name, conv=conv, norm=norm, use_bias=use_bias, names=names, drop_path=drop_path)


def bottleneck_block(
    x: keras.KerasTensor,
    filters: int,
    *,
    stride: int = 1,
    stride_in: int = 1,
    name: str,
    conv: Layer = symmetric_conv,
    norm: Layer = layers.BatchNormalization,
    use_bias: bool = False,
    names: Names = numbered,
    drop_path: float = 0.0,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, 4 * filters): 1x1, 3x3, 1x1. He et al. 2015, figure 5, right.

    `stride_in` says which convolution carries the stride: 1 as in the paper, 2 as in the form called v1.5.
    """
    steps = (stride, 1) if stride_in == 1 else (1, stride)
    plan = [(filters, 1, steps[0]), (filters, 3, steps[1]), (4 * filters, 1, 1)]
    return residual_unit(x, plan, name=name, conv=conv, norm=norm, use_bias=use_bias, names=names, drop_path=drop_path)


def preactivated_bottleneck(
    x: keras.KerasTensor,
    filters: int,
    *,
    stride: int = 1,
    name: str,
    conv: Layer = symmetric_conv,
    norm: Layer = layers.BatchNormalization,
    names: Names = numbered,
    drop_path: float = 0.0,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, 4 * filters): normalised and activated before each convolution.

    He et al. 2016, figure 4e. The sum is left as it is, so that `x` reaches the end of the network unchanged; where
    only the stride differs, every stride-th pixel of it does.
    """
    active = layers.Activation("relu", name=f"{name}_preact_relu")(norm(name=f"{name}_preact_bn")(x))
    shortcut = x
    if x.shape[-1] != 4 * filters:
        shortcut = conv(4 * filters, 1, strides=stride, name=names(name, 0)[0])(active)
    elif stride > 1:
        shortcut = layers.MaxPooling2D(1, strides=stride, name=f"{name}_0_pool")(x)
    y = conv_norm_act(active, filters, 1, conv=conv, norm=norm, names=names(name, 1))
    y = conv_norm_act(y, filters, 3, strides=stride, conv=conv, norm=norm, names=names(name, 2))
    y = conv(4 * filters, 1, name=names(name, 3)[0])(y)
    return layers.Add(name=f"{name}_out")([shortcut, dropped(y, drop_path, name=f"{name}_drop_path")])
