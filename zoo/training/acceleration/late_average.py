"""An average of weights that begins late costs nothing until then, on TensorFlow."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from zoo.keras_internals.optimiser import with_average_step


def averaging_from(kind: type[keras.optimizers.Optimizer], begin: int) -> type[keras.optimizers.Optimizer]:
    """The class of optimisers, whose moving average is not kept up before `begin` steps are done.

    Keras reads and writes it at every step: a sixth of the time on the tables of Rossmann.
    """

    def from_begin(optimizer: Any, step: Callable[[], None]) -> None:
        tf.cond(optimizer.iterations >= begin, step, lambda: None)

    return with_average_step(kind, from_begin)
