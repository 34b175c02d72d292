"""A small convolutional network for sounds of any kind and length: what it hears counts, not when."""

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers

from blocks.checks import require_integer, require_share
from blocks.convolution import conv_norm_act
from zoo.errors import ConfigError
from zoo.models.outputs import Outputs, heads_of

LABEL: Outputs = {"label": {"kind": "classification", "classes": 10}}


def sound_cnn(
    *,
    input_shape: Sequence[int] = (96, 128, 1),
    outputs: Outputs = LABEL,
    filters: Sequence[int] = (24, 48, 96, 192),
    dropout: float = 0.4,
    name: str = "sound_cnn",
) -> keras.Model:
    """sound (B, mel bands, frames, 1) -> heads: a convolution and a maximum over 2x2 places at each stage.

    Bands are averaged last; of the frames the heads read mean and maximum. Kong et al. 2020, PANNs, the network CNN6 in
    small. Raises `ConfigError` for another shape, or one that is smaller than what the stages take together.
    """
    least = 2 ** len(filters)
    fits = len(input_shape) == 3 and all(type(side) is int for side in input_shape) and input_shape[2] == 1
    if not fits or min(input_shape[:2]) < least:
        raise ConfigError(
            f"'input_shape' of {name} must be (mel bands, frames, 1), at least {least} of each; received "
            f"{tuple(input_shape)!r}."
        )
    sound = keras.Input(tuple(input_shape), name="sound")
    x = layers.BatchNormalization(axis=1, name="bands_bn")(sound)  # one mean and deviation a mel band
    for stage, width in enumerate(filters, start=1):
        names = (f"conv{stage}", f"bn{stage}", f"relu{stage}")
        x = conv_norm_act(x, require_integer("filters", width), 3, names=names)
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)  # (B, bands / 2**stage, frames / 2**stage, width)
    x = keras.ops.mean(x, axis=1)  # (B, frames / 2**stages, filters[-1])
    pooled = [layers.GlobalAveragePooling1D(name="time_mean")(x), layers.GlobalMaxPooling1D(name="time_max")(x)]
    x = layers.Concatenate(name="mean_and_max")(pooled)
    x = layers.Dropout(require_share("dropout", dropout), name="dropout")(x)
    return keras.Model([sound], heads_of(x, outputs), name=name)


sound_cnn_tiny = partial(
    sound_cnn,
    input_shape=(8, 16, 1),
    outputs={"label": {"kind": "classification", "classes": 4}},
    filters=(8, 16),
    dropout=0.0,
    name="sound_cnn_tiny",
)
