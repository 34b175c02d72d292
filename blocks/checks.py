"""Checks that the blocks share: each raises a ValueError that says the argument, the expectation and what was given."""

import operator
from typing import Any

import keras


def require_integer(argument: str, value: Any, least: int = 1) -> int:
    """`value` as an int of at least `least`."""
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"'{argument}' must be a whole number of at least {least}; received {value!r}.")
    return number


def require_share(argument: str, value: Any) -> float:
    """`value` as a float in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"'{argument}' must be a number from 0 to less than 1; received {value!r}.")
    return float(value)


def require_rank(argument: str, tensor: keras.KerasTensor, ranks: tuple[int, ...], meaning: str) -> int:
    """The number of dimensions of `tensor`, the batch included, which must be one of `ranks`."""
    rank = len(tensor.shape)
    if rank not in ranks:
        raise ValueError(f"'{argument}' must be {meaning}; received a tensor of shape {tuple(tensor.shape)}.")
    return rank
