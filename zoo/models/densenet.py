"""DenseNet: dense blocks, with compression and average pooling between them. Huang et al. 2016, table 1."""

from functools import partial

from keras import layers

from blocks.convolution import conv_norm_act
from blocks.dense_block import dense_block, norm_act
from blocks.padding import symmetric_conv, symmetric_max_pool
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

norm = partial(layers.BatchNormalization, epsilon=1.001e-5, momentum=0.99)


def densenet(graph: ImageGraph, x: Tensor, *, depths: tuple[int, ...], growth: int = 32) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, C'); `depths` of the dense blocks. Taps are normalised and activated."""
    names = ("conv1_conv", "conv1_bn", "conv1_relu")
    x = graph.tap(2, conv_norm_act(x, 2 * growth, 7, strides=2, conv=symmetric_conv, norm=norm, names=names))
    x = symmetric_max_pool(x, name="pool1")
    for stage, depth in enumerate(depths, start=2):
        x = dense_block(x, depth, growth, norm=norm, name=f"conv{stage}")  # (B, H/2^stage, ., C + depth * growth)
        last = stage == len(depths) + 1
        x = norm_act(x, norm=norm, names=("bn", "relu") if last else (f"pool{stage}_bn", f"pool{stage}_relu"))
        graph.tap(2**stage, x)
        if not last:
            x = layers.Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=f"pool{stage}_conv")(x)
            x = layers.AveragePooling2D(2, name=f"pool{stage}_pool")(x)
    return x


densenet121 = ImageBuilder("densenet121", partial(densenet, depths=(6, 12, 24, 16)))
densenet169 = ImageBuilder("densenet169", partial(densenet, depths=(6, 12, 32, 32)))
densenet201 = ImageBuilder("densenet201", partial(densenet, depths=(6, 12, 48, 32)))
densenet_tiny = ImageBuilder("densenet_tiny", partial(densenet, depths=(1, 2, 1, 1), growth=4), size=32)
