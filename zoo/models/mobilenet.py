"""MobileNet: depthwise separable convolutions, and one number for the width of all layers. Howard et al. 2017."""

from functools import partial

from keras import layers

from blocks.convolution import conv_norm_act
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

# (filters, stride) of each separable convolution; table 1 of the paper
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))

conv = partial(conv_norm_act, act="relu6")


def mobilenet_features(
    graph: ImageGraph, x: Tensor, *, width: float = 1.0, blocks: tuple[tuple[int, int], ...] = BLOCKS
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, width * filters of the last block)."""
    x = conv(x, int(32 * width), 3, strides=2, names=_names("conv1"))
    stride = 2
    for number, (filters, step) in enumerate(blocks, start=1):
        padding = "same"
        if step > 1:  # below and to the right at any size, where "same" pads odd sizes on all sides
            x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
            padding = "valid"
        depthwise = {"conv": layers.DepthwiseConv2D, "strides": step, "padding": padding}
        x = conv(x, None, 3, names=_names(f"conv_dw_{number}"), **depthwise)
        x = conv(x, int(filters * width), 1, names=_names(f"conv_pw_{number}"))
        stride *= step
        graph.tap(stride, x)  # (B, H/stride, W/stride, width * filters)
    return x


def convolutional_top(graph: ImageGraph, x: Tensor) -> Tensor:
    """(B, H, W, C) -> (B, classes): the last layer is a convolution over the average, one pixel."""
    x = layers.GlobalAveragePooling2D(keepdims=True, name="avg_pool")(x)
    x = graph.drop(x, name="dropout")
    return classify_by_convolution(graph, x, name="conv_preds")


def classify_by_convolution(graph: ImageGraph, x: Tensor, *, name: str) -> Tensor:
    """(B, 1, 1, C) -> (B, classes), "predictions"; the layer with the weights has the name `name`."""
    if graph.outputs is not None:
        return graph.classify(layers.Flatten(name=f"{name}_flat")(x))
    x = layers.Conv2D(graph.classes, 1, dtype="float32", name=name)(x)
    x = layers.Reshape((graph.classes,), dtype="float32", name=f"{name}_flat")(x)
    return layers.Activation(graph.activation, dtype="float32", name="predictions")(x)


def _names(name: str) -> tuple[str, str, str]:
    return name, f"{name}_bn", f"{name}_relu"


builder = partial(ImageBuilder, top=convolutional_top, dropout=1e-3)
mobilenet = builder("mobilenet", mobilenet_features)
mobilenet_075 = builder("mobilenet_075", partial(mobilenet_features, width=0.75))
mobilenet_050 = builder("mobilenet_050", partial(mobilenet_features, width=0.5))
mobilenet_025 = builder("mobilenet_025", partial(mobilenet_features, width=0.25))
mobilenet_tiny = builder(
    "mobilenet_tiny",
    partial(mobilenet_features, width=0.125, blocks=((64, 1), (64, 2), (64, 2), (96, 2), (128, 2))),
    size=32,
)
