"""One batch through a model, layer by layer: what every layer gives and, backwards, the gradients it gets and hands on.

The layers' own `call` is listened to, so that nested and shared models, several inputs and outputs, and operations
that are no layers (`keras.ops.exp` in a graph) are all seen, on TensorFlow, JAX and PyTorch. The model is run eagerly:
values may differ from those of the compiled step by rounding. Variables that a forward pass changes (batch statistics,
random seeds, sums of metrics) are put back.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import keras
import numpy as np
from keras import tree

Tensor = Any
Key = tuple[int, str, int]  # place of a call, "in" or "out", place among the floats of that side
Gradients = tuple[dict[Key, Tensor], list[Tensor]]  # of all values on the way, and of the trainable weights
SIDES = {"in": "inputs", "out": "outputs"}


@dataclass
class LayerCall:
    """One call of one layer or operation, in the order of execution.

    name              path through nested models, as in "encoder/dense".
    number            1 for the first call of this layer on the batch, 2 for the second, ... (shared layers).
    place             1 for the first call that began, 2 for the second, ...: a nested model begins before its parts.
    inputs, outputs   the arrays of floats that went in and came out.
    input_gradients, output_gradients   of the loss by them: the inputs' as far as this call alone is concerned. Empty
                      where gradients were not asked for; None where the loss does not depend on an array.
    """

    name: str
    number: int
    operation: Any
    place: int
    inputs: list[np.ndarray] = field(default_factory=list)
    outputs: list[np.ndarray] = field(default_factory=list)
    input_gradients: list[np.ndarray | None] = field(default_factory=list)
    output_gradients: list[np.ndarray | None] = field(default_factory=list)


@dataclass
class Walk:
    """One batch through a model.

    loss              the training loss; None where no targets were given.
    losses            name -> loss of single outputs, where the model keeps them.
    weight_gradients  name of a trainable weight, as in "encoder/dense/kernel" -> gradient of the loss; empty where
                      gradients were not asked for.
    """

    calls: list[LayerCall]
    loss: float | None = None
    losses: dict[str, float] = field(default_factory=dict)
    weight_gradients: dict[str, np.ndarray | None] = field(default_factory=dict)


def walk(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    training: bool = True,
    gradients: bool = False,
) -> Walk:
    """Run the batch x through `model`; with targets y also through its compiled loss, and back where asked.

    Variables end with the values that they had before.
    """
    x, y, sample_weight = (tree.map_structure(_to_tensor, each) for each in (x, y, sample_weight))
    with ExitStack() as stack:
        stack.enter_context(unchanged(model))
        if hasattr(model, "plain"):  # a model that computes itself faster than layer by layer
            stack.enter_context(model.plain())
        for metric in model.metrics:
            metric.reset_state()
        with listening(model, _Values()) as listener:
            outputs = _call(model, x, training)
        found = Walk(listener.calls)
        if y is not None:
            loss = model._compute_loss(x=x, y=y, y_pred=outputs, sample_weight=sample_weight, training=training)
            found.loss = float(to_array(loss))
            found.losses = _terms(model)
        if gradients:
            _add_gradients(found, model, (x, y, sample_weight), training)
    return found


def operations(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(path, layer or operation) of all that a model computes with; parts of nested models before these."""
    inner = getattr(model, "model", None)
    if isinstance(inner, keras.Model):  # a trainer around the model whose layers have the names
        yield from operations(inner, prefix)
        return
    graph = model._functional if isinstance(model, keras.Sequential) and model.built else model
    for operation in getattr(graph, "operations", None) or model.layers:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        path = f"{prefix}{operation.name}"
        if isinstance(operation, keras.Model):
            yield from operations(operation, f"{path}/")
        yield path, operation


def variable_names(model: Any) -> dict[int, str]:
    """id of a variable -> "path of its layer/its name": unique, where Keras' own paths of nested models may not be."""
    names: dict[int, str] = {}
    for path, operation in operations(model):
        for variable in getattr(operation, "variables", ()):
            names.setdefault(id(variable), f"{path}/{variable.path.removeprefix(f'{operation.path}/')}")
    return names


@contextmanager
def unchanged(model: keras.Model) -> Iterator[None]:
    """All variables of the model have their old values afterwards."""
    variables = [*model.variables, *getattr(model, "metrics_variables", [])]
    values = [np.array(to_array(variable)) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


@contextmanager
def listening(model: keras.Model, listener: "_Values") -> Iterator["_Values"]:
    """While this lasts, every call of a part of `model` passes through `listener`."""
    heard: set[int] = set()
    try:
        for path, operation in operations(model):
            if id(operation) not in heard:  # the same layer in two places has the name of the first
                heard.add(id(operation))
                operation.__dict__["call"] = listener.around(path, operation, operation.call)
                listener.parts.append(operation)
        yield listener
    finally:
        for operation in listener.parts:
            del operation.__dict__["call"]


def to_array(value: Any) -> np.ndarray:
    """A tensor, variable or number of any backend -> numpy; bfloat16 as float32."""
    array = np.asarray(keras.ops.convert_to_numpy(value))
    return array.astype(np.float32) if array.dtype.kind == "V" or str(array.dtype) == "bfloat16" else array


def is_float(value: Any) -> bool:
    """Whether `value` is a tensor or array of floats."""
    return hasattr(value, "dtype") and keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype))


def first_unsound(values: np.ndarray) -> float:
    """The first number that is NaN or infinite."""
    return float(values[~np.isfinite(values)].reshape(-1)[0])


