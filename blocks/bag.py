"""A text as a bag of its words and pairs of words: the features of the strong linear models, inside a network.

Beside a deep encoder this is the wide half of "wide and deep" (Cheng et al. 2016): where a thousand authors are all
there is, most of what can be learnt is linear in such counts.
"""

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank, require_share

SCALE = 10.0  # length of a text's vector of counts: large enough for small weights to matter
COMMON = 100.0  # words more frequent than the one with this number weigh little
POWER = 1.5  # of a word's rarity; chosen on validation, with a linear model of the blogs' industries
HASH = 40_503  # of a pair of words (Knuth's multiplicative constant for 16 bits)


def bag_of_words(
    tokens: keras.KerasTensor,
    mask: keras.KerasTensor,
    dim: int,
    *,
    vocabulary_size: int,
    dropout: float = 0.0,
    l2: float = 0.0,
    start: float = 0.0,
    name: str,
) -> keras.KerasTensor:
    """(B, L) integers numbered by frequency, and their mask -> (B, dim): a weighted sum of word vectors.

    A word weighs the more the rarer it is, and repetitions count logarithmically; a text's weights have length
    `SCALE`, whatever its own length. Vectors start at 0, as scores must, or at random with the deviation `start`, as
    features must; `l2` is the penalty on their squares and `dropout` falls on the weights of single words. Needs memory
    in L squared.
    """
    require_rank("tokens", tokens, (2,), "token numbers, (B, L)")
    present = ops.cast(mask, "float32")
    same = ops.cast(ops.equal(ops.expand_dims(tokens, 1), ops.expand_dims(tokens, 2)), "float32")  # (B, L, L)
    count = ops.sum(same, axis=-1)
    weights = ops.power(rarity(tokens), POWER) * present * (1.0 + ops.log(count)) / count
    return _weighted_sum(tokens, weights, count, vocabulary_size, dim, dropout, l2, start, name)


def bag_of_pairs(
    tokens: keras.KerasTensor,
    mask: keras.KerasTensor,
    dim: int,
    *,
    vocabulary_size: int,
    buckets: int,
    dropout: float = 0.0,
    l2: float = 0.0,
    start: float = 0.0,
    name: str,
) -> keras.KerasTensor:
    """(B, L) integers numbered by frequency, and their mask -> (B, dim): the same sum over pairs of neighbours.

    Pairs are hashed into `buckets`, and weigh what their words weigh together. Few occur twice in a text: they are not
    counted.
    """
    require_rank("tokens", tokens, (2,), "token numbers, (B, L)")
    if vocabulary_size * HASH >= 2**31:
        raise ValueError(f"'vocabulary_size' must be below {2**31 // HASH}; received {vocabulary_size!r}.")
    word = rarity(tokens)
    weights = (word[:, :-1] + word[:, 1:]) * ops.cast(mask, "float32")[:, 1:]
    require_integer("buckets", buckets)
    numbers = ops.mod(tokens[:, :-1] * HASH + tokens[:, 1:], buckets)
    return _weighted_sum(numbers, weights, 1.0, buckets, dim, dropout, l2, start, name)


def rarity(tokens: keras.KerasTensor) -> keras.KerasTensor:
    """Numbers by frequency -> 1 for the most frequent words, more for rare ones: a stand-in for the inverse document
    frequency, which by Zipf's law is nearly a function of the number."""
    return 1.0 + ops.log(1.0 + ops.cast(tokens, "float32") / COMMON)


def _weighted_sum(
    ids: keras.KerasTensor,
    weights: keras.KerasTensor,
    count: keras.KerasTensor | float,
    size: int,
    dim: int,
    dropout: float,
    l2: float,
    start: float,
    name: str,
) -> keras.KerasTensor:
    """(B, L) ids and weights, each as often as `count` says -> (B, dim)."""
    for argument, value in (("dim", dim), ("vocabulary_size", size)):
        require_integer(argument, value)
    require_share("dropout", dropout)
    length = ops.sqrt(ops.sum(ops.square(weights) * count, axis=1, keepdims=True) + 1e-6)
    weights = weights * (SCALE / length)
    if dropout:
        weights = layers.Dropout(dropout, name=f"{name}_dropout")(weights)
    vectors = layers.Embedding(
        size,
        dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=start) if start else "zeros",
        embeddings_regularizer=keras.regularizers.L2(l2) if l2 else None,
        name=name,
    )(ids)
    return ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), vectors), axis=1)
