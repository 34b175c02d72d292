"""Which layers of a model read an input on the way to an output, through nested models; and at which of their calls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.errors import ConfigError
from zoo.keras_internals.graph import calls_in_order, is_graph
from zoo.tracing.call_recorder import LayerCall, Values, is_float, operations, record_calls, to_array
from zoo.tracing.gradients import Place, find_layer, in_structure, symbolic_outputs

CALL_MARK = "#"  # "encoder/conv#2" is the second call


@dataclass(frozen=True)
class Candidate:
    """A layer between an input and an output; `shape` of what it gives, None for an unknown side."""

    path: str
    operation: Any
    shape: tuple[int | None, ...]


def layers_between(model: keras.Model, input_name: str, output: str) -> list[Candidate]:
    """The layers and operations that read the input and are read by the output, in the order of the graph."""
    start = {id(each) for each in model.inputs if each.name == input_name}
    end = {id(symbolic_outputs(model)[output])}
    return list(_between(model, start, end, ""))


def _between(model: Any, start: set[int], end: set[int], prefix: str) -> Iterator[Candidate]:
    calls = calls_in_order(model)
    reached, read = set(start), set(end)
    for call in calls:
        if any(id(each) in reached for each in call.inputs):
            reached |= set(map(id, call.outputs))
    for call in reversed(calls):
        if any(id(each) in read for each in call.outputs):
            read |= set(map(id, call.inputs))
    for call in calls:
        given = [each for each in call.outputs if id(each) in reached and id(each) in read]
        if not given or not any(id(each) in reached for each in call.inputs):
            continue
        path = f"{prefix}{call.operation.name}"
        if is_graph(call.operation):
            inner = call.operation
            pairs = list(zip(call.inputs, inner.inputs, strict=False))
            starts = {id(b) for a, b in pairs if id(a) in reached}
            ends = {id(b) for a, b in zip(call.outputs, inner.outputs, strict=False) if id(a) in read}
            yield from _between(inner, starts, ends, f"{path}/")
        else:
            yield Candidate(path, call.operation, tuple(given[0].shape))


def default_map_layer(model: keras.Model, input_name: str, output: str) -> str:
    """The last layer that still gives a map (B, h, w, C). Raises `ConfigError` where there is none."""
    maps = [
        each
        for each in layers_between(model, input_name, output)
        if len(each.shape) == 4 and tuple(each.shape[1:3]) != (1, 1)
    ]
    if not maps:
        raise ConfigError(
            f"No layer of {model.name} between '{input_name}' and '{output}' gives a map (height, width, channels); "
            "explain it with method='saliency', 'integrated-gradients' or 'occlusion'."
        )
    return maps[-1].path


class _Recorder(Values):
    """Keeps what some layers give, call by call."""

    def __init__(self, paths: Sequence[str]):
        super().__init__()
        self.paths = set(paths)

    def around(self, path: str, operation: Any, call: Any) -> Any:
        return super().around(path, operation, call) if path in self.paths else call

    def enter(self, record: LayerCall, values: Any) -> Any:
        return values

    def leave(self, record: LayerCall, values: Any) -> Any:
        record.outputs = [to_array(each) for each in tree.flatten(values) if is_float(each)]
        return values


def recorded(model: keras.Model, inputs: Mapping[str, np.ndarray], paths: Sequence[str]) -> dict[Place, np.ndarray]:
    """What these layers give, at each of their calls."""
    with record_calls(model, _Recorder(paths)) as listener:
        tensors = {each.name: keras.ops.convert_to_tensor(inputs[each.name], each.dtype) for each in model.inputs}
        model(in_structure(model, tensors), training=False)
    return {Place(call.name, call.number): call.outputs[0] for call in listener.calls if call.outputs}


def calls_reading(
    model: keras.Model, inputs: Mapping[str, np.ndarray], input_name: str, paths: Sequence[str]
) -> dict[Place, np.ndarray]:
    """The calls of these layers whose outputs change with the input, and what they give."""
    before = recorded(model, inputs, paths)
    changed = inputs[input_name]
    if np.issubdtype(changed.dtype, np.integer):
        changed = np.where(changed > 0, np.where(changed == 1, 2, 1), 0).astype(changed.dtype)
    else:
        changed = changed + np.random.default_rng(0).normal(size=changed.shape).astype(changed.dtype)
    after = recorded(model, {**inputs, input_name: changed}, paths)
    return {place: value for place, value in before.items() if not np.array_equal(value, after[place])}


def place_of(
    model: keras.Model, inputs: Mapping[str, np.ndarray], input_name: str, output: str, layer: str | None
) -> Place:
    """The place of a layer's name, "NAME#2" for its second call; by default the last call that reads the input."""
    name, mark, number = (layer or default_map_layer(model, input_name, output)).partition(CALL_MARK)
    path = find_layer(model, name)
    if mark:
        if not number.isdigit() or int(number) < 1:
            raise ConfigError(f"A call of a layer is named as '{name}#2'; received '{layer}'.")
        return Place(path, int(number))
    if len(model.inputs) == 1 and _called_once(model, path):
        return Place(path)
    found = calls_reading(model, inputs, input_name, [path])
    if not found:
        raise ConfigError(f"'{path}' of {model.name} does not read '{input_name}': name another layer.")
    return max(found, key=lambda place: place.call)


def sees_steps(model: keras.Model, path: str) -> str | None:
    """The path of the `TimeDistributed` layer that this one stands in; None where it stands in none."""
    around = dict(operations(model))
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts))]
    return next((each for each in above if isinstance(around.get(each), keras.layers.TimeDistributed)), None)


def _called_once(model: keras.Model, path: str) -> bool:
    """Whether the layer and all models around it stand in the graph once."""
    parts, graph = path.split("/"), model
    for row, part in enumerate(parts):
        calls = [call for call in calls_in_order(graph) if call.operation.name == part]
        if len(calls) != 1:
            return False
        if row < len(parts) - 1:
            graph = calls[0].operation
            if not is_graph(graph):  # a wrapper, which may call its layer at every step
                return False
    return True
