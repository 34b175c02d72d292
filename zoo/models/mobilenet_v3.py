"""MobileNetV3: inverted residuals found by search, squeeze and excitation, hard swish. Howard et al. 2019."""

from functools import partial
from typing import NamedTuple

from keras import layers

from blocks.convolution import conv_norm_act
from blocks.inverted_residual import inverted_residual, make_divisible
from blocks.squeeze_excite import squeeze_excite
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor
from zoo.models.mobilenet import classify_by_convolution


class Block(NamedTuple):
    """`expansion` is how much wider the block is inside; `squeeze` whether its channels are weighted."""

    kernel: int
    expansion: float
    filters: int
    squeeze: bool
    act: str
    stride: int


LARGE = (  # table 1 of the paper
    Block(3, 1, 16, False, "relu", 1),
    Block(3, 4, 24, False, "relu", 2),
    Block(3, 3, 24, False, "relu", 1),
    Block(5, 3, 40, True, "relu", 2),
    *[Block(5, 3, 40, True, "relu", 1)] * 2,
    Block(3, 6, 80, False, "hard_swish", 2),
    Block(3, 2.5, 80, False, "hard_swish", 1),
    *[Block(3, 2.3, 80, False, "hard_swish", 1)] * 2,
    *[Block(3, 6, 112, True, "hard_swish", 1)] * 2,
    Block(5, 6, 160, True, "hard_swish", 2),
    *[Block(5, 6, 160, True, "hard_swish", 1)] * 2,
)
SMALL = (  # table 2
    Block(3, 1, 16, True, "relu", 2),
    Block(3, 72 / 16, 24, False, "relu", 2),
    Block(3, 88 / 24, 24, False, "relu", 1),
    Block(5, 4, 40, True, "hard_swish", 2),
    *[Block(5, 6, 40, True, "hard_swish", 1)] * 2,
    *[Block(5, 3, 48, True, "hard_swish", 1)] * 2,
    Block(5, 6, 96, True, "hard_swish", 2),
    *[Block(5, 6, 96, True, "hard_swish", 1)] * 2,
)
TINY = (
    Block(3, 1, 16, True, "relu", 1),
    Block(3, 2, 16, False, "relu", 2),
    Block(5, 2, 24, True, "hard_swish", 2),
    Block(5, 3, 24, True, "hard_swish", 2),
    Block(3, 3, 24, True, "hard_swish", 1),
    Block(5, 3, 24, True, "hard_swish", 2),
)
SQUEEZE = 0.25
NAMES = {
    "expand": ("expand", "expand_bn", "expand_act"),
    "depthwise": ("depthwise", "depthwise_bn", "depthwise_act"),
    "squeeze": tuple(f"squeeze_excite_{layer}" for layer in ("avg_pool", "conv", "conv_1", "mul")),
    "project": ("project", "project_bn", "project_act"),
    "skip": ("drop", "add"),
}

norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.999)
conv = partial(conv_norm_act, norm=norm)
excite = partial(squeeze_excite, act="relu", gate="hard_sigmoid")
block = partial(inverted_residual, norm=norm, excite=excite, names=NAMES)


def mobilenet_v3_features(
    graph: ImageGraph, x: Tensor, *, blocks: tuple[Block, ...], width: float = 1.0, act: str = "hard_swish"
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, 6 * channels of the last block)."""
    x = graph.tap(2, conv(x, 16, 3, strides=2, act=act, names=("conv", "conv_bn", "conv_act")))
    stride = 2
    for number, row in enumerate(blocks):
        hidden = make_divisible(row.expansion * x.shape[-1])
        x = block(
            x,
            make_divisible(row.filters * width),
            hidden=hidden,
            kernel=row.kernel,
            stride=row.stride,
            squeeze=make_divisible(hidden * SQUEEZE) if row.squeeze else 0,
            act=row.act,
            drop_path=graph.drop_path_rate(number, len(blocks)),
            name=f"expanded_conv_{number}" if number else "expanded_conv",
        )
        stride *= row.stride
        graph.tap(stride, x)  # (B, H/stride, W/stride, width * filters)
    return conv(x, make_divisible(6 * x.shape[-1]), 1, act=act, names=("conv_1", "conv_1_bn", "conv_1_act"))


def mobilenet_v3_top(graph: ImageGraph, x: Tensor, *, units: int, act: str = "hard_swish") -> Tensor:
    """(B, H, W, C) -> (B, classes): one more convolution, over the average, before the last."""
    x = layers.GlobalAveragePooling2D(keepdims=True, name="avg_pool")(x)
    x = layers.Conv2D(units, 1, name="conv_2")(x)
    x = layers.Activation(act, name="conv_2_act")(x)
    x = graph.drop(x)
    return classify_by_convolution(graph, x, name="logits")


def _variant(
    name: str, blocks: tuple[Block, ...], units: int, *, width: float = 1.0, minimal: bool = False, size: int = 224
) -> ImageBuilder:
    """`minimal`: no 5x5 kernels, squeezing or hard swish, for devices that compute them slowly."""
    act = "relu" if minimal else "hard_swish"
    if minimal:
        blocks = tuple(row._replace(kernel=3, squeeze=False, act="relu") for row in blocks)
    features = partial(mobilenet_v3_features, blocks=blocks, width=width, act=act)
    top = partial(mobilenet_v3_top, units=units, act=act)
    return ImageBuilder(name, features, top=top, dropout=0.2, size=size)


mobilenet_v3_small = _variant("mobilenet_v3_small", SMALL, 1024)
mobilenet_v3_small_075 = _variant("mobilenet_v3_small_075", SMALL, 1024, width=0.75)
mobilenet_v3_small_minimal = _variant("mobilenet_v3_small_minimal", SMALL, 1024, minimal=True)
mobilenet_v3_large = _variant("mobilenet_v3_large", LARGE, 1280)
mobilenet_v3_large_075 = _variant("mobilenet_v3_large_075", LARGE, 1280, width=0.75)
mobilenet_v3_large_minimal = _variant("mobilenet_v3_large_minimal", LARGE, 1280, minimal=True)
mobilenet_v3_tiny = _variant("mobilenet_v3_tiny", TINY, 16, width=0.5, size=32)
