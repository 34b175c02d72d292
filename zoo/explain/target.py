"""What is explained: one number of a model's outputs, of a label as probability or before its softmax or sigmoid."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.errors import ConfigError, require_known
from zoo.keras_internals.graph import is_graph, producer
from zoo.tracing.gradients import SQUASHING, symbolic_outputs

Tensor = Any


@dataclass(frozen=True)
class Target:
    """One number of what a model says of a sample.

    output  the output's name.
    place   of the label among the output's numbers; None: the first number, that of a regression.
    label   its name, "" where there is none.
    sign    -1 for the negative label of an output (B, 1) that holds the probability of the positive one.
    logit   whether the number is taken before the softmax or sigmoid that ends the output, where there is one.
    bounded  whether all numbers of the output are from 0 to 1 for the sample, and of several labels add up to 1.
    """

    output: str
    place: int | None = None
    label: str = ""
    sign: int = 1
    logit: bool = False
    bounded: bool = False

    def score(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """(B,) of tensors; the mean over all steps where the output is a sequence (B, T, C)."""
        values = outputs[self.output]
        if len(values.shape) > 2:
            values = keras.ops.mean(values, axis=tuple(range(1, len(values.shape) - 1)))
        elif len(values.shape) == 1:
            values = values[:, None]
        found = values[:, self.place or 0]
        return found if self.sign == 1 else -found if self.logit else 1.0 - found

    def of(self, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """(B,) of arrays, of the probability or value itself."""
        values = outputs[self.output]
        values = values.reshape(len(values), -1, values.shape[-1]).mean(axis=1) if values.ndim > 1 else values[:, None]
        found = values[:, self.place or 0]
        return found if self.sign == 1 else 1.0 - found

    def __str__(self) -> str:
        return f"'{self.output}'" + (f", label '{self.label}'" if self.label else "")


def choose_target(
    outputs: Mapping[str, np.ndarray],
    output: str | None,
    label: Any,
    labels: Mapping[str, Sequence[str]],
    decided: Mapping[str, int],
    positives: Sequence[str] = (),
) -> Target:
    """The target of a user's words: the model's first output and what it predicts, unless they say otherwise.

    outputs    of one sample, (1, ...).
    labels     output -> names of its labels; the numbers themselves where there is none.
    decided    output -> place of the label that is predicted, where it is known otherwise than as the largest.
    positives  outputs (B, 1) that are the probability of the second of two labels.
    """
    if output is not None:
        require_known("output", output, outputs)
    name = output or next(iter(outputs))
    values = outputs[name]
    width = values.shape[-1] if values.ndim > 1 else 1
    mean = values.reshape(-1, width).mean(axis=0)
    names = [str(each) for each in labels.get(name, ())]
    if width == 1 and name not in positives:
        if label is not None:
            raise ConfigError(f"The output '{name}' is a number and has no labels; received label={label!r}.")
        if names:
            raise ConfigError(f"The output '{name}' is a number and has no labels; received {len(names)} names.")
        return Target(name)
    binary = width == 1
    count = 2 if binary else width
    if names and len(names) != count:
        raise ConfigError(f"'{name}' has {count} labels; received {len(names)} names.")
    known = names or [str(each) for each in range(count)]
    if label is None:
        place = decided.get(name, int(mean[0] >= 0.5) if binary else int(np.argmax(mean)))
    elif known.count(str(label)) > 1:
        same = " and ".join(str(row) for row, each in enumerate(known) if each == str(label))
        raise ConfigError(
            f"'{label}' is the name of {known.count(str(label))} labels of '{name}', number {same}: give the number."
        )
    elif str(label) in known:
        place = known.index(str(label))
    elif isinstance(label, int | np.integer) and 0 <= label < len(known):
        place = int(label)
    else:
        require_known(f"label of '{name}'", str(label), known)
        raise AssertionError
    bounded = bool((mean >= 0).all() and (mean <= 1).all() and (binary or abs(float(mean.sum()) - 1) < 1e-2))
    return Target(name, 0 if binary else place, known[place], -1 if binary and place == 0 else 1, bounded=bounded)


# layers that end in their activation: of others, as LSTM, it also stands elsewhere
ENDS_IN_ACTIVATION = (
    layers.Activation, layers.Dense, layers.EinsumDense,
    layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose,
    layers.DepthwiseConv1D, layers.DepthwiseConv2D, layers.SeparableConv1D, layers.SeparableConv2D,
)  # fmt: skip


def ends_in_squashing(model: keras.Model, output: str) -> bool:
    """Whether a softmax or sigmoid is the last that is done for an output."""
    return _squashed(_end(symbolic_outputs(model)[output])) is not None


@contextmanager
def before_squashing(model: keras.Model, output: str) -> Iterator[bool]:
    """While this lasts, a softmax or sigmoid at the end of an output does nothing; whether there is one.

    False as well where the same layer is called on the way to that output too, where it must do what it ever does.
    """
    tensor = symbolic_outputs(model)[output]
    end = _end(tensor)
    name = None if _calls_above(tensor, end) > 1 else _squashed(end)
    if name is None:
        yield False
        return
    before = getattr(end, name) if name == "activation" else None
    try:
        if name == "activation":
            end.activation = keras.activations.linear
        else:
            end.__dict__["call"] = lambda x, *_, **__: x
        yield True
    finally:
        if name == "activation":
            end.activation = before
        else:
            del end.__dict__["call"]


def _squashed(end: Any) -> str | None:
    """Where the softmax or sigmoid is that ends a layer or operation: its "activation", its "call", or None."""
    if type(end) in ENDS_IN_ACTIVATION and getattr(end.activation, "__name__", "") in SQUASHING:
        return "activation"
    return "call" if type(end).__name__.lower() in SQUASHING else None


def _calls_above(tensor: Any, operation: Any) -> int:
    """How often the operation is called for a tensor, inside nested models too."""
    found, pending, seen = 0, [tensor], set()
    while pending:
        each = pending.pop()
        call, place = producer(each)
        key = tuple(map(id, call.outputs))
        if is_graph(call.operation):
            key = (*key, place)
        if key in seen:
            continue
        seen.add(key)
        found += call.operation is operation
        if is_graph(call.operation):
            found += _calls_above(call.operation.outputs[place], operation)
        pending += call.inputs
    return found


def _end(tensor: Any) -> Any:
    """The layer or operation that gives an output, inside nested models too."""
    call, place = producer(tensor)
    while is_graph(call.operation):
        call, place = producer(call.operation.outputs[place])
    return call.operation
