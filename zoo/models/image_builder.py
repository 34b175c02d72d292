"""What all image models share: one signature, taps declared while building, one way to end.

A family is a table of variants beside a function that turns an image into features; an `ImageBuilder` makes a builder
of one row:

    vgg16 = ImageBuilder("vgg16", partial(vgg, depths=(2, 2, 3, 3, 3)), top=dense_top)
    model = vgg16(input_shape=(224, 224, 4), classes=7, taps=("s8", "s16"))
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers

from blocks.checks import require_integer, require_share
from zoo.errors import ConfigError, require_known
from zoo.models.outputs import Outputs, heads_of, require_outputs

Tensor = Any
TAPS = ("s2", "s4", "s8", "s16", "s32")
POOLINGS = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}


@dataclass
class ImageGraph:
    """A model under construction: what the user asked for, and the taps met so far.

    dropout    rate before the classifier; drop_path  rate of the last residual block (stochastic depth).
    outputs    heads of one's own in the place of the classifier (`zoo.models.outputs`), or None.
    """

    classes: int
    dropout: float
    drop_path: float
    size: tuple[int | None, int | None]
    outputs: Outputs | None = None
    tapped: dict[str, Tensor] = field(default_factory=dict)
    has_residual_blocks: bool = False

    def tap(self, stride: int, x: Tensor) -> Tensor:
        """Declare `x` the features at this stride; the last one declared at a stride counts. Returns `x`."""
        self.tapped[f"s{stride}"] = x
        return x

    def drop_path_rate(self, block: int, blocks: int) -> float:
        """The rate of block `block` (from 0) of `blocks`: it rises linearly from 0 (Huang et al. 2016, section 3)."""
        self.has_residual_blocks = True
        return self.drop_path * block / max(blocks - 1, 1)

    def drop(self, x: Tensor, *, name: str = "top_dropout") -> Tensor:
        """Dropout at the model's rate; no layer at rate 0."""
        return layers.Dropout(self.dropout, name=name)(x) if self.dropout else x

    def classify(self, x: Tensor, *, bias: bool = True) -> Tensor:
        """(B, C) -> (B, classes) probabilities, the layer "predictions": softmax, for one class sigmoid; or the heads
        that were asked for, by name."""
        if self.outputs is not None:
            return heads_of(x, self.outputs)
        return layers.Dense(
            self.classes, activation=self.activation, use_bias=bias, dtype="float32", name="predictions"
        )(x)

    @property
    def activation(self) -> str:
        return "softmax" if self.classes > 1 else "sigmoid"


def average_top(graph: ImageGraph, x: Tensor) -> Tensor:
    """(B, H, W, C) -> (B, classes): global average, dropout where wanted, one dense layer. Lin et al. 2013."""
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = graph.drop(x)
    return graph.classify(x)


