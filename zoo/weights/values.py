"""Models without values: building one that will be loaded spends no time on random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.keras_internals import variables
from zoo.weights.memory import can_be_shared

if TYPE_CHECKING:
    import keras


@contextmanager
def without_values() -> Iterator[None]:
    """Models that are built inside have no values, until `load_weights` or `give_initial_values` gives them some."""
    with variables.without_values():
        yield


def give(variable: Any, array: np.ndarray) -> None:
    """Set the variable to `array`, whether it had a value or not."""
    if variables.has_value(variable):
        variable.assign(array)
    else:
        variables.initialise(variable, lambda shape, dtype=None: _tensor(array, dtype))


def _tensor(array: np.ndarray, dtype: Any) -> Any:
    """The array as a tensor. TensorFlow shares its memory where it can, and leaves it alone: it updates elsewhere."""
    import keras

    if keras.backend.backend() == "tensorflow" and array.dtype.name == dtype and can_be_shared(array):
        import tensorflow as tf

        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return keras.ops.convert_to_tensor(array, dtype=dtype)


def give_initial_values(model: "keras.Model") -> None:
    """Give those variables that have no value the one that building would have given: random, by their initialiser."""
    for variable in model.variables:
        if not variables.has_value(variable):
            variables.initialise(variable)
    variables.register_parameters(model)
