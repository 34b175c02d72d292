"""Heads: one vector -> one output, named after what it predicts.

The last layer computes in float32 under every precision policy: a softmax in bfloat16 keeps two or three digits.
Every head takes `scores`, of the output's shape, that are added to its own before the activation: what another part of
the model says of this output.
"""

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank


def regression_head(x: keras.KerasTensor, *, scores: keras.KerasTensor | None = None, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, 1), any real number: a dense layer without activation."""
    return _head(x, 1, None, scores, name)


def classification_head(
    x: keras.KerasTensor, classes: int, *, scores: keras.KerasTensor | None = None, name: str
) -> keras.KerasTensor:
    """(B, C) -> (B, classes), probabilities that sum to 1. One class alone says nothing: at least two."""
    require_integer("classes", classes, least=2)
    return _head(x, classes, "softmax", scores, name)


def binary_head(x: keras.KerasTensor, *, scores: keras.KerasTensor | None = None, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, 1), the probability of the positive class."""
    return _head(x, 1, "sigmoid", scores, name)


def tags_head(
    x: keras.KerasTensor, tags: int, *, scores: keras.KerasTensor | None = None, name: str
) -> keras.KerasTensor:
    """(B, C) -> (B, tags), the probability of each of several labels that may hold at once."""
    require_integer("tags", tags, least=1)
    return _head(x, tags, "sigmoid", scores, name)


def heat_map_head(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """(B, ..., C) of a volume -> (B, ..., 1), 0 to 1: how near each place is to a centre.

    It begins at a tenth, so that the many places without a centre do not drown the few with one in the first steps (Lin
    et al. 2017, section 4.1; Law and Deng 2018).
    """
    require_rank("x", x, (5,), "features of a volume, (B, D, H, W, C)")
    begin = keras.initializers.Constant(-2.19)  # the logit of .1, as in the papers' code
    return layers.Conv3D(1, 1, activation="sigmoid", bias_initializer=begin, dtype="float32", name=name)(x)


def map_regression_head(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """(B, ..., C) of a volume -> (B, ..., 1), any real number at each place."""
    require_rank("x", x, (5,), "features of a volume, (B, D, H, W, C)")
    return layers.Conv3D(1, 1, dtype="float32", name=name)(x)


def mask_head(x: keras.KerasTensor, classes: int, *, name: str) -> keras.KerasTensor:
    """(B, ..., C) of a volume -> (B, ..., classes), probabilities that sum to 1 at each place."""
    require_rank("x", x, (5,), "features of a volume, (B, D, H, W, C)")
    require_integer("classes", classes, least=2)
    return layers.Conv3D(classes, 1, activation="softmax", dtype="float32", name=name)(x)


def expected_value_head(x: keras.KerasTensor, low: float, high: float, bins: int, *, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, 1) from `low` to `high`: what a distribution over `bins` numbers between them expects.

    The distribution is the softmax layer "NAME_distribution". Rothe et al. 2015, DEX: Deep EXpectation of apparent age.
    """
    require_rank("x", x, (2,), "one vector for each sample, (B, C)")
    if not (isinstance(low, int | float) and isinstance(high, int | float) and low < high):
        raise ValueError(f"'low' must be a number below 'high'; received {low!r} and {high!r}.")
    width = (high - low) / (require_integer("bins", bins, least=2) - 1)
    numbers = ops.convert_to_tensor([low + width * place for place in range(bins)], dtype="float32")
    shares = layers.Dense(bins, activation="softmax", dtype="float32", name=f"{name}_distribution")(x)
    expected = ops.sum(shares * ops.convert_to_numpy(numbers), axis=-1, keepdims=True)
    return layers.Identity(dtype="float32", name=name)(expected)


def _head(
    x: keras.KerasTensor, units: int, activation: str | None, scores: keras.KerasTensor | None, name: str
) -> keras.KerasTensor:
    require_rank("x", x, (2,), "one vector for each sample, (B, C)")
    if scores is None:
        return layers.Dense(units, activation=activation, dtype="float32", name=name)(x)
    if len(scores.shape) != 2 or scores.shape[-1] != units:
        raise ValueError(
            f"'scores' of '{name}' must be (B, {units}); received a tensor of shape {tuple(scores.shape)}."
        )
    own = layers.Dense(units, dtype="float32", name=f"{name}_scores")(x)
    total = layers.Add(dtype="float32", name=f"{name}_sum")([own, scores])
    return layers.Activation(activation or "linear", dtype="float32", name=name)(total)
