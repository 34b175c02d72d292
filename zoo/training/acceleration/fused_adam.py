"""Adam on TensorFlow with one operation a variable where Keras has a dozen, each of which reads and writes all of it.

The values are those of `SummedAdam` up to rounding (1 - beta is taken in single precision).
"""

from typing import Any

import keras
import tensorflow as tf

from zoo.keras_internals.optimiser import OpenAdam
from zoo.training.optimisers.summed_rows import SummedAdam, SummedAdamW, SummedRows


class _Fused(SummedRows, OpenAdam):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Kingma and Ba 2015, algorithm 1, in the order of its end."""
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        rate, beta_1, beta_2, epsilon, count = (
            tf.cast(each, variable.dtype)
            for each in (learning_rate, self.beta_1, self.beta_2, self.epsilon, self.iterations + 1)
        )
        first, second = self.moments(self.place_of(variable))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.value.handle,
            v=second.value.handle,
            beta1_power=tf.pow(beta_1, count),
            beta2_power=tf.pow(beta_2, count),
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


FUSED_OPTIMISERS: dict[Any, Any] = {SummedAdam: FusedAdam, SummedAdamW: FusedAdamW}
