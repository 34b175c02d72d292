"""Try something on a model, and leave it and all random numbers to come as they were."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from zoo.keras_internals.state import names_unchanged, own_generator_unchanged


@contextmanager
def preserve_state(model: keras.Model) -> Iterator[None]:
    """Afterwards, bit for bit as before: all variables of the model and of its metrics, trainable or not, with the
    seeds of its dropout; the generators of Python, numpy and (under its backend) PyTorch; Keras' generator for layers
    without a seed of their own; and the names that the next layers get.

    The model's own optimiser is not touched as long as nobody trains with it.
    """
    variables = [*model.variables, *getattr(model, "metrics_variables", [])]
    values = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    python, legacy, torch = random.getstate(), np.random.get_state(), torch_generators()
    try:
        with names_unchanged(), own_generator_unchanged():
            yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        random.setstate(python)
        np.random.set_state(legacy)
        restore_torch_generators(torch)


def torch_generators() -> list[Any]:
    """The states of PyTorch's generators, of the processor and of every device; none under another backend."""
    if keras.backend.backend() != "torch":
        return []
    import torch

    return [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]


def restore_torch_generators(states: Sequence[Any]) -> None:
    """Go on from `torch_generators`; of devices that are no more there, nothing."""
    if states and keras.backend.backend() == "torch":
        import torch

        torch.set_rng_state(states[0])
        torch.cuda.set_rng_state_all(list(states[1 : 1 + torch.cuda.device_count()]))
