"""MobileNetV2: inverted residuals with linear bottlenecks. Sandler et al. 2018."""

from functools import partial
from typing import NamedTuple

from keras import layers

from blocks.convolution import conv_norm_act
from blocks.inverted_residual import inverted_residual, make_divisible
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor


class Stage(NamedTuple):
    """Blocks of one width; the first has the stride. `expansion` is how much wider a block is inside."""

    expansion: int
    filters: int
    repeats: int
    stride: int


# table 2 of the paper
STAGES = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)
NAMES = {
    "expand": ("expand", "expand_BN", "expand_relu"),
    "depthwise": ("depthwise", "depthwise_BN", "depthwise_relu"),
    "project": ("project", "project_BN", "project_relu"),
    "skip": ("drop", "add"),
}

norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.999)
conv = partial(conv_norm_act, norm=norm, act="relu6")
block = partial(inverted_residual, norm=norm, act="relu6", names=NAMES)


def mobilenet_v2_features(
    graph: ImageGraph, x: Tensor, *, width: float = 1.0, stages: tuple[Stage, ...] = STAGES, last: int = 1280
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, last); `last` grows with the width, but does not shrink."""
    x = conv(x, make_divisible(32 * width), 3, strides=2, names=("Conv1", "bn_Conv1", "Conv1_relu"))
    stride, number, blocks = 2, 0, sum(stage.repeats for stage in stages)
    for stage in stages:
        for repeat in range(stage.repeats):
            step = stage.stride if repeat == 0 else 1
            x = block(
                x,
                make_divisible(stage.filters * width),
                hidden=stage.expansion * x.shape[-1],
                stride=step,
                drop_path=graph.drop_path_rate(number, blocks),
                name=f"block_{number}" if number else "expanded_conv",
            )
            stride *= step
            number += 1
        graph.tap(stride, x)  # (B, H/stride, W/stride, width * filters)
    return conv(x, make_divisible(last * max(width, 1.0)), 1, names=("Conv_1", "Conv_1_bn", "out_relu"))


mobilenet_v2 = ImageBuilder("mobilenet_v2", mobilenet_v2_features)
mobilenet_v2_035 = ImageBuilder("mobilenet_v2_035", partial(mobilenet_v2_features, width=0.35))
mobilenet_v2_050 = ImageBuilder("mobilenet_v2_050", partial(mobilenet_v2_features, width=0.5))
mobilenet_v2_075 = ImageBuilder("mobilenet_v2_075", partial(mobilenet_v2_features, width=0.75))
mobilenet_v2_130 = ImageBuilder("mobilenet_v2_130", partial(mobilenet_v2_features, width=1.3))
mobilenet_v2_140 = ImageBuilder("mobilenet_v2_140", partial(mobilenet_v2_features, width=1.4))

TINY = (Stage(1, 32, 1, 1), Stage(2, 32, 2, 2), Stage(2, 32, 1, 2), Stage(2, 64, 2, 2), Stage(2, 64, 1, 2))
mobilenet_v2_tiny = ImageBuilder(
    "mobilenet_v2_tiny", partial(mobilenet_v2_features, width=0.25, stages=TINY, last=16), size=32
)
