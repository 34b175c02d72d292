"""The statistics of batch normalisation for averaged weights: those kept in training are those of other weights.

Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", section 3.3.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.keras_internals.graph import layers_of

Tensor = Any
Run = Callable[[dict[str, Any], Any], None]

ROWS, BATCHES = 2**16, 256  # as many as are looked at, at most


class BatchStatistics:
    """Takes the statistics of a model's batch normalisation anew.

    norms  the layers, in nested models too, that take statistics in training: those that are not frozen.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        norms = [layer for layer in layers_of(model) if isinstance(layer, layers.BatchNormalization)]
        self.norms = [layer for layer in norms if layer.trainable]
        self._run: Run | None = None  # compiled at the first need

    def take(self, batches: Iterable[Mapping[str, Any]]) -> None:
        """Let the layers keep the mean, over the rows of these batches of inputs, of what they find in training mode.

        Of a layer that is called several times, all calls count. Dropout draws from the model's random states.
        """
        if not self.norms:
            return
        if self._run is None:
            makers = {"tensorflow": self._on_tensorflow, "jax": self._on_jax, "torch": self._on_torch}
            self._run = makers[keras.backend.backend()]()
        seen = 0
        for batch in batches:
            rows = len(next(iter(batch.values())))
            self._run(dict(batch), np.float32(seen / (seen + rows)))
            seen += rows

    @contextmanager
    def _keeping(self, share: Tensor) -> Iterator[None]:
        """While this lasts, so much of the old statistics is kept at every call."""
        own = [layer.momentum for layer in self.norms]
        try:
            for layer in self.norms:
                vars(layer)["momentum"] = share
            yield
        finally:
            for layer, momentum in zip(self.norms, own, strict=True):
                vars(layer)["momentum"] = momentum

    def _on_tensorflow(self) -> Run:
        import tensorflow as tf

        @tf.function(autograph=False, reduce_retracing=True)
        def run(inputs: dict[str, Tensor], share: Tensor) -> None:
            with self._keeping(share):
                self.model(inputs, training=True)

        return lambda inputs, share: run(inputs, tf.constant(share))

    def _on_jax(self) -> Run:
        import jax

        @jax.jit
        def step(weights: list[Tensor], others: list[Tensor], inputs: dict[str, Tensor], share: Tensor) -> list[Tensor]:
            with self._keeping(share):
                return list(self.model.stateless_call(weights, others, inputs, training=True)[1])

        def run(inputs: dict[str, Any], share: Any) -> None:
            weights, others = self.model.trainable_variables, self.model.non_trainable_variables
            found = step([each.value for each in weights], [each.value for each in others], inputs, share)
            for variable, value in zip(others, found, strict=True):
                variable.assign(value)

        return run

    def _on_torch(self) -> Run:
        import torch

        def run(inputs: dict[str, Any], share: Any) -> None:
            with torch.no_grad(), torch.random.fork_rng(), self._keeping(float(share)):
                self.model(inputs, training=True)

        return run
