"""What Keras keeps for the process: names that it gave, its own random generator, variables without values."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zoo.keras_internals.checks import from_module

MODULE = "keras.src.backend.common.global_state"
NAMES = "object_name_uids"  # how often Keras gave each name that it makes itself
WAITING = "uninitialized_variables"


def _read(name: str, purpose: str) -> Any:
    return from_module(MODULE, "get_global_attribute", purpose)(name)


def _write(name: str, value: Any, purpose: str) -> None:
    from_module(MODULE, "set_global_attribute", purpose)(name, value)


@contextmanager
def names_unchanged() -> Iterator[None]:
    """Afterwards, the next layers get the names that they would have got."""
    purpose = "to leave the names of layers to come as they are"
    names = _read(NAMES, purpose)
    counts = None if names is None else names.copy()
    try:
        yield
    finally:
        _write(NAMES, counts, purpose)


@contextmanager
def own_generator_unchanged() -> Iterator[None]:
    """Afterwards, Keras' generator for layers without a seed of their own is where it was, or still to be made."""
    import keras

    purpose = "to leave random numbers to come as they are"
    name = from_module("keras.src.random.seed_generator", "GLOBAL_SEED_GENERATOR", purpose)
    generator = _read(name, purpose)
    state = None if generator is None else keras.ops.convert_to_numpy(generator.state).copy()
    try:
        yield
    finally:
        if generator is not None:
            generator.state.assign(state)
        _write(name, generator, purpose)


@contextmanager
def waiting_variables_unchanged() -> Iterator[None]:
    """Variables that are built inside without values do not get any when the next scope of Keras ends."""
    purpose = "to build models without values"
    waiting = list(_read(WAITING, purpose) or [])
    try:
        yield
    finally:
        _write(WAITING, waiting, purpose)
