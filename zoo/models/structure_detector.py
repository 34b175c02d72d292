"""A small 3-D encoder-decoder that says where small structures are: a map of their centres, and one of their radii.

Of any size of volume: it is trained on windows and searches whole volumes.
"""

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers

from blocks.checks import require_integer
from blocks.convolution import conv_norm_act
from blocks.heads import heat_map_head, map_regression_head, mask_head
from zoo.errors import ConfigError
from zoo.models.outputs import Outputs, require_outputs

CENTRES: Outputs = {"centre": {"kind": "heat_map"}, "radius": {"kind": "regression"}}
KINDS = ("heat_map", "regression", "mask")
STRIDES = (1, 2)
LEVELS = (2, 4)  # at least and at most: windows to train on and to search have sides of multiples of 8
conv3d = partial(conv_norm_act, conv=layers.Conv3D)


def structure_detector(
    *,
    input_shape: Sequence[int | None] = (None, None, None, 1),
    outputs: Outputs = CENTRES,
    filters: Sequence[int] = (8, 16, 32),
    stride: int = 2,
    name: str = "structure_detector",
) -> keras.Model:
    """volume (B, D, H, W, 1) -> maps (B, D/stride, H/stride, W/stride, channels): a heat map of centres (sigmoid), a
    map of numbers such as radii, or a mask (softmax over its classes), as `outputs` name them.

    Skip connections are added, which costs a third less than joining them (Chaurasia and Culurciello 2017, LinkNet).
    Sides are multiples of 2 ** (len(filters) - 1). Ronneberger et al. 2015, U-Net, and Cicek et al. 2016, 3D U-Net; the
    centres as in Zhou et al. 2019, Objects as Points. Raises `ConfigError` for other shapes, strides and outputs.
    """
    require_outputs(outputs, KINDS)
    if stride not in STRIDES or not LEVELS[0] <= len(filters) <= LEVELS[1]:
        raise ConfigError(
            f"{name} needs {LEVELS[0]} to {LEVELS[1]} filters, as it reads windows with sides of multiples of 8, and a "
            f"stride of 1 or 2; received {tuple(filters)!r} and {stride!r}."
        )
    least = 2 ** (len(filters) - 1)
    sides = tuple(input_shape)[:3]
    fits = all(side is None or (type(side) is int and side > 0 and side % least == 0) for side in sides)
    if len(input_shape) != 4 or input_shape[-1] != 1 or not fits:
        raise ConfigError(
            f"'input_shape' of {name} must be (D, H, W, 1), each side None or a multiple of {least}; received "
            f"{tuple(input_shape)!r}."
        )
    volume = keras.Input(tuple(input_shape), name="volume")
    skips, x = [], volume
    for level, width in enumerate(filters, start=1):
        require_integer("filters", width)
        if level > 1:
            x = conv3d(x, width, 3, strides=2, names=_names(f"down{level}"))
        if level > 1 or stride == 1:
            x = conv3d(x, width, 3, names=_names(f"encoder{level}"))
        else:
            x = conv3d(x, width, 3, names=_names("stem"))
        skips.append(x)  # (B, D / 2**(level - 1), ..., width)
    for level in range(len(filters) - 1, stride - 1, -1):
        x = layers.Conv3D(filters[level - 1], 1, name=f"narrow{level}_conv")(x)
        x = layers.UpSampling3D(2, name=f"up{level}")(x)
        x = layers.Add(name=f"skip{level}")([x, skips[level - 1]])
        x = conv3d(x, filters[level - 1], 3, names=_names(f"decoder{level}"))
    return keras.Model([volume], {key: _head(x, key, dict(each)) for key, each in outputs.items()}, name=name)


def _names(prefix: str) -> tuple[str, str, str]:
    return f"{prefix}_conv", f"{prefix}_bn", f"{prefix}_relu"


def _head(x: keras.KerasTensor, name: str, options: dict[str, object]) -> keras.KerasTensor:
    if options["kind"] == "heat_map":
        return heat_map_head(x, name=name)
    if options["kind"] == "mask":
        return mask_head(x, int(str(options.get("classes", 2))), name=name)
    return map_regression_head(x, name=name)


structure_detector_tiny = partial(structure_detector, filters=(4, 4, 4), name="structure_detector_tiny")
