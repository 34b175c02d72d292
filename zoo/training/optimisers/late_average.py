"""An average of weights that begins late costs nothing until then, on TensorFlow."""

from typing import Any

import keras
import tensorflow as tf


def averaging_from(kind: type[keras.optimizers.Optimizer], begin: int) -> type[keras.optimizers.Optimizer]:
    """The class of optimisers, whose moving average is not kept up before `begin` steps are done.

    Keras reads and writes it at every step: a sixth of the time on the tables of Rossmann.
    """

    class Late(kind):
        def _update_model_variables_moving_average(self, trainable_variables: list[Any]) -> None:
            update = super()._update_model_variables_moving_average
            tf.cond(self.iterations >= begin, lambda: update(trainable_variables), lambda: None)

    Late.__name__ = kind.__name__
    return Late
