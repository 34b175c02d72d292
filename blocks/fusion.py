"""Fusion: what different encoders say about one sample, put side by side."""

from collections.abc import Sequence

import keras
from keras import layers

from blocks.checks import require_rank


def fuse(tensors: Sequence[keras.KerasTensor], *, name: str) -> keras.KerasTensor:
    """Vectors (B, C1), (B, C2), ... -> (B, C1 + C2 + ...), in the order given."""
    if not isinstance(tensors, list | tuple) or len(tensors) < 2:
        raise ValueError(f"'tensors' must be a list of at least two vectors to fuse; received {tensors!r}.")
    for number, tensor in enumerate(tensors):
        require_rank(f"tensors[{number}]", tensor, (2,), "one vector for each sample, (B, C): pool or flatten it first")
    return layers.Concatenate(name=name)(list(tensors))
