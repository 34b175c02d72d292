"""ResNet in its three forms: stages of residual blocks, each at half the size of the last.

v1    He et al. 2015; Keras' own: stride in the first 1x1 convolution, convolutions with biases.
v2    He et al. 2016; Keras' own: pre-activated blocks, the stride in the last block of a stage.
v1.5  of torchvision and timm: stride in the 3x3 convolution, no biases, names and constants of PyTorch.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from keras import layers

from blocks.convolution import Layer, conv_norm_act
from blocks.padding import symmetric_conv, symmetric_max_pool
from blocks.residual import basic_block, bottleneck_block, preactivated_bottleneck
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

WIDTHS = (64, 128, 256, 512)
keras_norm = partial(layers.BatchNormalization, epsilon=1.001e-5, momentum=0.99)
torch_norm = partial(layers.BatchNormalization, epsilon=1e-5, momentum=0.9)


def keras_block(stage: int, block: int) -> str:
    """The name of a block, both numbers from 0: stage 1 is the stem, and blocks count from 1."""
    return f"conv{stage + 2}_block{block + 1}"


def torch_block(stage: int, block: int) -> str:
    """The name of a block in PyTorch's ResNets."""
    return f"layer{stage + 1}_{block}"


def torch_layers(block: str, number: int) -> tuple[str, str, str]:
    """The names of a convolution, its normalisation and activation; number 0 is the shortcut's."""
    if number == 0:
        return f"{block}_downsample_0", f"{block}_downsample_1", f"{block}_downsample_relu"
    return f"{block}_conv{number}", f"{block}_bn{number}", f"{block}_relu{number}"


def stages(
    graph: ImageGraph,
    x: Tensor,
    *,
    block: Layer,
    depths: tuple[int, ...],
    widths: tuple[int, ...],
    block_name: Callable[[int, int], str],
    stride_last: bool = False,
) -> Tensor:
    """(B, H/4, W/4, C) -> (B, H/32, W/32, C'); a stage's stride is in its first block, or else in its last."""
    scale, count = 4, 0
    graph.tap(scale, x)
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        for number in range(depth):
            ends = number == depth - 1 and stage < len(depths) - 1
            stride = 2 if (ends if stride_last else number == 0 and stage > 0) else 1
            drop_path = graph.drop_path_rate(count, sum(depths))
            x = block(x, width, stride=stride, drop_path=drop_path, name=block_name(stage, number))
            scale, count = scale * stride, count + 1
            graph.tap(scale, x)
    return x


def resnet(
    graph: ImageGraph,
    x: Tensor,
    *,
    depths: tuple[int, ...],
    widths: tuple[int, ...] = WIDTHS,
    block: Layer,
    norm: Layer,
    use_bias: bool,
    stem: tuple[str, str, str],
    block_name: Callable[[int, int], str],
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, C'), v1 and v1.5; `depths` are the blocks of each stage."""
    x = conv_norm_act(x, widths[0], 7, strides=2, conv=symmetric_conv, norm=norm, use_bias=use_bias, names=stem)
    x = symmetric_max_pool(graph.tap(2, x), name="pool1_pool")  # (B, H/4, W/4, widths[0])
    block = partial(block, norm=norm, use_bias=use_bias)
    return stages(graph, x, block=block, depths=depths, widths=widths, block_name=block_name)


def resnet_v2(
    graph: ImageGraph, x: Tensor, *, depths: tuple[int, ...], widths: tuple[int, ...] = WIDTHS, norm: Layer = keras_norm
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, 4 * widths[-1]), normalised and activated once more at the end."""
    x = graph.tap(2, symmetric_conv(widths[0], 7, strides=2, name="conv1_conv")(x))
    x = symmetric_max_pool(x, name="pool1_pool")  # (B, H/4, W/4, widths[0])
    block = partial(preactivated_bottleneck, norm=norm)
    x = stages(graph, x, block=block, depths=depths, widths=widths, block_name=keras_block, stride_last=True)
    x = layers.Activation("relu", name="post_relu")(norm(name="post_bn")(x))
    return graph.tap(32, x)


v1 = partial(
    resnet,
    block=bottleneck_block,
    norm=keras_norm,
    use_bias=True,
    stem=("conv1_conv", "conv1_bn", "conv1_relu"),
    block_name=keras_block,
)
v1_5 = partial(resnet, norm=torch_norm, use_bias=False, stem=("conv1", "bn1", "relu"), block_name=torch_block)
basic = partial(basic_block, names=torch_layers)
bottleneck = partial(bottleneck_block, names=torch_layers, stride_in=2)
TINY: dict[str, Any] = {"depths": (1, 1, 2, 1), "widths": (4, 4, 8, 8)}

resnet50 = ImageBuilder("resnet50", partial(v1, depths=(3, 4, 6, 3)))
resnet101 = ImageBuilder("resnet101", partial(v1, depths=(3, 4, 23, 3)))
resnet152 = ImageBuilder("resnet152", partial(v1, depths=(3, 8, 36, 3)))
resnet50_v2 = ImageBuilder("resnet50_v2", partial(resnet_v2, depths=(3, 4, 6, 3)))
resnet101_v2 = ImageBuilder("resnet101_v2", partial(resnet_v2, depths=(3, 4, 23, 3)))
resnet152_v2 = ImageBuilder("resnet152_v2", partial(resnet_v2, depths=(3, 8, 36, 3)))
resnet18 = ImageBuilder("resnet18", partial(v1_5, block=basic, depths=(2, 2, 2, 2)))
resnet34 = ImageBuilder("resnet34", partial(v1_5, block=basic, depths=(3, 4, 6, 3)))
resnet50_v1_5 = ImageBuilder("resnet50_v1_5", partial(v1_5, block=bottleneck, depths=(3, 4, 6, 3)))
resnet_tiny = ImageBuilder("resnet_tiny", partial(v1, **TINY), size=32)
resnet_v2_tiny = ImageBuilder(  # a first stage of two blocks: the last block of a stage has the next stage's stride
    "resnet_v2_tiny", partial(resnet_v2, **{**TINY, "depths": (2, 1, 1, 1)}), size=32
)
resnet_v1_5_tiny = ImageBuilder("resnet_v1_5_tiny", partial(v1_5, block=bottleneck, **TINY), size=32)
