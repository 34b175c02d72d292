"""ConvNeXt: a convolutional network with the proportions of a vision transformer. Liu et al. 2022."""

from functools import partial

from keras import layers

from blocks.convnext import EPSILON, convnext_block
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

norm = partial(layers.LayerNormalization, epsilon=EPSILON)


def convnext(graph: ImageGraph, x: Tensor, *, depths: tuple[int, ...], widths: tuple[int, ...], prefix: str) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, widths[-1]). `prefix` begins the layers' names, as in the official files."""
    x = layers.Conv2D(widths[0], 4, strides=4, name=f"{prefix}_stem_conv")(x)
    x = norm(name=f"{prefix}_stem_layernorm")(x)
    number = 0
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        if stage:
            x = norm(name=f"{prefix}_downsampling_layernorm_{stage - 1}")(x)
            x = layers.Conv2D(width, 2, strides=2, name=f"{prefix}_downsampling_conv_{stage - 1}")(x)
        for block in range(depth):
            rate = graph.drop_path_rate(number, sum(depths))
            x = convnext_block(x, drop_path=rate, name=f"{prefix}_stage_{stage}_block_{block}")
            number += 1
        graph.tap(4 * 2**stage, x)  # (B, H/4, W/4, width), halved by each further stage
    return x


def head_norm(x: Tensor, *, prefix: str) -> Tensor:
    """(B, C) or (B, H, W, C), of the same shape: the features are normalised after the average."""
    return norm(name=f"{prefix}_head_layernorm")(x)


def normalised_top(graph: ImageGraph, x: Tensor, *, prefix: str) -> Tensor:
    """(B, H, W, C) -> (B, classes)."""
    x = head_norm(layers.GlobalAveragePooling2D(name="avg_pool")(x), prefix=prefix)
    x = graph.drop(x)
    return graph.classify(x)


def _variant(name: str, depths: tuple[int, ...], widths: tuple[int, ...], *, size: int = 224) -> ImageBuilder:
    return ImageBuilder(
        name,
        partial(convnext, depths=depths, widths=widths, prefix=name),
        top=partial(normalised_top, prefix=name),
        neck=partial(head_norm, prefix=name),
        strides=("s4", "s8", "s16", "s32"),
        size=size,
    )


convnext_tiny = _variant("convnext_tiny", (3, 3, 9, 3), (96, 192, 384, 768))
convnext_small = _variant("convnext_small", (3, 3, 27, 3), (96, 192, 384, 768))
convnext_base = _variant("convnext_base", (3, 3, 27, 3), (128, 256, 512, 1024))
convnext_large = _variant("convnext_large", (3, 3, 27, 3), (192, 384, 768, 1536))
convnext_xlarge = _variant("convnext_xlarge", (3, 3, 27, 3), (256, 512, 1024, 2048))
convnext_test = _variant("convnext_test", (1, 1, 2, 1), (4, 8, 8, 16), size=32)
