"""The best constant prediction: what it costs, and output layers that begin with it, so that no step is spent on it."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import activations

from zoo.samples import EXCLUSIVE, Samples, present
from zoo.training.heads import Head
from zoo.training.losses import mean_loss
from zoo.training.output_layers.layers import OutputLayers

EDGE = 1e-3  # of a bounded range: a prior on its edge would have an infinite bias


def prior_losses(
    heads: Mapping[str, Head],
    priors: Mapping[str, np.ndarray],
    samples: Samples,
    loss_of: Callable[..., float | None] = mean_loss,
) -> dict[str, float]:
    """output -> loss of its best constant prediction on `samples` (1 where no label is known, or nothing is lost)."""
    found = {}
    for name, head in heads.items():
        target, prior = samples.targets[name], priors[name]
        if head.target.kind in EXCLUSIVE and target.ndim == 2:
            shares = prior[target[present(target)]]  # of all steps: too many for a row of probabilities each
            found[name] = float(-np.mean(np.log(shares))) if shares.size else 1.0
            continue
        constant = np.broadcast_to(prior, (len(target), *prior.shape))  # of many labels, n rows fill a machine
        loss = loss_of(head, target, constant, samples.sample_weight.get(name))
        found[name] = loss or 1.0  # what costs nothing, such as one class alone by a cost matrix, is no measure
    return found


def start_at_prior(layers: OutputLayers, heads: Mapping[str, Head], priors: Mapping[str, np.ndarray]) -> None:
    """Set the bias of fresh output layers so that the untrained model predicts the prior.

    Outputs whose layer has learnt something, or whose bias is not found, stay as they are.
    """
    for name, head in heads.items():
        found = layers.fresh_bias(name)
        if found is None:
            continue
        bias, after = found
        value: np.ndarray | None = priors[name].astype(np.float64)
        for step in after:
            value = None if value is None else _before(step, value, bounded=head.target.kind == "regression")
        if value is not None and tuple(value.shape) == tuple(bias.shape):
            bias.assign(value.astype(np.float32))


def _before(step: Any, value: np.ndarray, *, bounded: bool) -> np.ndarray | None:
    """What an activation or a `Rescaling` must be given to predict `value`; None where that is not known."""
    if isinstance(step, keras.layers.Rescaling):
        return (value - step.offset) / step.scale
    if step is activations.sigmoid:
        share = np.clip(value, EDGE, 1.0 - EDGE) if bounded else value
        return np.log(share / (1.0 - share))
    if step is activations.softmax:
        return np.log(value)
    return value if step is activations.linear else None
