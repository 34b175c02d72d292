"""Whether a private name of Keras is still there, and whether Keras still calls a hook."""

from collections.abc import Iterator
from importlib import import_module
from types import FunctionType
from typing import Any

from zoo.errors import ConfigError


def missing(name: str, where: str, purpose: str) -> ConfigError:
    """The error that says which private name is gone, and what for it is needed."""
    import keras

    return ConfigError(
        f"Keras {keras.__version__} has no private name '{name}' in {where} any more, and the zoo needs it {purpose}; "
        "install a Keras that the zoo's pyproject.toml allows."
    )


def private(owner: Any, name: str, purpose: str) -> Any:
    """The attribute `name` of an object of Keras.

    >>> private("text", "upper", "to shout")()
    'TEXT'
    """
    try:
        return getattr(owner, name)
    except AttributeError:
        raise missing(name, type(owner).__name__, purpose) from None


def from_module(module: str, name: str, purpose: str) -> Any:
    """What a private module of Keras defines under a name."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise missing(name, module, purpose) from None


def require_hook(kind: type, name: str, purpose: str) -> None:
    """Raise unless `kind`, a class of Keras, has the method `name` and some method still calls it.

    A hook that Keras renames, or no longer calls, would be overridden in silence.
    """
    if not callable(getattr(kind, name, None)):
        raise missing(name, kind.__name__, purpose)
    require_read(kind, name, purpose)


def require_read(kind: type, name: str, purpose: str) -> None:
    """Raise unless some method of `kind`, a class of Keras, reads the attribute `name`."""
    if name not in _names_read_by(kind):
        raise missing(name, kind.__name__, purpose)


def _names_read_by(kind: type) -> set[str]:
    """All attributes that the methods of a class and of its bases read, functions inside methods too."""
    methods = (each for base in kind.__mro__ for each in vars(base).values() if isinstance(each, FunctionType))
    return {name for method in methods for code in _codes(method.__code__) for name in code.co_names}


def _codes(code: Any) -> Iterator[Any]:
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _codes(constant)
