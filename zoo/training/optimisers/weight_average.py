"""The model with the average of its weights, for as long as somebody looks at it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from zoo.errors import TrainingError
from zoo.training.optimisers.batch_statistics import BatchStatistics

Inputs = Iterable[Mapping[str, Any]]


@contextmanager
def averaged(
    trainer: keras.Model, statistics: BatchStatistics, begin: int | None, inputs: Callable[[], Inputs]
) -> Iterator[None]:
    """While this lasts, the weights are their average, where the optimiser keeps one and it has begun.

    For an average of the last steps, those after number `begin`, batch normalisation has its own statistics meanwhile,
    of the batches that `inputs` gives.
    """
    optimizer = trainer.optimizer
    own_steps = getattr(optimizer, "inner_optimizer", optimizer)  # it may stand inside a scaling of the loss
    done = int(own_steps.iterations)  # steps whose gradients were not finite are none: before one there is no average
    if not own_steps.use_ema or done <= (begin or 0):
        yield
        return
    trainable = trainer.trainable_variables
    own = [(each, _values(each)) for each in (*trainable, *trainer.non_trainable_variables)]
    try:
        optimizer.finalize_variable_values(trainable)
        for variable in trainable:  # a copy: on JAX, predicting gives away what it reads
            average = variable if variable.constraint is None else variable.constraint(variable.value)
            variable.assign(_values(average))  # Keras averages what stood there before a constraint was applied
        if begin is not None:
            statistics.take(inputs())
        given = [_values(each) for each in trainable]
        yield
        if not all(map(np.array_equal, map(_values, trainable), given)):
            raise TrainingError(
                "A callback changed weights of the model while their average stood in their place, so that the change "
                "would be lost; train without an average, or leave the weights alone."
            )
    finally:
        for variable, value in own:
            variable.assign(value)


def _values(variable: Any) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))
