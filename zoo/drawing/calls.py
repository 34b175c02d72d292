"""A functional model's graph as plain data: a `Call` for each time that a layer, a model or an operation is called."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from zoo.errors import ConfigError
from zoo.keras_internals.graph import GraphCall, graph_calls, is_graph, producer

NORMALISATIONS = ("BatchNormalization", "LayerNormalization", "GroupNormalization")


@dataclass(frozen=True)
class Call:
    """One call in the graph; `parents` are places in the list of calls, which is in the order of computation.

    named     whether somebody chose the name; Keras counts the others: "not_equal_3".
    shape     of the (first) output without the batch; None for a side of any length.
    times     how often the graph calls what is called here; more than once: it is shared.
    outputs   the model's own outputs that it gives.
    weighted  whether it has weights and is no normalisation; is_layer  whether it is a layer, no mere operation.
    """

    name: str
    kind: str
    detail: str
    shape: tuple[int | None, ...]
    parents: tuple[int, ...]
    named: bool = True
    is_input: bool = False
    times: int = 1
    outputs: tuple[str, ...] = ()
    weighted: bool = False
    is_layer: bool = True


def read_calls(model: keras.Model) -> list[Call]:
    """The calls of a functional or sequential model, inputs first; `ConfigError` for a model without a graph."""
    if not isinstance(model, keras.Model):
        raise ConfigError(f"Only a keras.Model can be drawn; received {model!r:.60}.")
    if not is_graph(model):
        raise ConfigError(f"{model.name} has no graph to draw: it is no functional model, or was never built.")
    inputs = list(model.inputs)
    found = _in_order(graph_calls(model), {id(tensor) for tensor in inputs})
    place = {id(tensor): number for number, tensor in enumerate(inputs)}
    for number, call in enumerate(found, start=len(inputs)):
        place |= {id(tensor): number for tensor in call.outputs}
    outputs: dict[int, list[str]] = {}
    for name, tensor in _named_outputs(model):
        outputs.setdefault(place[id(tensor)], []).append(name)
    times = Counter(id(call.operation) for call in found)
    calls = [_input(tensor, tuple(outputs.get(number, ()))) for number, tensor in enumerate(inputs)]
    for number, call in enumerate(found, start=len(inputs)):
        parents = tuple(dict.fromkeys(place[id(tensor)] for tensor in call.inputs))
        calls.append(_call(call, parents, times[id(call.operation)], tuple(outputs.get(number, ()))))
    return calls


def _in_order(calls: list[GraphCall], known: set[int]) -> list[GraphCall]:
    """The calls, each after those that it reads."""
    pending, ordered = calls[::-1], []
    known = set(known)
    while pending:
        ready = [call for call in pending if all(id(tensor) in known for tensor in call.inputs)]
        ordered += ready
        known |= {id(tensor) for call in ready for tensor in call.outputs}
        done = {id(call) for call in ready}
        pending = [call for call in pending if id(call) not in done]
    return ordered


def _named_outputs(model: keras.Model) -> list[tuple[str, Any]]:
    structure = model.output
    if isinstance(structure, Mapping):
        return list(structure.items())
    return list(zip(model.output_names, model.outputs, strict=True))


def _input(tensor: Any, outputs: tuple[str, ...]) -> Call:
    name = producer(tensor)[0].operation.name
    return Call(name, "input", f"input {tensor.dtype}", tuple(tensor.shape[1:]), (), is_input=True, outputs=outputs)


def _call(call: GraphCall, parents: tuple[int, ...], times: int, outputs: tuple[str, ...]) -> Call:
    operation = call.operation
    kind = type(operation).__name__
    return Call(
        name=operation.name,
        kind=kind,
        detail=_detail(operation),
        shape=tuple(call.outputs[0].shape[1:]),
        parents=parents,
        named=is_graph(operation) or re.fullmatch(rf"{_snake_case(kind)}(_\d+)?", operation.name) is None,
        times=times,
        outputs=outputs,
        is_layer=isinstance(operation, keras.layers.Layer),
        weighted=bool(getattr(operation, "weights", ())) and kind not in NORMALISATIONS,
    )


def _detail(operation: Any) -> str:
    """What a single layer is, in a few words: "Conv2D 64, 7×7"."""
    kind = type(operation).__name__
    if is_graph(operation):
        return f"model of {len(operation.layers)} layers"
    wrapped = getattr(operation, "forward_layer", None) or getattr(operation, "layer", None)
    if wrapped is not None:
        return f"{kind} of {_detail(wrapped)}"
    width = getattr(operation, "filters", None) or getattr(operation, "units", None)
    size = getattr(operation, "kernel_size", None)
    sides = "×".join(map(str, size)) if isinstance(size, tuple) else ""
    return ", ".join(filter(None, [f"{kind} {width}" if width else kind, sides]))


def _snake_case(name: str) -> str:
    """The name that Keras gives to an unnamed layer of this class, without its number."""
    parts = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parts).lower()
