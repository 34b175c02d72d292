"""How alike are two texts? One encoder reads both, with the same weights, and a score compares what it found.

Chollet 2017, "Deep Learning with Python", section 7.1.5; Mueller and Thyagarajan 2016; Parikh et al. 2016.
"""

from functools import partial

import keras
from keras import layers, ops

from blocks.alignment import (
    best_match,
    compare_aligned,
    likeness,
    pool_words,
    same_tokens,
    shared_neighbours,
    shared_words,
    soft_alignment,
    symmetric_features,
)
from blocks.bag import rarity
from blocks.checks import require_integer, require_share
from blocks.fusion import fuse
from blocks.siamese import shared_encoder
from blocks.tabular import bounded_output
from blocks.text import padding_mask
from zoo.errors import ConfigError, is_number, require_known

SIDES = ("left", "right")
COMPARISONS = ("concatenate", "symmetric")


def text_similarity(
    *,
    vocabulary_size: int | None = 10_000,
    embedding_dim: int = 128,
    units: int = 32,
    comparison: str = "concatenate",
    dropout: float = 0.0,
    low: float = 0.0,
    high: float = 1.0,
    name: str = "text_similarity",
) -> keras.Model:
    """left (B, L), right (B, M) int32 -> {"score": (B, 1)} from `low` to `high`, for any lengths.

    One LSTM reads both texts. As in the reference, a sigmoid unit reads what it found, side by side ("concatenate"): a
    sum of what each text says alone, which cannot tell whether they say the same. "symmetric" reads sum, product and
    distance through a hidden layer instead (Tai et al. 2015, eq. 15), and swapping the texts changes nothing.

    Tokens: 0 is padding on the right, 1 an unknown word. Without a `vocabulary_size` the inputs are vectors
    (B, L, embedding_dim) themselves, of which those of zeros alone are padding.
    """
    require_known("comparison", comparison, COMPARISONS)
    require_integer("units", units)
    inputs, x, masks = _read(vocabulary_size, embedding_dim)
    encoder = layers.LSTM(units, dropout=require_share("dropout", dropout), name="encoder")
    left, right = shared_encoder(encoder, x, masks)  # (B, units) each
    if comparison == "symmetric":
        x = layers.Dense(units, activation="relu", name="comparison")(symmetric_features(left, right))
    else:
        x = fuse([left, right], name="both")  # (B, 2 units)
    return keras.Model(inputs, {"score": bounded_output(x, low, high, name="score")}, name=name)


def text_similarity_manhattan(
    *,
    vocabulary_size: int | None = 10_000,
    embedding_dim: int = 128,
    units: int = 50,
    dropout: float = 0.0,
    low: float = 0.0,
    high: float = 1.0,
    name: str = "text_similarity_manhattan",
) -> keras.Model:
    """left (B, L), right (B, M) int32 -> {"score": (B, 1)}: exp(-distance) of two LSTM states, on `low` to `high`.

    The distance is the sum of absolute differences (Manhattan), so that swapping the texts changes nothing. Mueller and
    Thyagarajan 2016, section 3; inputs as `text_similarity`.
    """
    _require_range(low, high)
    require_integer("units", units)
    inputs, x, masks = _read(vocabulary_size, embedding_dim)
    encoder = layers.LSTM(units, dropout=require_share("dropout", dropout), name="encoder")
    left, right = shared_encoder(encoder, x, masks)
    score = layers.Rescaling(float(high) - float(low), offset=float(low), dtype="float32", name="score")
    return keras.Model(inputs, {"score": score(_manhattan(left, right))}, name=name)


