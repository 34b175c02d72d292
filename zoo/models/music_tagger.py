"""Convolutions over a spectrogram and recurrent layers over its time: tags of music, or any labels of sounds."""

import math
from collections.abc import Sequence
from functools import partial

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_share
from blocks.convolution import conv_norm_act
from blocks.statistics import mean_and_deviation, spectrogram_statistics
from zoo.errors import ConfigError
from zoo.models.outputs import Outputs, heads_of

TAGS: Outputs = {"tags": {"kind": "tags", "classes": 50}}
POOLS = ((2, 2), (3, 3), (4, 4), (4, 4))  # (mel bands, frames)
STAGE_DROPOUT = 0.1
norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.99)


def music_tagger_crnn(
    *,
    input_shape: Sequence[int] = (96, 1366, 1),
    outputs: Outputs = TAGS,
    filters: Sequence[int] = (64, 128, 128, 128),
    pools: Sequence[Sequence[int]] = POOLS,
    units: Sequence[int] = (32, 32),
    dropout: float = 0.3,
    statistics: bool = False,
    name: str = "music_tagger_crnn",
) -> keras.Model:
    """sound (B, mel bands, frames, 1) in decibels -> {"tags": (B, 50) probabilities}.

    Each stage is a convolution, batch norm, ELU and a maximum over (mel bands, frames) of `pools`; what is left of the
    frames, (B, frames / 96, 128), two GRUs read. Frames are padded with 0 on both sides to a multiple of what the pools
    take together, mel bands must be one; the first batch norm has one mean and deviation a *frame*, as in the published
    file.

    statistics  the heads read mean and deviation of every stage too (Choi et al. 2017, Transfer learning for music
                classification and regression tasks), and `spectrogram_statistics` of the sound itself, beside the
                state of the last GRU.

    Choi et al. 2017, Convolutional recurrent neural networks for music classification. Raises `ConfigError` for a shape
    that does not fit the pools.
    """
    if len(filters) != len(pools) or not filters:
        raise ConfigError(f"'filters' and 'pools' of {name} need a number each for every stage; received {filters!r} "
                          f"and {pools!r}.")  # fmt: skip
    bands, frames = _shape(input_shape, [math.prod(pool[axis] for pool in pools) for axis in (0, 1)], name)
    sound = keras.Input((bands, int(input_shape[1]), 1), name="sound")
    missing = frames - int(input_shape[1])
    x = layers.ZeroPadding2D(((0, 0), (missing // 2, missing - missing // 2)), name="pad_frames")(sound)
    x = norm(axis=2, name="frames_bn")(x)  # (B, bands, frames, 1)
    read = spectrogram_statistics(sound) if statistics else []
    for stage, (width, pool) in enumerate(zip(filters, pools, strict=True), start=1):
        names = (f"conv{stage}", f"bn{stage}", f"elu{stage}")
        x = conv_norm_act(x, require_integer("filters", width), 3, use_bias=True, norm=norm, act="elu", names=names)
        x = layers.MaxPooling2D(tuple(pool), name=f"pool{stage}")(x)
        read += mean_and_deviation(x) if statistics else []
        x = layers.Dropout(STAGE_DROPOUT if dropout else 0.0, name=f"dropout{stage}")(x)
    x = ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))  # (B, frames / 96, filters[-1])
    for number, width in enumerate(units, start=1):
        x = layers.GRU(
            require_integer("units", width),
            recurrent_activation="hard_sigmoid",
            reset_after=False,
            return_sequences=number < len(units),
            name=f"gru{number}",
        )(x)
    x = layers.Concatenate(name="features")([*read, x]) if read else x
    x = layers.Dropout(require_share("dropout", dropout), name="dropout")(x)
    return keras.Model([sound], heads_of(x, outputs), name=name)


def _shape(given: Sequence[int], least: Sequence[int], name: str) -> tuple[int, int]:
    """(mel bands, frames with those that are padded)."""
    fits = len(given) == 3 and all(type(side) is int and side > 0 for side in given) and given[2] == 1
    if not fits or given[0] != least[0]:
        raise ConfigError(
            f"'input_shape' of {name} must be ({least[0]} mel bands, frames, 1), as many bands as its pools take "
            f"together; received {tuple(given)!r}."
        )
    return given[0], -(-given[1] // least[1]) * least[1]


music_tagger_crnn_tiny = partial(
    music_tagger_crnn,
    input_shape=(8, 30, 1),
    outputs={"label": {"kind": "classification", "classes": 4}},
    filters=(4, 8),
    pools=((2, 2), (4, 4)),
    units=(8,),
    dropout=0.0,
    name="music_tagger_crnn_tiny",
)
