"""The gradient of a score of a model's outputs by its inputs, or by what any layer gives, on every backend.

    function = GradientFunction(model, lambda outputs: outputs["category"][:, 3], by=["image", Place("stage4/conv")])
    found = function({"image": images})        # found.gradients[0] has the shape of the images

Samples are rows: the gradient of the sum of (B,) scores is that of each sample's own, as no layer mixes samples outside
training. Nested models, shared layers, several inputs and outputs are followed as they are called.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.errors import ConfigError, UnknownNameError, require_known
from zoo.tracing.call_recorder import LayerCall, Values, is_float, operations, record_calls, to_array

SQUASHING = ("softmax", "sigmoid")  # at whose ends a gradient vanishes: scores are taken from before them
Tensor = Any
Score = Callable[..., Tensor]  # (outputs by name, further arrays) -> (B,), or a single number


@dataclass(frozen=True)
class Place:
    """What a layer gives at one of its calls.

    layer   its path through nested models, as in "encoder/dense", or its name where only one layer has it.
    call    1 for its first call on a batch, 2 for the second, ... of a shared layer or model.
    output  which of its outputs, where it has several.
    """

    layer: str
    call: int = 1
    output: int = 0


@dataclass(frozen=True)
class Gradients:
    """values and gradients stand in the order of `by`; a gradient is 0 where the score does not depend on the value."""

    outputs: dict[str, np.ndarray]
    scores: np.ndarray
    values: list[np.ndarray]
    gradients: list[np.ndarray]


class GradientFunction:
    """`function(inputs, *arrays)` -> `Gradients` of `score(outputs, *arrays)`, layers in their inference mode.

    score     output name -> tensor, and the further arrays, to (B,) scores or their sum, of `keras.ops`; None: values
              are read, no gradient is taken (those given are 0).
    by        names of inputs (of floats), and `Place`s.
    compiled  on TensorFlow: compile for batches of one shape, worth the while from some twenty calls on. JAX always
              does, PyTorch never.

    Weights are read anew at every call. Raises `UnknownNameError` for an input or a layer that the model does not have,
    `ConfigError` for an input of whole numbers, which has no gradient (give the `Place` of its embedding), and for a
    call that did not happen.
    """

    def __init__(
        self, model: keras.Model, score: Score | None, by: Sequence[str | Place] = (), *, compiled: bool = False
    ):
        self.model, self.score = model, score
        self.by = [each if isinstance(each, str) else _found(model, each) for each in by]
        for each in self.by:
            if isinstance(each, str):
                _require_float_input(model, each)
        self.places = [each for each in self.by if isinstance(each, Place)]
        self.inputs = [each for each in self.by if isinstance(each, str)]
        self._run = {"tensorflow": self._tensorflow, "jax": self._jax, "torch": self._torch}[keras.backend.backend()]
        if keras.backend.backend() == "jax":
            self._compiled = _jitted(self._jax_step)
        elif keras.backend.backend() == "tensorflow" and compiled:
            import tensorflow as tf

            self._run = tf.function(self._tensorflow, autograph=False)

    def __call__(
        self, inputs: Mapping[str, Any], *arrays: Any, replaced: Mapping[Place, np.ndarray] | None = None
    ) -> Gradients:
        """`replaced` are values (B, ...) that stand at some places of `by` for what the layers give there."""
        tensors = _tensors(self.model, inputs)
        given = {self.places.index(_found(self.model, each)): value for each, value in (replaced or {}).items()}
        kept = {row: keras.ops.convert_to_tensor(value) for row, value in given.items()}
        further = [keras.ops.convert_to_tensor(each) for each in arrays]
        outputs, scores, values, gradients = self._run(tensors, kept, further)
        read = [to_array(each) for each in values]
        found = [np.zeros_like(v) if g is None else to_array(g) for v, g in zip(read, gradients, strict=True)]
        return Gradients({k: to_array(v) for k, v in outputs.items()}, to_array(scores), read, found)

    def _forward(
        self, call: Callable[[Any], Any], tensors: Any, kept: Any, arrays: Any, tap: Callable[[Place, Tensor], Tensor]
    ) -> tuple[Any, Any, list[Tensor]]:
        """(outputs, scores, values of `by`), every place sent through `tap`; `kept` stand at places by their row."""
        taken: dict[Place, Tensor] = {}

        def keep(place: Place, value: Tensor) -> Tensor:
            taken[place] = tap(place, kept.get(self.places.index(place), value))
            return taken[place]

        with record_calls(self.model, _Taps(self.places, keep)):
            outputs = named_outputs(self.model, call(tensors))
        for place in self.places:
            if place not in taken:
                raise ConfigError(
                    f"'{place.layer}' of {self.model.name} gives no output {place.output} of floats at a call "
                    f"{place.call}; shared layers are called once for each input that they read."
                )
        scores = keras.ops.zeros(()) if self.score is None else self.score(outputs, *arrays)
        return outputs, scores, [tensors[each] if isinstance(each, str) else taken[each] for each in self.by]

    def _tensorflow(self, tensors: dict[str, Tensor], kept: dict[int, Tensor], arrays: list[Tensor]) -> Any:
        import tensorflow as tf

        def tap(place: Place, value: Tensor) -> Tensor:
            value = tf.identity(value)
            tape.watch(value)
            return value

        with tf.GradientTape(watch_accessed_variables=False) as tape:  # nothing is kept of what stands before
            tape.watch([tensors[each] for each in self.inputs])
            outputs, scores, values = self._forward(self._call, tensors, kept, arrays, tap)
        found = [None] * len(values) if self.score is None or not values else tape.gradient(scores, values)
        return outputs, scores, values, [None if each is None else tf.convert_to_tensor(each) for each in found]

    def _torch(self, tensors: dict[str, Tensor], kept: dict[int, Tensor], arrays: list[Tensor]) -> Any:
        import torch

        def tap(_: Place, value: Tensor) -> Tensor:
            return value if value.requires_grad or self.score is None else value.detach().requires_grad_()

        with _frozen(self.model), torch.set_grad_enabled(self.score is not None):
            for each in self.inputs:
                tensors[each] = tensors[each].detach().requires_grad_()
            outputs, scores, values = self._forward(self._call, tensors, kept, arrays, tap)
            if not scores.requires_grad or not values:
                return outputs, scores, values, [None] * len(values)
            return outputs, scores, values, torch.autograd.grad(scores.sum(), values, allow_unused=True)

    def _call(self, tensors: Any) -> Any:
        return self.model(in_structure(self.model, tensors), training=False)

    def _jax(self, tensors: dict[str, Tensor], kept: dict[int, Tensor], arrays: list[Tensor]) -> Any:
        state = [
            [variable.value for variable in each]
            for each in (self.model.trainable_variables, self.model.non_trainable_variables)
        ]
        return self._compiled(state, tensors, kept, arrays)

    def _jax_step(self, state: Any, tensors: dict[str, Tensor], kept: dict[int, Tensor], arrays: list[Tensor]) -> Any:
        import jax
        import jax.numpy as jnp

        def forward(chosen: dict[str, Tensor], probes: dict[int, Tensor] | None) -> Any:
            def tap(place: Place, value: Tensor) -> Tensor:  # the gradient of an added zero is that of the value
                return value if probes is None else value + probes[self.places.index(place)]

            def call(inputs: Any) -> Any:
                return self.model.stateless_call(*state, in_structure(self.model, inputs), training=False)[0]

            outputs, scores, values = self._forward(call, {**tensors, **chosen}, kept, arrays, tap)
            return jnp.sum(scores), (outputs, scores, values)

        chosen = {each: tensors[each] for each in self.inputs}
        if self.score is None:
            outputs, scores, values = forward(chosen, None)[1]
            return outputs, scores, values, [jnp.zeros_like(each) for each in values]
        shapes = jax.eval_shape(forward, chosen, None)[1][2]
        shapes = [shape for each, shape in zip(self.by, shapes, strict=True) if isinstance(each, Place)]
        zeros = {row: jnp.zeros(shape.shape, shape.dtype) for row, shape in enumerate(shapes)}
        found, (outputs, scores, values) = jax.grad(forward, argnums=(0, 1), has_aux=True)(chosen, zeros)
        gradients = [found[0][each] if isinstance(each, str) else found[1][self.places.index(each)] for each in self.by]
        return outputs, scores, values, gradients


def in_structure(model: keras.Model, tensors: Mapping[str, Any]) -> Any:
    """Tensors by name, in the structure that the model was made with: one, a list, or a dict."""
    if isinstance(model, keras.Sequential):
        return tensors[model.inputs[0].name]
    return tree.map_structure(lambda each: tensors[each.name], model.input)


def symbolic_outputs(model: keras.Model) -> dict[str, Any]:
    """The tensors of the model's own graph that it returns, by name."""
    return named_outputs(model, model.outputs[0] if isinstance(model, keras.Sequential) else model.output)


