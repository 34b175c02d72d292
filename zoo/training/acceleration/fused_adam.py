"""Adam on TensorFlow with one operation a variable where Keras has a dozen, each of which reads and writes all of it.

A step over 960,000 weights in tables takes half as long, and one over many small variables is no longer bound by the
number of its operations. Of a long table in which few rows ever had a gradient, only those are read and written
(`active_rows`). The values are those of `SummedAdam` up to rounding (1 - beta is taken in single precision).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from zoo.keras_internals.optimiser import OpenAdam
from zoo.training.acceleration.active_rows import ActiveRows, are_few, is_long, is_of_long_table, merge_rows
from zoo.training.optimisers.summed_rows import SummedAdam, SummedAdamW

Tensor = Any


@dataclass(frozen=True)
class _Step:
    """One step of Adam on a variable and its two moments. Kingma and Ba 2015, algorithm 1, in the order of its end."""

    variable: tf.Variable
    first: tf.Variable
    second: tf.Variable
    rate: Tensor
    beta_1: Tensor
    beta_2: Tensor
    powers: tuple[Tensor, Tensor]  # of the betas, by the number of steps
    epsilon: Tensor

    def on_all(self, gradient: Tensor) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=self.variable.handle,
            m=self.first.handle,
            v=self.second.handle,
            beta1_power=self.powers[0],
            beta2_power=self.powers[1],
            lr=self.rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def on_rows(self, gradient: tf.IndexedSlices, moving: Tensor) -> None:
        """`moving` (V,) bool: all whose gradient or moments are not 0."""
        rows = tf.where(moving)[:, 0]
        # A row of zeros that never moved is not among them, and adds nothing wherever it falls.
        places = tf.minimum(tf.searchsorted(rows, tf.cast(gradient.indices, rows.dtype)), tf.size(rows) - 1)
        now = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
        first, second = tf.gather(self.first, rows), tf.gather(self.second, rows)
        first += (now - first) * (1 - self.beta_1)
        second += (tf.square(now) - second) * (1 - self.beta_2)
        rate = self.rate * tf.sqrt(1 - self.powers[1]) / (1 - self.powers[0])
        self.first.scatter_update(tf.IndexedSlices(first, rows))
        self.second.scatter_update(tf.IndexedSlices(second, rows))
        self.variable.scatter_sub(tf.IndexedSlices(rate * first / (tf.sqrt(second) + self.epsilon), rows))


class _Fused(OpenAdam):
    _watched: tuple[tuple[int, ActiveRows], ...] = ()  # long tables; no dict, which Keras would wrap to track it

    def build(self, variables: list[Any]) -> None:
        already = self.built
        super().build(variables)
        if not already:
            tables = enumerate(variables) if not self.amsgrad else ()
            with tf.init_scope():
                self._watched = tuple(
                    (index, ActiveRows(*(moment.value for moment in self.moments(index))))
                    for index, each in tables
                    if is_long(each.shape)
                )

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        super().load_own_variables(store)
        for _, rows in self._watched:
            rows.forget()

    def clip(self, gradients: list[Any]) -> list[Any]:
        """Rows of an embedding's gradient are summed first: Keras takes the norm of repeated ones row by row."""
        if self.global_clipnorm:
            merged = [merge_rows(each) if is_of_long_table(each) else tf.convert_to_tensor(each) for each in gradients]
            return list(tf.clip_by_global_norm(merged, self.global_clipnorm)[0])
        if self.clipnorm or self.clipvalue:
            gradients = [tf.convert_to_tensor(each) for each in gradients]
        return super().clip(gradients)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self.amsgrad:
            super().update_step(tf.convert_to_tensor(gradient), variable, learning_rate)
            return
        index, dtype = self.place_of(variable), variable.dtype
        rate, beta_1, beta_2, epsilon, count = (
            tf.cast(each, dtype)
            for each in (learning_rate, self.beta_1, self.beta_2, self.epsilon, self.iterations + 1)
        )
        powers = tf.pow(beta_1, count), tf.pow(beta_2, count)
        first, second = self.moments(index)
        step = _Step(variable, first.value, second.value, rate, beta_1, beta_2, powers, epsilon)
        rows = dict(self._watched).get(index)
        if rows is None or not isinstance(gradient, tf.IndexedSlices):
            step.on_all(tf.convert_to_tensor(gradient))
            return
        moving = rows.update(gradient)
        tf.cond(
            are_few(moving, self.iterations),
            lambda: step.on_rows(gradient, moving),
            lambda: step.on_all(tf.convert_to_tensor(gradient)),
        )


@keras.saving.register_keras_serializable(package="zoo")
class FusedAdam(_Fused):
    """Adam (Kingma and Ba 2015)."""


@keras.saving.register_keras_serializable(package="zoo")
class FusedAdamW(_Fused, keras.optimizers.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""


FUSED_OPTIMISERS: dict[Any, Any] = {SummedAdam: FusedAdam, SummedAdamW: FusedAdamW}
