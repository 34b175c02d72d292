"""SqueezeNet: fire modules, of a fiftieth of AlexNet's parameters. Iandola et al. 2016; the form of torchvision.

Its layers are called as there, by their place in the sequence: "features_3_squeeze".
"""

from functools import partial

from keras import layers

from blocks.fire import fire_module
from blocks.padding import ceil_max_pool
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

POOL = 0  # in a plan; other numbers are the squeezed channels of a fire module
PLAN_1_0 = (POOL, 16, 16, 32, POOL, 32, 48, 48, 64, POOL, 64)
PLAN_1_1 = (POOL, 16, 16, POOL, 32, 32, POOL, 48, 48, 64, 64)
STRIDES = ("s2", "s4", "s8", "s16")


def squeezenet(graph: ImageGraph, x: Tensor, *, stem: int, kernel: int, plan: tuple[int, ...]) -> Tensor:
    """(B, H, W, C) -> (B, ~H/16, ~W/16, 8 * plan[-1]); no padding at the edges, so that sizes are a little smaller."""
    x = layers.Conv2D(stem, kernel, strides=2, activation="relu", name="features_0")(x)
    scale = 2
    graph.tap(scale, x)
    for place, squeeze in enumerate(plan, start=2):  # place 1 is the ReLU
        name = f"features_{place}"
        scale = scale * 2 if squeeze == POOL else scale
        x = ceil_max_pool(x, name=name) if squeeze == POOL else fire_module(x, squeeze, name=name)
        graph.tap(scale, x)
    return x


def convolutional_top(graph: ImageGraph, x: Tensor) -> Tensor:
    """(B, H, W, C) -> (B, classes): every place has its say, "classifier_1", and the mean of all decides."""
    x = graph.drop(x, name="classifier_0")
    if graph.outputs is not None:
        return graph.classify(layers.GlobalAveragePooling2D(name="avg_pool")(x))
    # a lone probability must be able to fall below one half, which a logit after a ReLU cannot say
    activation = "relu" if graph.classes > 1 else None
    x = layers.Conv2D(graph.classes, 1, activation=activation, name="classifier_1")(x)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.Activation(graph.activation, dtype="float32", name="predictions")(x)


squeeze_builder = partial(ImageBuilder, top=convolutional_top, strides=STRIDES, dropout=0.5)

squeezenet_1_0 = squeeze_builder("squeezenet_1_0", partial(squeezenet, stem=96, kernel=7, plan=PLAN_1_0), least=21)
squeezenet_1_1 = squeeze_builder("squeezenet_1_1", partial(squeezenet, stem=64, kernel=3, plan=PLAN_1_1), least=17)
squeezenet_tiny = squeeze_builder(
    "squeezenet_tiny", partial(squeezenet, stem=8, kernel=3, plan=(POOL, 2, POOL, 2, POOL, 4)), size=32, least=17
)
