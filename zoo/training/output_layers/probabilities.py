"""Outputs of classes must be probabilities: what is no probability is refused, with the layer that makes it.

A cross-entropy takes logits, or five sigmoids for exclusive classes, without a word, and trains nonsense.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import activations, layers

from zoo.errors import ConfigError
from zoo.keras_internals.graph import is_graph, producer
from zoo.samples import EXCLUSIVE, Samples
from zoo.training.batches import Batches
from zoo.training.heads import Head
from zoo.training.output_layers.layers import PASSED, activation_name
from zoo.training.predictions import outputs_of

ROUNDING = 2e-2  # how far a sum of probabilities may lie from 1: bfloat16 has 3 digits
ROWS = 64  # on which an output is tried whose layers do not tell
END_IN_THEIR_ACTIVATION = (
    layers.Activation,
    layers.Dense,
    layers.EinsumDense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
)
SUITABLE: dict[str, tuple[Any, ...]] = {  # the first is the usual one
    **dict.fromkeys(("classification", "ordered", "mask"), (activations.softmax,)),
    **dict.fromkeys(("binary", "tags", "heat_map"), (activations.sigmoid, activations.hard_sigmoid)),
}


def require_probabilities(model: keras.Model, heads: Mapping[str, Head], samples: Samples) -> None:
    """Raise a `ConfigError` unless every output of classes ends in the activation of its kind.

    What ends in an operation of the user's own is tried on some samples.
    """
    tried = []
    for name, head in heads.items():
        if head.target.kind == "regression":
            continue
        layer, activation = _last(model.output[name])
        if layer is None:
            tried.append(name)
        elif activation not in SUITABLE[head.target.kind]:
            needed = activation_name(SUITABLE[head.target.kind][0])
            is_logits = activation is activations.linear
            found = (
                "no activation, which gives logits" if is_logits else f"the activation {activation_name(activation)}"
            )
            raise ConfigError(
                f"Output '{name}' of '{model.name}' ends in the layer '{layer.name}' with "
                f"{found}; a "
                f"{head.target.kind} head needs probabilities: activation='{needed}'."
            )
    if tried:
        outputs = outputs_of(model, Batches(samples.take(np.arange(min(ROWS, len(samples)))), batch_size=ROWS))
        for name in tried:
            check_probabilities(name, heads[name], outputs[name])


def check_probabilities(name: str, head: Head, output: np.ndarray) -> None:
    """Raise a `ConfigError` unless an output (n, ...) of classes holds probabilities."""
    if head.target.kind == "regression" or not output.size or not np.isfinite(output).all():
        return  # what is not finite is told elsewhere
    low, high = float(output.min()), float(output.max())
    if low < -ROUNDING or high > 1.0 + ROUNDING:
        raise ConfigError(
            f"Output '{name}' gives numbers from {low:.3g} to {high:.3g}; a {head.target.kind} head needs "
            f"probabilities: end it in activation='{activation_name(SUITABLE[head.target.kind][0])}'."
        )
    if head.target.kind in EXCLUSIVE:
        sums = output.sum(axis=-1)
        worst = float(sums.reshape(-1)[np.argmax(np.abs(sums - 1.0))])
        if abs(worst - 1.0) > ROUNDING:
            raise ConfigError(
                f"The classes of output '{name}' exclude each other, but its probabilities sum to {worst:.3g}: end it "
                "in activation='softmax', or take Target('tags', labels) for several labels at once."
            )


def _last(tensor: Any) -> tuple[Any, Any]:
    """The layer that an output ends in and its activation; (None, None) where only trying tells."""
    while True:
        call, place = producer(tensor)
        layer = call.operation
        if is_graph(layer):
            tensor = layer.outputs[place]
            continue
        layer = layer.layer if isinstance(layer, layers.TimeDistributed) else layer
        if type(layer) is layers.Softmax:
            return layer, activations.softmax
        activation = getattr(layer, "activation", None)
        if isinstance(layer, PASSED) or (type(layer) is layers.Activation and activation is activations.linear):
            tensor = call.inputs[0]
            continue
        is_told = type(layer) in END_IN_THEIR_ACTIVATION and activation in vars(activations).values()
        return (layer, activation) if is_told else (None, None)
