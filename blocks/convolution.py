"""The units that image models are made of: convolution, normalisation, activation; and paths dropped at random.

A family binds its constants once, and hands the bound layers to the blocks:

    norm = partial(layers.BatchNormalization, epsilon=1.001e-5, momentum=0.99)
    x = conv_norm_act(x, 64, 7, strides=2, norm=norm, names=("conv1_conv", "conv1_bn", "conv1_relu"))
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from blocks.checks import require_share

Layer = Callable[..., Any]


def conv_norm_act(
    x: keras.KerasTensor,
    filters: int | None,
    kernel: int | tuple[int, int],
    *,
    names: tuple[str, str, str | None],
    strides: int = 1,
    padding: str = "same",
    use_bias: bool = False,
    conv: Layer = layers.Conv2D,
    norm: Layer = layers.BatchNormalization,
    act: str | Layer | None = "relu",
) -> keras.KerasTensor:
    """(B, H, W, C) -> (B, H/strides, W/strides, filters). Ioffe and Szegedy 2015.

    `names` of the three layers; without `act` the third is None. `filters` is None for a depthwise `conv`.
    """
    options: dict[str, Any] = {"strides": strides, "padding": padding, "use_bias": use_bias, "name": names[0]}
    x = conv(kernel, **options)(x) if filters is None else conv(filters, kernel, **options)(x)
    x = norm(name=names[1])(x)
    if act is None:
        return x
    return (layers.Activation(act, name=names[2]) if isinstance(act, str) else act(name=names[2]))(x)


def drop_path(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    """(B, ...) -> (B, ...): in training, whole samples are zeroed with probability `rate`, the others scaled up.

    Stochastic depth, Huang et al. 2016: put it on the branch that a residual connection adds. No layer at rate 0.
    """
    if not require_share("rate", rate):
        return x
    return layers.Dropout(rate, noise_shape=(None, *[1] * (len(x.shape) - 1)), name=name)(x)
