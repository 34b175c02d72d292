"""Keras' private names behind one door: how the graph of a functional model is read.

Each name is checked where it is used, so that a Keras that drops it ends in one sentence that says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from zoo.errors import ConfigError

Tensor = Any  # a symbolic tensor of a graph


@dataclass(frozen=True)
class GraphCall:
    """One call of a layer, model or operation in a graph."""

    operation: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def producer(tensor: Tensor) -> tuple[GraphCall, int]:
    """The call that a symbolic tensor comes from, and its place among that call's outputs."""
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        raise ConfigError(f"{tensor!r} is no tensor of a functional model, or this Keras ({keras.__version__}) is new.")
    node = history.operation._inbound_nodes[history.node_index]
    return GraphCall(history.operation, tuple(node.input_tensors), tuple(node.output_tensors)), history.tensor_index


def input_names(model: keras.Model) -> list[str]:
    """The keys by which a functional model takes a dict of inputs: the names of its input layers."""
    return [producer(tensor)[0].operation.name for tensor in model.inputs]


def graph_calls(model: keras.Model) -> list[GraphCall]:
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


def is_graph(operation: Any) -> bool:
    """Whether it is a functional or sequential model, whose own graph can be read."""
    return isinstance(operation, keras.Model) and bool(getattr(operation, "outputs", None))


def layers_of(model: keras.Model) -> Iterator[Any]:
    """All layers of a model, those inside nested models, wrappers and other layers too, and the model itself."""
    yield from model._flatten_layers()
