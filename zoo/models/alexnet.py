"""AlexNet, the network that won ImageNet in 2012. Krizhevsky et al. 2012.

alexnet   the single tower of Krizhevsky 2014, "One weird trick", as torchvision has it; layers called as there.
caffenet  BVLC's reference network: the two towers as grouped convolutions, normalised after pooling; names of Caffe.
"""

from functools import partial

from keras import layers

from blocks.local_response import local_response_norm
from blocks.padding import ceil_max_pool, symmetric_conv
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor
from zoo.models.vgg import dense_top

SIDE = 6  # of the features that AlexNet's dense layers take
STRIDES = ("s4", "s8", "s16", "s32")
conv = partial(symmetric_conv, activation="relu")


def single_tower(graph: ImageGraph, x: Tensor, *, widths: tuple[int, ...]) -> Tensor:
    """(B, H, W, C) -> (B, ~H/32, ~W/32, widths[-1]); sizes are rounded down after each pooling."""
    x = graph.tap(4, conv(widths[0], 11, strides=4, padding=2, name="features_0")(x))
    x = graph.tap(8, layers.MaxPooling2D(3, strides=2, name="features_2")(x))
    x = conv(widths[1], 5, name="features_3")(x)
    x = graph.tap(16, layers.MaxPooling2D(3, strides=2, name="features_5")(x))
    for place, width in zip((6, 8, 10), widths[2:], strict=True):
        x = conv(width, 3, name=f"features_{place}")(x)
    return graph.tap(32, layers.MaxPooling2D(3, strides=2, name="features_12")(x))


def adaptive_top(graph: ImageGraph, x: Tensor, *, units: int = 4096, side: int = SIDE) -> Tensor:
    """(B, H, W, C) -> (B, classes): averaged to `side` x `side`, then two wide dense layers before the last."""
    if x.shape[1:3] != (side, side):
        x = layers.AdaptiveAveragePooling2D(side, name="avgpool")(x)
    x = layers.Flatten(name="flatten")(x)
    for dropout, dense in (("classifier_0", "classifier_1"), ("classifier_3", "classifier_4")):
        x = graph.drop(x, name=dropout)
        x = layers.Dense(units, activation="relu", name=dense)(x)
    return graph.classify(x)


def two_towers(graph: ImageGraph, x: Tensor) -> Tensor:
    """(B, H, W, C) -> (B, ~H/32, ~W/32, 256)."""
    x = graph.tap(4, conv(96, 11, strides=4, padding="valid", name="conv1")(x))
    x = graph.tap(8, local_response_norm(ceil_max_pool(x, name="pool1")))
    x = conv(256, 5, groups=2, name="conv2")(x)
    x = graph.tap(16, local_response_norm(ceil_max_pool(x, name="pool2")))
    x = conv(384, 3, name="conv3")(x)
    x = conv(384, 3, groups=2, name="conv4")(x)
    x = conv(256, 3, groups=2, name="conv5")(x)
    return graph.tap(32, ceil_max_pool(x, name="pool5"))


tower_builder = partial(ImageBuilder, least=63, fixed_top=True, strides=STRIDES, dropout=0.5)

alexnet = tower_builder("alexnet", partial(single_tower, widths=(64, 192, 384, 256, 256)), top=adaptive_top)
caffenet = tower_builder("caffenet", two_towers, size=227, top=partial(dense_top, names=("fc6", "fc7")))
alexnet_tiny = tower_builder(
    "alexnet_tiny",
    partial(single_tower, widths=(4, 8, 8, 8, 8)),
    size=64,
    top=partial(adaptive_top, units=8, side=2),
)
