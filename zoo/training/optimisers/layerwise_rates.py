"""A rate for each weight: a share of the optimiser's own, the same on every backend.

(Keras' `MultiOptimizer` has a rate a group too, but clips, averages and counts the steps of each group apart.)
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.keras_internals.optimiser import place_of


def with_layerwise_rates(
    kind: type[keras.optimizers.Optimizer], rates: Sequence[float], decays: Sequence[float]
) -> type[keras.optimizers.Optimizer]:
    """The class of optimisers whose rate for the i-th weight that they are built for is `rates[i]` times their own.

    decays  what each weight loses a step, times its rate, instead of the optimiser's own `weight_decay`.
    """

    class Layerwise(kind):
        def __init__(self, *args: Any, **kwargs: Any):
            super().__init__(*args, **kwargs)
            self.weight_decay = None

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            place = place_of(self, variable)
            rate = ops.multiply(learning_rate, rates[place])
            if decays[place]:
                self.assign_sub(variable, ops.multiply(variable, ops.cast(rate * decays[place], variable.dtype)))
            super().update_step(gradient, variable, rate)

    Layerwise.__name__ = kind.__name__
    return Layerwise
