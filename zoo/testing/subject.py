"""The model under test: built with values or without, filled with random weights, fed with random inputs."""

import hashlib
import importlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.create import create_model
from zoo.keras_internals.graph import calls_of
from zoo.models.image_builder import ImageBuilder
from zoo.weights import without_values
from zoo.weights.values import give, give_initial_values

LENGTH = 40  # of an unknown dimension of an input that is not an image
BATCH = 3
NUMBERS = 50  # of an input of integers
OTHER_NAME = "another_name"
SEED = 7  # of the initial weights of `Subject.seeded`
STEP = 64  # between two sizes of an image: a multiple of every stride


class Subject:
    """One entry of the catalogue and its models: with values (`model`), by other options (`build`), or their shapes
    alone (`outline`)."""

    def __init__(self, name: str):
        self.name = name
        self.entry = describe(name)

    @property
    def builder(self) -> Any:
        module, _, function = self.entry.builder.partition(":")
        return getattr(importlib.import_module(module), function)

    @property
    def image(self) -> ImageBuilder | None:
        """The builder, where it is one of images."""
        return self.builder if isinstance(self.builder, ImageBuilder) else None

    @cached_property
    def model(self) -> keras.Model:
        """The model by its defaults, with random weights."""
        return self.build()

    @cached_property
    def seeded(self) -> keras.Model:
        """The model by its defaults, with the initial weights that `SEED` gives."""
        keras.utils.set_random_seed(SEED)
        return create_model(self.name)

    @cached_property
    def default_outline(self) -> keras.Model:
        """The model by its defaults, without values."""
        return self.outline()

    @cached_property
    def other_outline(self) -> keras.Model:
        """Another name and, of an image backbone, other options too, without values."""
        if self.image is None:
            return self.outline(name=OTHER_NAME)
        shape = (self.image.size + STEP, self.image.size + STEP, 4)
        return self.outline(name=OTHER_NAME, input_shape=shape, classes=7, taps=tuple(self.image.strides))

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """A random batch for `model`."""
        return random_inputs(self.model)

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        """What `model` gives for `inputs`."""
        return answers(self.model, self.inputs)

    def build(self, **config: Any) -> keras.Model:
        """A model with random weights, the same ones for the same layers whatever the options.

        Its initialisers are left out where `fill` has values: of a tiny deep model they take most of the time.
        """
        model = self.outline(**config)
        fill(model)
        give_initial_values(model)
        return model

    def outline(self, **config: Any) -> keras.Model:
        """A model without values."""
        with without_values():
            return create_model(self.name, **config)


def weighted_layers(model: keras.Model) -> list[str]:
    """Names of the layers that hold weights, in the order of the graph."""
    return [layer.name for layer in model.layers if layer.weights]


def fingerprint_of(model: keras.Model) -> str:
    """16 hexadecimal digits of the names, roles and shapes of all weights: they change when any of these does."""
    lines = sorted(
        f"{layer.name}/{variable.name}{tuple(variable.shape)}" for layer in model.layers for variable in layer.weights
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def random_inputs(model: keras.Model, batch: int = BATCH) -> dict[str, np.ndarray]:
    """A random batch for every input: small numbers of words for integers, noise for the rest.

    Integers stay within the embeddings that read them.
    """
    random = np.random.default_rng(0)
    found = {}
    for tensor in model.inputs:
        shape = (batch, *(LENGTH if side is None else side for side in tensor.shape[1:]))
        whole = str(tensor.dtype).startswith(("int", "uint"))
        values = random.integers(1, _size(model, tensor), shape) if whole else random.normal(size=shape)
        found[tensor.name] = values.astype(tensor.dtype)
    return found


def _size(model: keras.Model, tensor: Any) -> int:
    """How many numbers an input of integers may hold, at most `NUMBERS`."""
    read = [layer for layer in leaves(model) if isinstance(layer, keras.layers.Embedding)]
    return min([NUMBERS, *(each.input_dim for each in read if any(x is tensor for x in _read_by(each)))])


def _read_by(layer: keras.Layer) -> list[Any]:
    return [tensor for call in calls_of(layer) for tensor in call.inputs]


def answers(model: keras.Model, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by name, as float32 arrays. On JAX the model is compiled as a whole: eagerly each operation would be."""
    on_jax = keras.backend.backend() == "jax"
    outputs = model.predict_on_batch(dict(inputs)) if on_jax else model(dict(inputs), training=False)
    return {name: keras.ops.convert_to_numpy(keras.ops.cast(value, "float32")) for name, value in outputs.items()}


def fill(model: keras.Model) -> None:
    """Random weights that let a signal through: kernels by their fan-in, scales around one, shifts around zero.

    The values of a weight depend on its layer's name and its role alone, not on the graph around it.
    """
    for layer in leaves(model):
        for variable in layer.weights:
            if str(variable.dtype).startswith(("float", "bfloat")):
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) and len(variable.shape) > 1
                address = f"{layer.name}/{'depthwise_kernel' if depthwise else variable.name}"
                give(variable, random_values(address, tuple(variable.shape)))


def random_values(address: str, shape: tuple[int, ...]) -> np.ndarray:
    """float32 values for the weight at `address`, "layer/role"."""
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(address.encode()).digest()[:8], "big"))
    role = address.rpartition("/")[2]
    if len(shape) > 1:
        inputs = tuple(range(2 if role == "depthwise_kernel" else len(shape) - 1))
        fan_in = int(np.prod([shape[axis] for axis in inputs]))
        values = random.standard_normal(shape, dtype="float32")
        if fan_in > 4:  # what ReLUs give has a mean; it must not decide alone which of the next ReLUs are silent
            values -= values.mean(inputs, keepdims=True)
        return values * np.float32(np.sqrt(2 / fan_in))
    if role in ("gamma", "moving_variance", "variance", "kernel", "scale"):
        return random.uniform(0.5, 1.5, shape).astype("float32")
    return np.float32(0.1) * random.standard_normal(shape, dtype="float32")


def calibrate(model: keras.Model, inputs: Any) -> None:
    """Give every batch normalisation the statistics of `inputs`: the signal keeps its size, however deep the model.

    Variances near zero, of channels that are always silent, are raised: they would blow up rounding errors.
    """
    norms = [layer for layer in leaves(model) if isinstance(layer, keras.layers.BatchNormalization)]
    drops = [layer for layer in leaves(model) if isinstance(layer, keras.layers.Dropout)]
    before = [*((layer, "momentum", layer.momentum) for layer in norms), *((la, "rate", la.rate) for la in drops)]
    for layer, attribute, _ in before:
        setattr(layer, attribute, 0.0)
    model(inputs, training=True)
    for layer, attribute, value in before:
        setattr(layer, attribute, value)
    for layer in norms:
        variance = keras.ops.convert_to_numpy(layer.moving_variance)
        layer.moving_variance.assign(np.maximum(variance, 0.1 * np.median(variance) + 1e-3))


def leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """All layers, those of nested models too."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer
