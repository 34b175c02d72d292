"""A residual network for volumes of one channel, of any size: what it finds anywhere counts, and what they measure."""

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers

from blocks.checks import require_integer, require_share
from blocks.convolution import conv_norm_act
from blocks.residual import basic_block
from blocks.volume_measures import volume_measures
from zoo.errors import ConfigError
from zoo.models.outputs import Outputs, heads_of

POOLS = {
    "mean": partial(layers.AveragePooling3D, dtype="float32"),  # PyTorch has none of bfloat16 on a processor
    "max": layers.MaxPooling3D,
}
NORM = partial(layers.BatchNormalization, momentum=0.9)  # few volumes are few steps
LABEL: Outputs = {"label": {"kind": "classification", "classes": 2}}


def volume_classifier(
    *,
    input_shape: Sequence[int | None] = (None, None, None, 1),
    outputs: Outputs = LABEL,
    filters: Sequence[int] = (16, 32, 64),
    blocks: int = 1,
    dropout: float = 0.3,
    measures: bool = True,
    name: str = "volume_classifier",
) -> keras.Model:
    """volume (B, D, H, W, 1) -> heads: a convolution at half the size, then residual stages, each at half of the last.

    The heads read mean and maximum over all places, and `volume_measures` of the volume itself. He et al. 2015, figure
    5, left, in 3-D, as Yang et al. 2023 (MedMNIST v2) train ResNet-18 on volumes; here with fewer layers and filters.
    Sizes are halved by pools: a 3-D convolution with a stride is ten times as slow in TensorFlow's gradient on a
    processor as one without.

    filters  of the first convolution, and of each stage.
    blocks   of two convolutions each, in every stage.
    measures whether the heads read sizes, brightness and thickness too, which few volumes teach a network badly.

    Raises `ConfigError` for an input that is no volume of one channel.
    """
    sides = tuple(input_shape)[:-1]
    if len(input_shape) != 4 or input_shape[-1] != 1 or not all(each is None or type(each) is int for each in sides):
        raise ConfigError(
            f"'input_shape' of {name} must be (depth, height, width, 1), None where a side is free; received "
            f"{tuple(input_shape)!r}."
        )
    volume = keras.Input(tuple(input_shape), name="volume")
    halved = [pool(2, padding="same", name=f"stem_{what}")(volume) for what, pool in POOLS.items()]
    x = layers.Concatenate(name="stem_mean_and_max")(halved)  # (B, D/2, H/2, W/2, 2)
    names = ("stem_conv", "stem_bn", "stem_relu")
    x = conv_norm_act(x, require_integer("filters", filters[0]), 3, conv=layers.Conv3D, norm=NORM, names=names)
    for stage, width in enumerate(filters[1:], start=1):
        x = layers.MaxPooling3D(2, padding="same", name=f"stage{stage}_pool")(x)
        for block in range(1, require_integer("blocks", blocks) + 1):
            where = f"stage{stage}_block{block}"
            x = basic_block(x, require_integer("filters", width), conv=layers.Conv3D, norm=NORM, name=where)
    # (B, D/2**len(filters), H/2**len(filters), W/2**len(filters), filters[-1])
    pooled = [layers.GlobalAveragePooling3D(name="mean")(x), layers.GlobalMaxPooling3D(name="max")(x)]
    x = layers.Concatenate(name="mean_and_max")(pooled)
    x = layers.Dropout(require_share("dropout", dropout), name="dropout")(x)
    if measures:  # after the dropout: ratios are differences of measures that belong together
        x = layers.Concatenate(name="features_and_measures")([x, volume_measures(volume, name="measured")])
    return keras.Model([volume], heads_of(x, outputs), name=name)


volume_classifier_tiny = partial(
    volume_classifier, input_shape=(8, 8, 8, 1), filters=(4, 6), dropout=0.0, name="volume_classifier_tiny"
)
