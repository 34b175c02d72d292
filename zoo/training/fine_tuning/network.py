"""A model as one chain of calls, those of nested models among them, and the places where it can be cut.

A cut is a tensor through which everything passes. Of a network on pictures, the last cut at each stride ends a stage;
of any other, each cut with new weights before it does. The head, the last layers with weights before the outputs, is a
stage of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from math import log2
from typing import Any

import keras

from zoo.keras_internals.graph import GraphCall, calls_in_order, is_graph

HEAD, TOP = "head", "top"
DEEPEST = 32  # stride of networks on pictures
TRIED_SIZE = 256  # of pictures, where a model takes any


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer or an operation that is no model itself; tensors are numbers.

    path  the name of its layer, after those of the nested models that it stands in: "base/conv1".
    """

    path: str
    layer: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    made: GraphCall = field(repr=False)

    @property
    def has_weights(self) -> bool:
        return bool(getattr(self.layer, "weights", ()))

    def run(self, values: dict[int, Any]) -> None:
        """Call the layer with the values of its inputs, and add those of its outputs."""
        given = {id(tensor): values[key] for tensor, key in zip(self.made.inputs, self.inputs, strict=True)}
        args, kwargs = self.made.arguments_with(given)
        found = keras.tree.flatten(self.layer(*args, **kwargs))
        values.update(zip(self.outputs, found, strict=True))


@dataclass(frozen=True)
class Stage:
    """A part of a network that is trained or frozen as a whole: its name and its layers with weights, in order."""

    name: str
    layers: tuple[Any, ...]


