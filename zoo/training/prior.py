"""The best constant answer: what it costs, and output layers that begin with it, so that no step is spent on it."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.samples import Samples, present
from zoo.training.heads import Head
from zoo.training.losses import mean_loss
from zoo.training.units import Affine

EDGE = 1e-3  # of a bounded range: a prior on its edge would have an infinite bias


def prior_losses(
    heads: Mapping[str, Head],
    priors: Mapping[str, np.ndarray],
    samples: Samples,
    loss_of: Callable[[Head, np.ndarray, np.ndarray], float | None] = mean_loss,
) -> dict[str, float]:
    """output -> loss of its best constant answer on `samples` (1 where no label is known, or nothing is lost)."""
    found = {}
    for name, head in heads.items():
        target = samples.targets[name]
        if target.ndim == 2:  # of all steps: too many for a row of probabilities each
            shares = priors[name][target[present(target)]]
            found[name] = float(-np.mean(np.log(shares))) if shares.size else 1.0
            continue
        constant = np.broadcast_to(priors[name], (len(target), len(priors[name])))
        loss = loss_of(head, target, np.ascontiguousarray(constant))
        found[name] = loss or 1.0  # what costs nothing, such as one class alone by a cost matrix, is no measure
    return found


def start_at_prior(
    model: keras.Model, heads: Mapping[str, Head], priors: Mapping[str, np.ndarray], units: Mapping[str, Affine]
) -> None:
    """Set the bias of every output layer so that the untrained model answers with the prior, in its own units."""
    for name, head in heads.items():
        bias, after = _bias_before(model.output[name])
        if bias is None:
            raise ConfigError(f"Output layer '{name}' has no bias to start at the prior; set start_at_prior=False.")
        prior = priors[name]
        if head.target.kind == "binary":
            prior = np.log(prior / (1.0 - prior))
        elif head.target.kind == "classification":
            prior = np.log(prior)
        elif name in units:
            prior = (prior - units[name].shift) / units[name].scale
        else:
            for layer in after:
                prior = _before(layer, prior)
        bias.assign(prior)


def _before(layer: keras.layers.Layer, value: np.ndarray) -> np.ndarray:
    """What a layer of a bounded output must be given to answer `value`."""
    if isinstance(layer, keras.layers.Rescaling):
        return (value - layer.offset) / layer.scale
    if isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.sigmoid:
        share = np.clip(value, EDGE, 1.0 - EDGE)
        return np.log(share / (1.0 - share))
    return value


def _bias_before(output: Any) -> tuple[keras.Variable | None, list[keras.layers.Layer]]:
    """The bias of the output's layer, or of the nearest above it through activations, ranges and sums; and these."""
    passed: list[keras.layers.Layer] = []
    pending = [output]
    while pending:
        layer, node, _ = pending.pop(0)._keras_history
        if getattr(layer, "bias", None) is not None:
            return layer.bias, passed
        if isinstance(layer, keras.layers.Activation | keras.layers.Add | keras.layers.Rescaling):
            passed.append(layer)
            pending += layer._inbound_nodes[node].input_tensors
    return None, passed
