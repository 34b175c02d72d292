"""Inverted residuals: a block widens, looks around, and narrows; the shortcut joins its narrow ends.

Sandler et al. 2018 (MobileNetV2); with squeeze and excitation, Tan et al. 2018; fused, Tan and Le 2021.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import layers

from blocks.checks import require_integer, require_rank
from blocks.convolution import Layer, conv_norm_act
from blocks.convolution import drop_path as dropped
from blocks.squeeze_excite import NAMES as SQUEEZE_NAMES
from blocks.squeeze_excite import squeeze_excite

# the layers of each part of a block: convolution, normalisation, activation; each name is put behind the block's
NAMES: dict[str, Any] = {
    "expand": ("expand_conv", "expand_bn", "expand_activation"),
    "depthwise": ("dwconv", "bn", "activation"),
    "squeeze": SQUEEZE_NAMES,
    "project": ("project_conv", "project_bn", "project_activation"),
    "skip": ("drop", "add"),
}


def make_divisible(channels: float, divisor: int = 8, *, share: float = 0.9) -> int:
    """The multiple of `divisor` next to `channels`: at least `divisor`, and never below `share` of `channels`.

    >>> make_divisible(12), make_divisible(33.6), make_divisible(3)
    (16, 32, 8)
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < share * channels else nearest


def inverted_residual(
    x: keras.KerasTensor,
    filters: int,
    *,
    hidden: int,
    kernel: int = 3,
    stride: int = 1,
    squeeze: int = 0,
    drop_path: float = 0.0,
    conv: Layer = layers.Conv2D,
    depthwise: Layer = layers.DepthwiseConv2D,
    norm: Layer = layers.BatchNormalization,
    act: str = "relu6",
    excite: Callable[..., Any] = squeeze_excite,
    names: Mapping[str, Any] = NAMES,
    name: str,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, filters) by way of `hidden` channels.

    1x1 to `hidden` channels (none where `hidden` is C), depthwise `kernel`, `excite` with `squeeze` units (0: none),
    1x1 to `filters`, which is linear. `x` is added where its shape is the result's; `drop_path` then drops the block
    at random in training.
    """
    _require(x, filters, hidden, stride)
    parts = _names(names, name)
    y = (
        x
        if hidden == x.shape[-1]
        else conv_norm_act(x, hidden, 1, names=parts["expand"], conv=conv, norm=norm, act=act)
    )
    y = conv_norm_act(
        y, None, kernel, strides=stride, names=parts["depthwise"], conv=depthwise, norm=norm, act=act
    )  # (B, H/stride, W/stride, hidden)
    if require_integer("squeeze", squeeze, least=0):
        y = excite(y, squeeze, conv=conv, names=parts["squeeze"])
    y = conv_norm_act(y, filters, 1, names=parts["project"], conv=conv, norm=norm, act=None)
    return _skip(x, y, stride, drop_path, parts["skip"])


def fused_inverted_residual(
    x: keras.KerasTensor,
    filters: int,
    *,
    hidden: int,
    kernel: int = 3,
    stride: int = 1,
    drop_path: float = 0.0,
    conv: Layer = layers.Conv2D,
    norm: Layer = layers.BatchNormalization,
    act: str = "swish",
    names: Mapping[str, Any] = NAMES,
    name: str,
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, filters): widening and looking around are one convolution.

    `kernel` to `hidden` channels, then 1x1 to `filters`, which is linear; where `hidden` is C, one convolution with
    its activation. Tan and Le 2021, figure 2.
    """
    _require(x, filters, hidden, stride)
    parts = _names(names, name)
    bound: dict[str, Any] = {"conv": conv, "norm": norm}
    if hidden == x.shape[-1]:
        y = conv_norm_act(x, filters, kernel, strides=stride, names=parts["project"], act=act, **bound)
    else:
        y = conv_norm_act(x, hidden, kernel, strides=stride, names=parts["expand"], act=act, **bound)
        y = conv_norm_act(y, filters, 1, names=parts["project"], act=None, **bound)
    return _skip(x, y, stride, drop_path, parts["skip"])


def _require(x: keras.KerasTensor, filters: int, hidden: int, stride: int) -> None:
    require_rank("x", x, (4,), "images or feature maps, (B, H, W, C)")
    require_integer("filters", filters)
    require_integer("hidden", hidden)
    require_integer("stride", stride)


def _names(names: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {part: tuple(f"{name}_{layer}" for layer in its_layers) for part, its_layers in names.items()}


def _skip(
    x: keras.KerasTensor, y: keras.KerasTensor, stride: int, drop_path: float, names: tuple[str, str]
) -> keras.KerasTensor:
    """`x` added to what the layers made of it, where nothing changed the shape."""
    if stride > 1 or x.shape[-1] != y.shape[-1]:
        return y
    return layers.Add(name=names[1])([x, dropped(y, drop_path, name=names[0])])
