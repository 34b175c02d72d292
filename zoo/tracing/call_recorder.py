"""The parts of a model, by name, and every call of them heard, whatever is nested or shared.

The layers' own `call` is listened to, so that nested and shared models, several inputs and outputs, and operations
that are no layers (`keras.ops.exp` in a graph) are all seen, on TensorFlow, JAX and PyTorch.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import tree


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

    @property
    def said(self) -> str:
        """The layer's name, and which of its calls where there are several."""
        return self.name if self.number == 1 else f"{self.name} (call {self.number})"


def operations(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(path, layer or operation) of all that a model computes with; parts of nested models before these, and what a
    wrapper calls (once for each step, for `TimeDistributed`) before the wrapper."""
    inner = getattr(model, "model", None)
    if isinstance(inner, keras.Model):  # a trainer around the model whose layers have the names
        yield from operations(inner, prefix)
        return
    for operation in getattr(model, "operations", None) or model.layers:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        path = f"{prefix}{operation.name}"
        yield from _with_parts(path, operation)


def _with_parts(path: str, operation: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(operation, keras.Model):
        yield from operations(operation, f"{path}/")
    elif isinstance(operation, keras.layers.Bidirectional):
        for each in (operation.forward_layer, operation.backward_layer):
            yield from _with_parts(f"{path}/{each.name}", each)
    elif isinstance(operation, keras.layers.Wrapper):
        yield from _with_parts(f"{path}/{operation.layer.name}", operation.layer)
    yield path, operation


def variable_names(model: Any) -> dict[int, str]:
    """id of a variable -> "path of its layer/its name": unique, where Keras' own paths of nested models may not be."""
    names: dict[int, str] = {}
    for path, operation in operations(model):
        for variable in getattr(operation, "variables", ()):
            names.setdefault(id(variable), f"{path}/{variable.path.removeprefix(f'{operation.path}/')}")
    return names


@contextmanager
def record_calls(model: keras.Model, listener: "Values") -> Iterator["Values"]:
    """While this lasts, every call of a part of `model` passes through `listener`."""
    heard: dict[int, Any] = {}  # id of a part -> the `call` that somebody else gave this very object, or None
    try:
        for path, operation in operations(model):
            if id(operation) not in heard:  # the same layer in two places has the name of the first
                heard[id(operation)] = operation.__dict__.get("call")
                operation.__dict__["call"] = listener.around(path, operation, operation.call)
                listener.parts.append(operation)
        yield listener
    finally:
        for operation in listener.parts:
            del operation.__dict__["call"]
            if heard[id(operation)] is not None:
                operation.__dict__["call"] = heard[id(operation)]


class Values:
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
