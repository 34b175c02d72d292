"""How the graph of a functional model is read and run. Keras is imported when first needed."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from zoo.errors import ConfigError
from zoo.keras_internals.checks import private
from zoo.keras_internals.state import names_unchanged

if TYPE_CHECKING:
    import keras

Tensor = Any  # a symbolic tensor of a graph

READING = "to read the graph of a model"
RUNNING = "to run a model with faster layers (without: Recipe(acceleration=False))"


@dataclass(frozen=True, eq=False)
class GraphCall:
    """One call of a layer, model or operation in a graph.

    args, kwargs  what it was called with; tensors are symbolic.
    """

    operation: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def arguments_with(self, values: Mapping[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, with the values of their tensors: id of a symbolic tensor -> value."""
        import keras

        if not self.kwargs and len(self.args) == len(self.inputs) == 1 and self.args[0] is self.inputs[0]:
            return (values[id(self.args[0])],), {}  # most calls; the general way takes 70 times as long

        def value(each: Any) -> Any:
            return values[id(each)] if isinstance(each, keras.KerasTensor) else each

        return keras.tree.map_structure(value, (self.args, dict(self.kwargs)))


def _call_of(node: Any) -> GraphCall:
    arguments = private(node, "arguments", READING)
    inputs, outputs = private(node, "input_tensors", READING), private(node, "outputs", READING)
    return GraphCall(node.operation, tuple(inputs), tuple(outputs), tuple(arguments.args), arguments.kwargs)


def is_symbolic(tensor: Any) -> bool:
    """Whether it is a tensor of a graph."""
    keras = sys.modules.get("keras")  # without it there is none, and an ONNX file is read without it
    return keras is not None and isinstance(tensor, keras.KerasTensor)


def producer(tensor: Tensor) -> tuple[GraphCall, int]:
    """The call that a symbolic tensor comes from, and its place among that call's outputs."""
    if not is_symbolic(tensor):
        raise ConfigError(f"{tensor!r} is no tensor of a functional model.")
    history = private(tensor, "_keras_history", READING)
    if history.operation is None:
        raise ConfigError(f"{tensor!r} comes from no layer; begin a model with keras.Input.")
    return _call_of(private(history.operation, "_inbound_nodes", READING)[history.node_index]), history.tensor_index


def calls_of(operation: Any) -> list[GraphCall]:
    """All calls of a layer, model or operation, in whatever graphs."""
    return [_call_of(node) for node in private(operation, "_inbound_nodes", READING)]


def next_calls(operation: Any) -> list[GraphCall]:
    """The calls that read an output of this operation, in whatever graphs."""
    return [_call_of(node) for node in private(operation, "_outbound_nodes", READING)]


def readers(tensor: Tensor) -> list[Any]:
    """The layers and operations that read what the operation of this tensor gives, as those of an input."""
    return [call.operation for call in next_calls(producer(tensor)[0].operation)]


def input_names(model: "keras.Model") -> list[str]:
    """The keys by which a functional model takes a dict of inputs: the names of its input layers."""
    return [producer(tensor)[0].operation.name for tensor in model.inputs]


def graph_calls(model: "keras.Model") -> list[GraphCall]:
    """Every call in the graph of a model, upwards from its outputs; calls inside nested models are not among them."""
    calls: dict[tuple[int, ...], GraphCall] = {}
    pending = list(model.outputs)
    inputs = {id(tensor) for tensor in model.inputs}
    seen: set[int] = set()
    while pending:
        tensor = pending.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        if id(tensor) in inputs:  # a model may begin in the middle of another's graph
            continue
        call, _ = producer(tensor)
        calls[tuple(map(id, call.outputs))] = call
        pending += call.inputs
    return list(calls.values())


def calls_in_order(model: "keras.Model") -> list[GraphCall]:
    """Every call in the graph, each after those whose outputs it reads; of two, the one further from the outputs."""
    calls = graph_calls(model)
    maker = {id(tensor): call for call in calls for tensor in call.outputs}
    order = TopologicalSorter(dict.fromkeys(calls, ()))  # backwards
    for call in calls:
        for tensor in call.inputs:
            if id(tensor) in maker:
                order.add(maker[id(tensor)], call)
    return list(order.static_order())[::-1]


def is_graph(operation: Any) -> bool:
    """Whether it is a functional or sequential model, whose own graph can be read."""
    import keras

    return isinstance(operation, keras.Model) and bool(getattr(operation, "outputs", None))


@cache
def functional_class() -> "type[keras.Model]":
    """The class of `keras.Model(inputs, outputs)`."""
    import keras

    x = keras.Input((1,), name="x")
    return type(keras.Model(x, x, name="identity"))


def layers_of(layer: Any) -> Iterator[Any]:
    """The layer or model itself and all inside it: those of nested models, wrappers and other layers."""
    yield from private(layer, "_flatten_layers", "to find layers inside layers")()


@cache
def operation_class(function: Callable[..., Any], *arguments: Any) -> type:
    """The class that a function of `keras.ops` stands in a graph as; `arguments` after the first, a tensor."""
    import keras

    with names_unchanged():
        return type(producer(function(keras.KerasTensor((2, 2), "float32", name="x"), *arguments))[0].operation)


def graph_runner(model: "keras.Model", replaced: Mapping[int, Callable[..., Any]]) -> Callable[..., Any]:
    """A function `run(inputs, training)` that computes a functional model, with other functions for some operations.

    replaced  id of an operation -> what is called in its place.
    """
    import keras

    standardize = private(model, "_standardize_inputs", RUNNING)
    run_through = private(model, "_run_through_graph", RUNNING)

    def run(inputs: Any, training: bool | None = None) -> Any:
        def choose(operation: Any) -> Callable[..., Any]:
            if id(operation) in replaced:
                return replaced[id(operation)]
            told = training is not None and isinstance(operation, keras.Layer)

            def call(*args: Any, **kwargs: Any) -> Any:
                return operation(*args, **(kwargs | {"training": training} if told else kwargs))

            return call

        return run_through(standardize(inputs), operation_fn=choose)

    return run


@cache
def _masks_are_attributes() -> bool:
    import keras

    masked = keras.layers.Masking(name="mask")(keras.ops.ones((1, 1, 1)))
    return private(masked, "_keras_mask", "to see whether a tensor has a mask") is not None


def has_mask(tensor: Any) -> bool:
    """Whether a layer gave this tensor a mask, which the next layer will read."""
    return _masks_are_attributes() and getattr(tensor, "_keras_mask", None) is not None
