"""The random numbers of dropout on PyTorch, which no variable of the model holds.

TensorFlow and JAX draw from seeds that are variables, so a checkpoint has them. PyTorch draws from one generator for
everything; a training has a state of its own there, which begins with its seed and is part of a checkpoint.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

NAME = "torch_generator"


class RandomState:
    """PyTorch's generators during one training; nothing on other backends."""

    def __init__(self, seed: int):
        self.seed = seed

    @contextmanager
    def own(self) -> Iterator[None]:
        """While this lasts, random numbers are those of the seed; afterwards the generators go on where they were."""
        torch = _torch()
        if torch is None:
            yield
            return
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            yield

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While this lasts, others may draw (Keras' `predict` does); the training goes on as if they had not."""
        torch = _torch()
        if torch is None:
            yield
            return
        with torch.random.fork_rng():
            yield

    def state(self) -> dict[str, np.ndarray]:
        """Name -> bytes of a generator, for a checkpoint."""
        torch = _torch()
        if torch is None:
            return {}
        states = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
        return {f"{NAME}{place}": state.cpu().numpy() for place, state in enumerate(states)}

    def restore(self, kept: Mapping[str, np.ndarray]) -> None:
        """Go on from a checkpoint's `state`."""
        torch = _torch()
        places = sorted(int(name.removeprefix(NAME)) for name in kept if name.startswith(NAME))
        states = [kept[f"{NAME}{place}"] for place in places]
        if torch is None or not states:
            return
        first, *devices = (torch.from_numpy(np.array(state)) for state in states)
        torch.set_rng_state(first)
        torch.cuda.set_rng_state_all(devices[: torch.cuda.device_count()])


def _torch() -> Any:
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch
