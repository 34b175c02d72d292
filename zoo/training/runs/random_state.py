"""The random numbers of dropout on PyTorch, which no variable of the model holds.

TensorFlow and JAX draw from seeds that are variables, so a checkpoint has them. PyTorch draws from one generator for
everything; a training has a state of its own there, which begins with its seed and is part of a checkpoint.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np

from zoo.tracing.preserve_state import restore_torch_generators, torch_generators

NAME = "torch_generator"


class RandomState:
    """PyTorch's generators during one training; nothing on other backends."""

    def __init__(self, seed: int):
        self.seed = seed

    @contextmanager
    def own(self) -> Iterator[None]:
        """While this lasts, random numbers are those of the seed; afterwards the generators go on where they were."""
        with self.aside():
            if keras.backend.backend() == "torch":
                import torch

                torch.manual_seed(self.seed)
            yield

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While this lasts, others may draw (Keras' `predict` does); the training goes on as if they had not."""
        if keras.backend.backend() != "torch":
            yield
            return
        import torch

        with torch.random.fork_rng():
            yield

    def state(self) -> dict[str, np.ndarray]:
        """Name -> bytes of a generator, for a checkpoint."""
        return {f"{NAME}{place}": state.cpu().numpy() for place, state in enumerate(torch_generators())}

    def restore(self, kept: Mapping[str, np.ndarray]) -> None:
        """Go on from a checkpoint's `state`."""
        places = sorted(int(name.removeprefix(NAME)) for name in kept if name.startswith(NAME))
        if places and keras.backend.backend() == "torch":
            import torch

            restore_torch_generators([torch.from_numpy(np.array(kept[f"{NAME}{place}"])) for place in places])