@dataclass(frozen=True)
class ImageBuilder:
    """The builder of one variant: call it for a `keras.Model`.

    features   (graph, image) -> (B, H', W', C'), declaring taps on the way.
    top        (graph, features) -> (B, classes), ending in a layer called "predictions" (`ImageGraph.classify`).
    size       of the images it was designed for; `least` the smallest side that it takes.
    fixed_top  the top depends on the size of the image, which must then be known.
    strides    the taps that it has, in the order of their depth.
    neck       without the top, the last layer over the features, pooled or not; None is the usual, nothing.
    """

    name: str
    features: Callable[[ImageGraph, Tensor], Tensor]
    size: int = 224
    least: int = 32
    top: Callable[[ImageGraph, Tensor], Tensor] = average_top
    fixed_top: bool = False
    strides: Sequence[str] = TAPS
    dropout: float = 0.0
    drop_path: float = 0.0
    neck: Callable[[Tensor], Tensor] | None = None

    def __call__(
        self,
        *,
        input_shape: Sequence[int | None] | None = None,
        classes: int = 1000,
        include_top: bool = True,
        pooling: str | None = None,
        dropout: float | None = None,
        drop_path: float | None = None,
        outputs: Outputs | None = None,
        taps: Sequence[str] = (),
        name: str | None = None,
    ) -> keras.Model:
        """image (B, H, W, C), any number of channels -> {"predictions": (B, classes)}.

        `outputs` are heads in the place of the classifier, {"age": {"kind": "regression"}}, keyed by their names.

        Without the top: {"features": (B, H', W', C')}, or (B, C') with `pooling` "avg" or "max". `taps` adds outputs
        keyed by their stride, "s4": (B, H/4, W/4, .). None stands for the variant's own size, dropout and drop path.
        One class is a probability (sigmoid), more are a distribution (softmax).

        Raises `ConfigError` for values that do not fit, `UnknownNameError` for an unknown pooling or tap.
        """
        _require_channels_last()
        if not isinstance(include_top, bool):
            raise ConfigError(f"'include_top' must be True or False; received {include_top!r}.")
        shape = self._shape(input_shape, include_top)
        graph = self._graph(classes, dropout, drop_path, shape[:2])
        if outputs is not None:
            if not include_top:
                raise ConfigError("'outputs' are the top of a model: leave out include_top=False.")
            require_outputs(outputs)
            graph.outputs = outputs
        self._require_taps(taps)
        if pooling is not None:
            require_known("pooling", pooling, POOLINGS)
        if include_top and pooling is not None:
            raise ConfigError(f"'pooling' is for models without a top; received {pooling!r} with include_top=True.")
        image = keras.Input(shape, name="image")
        x = self.features(graph, image)
        if graph.drop_path and not graph.has_residual_blocks:
            raise ConfigError(f"{self.name} has no residual blocks: 'drop_path' must be 0 or None, not {drop_path!r}.")
        found = {stride: layers.Identity(name=stride)(graph.tapped[stride]) for stride in taps}
        if include_top:
            top = self.top(graph, x)
            found |= top if isinstance(top, Mapping) else {"predictions": top}
        else:
            x = x if pooling is None else POOLINGS[pooling](name=f"{pooling}_pool")(x)
            found["features"] = layers.Identity(name="features")(self.neck(x) if self.neck else x)
        return keras.Model([image], found, name=name or self.name)

    def top_layers(self, channels: int) -> tuple[str, ...]:
        """The names of the top's layers with weights, over features of so many channels."""
        graph = ImageGraph(classes=1000, dropout=0.0, drop_path=0.0, size=(self.size, self.size))
        features = keras.Input((8, 8, channels))
        top = keras.Model(features, self.top(graph, features))
        return tuple(layer.name for layer in top.layers if layer.weights)

    def _graph(self, classes: Any, dropout: Any, drop_path: Any, size: tuple[int | None, int | None]) -> ImageGraph:
        try:
            return ImageGraph(
                classes=require_integer("classes", classes),
                dropout=self.dropout if dropout is None else require_share("dropout", dropout),
                drop_path=self.drop_path if drop_path is None else require_share("drop_path", drop_path),
                size=size,
            )
        except ValueError as error:
            raise ConfigError(f"{self.name} cannot be built: {error}") from error

    def _shape(self, given: Any, include_top: bool) -> tuple[int | None, int | None, int]:
        if given is None:
            return (self.size, self.size, 3)
        fits = isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 3
        if not fits or not all(side is None or type(side) is int for side in given):
            raise ConfigError(
                f"'input_shape' must be (height, width, channels), as in (224, 224, 3) or (None, None, 4);"
                f" received {given!r}."
            )
        height, width, channels = given
        if channels is None or channels < 1:
            raise ConfigError(f"'input_shape' needs at least one channel, the last number; received {given!r}.")
        if any(side is not None and side < self.least for side in (height, width)):
            raise ConfigError(f"{self.name} takes images of at least {self.least}x{self.least}; received {given!r}.")
        if include_top and self.fixed_top and None in (height, width):
            raise ConfigError(f"The top of {self.name} needs a known height and width; received {given!r}.")
        return (height, width, channels)

    def _require_taps(self, taps: Any) -> None:
        if isinstance(taps, str) or not isinstance(taps, Sequence):
            raise ConfigError(f"'taps' must be a list of some of {', '.join(self.strides)}; received {taps!r}.")
        for tap in taps:
            require_known(f"tap of {self.name}", tap, self.strides)
        if len(set(taps)) < len(taps):
            raise ConfigError(f"'taps' must not repeat a stride; received {list(taps)}.")


def _require_channels_last() -> None:
    """With Keras set to channels first, an image's height would silently become the number of its channels."""
    if keras.config.image_data_format() != "channels_last":
        raise ConfigError(
            "Image models take (height, width, channels), but Keras is set to channels first: call "
            "keras.config.set_image_data_format('channels_last') before they are made."
        )
