"""Models without values: building one that will be loaded spends no time on random numbers.

Keras builds variables without values inside a `StatelessScope`; giving them values later is private there
(`Variable._deferred_initialize`, the list of waiting variables), and pinned by tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.weights.memory import can_be_shared

if TYPE_CHECKING:
    import keras

WAITING = "uninitialized_variables"


@contextmanager
def without_values() -> Iterator[None]:
    """Models that are built inside have no values, until `load_weights` or `give_initial_values` gives them some."""
    import keras
    from keras.src.backend.common import global_state

    waiting = list(global_state.get_global_attribute(WAITING, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:  # else the next scope that ends would give values to these too
        global_state.set_global_attribute(WAITING, waiting)


def has_value(variable: Any) -> bool:
    return variable._value is not None


def give(variable: Any, array: np.ndarray) -> None:
    """Set the variable to `array`, whether it had a value or not."""
    if has_value(variable):
        variable.assign(array)
    else:
        variable._initializer = lambda shape, dtype=None: _tensor(variable, array, dtype)
        variable._deferred_initialize()


def _tensor(variable: Any, array: np.ndarray, dtype: Any) -> Any:
    """The array as a tensor. TensorFlow shares its memory where it can, and leaves it alone: it updates elsewhere."""
    import keras

    if keras.backend.backend() == "tensorflow" and array.dtype.name == dtype and can_be_shared(array):
        import tensorflow as tf

        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return variable._convert_to_tensor(array, dtype=dtype)


def give_initial_values(model: "keras.Model") -> None:
    """Give those variables that have no value the one that building would have given: random, by their initialiser."""
    import keras

    for variable in model.variables:
        if not has_value(variable):
            variable._deferred_initialize()
    if keras.backend.backend() == "torch":
        for layer in model._flatten_layers():  # modules of PyTorch learn of their parameters only now
            layer._track_variables()
