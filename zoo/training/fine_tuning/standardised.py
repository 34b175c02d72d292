"""Heads that learn on standardised features, whose scale is then folded into their weights.

Features of a network differ in size by orders of magnitude, and one rate and one weight decay for all of them leave
the small ones unused. A head that reads (x - mean) / deviation is the same head on x with other weights: kernel /
deviation, and bias - mean / deviation @ kernel. So it is trained on the one and given back as the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.keras_internals.graph import input_names
from zoo.training.fine_tuning.initial_values import is_as_made
from zoo.training.fine_tuning.network import Network
from zoo.training.output_layers.target_scaling import assign, changed_for_now, weights_of

ROWS = 4_096  # of features that are read together
# Deviation of a feature as a share of its mean, and at all; what varies less is not scaled. Folded into weights of
# float32 such a scale is beyond rounding: at a share of 3e-4 heads predict otherwise than `verify_predictions` lets.
CONSTANT, LEAST = 1e-3, 1e-6


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and deviation (d,) float64 of features on the training rows, and the only layers that read them.

    last  the ids of those that give outputs of the model.
    """

    mean: np.ndarray
    deviation: np.ndarray
    heads: tuple[Any, ...]
    last: frozenset[int]


def with_standardised(upper: keras.Model, features: dict[str, Any]) -> tuple[keras.Model, tuple[Scale, ...]]:
    """A model whose inputs `features`, by name, are standardised first where dense layers alone read them.

    features  (n, d), or (n, 1, 1, d).

    The layers are those of `upper` themselves; without such an input it is given back as it is.
    """
    network, scales, changed = Network(upper), list[Scale](), dict[int, Any]()
    names = input_names(upper)
    for key, name in zip(network.inputs, names, strict=True):
        values = features.get(name)
        heads = _readers(network, key) if values is not None and is_flat(values) and len(values) else ()
        if values is not None and heads:
            mean, deviation = _moments(values)
            if not np.isfinite([mean, deviation]).all():
                continue  # a row without finite features is for whoever guards the training; it spoils no other
            scales.append(Scale(mean, deviation, heads, _last(network)))
            changed[key] = layers.Normalization(
                axis=-1, mean=mean, variance=np.square(deviation), name=f"standardised_{name}"
            )
    if not scales:
        return upper, ()
    ends = dict(zip(keras.tree.flatten({name: name for name in upper.output}), network.outputs, strict=True))
    return network.part(network.calls, network.inputs, ends, names, changed), tuple(scales)


@contextmanager
def on_standardised(scales: Sequence[Scale]) -> Iterator[None]:
    """While this lasts, the heads' weights are those for standardised features; then those for features as they are.

    One that has learnt something predicts what it did. One as it was made would not be of the features' size: if it
    gives an output it begins with a kernel of 0, as of more features than rows a random one would keep what no row
    speaks against; others begin as they were made.
    """
    for scale, head in _pairs(scales):
        if not is_as_made(head):
            _unfold(scale, head)
        elif id(head) in scale.last:
            kernel, bias = weights_of(head)
            assign(head, np.zeros_like(kernel), bias)
    try:
        yield
    finally:
        for scale, head in _pairs(scales):
            _fold(scale, head)


@contextmanager
def as_given(scales: Sequence[Scale]) -> Iterator[None]:
    """Within a training, while this lasts, the heads are those of features as they are, for whoever looks at the model;
    then bit for bit what they were, unless somebody wrote other weights meanwhile.
    """
    pairs = {str(place): pair for place, pair in enumerate(_pairs(scales))}
    heads = {name: head for name, (_, head) in pairs.items()}
    with changed_for_now(heads, lambda name: _fold(*pairs[name]), lambda name: _unfold(*pairs[name])):
        yield


def _pairs(scales: Sequence[Scale]) -> list[tuple[Scale, Any]]:
    return [(scale, head) for scale in scales for head in scale.heads]


def _fold(scale: Scale, head: Any) -> None:
    kernel, bias = (each.astype(np.float64) for each in weights_of(head))
    kernel = kernel / scale.deviation[:, None]
    assign(head, kernel, bias - scale.mean @ kernel)


def _unfold(scale: Scale, head: Any) -> None:
    kernel, bias = (each.astype(np.float64) for each in weights_of(head))
    assign(head, kernel * scale.deviation[:, None], bias + scale.mean @ kernel)


def is_flat(values: Any) -> bool:
    """Whether features have one place alone: (n, d), or (n, 1, 1, d) as MobileNet's are before they are flattened."""
    return len(values.shape) > 1 and all(size == 1 for size in values.shape[1:-1])


def _readers(network: Network, key: int) -> tuple[Any, ...]:
    """The dense layers that read a tensor of one place, through dropout and flattening at the most; none where anything
    else reads it too."""
    if key in network.outputs:
        return ()
    found: list[Any] = []
    for call in (call for call in network.calls if key in call.inputs):
        if isinstance(call.layer, layers.Dropout | layers.Flatten):
            inner = _readers(network, call.outputs[0])
            if not inner:
                return ()
            found += inner
        elif _is_dense(call.layer) and sum(other.layer is call.layer for other in network.calls) == 1:
            found.append(call.layer)
        else:
            return ()
    return tuple(found)


def _last(network: Network) -> frozenset[int]:
    """The ids of layers that give outputs."""
    return frozenset(id(call.layer) for call in network.calls if not set(network.outputs).isdisjoint(call.outputs))


def _is_dense(layer: Any) -> bool:
    """Whether its weights can be folded: trained, with a bias, in float32 and in no other form."""
    return (
        type(layer) is layers.Dense
        and layer.trainable
        and layer.use_bias
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and layer.kernel_constraint is None
        and layer.bias_constraint is None
        and not getattr(layer, "lora_enabled", False)
    )


def _moments(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """(n, ..., d) of one place -> mean and deviation (d,) float64, 1 where a feature is constant."""
    parts = [np.arange(start, min(start + ROWS, len(values))) for start in range(0, len(values), ROWS)]
    total = sum(np.asarray(values[rows], np.float64).sum(axis=0) for rows in parts)
    mean = np.asarray(total / len(values))
    squares = sum(np.square(np.asarray(values[rows], np.float64) - mean).sum(axis=0) for rows in parts)
    deviation = np.sqrt(np.asarray(squares) / len(values))
    varies = deviation > np.maximum(CONSTANT * np.abs(mean), LEAST)
    return mean.reshape(-1), np.where(varies, deviation, 1.0).reshape(-1)