class Network:
    """The calls of a functional model in order, nested models opened."""

    def __init__(self, model: keras.Model):
        self.model = model
        self._numbers = count()
        self.calls: list[Call] = []
        self.symbols: dict[int, Any] = {}
        self.inputs = tuple(next(self._numbers) for _ in model.inputs)
        self.symbols.update(zip(self.inputs, model.inputs, strict=True))
        self.outputs = self._open(model, self.inputs, "")
        self._maker = {key: call for call in self.calls for key in call.outputs}

    def _open(self, model: keras.Model, inputs: Sequence[int], path: str) -> tuple[int, ...]:
        keys = dict(zip(map(id, model.inputs), inputs, strict=True))
        for made in calls_in_order(model):
            if all(id(tensor) in keys for tensor in made.outputs):
                continue  # an input
            given = tuple(keys[id(tensor)] for tensor in made.inputs)
            layer = made.operation
            if is_graph(layer) and len(layer.inputs) == len(given) == 1:
                found = self._open(layer, given, f"{path}{layer.name}/")
            else:
                found = tuple(next(self._numbers) for _ in made.outputs)
                self.symbols.update(zip(found, made.outputs, strict=True))
                self.calls.append(Call(path + layer.name, layer, given, found, made))
            keys.update(zip(map(id, made.outputs), found, strict=True))
        return tuple(keys[id(tensor)] for tensor in model.outputs)

    def before(self, keys: Iterable[int]) -> list[Call]:
        """The calls that make these tensors, and all before them, in order."""
        found, pending = set(), list(keys)
        while pending:
            call = self._maker.get(pending.pop())
            if call is not None and id(call) not in found:
                found.add(id(call))
                pending += call.inputs
        return [call for call in self.calls if id(call) in found]

    @cached_property
    def cuts(self) -> list[int]:
        """The tensors, in order, through which everything passes on its way from the inputs to the outputs."""
        readers = Counter(key for call in self.calls for key in call.inputs) + Counter(self.outputs)
        live, found = {key for key in self.inputs if readers[key]}, []
        for call in self.calls:
            live.update(key for key in call.outputs if readers[key])
            for key in call.inputs:
                readers[key] -= 1
                if not readers[key]:
                    live.discard(key)
            if len(live) == 1 and (only := next(iter(live))) not in found:
                found.append(only)
        return found

    @cached_property
    def head(self) -> list[Call]:
        """The calls of the last layers with weights before the outputs."""
        found, pending, seen = set(), list(self.outputs), set()
        while pending:
            call = self._maker.get(pending.pop())
            if call is None or id(call) in seen:
                continue
            seen.add(id(call))
            if call.has_weights:
                found.add(id(call))
            if not call.has_weights or is_norm(call.layer):
                pending += call.inputs
        return [call for call in self.calls if id(call) in found]

    @cached_property
    def strides(self) -> dict[str, int]:
        """The last cut, or else the last tensor, at each stride of a network on pictures: "s8" -> tensor, in order."""
        shapes = self._shapes()
        size = shapes[self.inputs[0]][1] if len(self.inputs) == 1 and len(shapes[self.inputs[0]]) == 4 else None
        if not size:
            return {}
        found: dict[int, int] = {}
        cuts, cut_found = set(self.cuts), set()
        for call in self.calls:
            for key in call.outputs:
                shape = shapes.get(key, ())
                if len(shape) != 4 or not shape[1]:
                    continue
                stride = 2 ** max(round(log2(size / shape[1])), 0)
                if shape[1] == 1 and (key not in cuts or stride > DEEPEST):
                    continue  # an average over all places, as of squeeze and excitation
                if key in cuts or stride not in cut_found:
                    found[stride] = key
                cut_found |= {stride} if key in cuts else set()
        return {f"s{stride}": found[stride] for stride in sorted(found) if stride > 1}

    def _shapes(self) -> dict[int, tuple[int | None, ...]]:
        """The shape of every tensor; where sizes are free, those of pictures of `TRIED_SIZE`."""
        shapes = {key: tuple(tensor.shape) for key, tensor in self.symbols.items()}
        first = shapes[self.inputs[0]]
        if len(self.inputs) > 1 or len(first) != 4 or None not in first[1:]:
            return shapes
        size = (first[0], *(TRIED_SIZE if side is None else side for side in first[1:]))
        values: dict[int, Any] = {self.inputs[0]: keras.KerasTensor(size, self.symbols[self.inputs[0]].dtype)}
        for call in self.calls:
            given = {id(tensor): values[key] for tensor, key in zip(call.made.inputs, call.inputs, strict=True)}
            args, kwargs = call.made.arguments_with(given)
            made = keras.tree.flatten(call.layer.compute_output_spec(*args, **kwargs))
            values.update(zip(call.outputs, made, strict=True))
        return {key: tuple(tensor.shape) for key, tensor in values.items()}

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """From the inputs to the head, the stages that have weights."""
        head = {id(call.layer) for call in self.head}
        taken, found = set(head), []

        def add(name: str, calls: Iterable[Call]) -> None:
            fresh = {id(call.layer): call.layer for call in calls if call.has_weights and id(call.layer) not in taken}
            if fresh:
                taken.update(fresh)
                found.append(Stage(name, tuple(fresh.values())))

        for name, key in self._ends():
            add(name, self.before([key]))
        add(TOP, self.calls)
        last = {id(call.layer): call.layer for call in self.head}
        return (*found, Stage(HEAD, tuple(last.values())))

    def _ends(self) -> list[tuple[str, int]]:
        """Where stages end, and their names."""
        if self.strides:
            return list(self.strides.items())
        head = {id(call) for call in self.head}
        made = [(self._maker[key], key) for key in self.cuts if key in self._maker]
        return [(call.path, key) for call, key in made if id(call) not in head]

    def part(
        self,
        calls: Sequence[Call],
        inputs: Sequence[int],
        outputs: Mapping[str, int],
        names: Sequence[str],
        first: Mapping[int, Any] | None = None,
    ) -> Any:
        """A model of these calls, on the layers themselves: from these tensors, as inputs with names, to others; what
        layers of `first` make of inputs stands for them.
        """
        given = [
            keras.Input(batch_shape=self.symbols[key].shape, dtype=self.symbols[key].dtype, name=name)
            for key, name in zip(inputs, names, strict=True)
        ]
        values: dict[int, Any] = dict(zip(inputs, given, strict=True))
        values |= {key: layer(values[key]) for key, layer in (first or {}).items()}
        for call in calls:
            call.run(values)
        with _different_names(calls):
            return keras.Model(given, {name: values[key] for name, key in outputs.items()}, name=self.model.name)


@contextmanager
def _different_names(calls: Sequence[Call]) -> Iterator[None]:
    """While this lasts, layers of nested models that have the name of another one are called by their paths.

    Inside of two models names may be the same; in a graph of the layers of both, Keras wants them to differ.
    """
    layers = {id(call.layer): call for call in calls}
    count = Counter(call.layer.name for call in layers.values())
    renamed = [(call.layer, call.layer.name, call.path) for call in layers.values() if count[call.layer.name] > 1]
    for layer, _, path in renamed:
        layer.name = path.replace("/", ".")
    try:
        yield
    finally:
        for layer, name, _ in renamed:
            layer.name = name


def is_norm(layer: Any) -> bool:
    """Whether it is a batch normalisation, the one layer that a training changes without training it."""
    return isinstance(layer, keras.layers.BatchNormalization)
