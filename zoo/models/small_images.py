"""Networks for pictures of a few dozen pixels a side: the first ones of every course, and the fast ones of CIFAR-10."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from blocks.checks import require_integer, require_share
from blocks.convolution import conv_norm_act
from blocks.residual import basic_block
from zoo.errors import ConfigError
from zoo.models.outputs import Outputs, heads_of

Tensor = Any
DIGITS: Outputs = {"label": {"kind": "classification", "classes": 10}}
DIGIT, PHOTO = (28, 28, 1), (32, 32, 3)
norm = partial(layers.BatchNormalization, epsilon=1e-5, momentum=0.9)


def image_softmax(
    *, input_shape: Sequence[int] = DIGIT, outputs: Outputs = DIGITS, name: str = "image_softmax"
) -> keras.Model:
    """image (B, H, W, C) -> a linear head on all pixels for each output: softmax regression."""
    image = _image(input_shape)
    pixels = layers.Flatten(name="pixels")(image)  # (B, H * W * C)
    return keras.Model([image], heads_of(pixels, outputs), name=name)


def image_mlp(
    *,
    input_shape: Sequence[int] = DIGIT,
    outputs: Outputs = DIGITS,
    units: Sequence[int] = (512, 512),
    dropout: float = 0.3,
    name: str = "image_mlp",
) -> keras.Model:
    """image (B, H, W, C) -> heads over dense layers of all pixels, normalised, with dropout."""
    image = _image(input_shape)
    x = layers.Flatten(name="pixels")(image)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(require_integer("units", width), use_bias=False, name=f"hidden{number}")(x)
        x = layers.Activation("relu", name=f"hidden{number}_relu")(norm(name=f"hidden{number}_bn")(x))
        x = layers.Dropout(require_share("dropout", dropout), name=f"hidden{number}_dropout")(x)
    return keras.Model([image], heads_of(x, outputs), name=name)


def mnist_cnn(
    *,
    input_shape: Sequence[int] = DIGIT,
    outputs: Outputs = DIGITS,
    filters: Sequence[int] = (32, 64, 128),
    units: int = 256,
    dropout: float = 0.4,
    name: str = "mnist_cnn",
) -> keras.Model:
    """image (B, H, W, C) -> heads: stages of two 3x3 convolutions at half the size each, one dense layer.

    The second convolution of a stage strides where another one follows. Simonyan and Zisserman 2014, in small; batch
    norm after Ioffe and Szegedy 2015.
    """
    image = x = _image(input_shape)
    for stage, width in enumerate(filters, start=1):
        for number in (1, 2):
            place = f"conv{stage}_{number}"
            strides = 2 if number == 2 and stage < len(filters) else 1
            x = conv_norm_act(x, width, 3, strides=strides, norm=norm, names=(place, f"{place}_bn", f"{place}_relu"))
    x = layers.GlobalMaxPooling2D(name="max_pool")(x)  # (B, filters[-1])
    x = layers.Dropout(require_share("dropout", dropout), name="dropout")(x)
    x = layers.Dense(require_integer("units", units), activation="relu", name="hidden")(x)
    return keras.Model([image], heads_of(x, outputs), name=name)


def resnet20(
    *,
    input_shape: Sequence[int] = PHOTO,
    outputs: Outputs = DIGITS,
    depth: int = 3,
    widths: Sequence[int] = (16, 32, 64),
    name: str = "resnet20",
) -> keras.Model:
    """image (B, H, W, C) -> heads: three stages of `depth` residual blocks. He et al. 2015, section 4.2."""
    image = _image(input_shape)
    block = partial(basic_block, norm=norm, use_bias=False)
    x = conv_norm_act(image, widths[0], 3, norm=norm, use_bias=False, names=("conv1", "bn1", "relu1"))
    for stage, width in enumerate(widths, start=1):
        for number in range(require_integer("depth", depth)):
            stride = 2 if stage > 1 and number == 0 else 1
            x = block(x, width, stride=stride, name=f"stage{stage}_block{number + 1}")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)  # (B, widths[-1])
    return keras.Model([image], heads_of(x, outputs), name=name)


def airbench94(
    *,
    input_shape: Sequence[int] = PHOTO,
    outputs: Outputs = DIGITS,
    widths: Sequence[int] = (64, 256, 256),
    name: str = "airbench94",
) -> keras.Model:
    """image (B, H, W, C) -> heads: a whitening convolution and three blocks. Jordan 2024, arXiv 2404.00498.

    The kernel of "whitening" (2x2) is not trained: a recipe sets it to the eigenvectors of the training pictures'
    patches (`whiten`). Each block is two 3x3 convolutions with a maximum over 2x2 after the first.
    """
    image = _image(input_shape)
    channels = input_shape[-1]
    whitening = layers.Conv2D(2 * 4 * channels, 2, trainable=False, name="whitening")
    x = layers.Activation("gelu", name="whitening_gelu")(whitening(image))
    for stage, width in enumerate(widths, start=1):
        for number in (1, 2):
            place = f"block{stage}_conv{number}"
            x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=place)(x)
            if number == 1:
                x = layers.MaxPooling2D(2, name=f"block{stage}_pool")(x)
            x = layers.BatchNormalization(scale=False, epsilon=1e-12, momentum=0.6, name=f"{place}_bn")(x)
            x = layers.Activation("gelu", name=f"{place}_gelu")(x)
    x = layers.GlobalMaxPooling2D(name="max_pool")(x)  # (B, widths[-1])
    x = layers.Rescaling(1 / 9, name="scaled")(x)
    return keras.Model([image], heads_of(x, outputs), name=name)


mnist_cnn_tiny = partial(mnist_cnn, filters=(4, 8), units=8, name="mnist_cnn_tiny")


def _image(shape: Any) -> Tensor:
    fits = isinstance(shape, Sequence) and len(shape) == 3 and all(type(side) is int and side > 0 for side in shape)
    if not fits:
        raise ConfigError(f"'input_shape' must be (height, width, channels), as in (28, 28, 1); received {shape!r}.")
    return keras.Input(tuple(shape), name="image")
