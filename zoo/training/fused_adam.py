"""Adam on TensorFlow with one operation a variable where Keras has a dozen, each of which reads and writes all of it.

A step over 960,000 weights in tables takes half as long, and one over many small variables is no longer bound by the
number of its operations. The values are Keras' up to rounding (1 - beta is taken in single precision).
"""

from typing import Any

import keras
import tensorflow as tf


class _Fused(keras.optimizers.Adam):
    def _clip_gradients(self, gradients: list[Any]) -> list[Any]:
        """Rows of an embedding's gradient are summed first: Keras takes the norm of repeated ones row by row."""
        return super()._clip_gradients([tf.convert_to_tensor(each) for each in gradients])

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        index, dtype = self._get_variable_index(variable), variable.dtype
        rate, beta_1, beta_2, epsilon, step = (
            tf.cast(each, dtype)
            for each in (learning_rate, self.beta_1, self.beta_2, self.epsilon, self.iterations + 1)
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )


@keras.saving.register_keras_serializable(package="zoo")
class FusedAdam(_Fused):
    """Adam (Kingma and Ba 2015)."""


@keras.saving.register_keras_serializable(package="zoo")
class FusedAdamW(_Fused, keras.optimizers.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""


FUSED_OPTIMISERS = {"adam": FusedAdam, "adamw": FusedAdamW}
