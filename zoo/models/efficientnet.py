"""EfficientNet: one network, scaled in width, depth and image size together. Tan and Le 2019.

The function that builds it serves EfficientNetV2 too, whose first stages have fused blocks.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from keras import layers

from blocks.convolution import Layer, conv_norm_act
from blocks.inverted_residual import NAMES, fused_inverted_residual, inverted_residual, make_divisible
from blocks.squeeze_excite import squeeze_excite
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor


class Stage(NamedTuple):
    """Blocks of one width; the first has the stride. `expansion` is how much wider a block is inside."""

    kernel: int
    repeats: int
    filters: int
    expansion: int
    stride: int
    fused: bool = False


# table 1 of the paper
STAGES = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 2, 24, 6, 2),
    Stage(5, 2, 40, 6, 2),
    Stage(3, 3, 80, 6, 2),
    Stage(5, 3, 112, 6, 1),
    Stage(5, 4, 192, 6, 2),
    Stage(3, 1, 320, 6, 1),
)
TINY = (Stage(3, 1, 8, 1, 1), Stage(3, 2, 8, 2, 2), Stage(5, 1, 16, 2, 2), Stage(3, 2, 16, 3, 2), Stage(5, 2, 24, 3, 2))

# for networks that keep the variance of deep features through swish; of the official implementation
START: Mapping[str, Any] = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}
conv = partial(layers.Conv2D, kernel_initializer=START)
depthwise = partial(layers.DepthwiseConv2D, depthwise_initializer=START)


def efficientnet_features(
    graph: ImageGraph,
    x: Tensor,
    *,
    stages: tuple[Stage, ...] = STAGES,
    width: float = 1.0,
    depth: float = 1.0,
    stem: int = 32,
    last: int = 1280,
    squeeze: float = 0.25,
    act: str = "swish",
    norm: Layer = layers.BatchNormalization,
    names: Mapping[str, Any] = NAMES,
    rounded: Callable[[float], int] = make_divisible,
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, width * last).

    `squeeze` is a share of the channels that enter a block, 0 for none; `rounded` makes numbers of channels whole.
    """
    unit = partial(conv_norm_act, conv=conv, norm=norm, act=act)
    excite = partial(squeeze_excite, act=act)
    plain = partial(inverted_residual, conv=conv, depthwise=depthwise, norm=norm, act=act, excite=excite, names=names)
    fused = partial(fused_inverted_residual, conv=conv, norm=norm, act=act, names=names)

    x = unit(x, rounded(stem * width), 3, strides=2, names=("stem_conv", "stem_bn", "stem_activation"))
    repeats = [math.ceil(depth * stage.repeats) for stage in stages]
    stride, number = 2, 0
    for stage_number, (stage, count) in enumerate(zip(stages, repeats, strict=True), start=1):
        for repeat in range(count):
            step = stage.stride if repeat == 0 else 1
            block = fused if stage.fused else partial(plain, squeeze=int(x.shape[-1] * squeeze))
            x = block(
                x,
                rounded(stage.filters * width),
                hidden=stage.expansion * x.shape[-1],
                kernel=stage.kernel,
                stride=step,
                drop_path=graph.drop_path_rate(number, sum(repeats)),
                name=f"block{stage_number}{chr(ord('a') + repeat)}",
            )
            stride *= step
            number += 1
        graph.tap(stride, x)  # (B, H/stride, W/stride, width * filters)
    return unit(x, rounded(last * width), 1, names=("top_conv", "top_bn", "top_activation"))


builder = partial(ImageBuilder, dropout=0.2, drop_path=0.2)
efficientnet_b0 = builder("efficientnet_b0", efficientnet_features)
efficientnet_b1 = builder("efficientnet_b1", partial(efficientnet_features, width=1.0, depth=1.1), size=240)
efficientnet_b2 = builder(
    "efficientnet_b2", partial(efficientnet_features, width=1.1, depth=1.2), size=260, dropout=0.3
)
efficientnet_b3 = builder(
    "efficientnet_b3", partial(efficientnet_features, width=1.2, depth=1.4), size=300, dropout=0.3
)
efficientnet_b4 = builder(
    "efficientnet_b4", partial(efficientnet_features, width=1.4, depth=1.8), size=380, dropout=0.4
)
efficientnet_b5 = builder(
    "efficientnet_b5", partial(efficientnet_features, width=1.6, depth=2.2), size=456, dropout=0.4
)
efficientnet_b6 = builder(
    "efficientnet_b6", partial(efficientnet_features, width=1.8, depth=2.6), size=528, dropout=0.5
)
efficientnet_b7 = builder(
    "efficientnet_b7", partial(efficientnet_features, width=2.0, depth=3.1), size=600, dropout=0.5
)
# for devices without fast exponentials: github.com/tensorflow/tpu, models/official/efficientnet/lite
efficientnet_lite0 = builder("efficientnet_lite0", partial(efficientnet_features, squeeze=0, act="relu6"))
efficientnet_tiny = builder("efficientnet_tiny", partial(efficientnet_features, stages=TINY, stem=8, last=16), size=32)
