"""VGG: stacks of 3x3 convolutions between poolings. Simonyan and Zisserman 2014."""

from functools import partial

from keras import layers

from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

WIDTHS = (64, 128, 256, 512, 512)


def vgg(graph: ImageGraph, x: Tensor, *, depths: tuple[int, ...], widths: tuple[int, ...] = WIDTHS) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, widths[-1]); `depths` are the convolutions of each stage."""
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for number in range(1, depth + 1):
            x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"block{stage}_conv{number}")(x)
        x = graph.tap(2**stage, layers.MaxPooling2D(2, name=f"block{stage}_pool")(x))  # (B, H/2^stage, ., width)
    return x


def dense_top(graph: ImageGraph, x: Tensor, *, units: int = 4096, names: tuple[str, str] = ("fc1", "fc2")) -> Tensor:
    """(B, H, W, C) -> (B, classes): two wide dense layers before the last."""
    x = layers.Flatten(name="flatten")(x)
    for name in names:
        x = layers.Dense(units, activation="relu", name=name)(x)
        x = graph.drop(x, name=f"{name}_dropout")
    return graph.classify(x)


vgg16 = ImageBuilder("vgg16", partial(vgg, depths=(2, 2, 3, 3, 3)), top=dense_top, fixed_top=True)
vgg19 = ImageBuilder("vgg19", partial(vgg, depths=(2, 2, 4, 4, 4)), top=dense_top, fixed_top=True)
vgg_tiny = ImageBuilder(
    "vgg_tiny",
    partial(vgg, depths=(1, 1, 1, 1, 1), widths=(4, 4, 8, 8, 8)),
    size=32,
    top=partial(dense_top, units=8),
    fixed_top=True,
)
