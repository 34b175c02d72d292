"""Parts and hooks of Keras' optimisers under plain names."""

from collections.abc import Callable
from typing import Any

import keras

from zoo.keras_internals.checks import private, require_hook, require_read

Tensor = Any


def rate_of(optimizer: keras.optimizers.Optimizer) -> Any:
    """The variable or the schedule of the learning rates, also of an optimiser inside a scaling of the loss."""
    return private(_inner(optimizer), "_learning_rate", "to lower a schedule of learning rates")


def set_schedule(optimizer: keras.optimizers.Optimizer, schedule: Any) -> None:
    """Give an optimiser another schedule, before its step is compiled."""
    _inner(optimizer).learning_rate = schedule


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)


def place_of(optimizer: Any, variable: Any) -> int:
    """The place of a weight among those that the optimiser was built for; inside a step of TensorFlow's too."""
    return private(optimizer, "_get_variable_index", "to give each weight a rate of its own")(variable)


def require_open_adam() -> None:
    """Raise unless `OpenAdam` works on this Keras."""
    for name in ("_get_variable_index", "_momentums", "_velocities"):
        require_read(keras.optimizers.Adam, name, "to update the moments of a weight")


class OpenAdam(keras.optimizers.Adam):
    """Adam whose moments a subclass may see and change."""

    def build(self, variables: list[Any]) -> None:
        require_open_adam()
        super().build(variables)

    def place_of(self, variable: Any) -> int:
        """Its place among the variables that are trained."""
        return private(self, "_get_variable_index", "to find the moments of a weight")(variable)

    def moments(self, place: int) -> tuple[keras.Variable, keras.Variable]:
        """The first and second moment of the variable at this place."""
        purpose = "to update the moments of a weight"
        return private(self, "_momentums", purpose)[place], private(self, "_velocities", purpose)[place]


class OpenMuon(keras.optimizers.Muon):
    """Muon of which a subclass may say which variables Adam trains, and how a matrix moves."""

    def build(self, variables: list[Any]) -> None:
        for name in ("_should_use_adamw", "_muon_update_step"):
            require_hook(keras.optimizers.Muon, name, "to train convolutions with Muon")
        super().build(variables)

    def is_for_adam(self, variable: Any) -> bool:
        """Whether a variable is trained by Adam."""
        return super()._should_use_adamw(variable)

    def orthogonal_step(self, gradient: Tensor, variable: Any, rate: Tensor, momentum: Any) -> None:
        """Move a matrix and its momentum."""
        super()._muon_update_step(gradient, variable, rate, momentum)

    def _should_use_adamw(self, variable: Any) -> bool:
        return self.is_for_adam(variable)

    def _muon_update_step(self, gradient: Tensor, variable: Any, lr: Tensor, m: Any) -> None:
        self.orthogonal_step(gradient, variable, lr, m)


def with_average_step(
    kind: type[keras.optimizers.Optimizer], around: Callable[[Any, Callable[[], None]], None]
) -> type[keras.optimizers.Optimizer]:
    """The class of optimisers that call `around(optimizer, step)` where they keep up the moving average of weights."""
    hook = "_update_model_variables_moving_average"
    require_hook(keras.optimizers.Optimizer, hook, "to average the last weights alone")

    class Averaging(kind):
        def _update_model_variables_moving_average(self, trainable_variables: list[Any]) -> None:
            step = super()._update_model_variables_moving_average
            around(self, lambda: step(trainable_variables))

    Averaging.__name__ = kind.__name__
    return Averaging
