"""Adam for embeddings on TensorFlow, where the gradient of a table names a row once for every place that read it.

Keras squares the parts of a repeated row one by one and adds up the squares; Adam's second moment is of the square of
their sum, which other backends give it.
"""

from collections.abc import Iterable
from typing import Any

import keras


class SummedRows(keras.optimizers.Optimizer):
    def apply(self, grads: Iterable[Any], trainable_variables: Any = None) -> Any:
        import tensorflow as tf

        summed = [tf.convert_to_tensor(each) if isinstance(each, tf.IndexedSlices) else each for each in grads]
        return super().apply(summed, trainable_variables)


@keras.saving.register_keras_serializable(package="zoo")
class SummedAdam(SummedRows, keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015)."""


@keras.saving.register_keras_serializable(package="zoo")
class SummedAdamW(SummedRows, keras.optimizers.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""
