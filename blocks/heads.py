"""Heads: one vector -> one output, named after what it predicts.

The last layer computes in float32 under every precision policy: a softmax in bfloat16 keeps two or three digits.
"""

import keras
from keras import layers

from blocks.checks import require_integer, require_rank


def regression_head(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, 1), any real number: a dense layer without activation."""
    return _head(x, 1, None, name)


def classification_head(x: keras.KerasTensor, classes: int, *, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, classes), probabilities that sum to 1. One class alone says nothing: at least two."""
    require_integer("classes", classes, least=2)
    return _head(x, classes, "softmax", name)


def binary_head(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, 1), the probability of the positive class."""
    return _head(x, 1, "sigmoid", name)


def _head(x: keras.KerasTensor, units: int, activation: str | None, name: str) -> keras.KerasTensor:
    require_rank("x", x, (2,), "one vector for each sample, (B, C)")
    return layers.Dense(units, activation=activation, dtype="float32", name=name)(x)
