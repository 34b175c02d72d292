"""Optimisers that update only the rows that a batch touched: for embeddings, of which a batch reads a few.

The gradient of an embedding is a `tf.IndexedSlices`. Keras spreads it over the whole table's moments at every step,
about 15 % of a step of the author profile. Here rows without a gradient keep their values and their moments, as in
PyTorch's SparseAdam: a different method from the dense one (whose moments decay everywhere), equal to it where all
rows are touched. Variables with ordinary gradients, and options that need all rows, take Keras' own step.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops


class _MergedRows(keras.optimizers.Optimizer):
    """Brings every row of a sparse gradient together before Keras clips and applies it.

    Keras' own clipping by the norm of all gradients spreads sparse ones over their whole tables.
    """

    def _clip_gradients(self, gradients: list[Any]) -> list[Any]:
        gradients = [merge_rows(each) if isinstance(each, tf.IndexedSlices) else each for each in gradients]
        if self.global_clipnorm:
            return tf.clip_by_global_norm(gradients, self.global_clipnorm)[0]
        return super()._clip_gradients(gradients)


@keras.saving.register_keras_serializable(package="zoo")
class LazyAdam(_MergedRows, keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015) on touched rows; bias is corrected by the number of all steps."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not isinstance(gradient, tf.IndexedSlices) or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        rows, gradient = gradient.indices, gradient.values
        index = self._get_variable_index(variable)
        rate, step = (tf.cast(each, variable.dtype) for each in (learning_rate, self.iterations + 1))
        moment = _blend_rows(self._momentums[index].value, rows, gradient, self.beta_1)
        velocity = _blend_rows(self._velocities[index].value, rows, tf.square(gradient), self.beta_2)
        rate *= tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        _move_rows(variable, rows, -rate * moment / (tf.sqrt(velocity) + self.epsilon))


@keras.saving.register_keras_serializable(package="zoo")
class LazyRMSprop(_MergedRows, keras.optimizers.RMSprop):
    """RMSprop (Tieleman and Hinton 2012) on touched rows."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not isinstance(gradient, tf.IndexedSlices) or self.centered or self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        rows, gradient = gradient.indices, gradient.values
        rate = ops.cast(learning_rate, variable.dtype)
        velocities = self._velocities[self._get_variable_index(variable)].value
        velocity = _blend_rows(velocities, rows, tf.square(gradient), self.rho)
        _move_rows(variable, rows, -rate * gradient / tf.sqrt(velocity + self.epsilon))


LAZY_OPTIMISERS = {"adam": LazyAdam, "rmsprop": LazyRMSprop}


def merge_rows(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with every row once."""
    rows, places = tf.unique(gradient.indices)
    values = tf.cond(
        tf.size(rows) == tf.size(gradient.indices),
        lambda: gradient.values,  # tf.unique keeps the order
        lambda: tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows)),
    )
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _blend_rows(variable: tf.Variable, rows: Any, new: Any, keep: float) -> Any:
    """Move these rows of a moving average towards `new`; return them."""
    old = tf.gather(variable, rows)
    blended = old + (new - old) * (1 - keep)
    variable.scatter_update(tf.IndexedSlices(blended, rows))
    return blended


def _move_rows(variable: tf.Variable, rows: Any, change: Any) -> None:
    variable.scatter_add(tf.IndexedSlices(change, rows))
