"""Inception-ResNet v2: inception modules as residual branches, scaled down before they are added.

Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the Impact of Residual Connections", figures 3 and 15-19.
"""

from collections.abc import Sequence
from functools import partial

from keras import layers

from blocks.convolution import conv_norm_act, drop_path
from blocks.inception import Branches, parallel_branches
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor
from zoo.models.inception_v3 import norm, square, stem, unit

REDUCTION_A: Branches = {
    "3x3": [(384, 3, 2)],
    "3x3dbl": [(256, 1), (256, 3), (384, 3, 2)],
    "pool": [("max", 3, 2)],
}
REDUCTION_B: Branches = {
    "3x3a": [(256, 1), (384, 3, 2)],
    "3x3b": [(256, 1), (288, 3, 2)],
    "3x3dbl": [(256, 1), (288, 3), (320, 3, 2)],
    "pool": [("max", 3, 2)],
}
BLOCK35: Branches = {"1x1": [(32, 1)], "3x3": [(32, 1), (32, 3)], "3x3dbl": [(32, 1), (48, 3), (64, 3)]}
BLOCK17: Branches = {"1x1": [(192, 1)], "7x7": [(128, 1), (160, (1, 7)), (192, (7, 1))]}
BLOCK8: Branches = {"1x1": [(192, 1)], "3x3": [(192, 1), (224, (1, 3)), (256, (3, 1))]}

STAGES = (  # stride, the module that leads there, the residual branches behind it, their scale
    (8, "mixed_5b", {**square(64), "1x1": [(96, 1)]}, "block35", BLOCK35, 0.17),
    (16, "mixed_6a", REDUCTION_A, "block17", BLOCK17, 0.1),
    (32, "mixed_7a", REDUCTION_B, "block8", BLOCK8, 0.2),
)


def residual(x: Tensor, branches: Branches, *, scale: float, act: bool, width: float, rate: float, name: str) -> Tensor:
    """(B, H, W, C) -> (B, H, W, C): x + scale * branches of x, brought to C channels."""
    y = parallel_branches(x, branches, unit=partial(unit, width=width), name=name)
    y = layers.Conv2D(x.shape[-1], 1, padding="same", name=f"{name}_conv")(y)
    y = layers.Rescaling(scale, name=f"{name}_scale")(y)
    x = layers.Add(name=f"{name}_add")([x, drop_path(y, rate, name=f"{name}_drop_path")])
    return layers.Activation("relu", name=f"{name}_ac")(x) if act else x


def inception_resnet_v2_features(
    graph: ImageGraph, x: Tensor, *, depths: Sequence[int] = (10, 20, 10), width: float = 1.0
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, 1536 * width), less the borders; `depths` of the three stages."""
    x = stem(graph, x, width=width)
    done = 0
    for (stride, mixed, entry, block, branches, scale), depth in zip(STAGES, depths, strict=True):
        x = parallel_branches(x, entry, unit=partial(unit, width=width), name=mixed)
        for number in range(1, depth + 1):
            last = done + number == sum(depths)  # the last block is neither scaled nor activated
            x = residual(
                x,
                branches,
                scale=1.0 if last else scale,
                act=not last,
                width=width,
                rate=graph.drop_path_rate(done + number - 1, sum(depths)),
                name=f"{block}_{number}",
            )
        done += depth
        graph.tap(stride, x)
    names = ("conv_7b", "conv_7b_bn", "conv_7b_ac")
    return graph.tap(32, conv_norm_act(x, round(1536 * width), 1, norm=norm, names=names))


inception_resnet_v2 = ImageBuilder("inception_resnet_v2", inception_resnet_v2_features, size=299, least=75)
inception_resnet_v2_tiny = ImageBuilder(
    "inception_resnet_v2_tiny",
    partial(inception_resnet_v2_features, depths=(1, 1, 2), width=1 / 16),
    size=75,
    least=75,
)
