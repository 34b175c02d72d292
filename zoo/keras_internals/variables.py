"""Variables without values, and values for them later. Keras is imported when first needed."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.errors import WeightsError
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


_WITHIN = threading.local()


@contextmanager
def variables_within(numbers: int, what: object) -> Iterator[None]:
    """Models that are built inside have at most so many numbers in all, else `WeightsError` before they are made."""
    import keras

    kind, left = keras.Variable, [numbers]
    before, own = kind.__init__, "__init__" in vars(kind)

    def counted(self: Any, initializer: Any, shape: Any = None, *args: Any, **kwargs: Any) -> None:
        mine = getattr(_WITHIN, "left", None)  # other threads build what they like
        if mine is not None:
            sizes = shape if isinstance(shape, Iterable) else [shape]
            mine[0] -= math.prod(size for size in sizes if isinstance(size, int))
            if mine[0] < 0:
                raise WeightsError(f"{what} describes a model of more numbers than it holds weights for.")
        before(self, initializer, shape, *args, **kwargs)

    _WITHIN.left = left
    kind.__init__ = counted
    try:
        yield
    finally:
        _WITHIN.left = None
        if own:
            kind.__init__ = before
        else:
            del kind.__init__


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