def named_outputs(model: keras.Model, outputs: Any) -> dict[str, Any]:
    """A model's outputs by name: keys of a dict as they are; else by layer, a second of the same layer as "dense_2"."""
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if isinstance(model, keras.Sequential):
        return {model.layers[-1].name: outputs}
    found: dict[str, Any] = {}
    for name, value in zip(model.output_names, tree.flatten(outputs), strict=True):
        count = sum(each == name or each.startswith(f"{name}_") for each in found) + 1
        found[name if name not in found else f"{name}_{count}"] = value
    return found


def find_layer(model: keras.Model, name: str) -> str:
    """The path of a layer or operation: of its path, or of its name where only one has it.

    Raises `UnknownNameError` where there is none, `ConfigError` where there are several.
    """
    paths = [path for path, _ in operations(model)]
    if name in paths:
        return name
    found = [path for path in paths if path.endswith(f"/{name}")]
    if not found:
        known = paths if "/" in name else {path.rpartition("/")[2] for path in paths}
        raise UnknownNameError(f"layer of {model.name}", name, known)
    if len(found) > 1:
        raise ConfigError(f"Several layers of {model.name} have the name '{name}': say which, {' or '.join(found)}.")
    return found[0]


class _Taps(Values):
    """Sends what the layers of some places give through `tap`; other layers are called as ever."""

    def __init__(self, places: Sequence[Place], tap: Callable[[Place, Tensor], Tensor]):
        super().__init__()
        self.places, self.tap = set(places), tap
        self.layers = {place.layer for place in places}

    def around(self, path: str, operation: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        return super().around(path, operation, call) if path in self.layers else call

    def enter(self, record: LayerCall, values: Any) -> Any:
        return values

    def leave(self, record: LayerCall, values: Any) -> Any:
        flat = tree.flatten(values)
        for row, each in enumerate(flat):
            place = Place(record.name, record.number, row)
            if place in self.places and is_float(each):
                flat[row] = self.tap(place, each)
        return tree.pack_sequence_as(values, flat)


def _found(model: keras.Model, place: Place) -> Place:
    return Place(find_layer(model, place.layer), place.call, place.output)


def _require_float_input(model: keras.Model, name: str) -> None:
    inputs = {each.name: each for each in model.inputs}
    require_known(f"input of {model.name}", name, inputs)
    if not is_float(inputs[name]):
        cure = "name the layer that embeds them"
        if len(inputs[name].shape) > 3:  # a picture: nothing embeds it
            cure = f"use 'occlusion' or a heat map of a layer, or give {model.name} an Input of dtype='float32'"
        raise ConfigError(
            f"The input '{name}' of {model.name} holds whole numbers ({inputs[name].dtype}), by which there is no "
            f"gradient: {cure}."
        )


def _tensors(model: keras.Model, inputs: Mapping[str, Any]) -> dict[str, Tensor]:
    """The arrays of all inputs as tensors of their types."""
    names = {each.name: each for each in model.inputs}
    for name in inputs:
        require_known(f"input of {model.name}", name, names)
    missing = [name for name in names if name not in inputs]
    if missing:
        raise ConfigError(f"{model.name} also takes {', '.join(missing)}, which the inputs lack.")
    return {name: keras.ops.convert_to_tensor(inputs[name], dtype=each.dtype) for name, each in names.items()}


@contextmanager
def _frozen(model: keras.Model) -> Iterator[None]:
    """On PyTorch no graph is kept of the weights meanwhile: backwards goes no further than to what is asked for."""
    weights = [variable.value for variable in model.variables if variable.value.requires_grad]
    try:
        for each in weights:
            each.requires_grad_(False)
        yield
    finally:
        for each in weights:
            each.requires_grad_(True)


def _jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    return jax.jit(function)
