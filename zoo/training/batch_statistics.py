"""The statistics of batch normalisation for averaged weights: those kept in training are those of other weights.

Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", section 3.3.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
from keras import layers, ops

ROWS, BATCHES = 2**16, 256  # as many as are looked at, at most


def trained_norms(model: keras.Model) -> list[layers.BatchNormalization]:
    """The layers of batch normalisation, in nested models too, that take statistics in training."""
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, layers.BatchNormalization)]
    return [layer for layer in norms if layer.trainable]


def take_statistics(model: keras.Model, batches: Iterable[Mapping[str, Any]]) -> None:
    """Let the layers of `trained_norms` keep the mean of the statistics of these batches of inputs, in training mode.

    Dropout draws from the model's random states, which go on.
    """
    norms = trained_norms(model)
    momenta = [layer.momentum for layer in norms]
    kept = [variable for layer in norms for variable in (layer.moving_mean, layer.moving_variance)]
    sums: list[Any] = []
    count = 0
    try:
        for layer in norms:
            layer.momentum = 0.0  # what is kept after a batch is the batch's
        for batch in batches:
            model(dict(batch), training=True)
            found = [ops.convert_to_numpy(variable).astype("float64") for variable in kept]
            sums = [total + each for total, each in zip(sums, found, strict=True)] if count else found
            count += 1
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
    for variable, total in zip(kept, sums, strict=True):
        variable.assign(total / count)