class _Values:
    """Keeps the values of every call. Subclasses also change them on the way, to get at gradients."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.calls: list[LayerCall] = []
        self.numbers: Counter[str] = Counter()

    def around(self, path: str, operation: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*args: Any, **kwargs: Any) -> Any:
            self.numbers[path] += 1
            record = LayerCall(path, self.numbers[path], operation, sum(self.numbers.values()))
            args = self.enter(record, args)
            outputs = self.leave(record, call(*args, **kwargs))
            self.calls.append(record)
            return outputs

        return heard

    def enter(self, record: LayerCall, values: Any) -> Any:
        record.inputs = [to_array(each) for each in tree.flatten(values) if is_float(each)]
        return values

    def leave(self, record: LayerCall, values: Any) -> Any:
        record.outputs = [to_array(each) for each in tree.flatten(values) if is_float(each)]
        return values


class _Probes(_Values):
    """Sends every float tensor through `tap(key, tensor)`, key = (place of the call, side, place among its floats)."""

    def __init__(self, tap: Callable[[Key, Tensor], Tensor]):
        super().__init__()
        self.tap = tap

    def enter(self, record: LayerCall, values: Any) -> Any:
        return self._tapped(record.place, "in", values)

    def leave(self, record: LayerCall, values: Any) -> Any:
        return self._tapped(record.place, "out", values)

    def _tapped(self, place: int, side: str, values: Any) -> Any:
        counter = count()
        return tree.map_structure(
            lambda each: self.tap((place, side, next(counter)), each) if is_float(each) else each, values
        )


def _gradients_tensorflow(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    import tensorflow as tf

    values: dict[Key, Tensor] = {}
    x, y, sample_weight = batch
    with tf.GradientTape() as tape:

        def tap(key: Key, value: Tensor) -> Tensor:
            values[key] = tf.identity(value)
            tape.watch(values[key])  # what stands before the first weight has a gradient too
            return values[key]

        with listening(model, _Probes(tap)):
            outputs = _call(model, x, training)
        loss = model._compute_loss(x=x, y=y, y_pred=outputs, sample_weight=sample_weight, training=training)
    weights = [variable.value for variable in model.trainable_variables]
    found = tape.gradient(loss, [*values.values(), *weights])
    found = [None if each is None else tf.convert_to_tensor(each) for each in found]
    return dict(zip(values, found, strict=False)), found[len(values) :]


def _gradients_jax(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    import jax

    sides = [(call.place, side, getattr(call, name)) for call in calls for side, name in SIDES.items()]
    zeros = {
        (place, side, row): np.zeros_like(each) for place, side, arrays in sides for row, each in enumerate(arrays)
    }
    trainable, *rest = (
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
    )
    settings = [variable.value for variable in model.optimizer.variables] if model.optimizer else None

    def loss(trainable: Any, probes: dict[Key, Tensor]) -> Tensor:
        def tap(key: Key, value: Tensor) -> Tensor:  # the gradient of an added zero is that of the value
            return value + probes[key].astype(value.dtype)

        with listening(model, _Probes(tap)):
            return model.compute_loss_and_updates(
                trainable, *rest, *batch, training=training, optimizer_variables=settings
            )[0]

    weights, values = jax.grad(loss, argnums=(0, 1))(trainable, zeros)
    return values, weights


def _gradients_torch(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    values: dict[Key, Tensor] = {}
    x, y, sample_weight = batch

    def tap(key: Key, value: Tensor) -> Tensor:
        value = value.clone() if value.requires_grad else value.clone().requires_grad_()
        value.retain_grad()
        values[key] = value
        return value

    model.zero_grad()
    with listening(model, _Probes(tap)):
        outputs = _call(model, x, training)
    model._compute_loss(x=x, y=y, y_pred=outputs, sample_weight=sample_weight, training=training).backward()
    found = [variable.value.grad for variable in model.trainable_variables]
    found = [None if each is None else each.clone() for each in found]
    model.zero_grad()
    return {key: value.grad for key, value in values.items()}, found


_GRADIENTS = {"tensorflow": _gradients_tensorflow, "jax": _gradients_jax, "torch": _gradients_torch}


def _add_gradients(found: Walk, model: keras.Model, batch: tuple, training: bool) -> None:
    values, weights = _GRADIENTS[keras.backend.backend()](model, batch, training, found.calls)
    arrays = {key: None if each is None else to_array(each) for key, each in values.items()}
    for call in found.calls:
        call.input_gradients = [arrays.get((call.place, "in", row)) for row in range(len(call.inputs))]
        call.output_gradients = [arrays.get((call.place, "out", row)) for row in range(len(call.outputs))]
    names = variable_names(model)
    for variable, gradient in zip(model.trainable_variables, weights, strict=True):
        found.weight_gradients[names.get(id(variable), variable.path)] = (
            None if gradient is None else to_array(gradient)
        )


def _call(model: keras.Model, x: Any, training: bool) -> Any:
    return model(x, training=training) if model._call_has_training_arg else model(x)


def _to_tensor(value: Any) -> Any:
    return None if value is None else keras.ops.convert_to_tensor(value)


def _terms(model: keras.Model) -> dict[str, float]:
    """Losses of single outputs that the model's metrics have just been told of."""
    terms: dict[str, float] = {}
    for metric in model.metrics:
        result = metric.result()
        for name, value in (result if isinstance(result, dict) else {metric.name: result}).items():
            if "loss" in name and name != "loss":
                terms[name] = float(to_array(value))
    return terms
