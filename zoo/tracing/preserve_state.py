"""Try something on a model, and leave it and all random numbers to come as they were."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from zoo.keras_internals.state import names_unchanged, own_generator_unchanged


@contextmanager
def preserve_state(model: keras.Model) -> Iterator[None]:
    """Afterwards, bit for bit as before: all variables of the model, trainable or not, with the seeds of its dropout;
    the generators of Python, numpy and (under its backend) PyTorch; Keras' generator for layers without a seed of
    their own; and the names that the next layers get.

    The model's own optimiser is not touched as long as nobody trains with it.
    """
    values = [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]
    python, legacy = random.getstate(), np.random.get_state()
    torch = _torch()
    torch_state: Any = None if torch is None else (torch.get_rng_state(), torch.cuda.get_rng_state_all())
    try:
        with names_unchanged(), own_generator_unchanged():
            yield
    finally:
        for variable, value in zip(model.variables, values, strict=True):
            variable.assign(value)
        random.setstate(python)
        np.random.set_state(legacy)
        if torch is not None:
            torch.set_rng_state(torch_state[0])
            torch.cuda.set_rng_state_all(torch_state[1])


def _torch() -> Any:
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch
