"""Xception: separable convolutions in residual blocks. Chollet 2016, figure 5."""

from functools import partial

from keras import layers

from blocks.convolution import conv_norm_act, drop_path
from blocks.separable import act_separable_norm
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

Blocks = tuple[tuple[int, tuple[int, ...]], ...]

BLOCKS: Blocks = (  # the stride at which a block ends, and the filters of its convolutions
    (4, (128, 128)),
    (8, (256, 256)),
    (16, (728, 728)),
    *[(16, (728, 728, 728))] * 8,
    (32, (728, 1024)),
)
norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.99)


def residual(x: Tensor, filters: list[int], *, stride: int, first_act: bool, rate: float, name: str) -> Tensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, filters[-1]): separable convolutions beside a shortcut."""
    y = x
    for number, width in enumerate(filters, start=1):
        layer = f"{name}_sepconv{number}"
        act = f"{layer}_act" if first_act or number > 1 else None
        y = act_separable_norm(y, width, names=(act, layer, f"{layer}_bn"), norm=norm)
    if stride > 1:
        y = layers.MaxPooling2D(3, strides=stride, padding="same", name=f"{name}_pool")(y)
        names = (f"{name}_shortcut_conv", f"{name}_shortcut_bn", None)
        x = conv_norm_act(x, filters[-1], 1, strides=stride, norm=norm, act=None, names=names)
    return layers.Add(name=f"{name}_add")([drop_path(y, rate, name=f"{name}_drop_path"), x])


def xception_features(graph: ImageGraph, x: Tensor, *, blocks: Blocks = BLOCKS, width: float = 1.0) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, 2048 * width)."""

    def of(*filters: int) -> list[int]:
        return [round(width * number) for number in filters]

    for number, (stride, filters) in enumerate(zip((2, 1), of(32, 64), strict=True), start=1):
        conv = f"block1_conv{number}"
        names = (conv, f"{conv}_bn", f"{conv}_act")
        x = conv_norm_act(x, filters, 3, strides=stride, padding="valid", norm=norm, names=names)
    graph.tap(2, x)
    before = 2
    for number, (stride, widths) in enumerate(blocks):
        rate = graph.drop_path_rate(number, len(blocks))
        name = f"block{number + 2}"
        x = residual(x, of(*widths), stride=stride // before, first_act=number > 0, rate=rate, name=name)
        graph.tap(stride, x)  # (B, H/stride, W/stride, width * widths[-1])
        before = stride
    for number, filters in enumerate(of(1536, 2048), start=1):
        conv = f"block{len(blocks) + 2}_sepconv{number}"
        x = act_separable_norm(x, filters, names=(None, conv, f"{conv}_bn"), norm=norm)
        x = layers.Activation("relu", name=f"{conv}_act")(x)
    return graph.tap(32, x)


xception = ImageBuilder("xception", xception_features, size=299, least=71)
xception_tiny = ImageBuilder(
    "xception_tiny", partial(xception_features, blocks=BLOCKS[:4] + BLOCKS[-1:], width=1 / 32), size=71, least=71
)
