"""Variables without values, and values for them later. Keras is imported when first needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.keras_internals.checks import missing, private
from zoo.keras_internals.graph import layers_of
from zoo.keras_internals.state import waiting_variables_unchanged

if TYPE_CHECKING:
    import keras

PURPOSE = "to build models without values"


@contextmanager
def without_values() -> Iterator[None]:
    """Models that are built inside have variables without values."""
    import keras

    with waiting_variables_unchanged(), keras.StatelessScope(initialize_variables=False):
        yield


def has_value(variable: "keras.Variable") -> bool:
    """Whether a variable has a value already."""
    return private(variable, "_value", PURPOSE) is not None


def initialise(variable: "keras.Variable", initialiser: Callable[..., Any] | None = None) -> None:
    """Give a variable without a value the one of its initialiser, or of another `initialiser(shape, dtype)`."""
    if initialiser is not None:
        if not hasattr(variable, "_initializer"):
            raise missing("_initializer", type(variable).__name__, PURPOSE)
        variable._initializer = initialiser
    private(variable, "_deferred_initialize", PURPOSE)()


def register_parameters(model: "keras.Model") -> None:
    """Let the modules of PyTorch learn of their parameters, once these have values."""
    import keras

    if keras.backend.backend() == "torch":
        for layer in layers_of(model):
            private(layer, "_track_variables", PURPOSE)()
