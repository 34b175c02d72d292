"""What a test needs of the backend that it runs on (KERAS_BACKEND); one that names nothing runs on all three."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest


def only_on(*backends: str, because: str) -> pytest.MarkDecorator:
    """A test of what these backends alone have or do; the reason is shown where it is skipped."""
    return pytest.mark.skipif(
        keras.backend.backend() not in backends, reason=f"only on {' and '.join(backends)}: {because}"
    )


several_steps = only_on("tensorflow", "jax", because="Keras takes single steps on PyTorch")


def gradient(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Of the number function(tensor), at x."""
    kinds = {"tensorflow": _gradient_tensorflow, "jax": _gradient_jax, "torch": _gradient_torch}
    return np.asarray(keras.ops.convert_to_numpy(kinds[keras.backend.backend()](function, x)))


def _gradient_tensorflow(function, x):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x)


def _gradient_jax(function, x):
    import jax

    return jax.grad(function)(x)


def _gradient_torch(function, x):
    x = keras.ops.convert_to_tensor(x).requires_grad_()
    function(x).backward()
    return x.grad
