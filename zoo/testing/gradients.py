"""The gradient of one number by every trainable weight, on any backend."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

Loss = Callable[[Mapping[str, Any]], Any]


def gradients(model: keras.Model, inputs: Mapping[str, np.ndarray], loss: Loss) -> dict[str, np.ndarray]:
    """Path of a trainable weight -> gradient of `loss(outputs)`, with the layers in their inference mode.

    (In training mode the bias of a convolution before a batch normalisation has none: the mean is taken away.)
    """
    found = _BACKENDS[keras.backend.backend()](model, dict(inputs), loss)
    return {
        variable.path: np.zeros(variable.shape) if gradient is None else keras.ops.convert_to_numpy(gradient)
        for variable, gradient in zip(model.trainable_variables, found, strict=True)
    }


def _tensorflow(model: keras.Model, inputs: dict[str, np.ndarray], loss: Loss) -> Any:
    import tensorflow

    with tensorflow.GradientTape() as tape:
        value = loss(model(inputs, training=False))
    return tape.gradient(value, [variable.value for variable in model.trainable_variables])


def _jax(model: keras.Model, inputs: dict[str, np.ndarray], loss: Loss) -> Any:
    import jax

    def value(trainable: Any, others: Any) -> Any:
        return loss(model.stateless_call(trainable, others, inputs, training=False)[0])

    return jax.jit(jax.grad(value))(
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
    )


def _torch(model: keras.Model, inputs: dict[str, np.ndarray], loss: Loss) -> Any:
    model.zero_grad()
    loss(model(inputs, training=False)).backward()
    return [variable.value.grad for variable in model.trainable_variables]


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