def text_similarity_aligned(
    *,
    vocabulary_size: int = 10_000,
    embedding_dim: int = 100,
    spelling_dim: int = 64,
    units: int = 100,
    kernel: int = 3,
    state: int = 50,
    hidden: int = 50,
    embedding_dropout: float = 0.2,
    dropout: float = 0.3,
    low: float = 0.0,
    high: float = 1.0,
    name: str = "text_similarity_aligned",
) -> keras.Model:
    """left (B, L), right (B, M) int32 -> {"score": (B, 1)} from `low` to `high`; swapping the texts changes nothing.

    Each word, in its own right and with its neighbours (a convolution of `kernel` words), is compared with what the
    other text says in its place (Parikh et al. 2016; Chen et al. 2017). What the comparisons say, what an LSTM of
    `state` units makes of each text (Tai et al. 2015), and how many words they share gives the score.

    Words are also known beforehand by a table of unit vectors that is not trained, "spelling". A fresh model's holds
    zeros; who has the vocabulary fills it. Tokens as `text_similarity`.
    """
    sizes = {"vocabulary_size": vocabulary_size, "hidden": hidden, "kernel": kernel, "state": state, "units": units}
    for argument, value in sizes.items():
        require_integer(argument, value)
    inputs, vectors, masks = _read(vocabulary_size, embedding_dim)
    drop = layers.Dropout(require_share("embedding_dropout", embedding_dropout), name="word_dropout")
    vectors = shared_encoder(drop, vectors)
    x = _encode(vectors, masks, units, kernel)  # (B, L, 2 units)

    same = same_tokens(inputs)
    spelt = likeness(shared_encoder(_fixed_table(vocabulary_size, spelling_dim, name="spelling"), inputs))
    alike = [ops.stack([one, ops.cast(other, "float32")], axis=-1) for one, other in zip(same, spelt, strict=True)]
    best = [best_match(alike[0], masks[1]), best_match(alike[1], masks[0])]  # (B, L, K)
    pairs = compare_aligned(x, soft_alignment(x, masks, alike, units, name="alignment"), extra=best)
    drop = layers.Dropout(require_share("dropout", dropout), name="pair_dropout")
    pairs = shared_encoder(layers.Dense(units, activation="relu", name="compare"), shared_encoder(drop, pairs))
    pooled = [pool_words(each, mask) for each, mask in zip(pairs, masks, strict=True)]  # (B, 3 units)

    states = shared_encoder(layers.LSTM(state, name="encoder"), vectors, masks)  # (B, state)
    means = [_mean(each, mask) for each, mask in zip(x, masks, strict=True)]  # (B, 2 units)
    parts = [symmetric_features(*each) for each in (pooled, means, states)]
    features = layers.Dropout(dropout, name="feature_dropout")(fuse(parts, name="features"))
    features = layers.Dense(hidden, activation="relu", name="hidden")(features)
    features = layers.Dropout(dropout, name="hidden_dropout")(features)

    weights = [rarity(each) for each in inputs]
    numbers = [shared_words(best, weights, masks), shared_neighbours(same, masks), _manhattan(*states)]
    shares = ops.concatenate(numbers, axis=-1)
    shares = layers.Dense(hidden, activation="relu", name="shares")(shares)
    both = fuse([features, shares], name="both")
    return keras.Model(inputs, {"score": bounded_output(both, low, high, name="score")}, name=name)


text_similarity_tiny = partial(
    text_similarity, vocabulary_size=500, embedding_dim=8, units=8, name="text_similarity_tiny"
)
text_similarity_aligned_tiny = partial(
    text_similarity_aligned,
    vocabulary_size=500,
    embedding_dim=8,
    spelling_dim=4,
    units=8,
    state=8,
    hidden=32,
    name="text_similarity_aligned_tiny",
)


def _read(
    vocabulary_size: int | None, dim: int
) -> tuple[list[keras.KerasTensor], list[keras.KerasTensor], list[keras.KerasTensor]]:
    """Two inputs, as vectors (B, L, dim), and their masks (B, L)."""
    require_integer("embedding_dim", dim)
    if vocabulary_size is None:
        vectors = [keras.Input((None, dim), name=side) for side in SIDES]
        return vectors, vectors, [ops.any(ops.not_equal(each, 0), axis=-1) for each in vectors]
    require_integer("vocabulary_size", vocabulary_size)
    tokens = [keras.Input((None,), dtype="int32", name=side) for side in SIDES]
    embedding = layers.Embedding(vocabulary_size, dim, name="embedding")
    return tokens, shared_encoder(embedding, tokens), [padding_mask(each) for each in tokens]


def _encode(
    x: list[keras.KerasTensor], masks: list[keras.KerasTensor], units: int, kernel: int
) -> list[keras.KerasTensor]:
    """Each word by itself and with its neighbours, side by side. What lies behind a text is zero for both."""
    require_integer("units", units)
    project = layers.Dense(units, name="project")
    context = layers.Conv1D(units, kernel, padding="same", activation="relu", name="context")
    words = shared_encoder(project, x)
    present = [ops.cast(mask, words[0].dtype)[:, :, None] for mask in masks]
    words = [each * mask for each, mask in zip(words, present, strict=True)]
    return [
        ops.concatenate([each, around], axis=-1)
        for each, around in zip(words, shared_encoder(context, words), strict=True)
    ]


def _fixed_table(vocabulary_size: int, dim: int, *, name: str) -> layers.Embedding:
    """A vector for each word, zeros at first, that training leaves alone."""
    require_integer(f"{name}_dim", dim)
    return layers.Embedding(vocabulary_size, dim, embeddings_initializer="zeros", trainable=False, name=name)


def _manhattan(left: keras.KerasTensor, right: keras.KerasTensor) -> keras.KerasTensor:
    """(B, C), (B, C) -> (B, 1), 0..1: exp(-sum of absolute differences)."""
    return ops.exp(-ops.sum(ops.abs(ops.cast(left, "float32") - ops.cast(right, "float32")), axis=-1, keepdims=True))


def _mean(x: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """(B, L, C) and mask (B, L) -> (B, C): the mean of the words."""
    present = ops.cast(mask, x.dtype)[:, :, None]
    return ops.sum(x * present, axis=1) / (ops.sum(present, axis=1) + 1e-6)


def _require_range(low: float, high: float) -> None:
    if not (is_number(low) and is_number(high) and low < high):
        raise ConfigError(f"'low' must be a number below 'high'; received {low!r} and {high!r}.")
