"""Alignment: two texts side by side, each word of one beside what the other says in its place.

Swapping the two texts swaps what these blocks give, so that a model can be made that does not care which comes first.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank

FAR = -1e4  # added to the score of padding: its share underflows to 0, in bfloat16 too
SOME = 1e-6  # keeps the mean over no word at all finite
WORDS = 10.0  # about the length of a sentence: brings counts and sums of words to the size of shares

Two = Sequence[keras.KerasTensor]


def same_tokens(tokens: Two) -> list[keras.KerasTensor]:
    """Two texts (B, L), (B, M) of integers -> (B, L, M) and (B, M, L): 1 where both have the same, padding aside."""
    left, right = _two("tokens", tokens, 2, "token numbers, (B, L)")
    equal = ops.equal(ops.expand_dims(left, 2), ops.expand_dims(right, 1))
    both = ops.cast(ops.logical_and(equal, ops.expand_dims(ops.not_equal(left, 0), 2)), "float32")
    return [both, ops.transpose(both, (0, 2, 1))]


def soft_alignment(x: Two, masks: Two, same: Two, units: int, *, name: str) -> list[keras.KerasTensor]:
    """(B, L, C), (B, M, C) -> (B, L, C), (B, M, C): for each word the other text's words, by how well they fit it.

    How well is the product of what one shared dense layer of `units` makes of both, and a learnt gain for the `same`
    token. Parikh et al. 2016, section 3.1.
    """
    left, right = _two("x", x, 3, "word vectors, (B, L, C)")
    require_integer("units", units)
    attend = layers.Dense(units, activation="relu", name=f"{name}_attend")
    gain = layers.Dense(1, use_bias=False, name=f"{name}_gain")  # (B, L, M, 1): a number for "the same word"
    a, b = (attend(each) / units**0.25 for each in (left, right))
    found = []
    for one, other, equal, beside, mask in ((a, b, same[0], right, masks[1]), (b, a, same[1], left, masks[0])):
        scores = ops.matmul(one, ops.transpose(other, (0, 2, 1)))  # (B, L, M)
        scores = scores + ops.squeeze(gain(ops.expand_dims(ops.cast(equal, scores.dtype), -1)), -1)
        scores = scores + ops.expand_dims(ops.where(mask, 0.0, FAR), 1)
        shares = ops.softmax(ops.cast(scores, "float32"), axis=-1)
        found.append(ops.matmul(ops.cast(shares, beside.dtype), beside))
    return found


def compare_aligned(x: Two, aligned: Two, *, extra: Two) -> list[keras.KerasTensor]:
    """What a word and the words beside it have in common and apart, (B, L, 4 C + E). Chen et al. 2017, section 3.2."""
    return [
        ops.concatenate([own, other, ops.abs(own - other), own * other, ops.cast(more, own.dtype)], axis=-1)
        for own, other, more in zip(x, aligned, extra, strict=True)
    ]


def pool_words(x: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """(B, L, C), not below 0, and mask (B, L) -> (B, 3 C): mean, maximum and a tenth of the sum over the words."""
    require_rank("x", x, (3,), "word vectors, (B, L, C)")
    present = ops.expand_dims(ops.cast(mask, x.dtype), -1)
    x = x * present
    total = ops.sum(x, axis=1)
    return ops.concatenate([total / (ops.sum(present, axis=1) + SOME), ops.max(x, axis=1), total / WORDS], axis=-1)


def symmetric_features(left: keras.KerasTensor, right: keras.KerasTensor) -> keras.KerasTensor:
    """(B, C), (B, C) -> (B, 3 C): sum, product and distance, whichever comes first. Tai et al. 2015, eq. 15."""
    return ops.concatenate([left + right, left * right, ops.abs(left - right)], axis=-1)


def shared_words(same: Two, masks: Two) -> keras.KerasTensor:
    """-> (B, 6): shares of words and of neighbours that the other text has too, and lengths; symmetric."""
    counts = [ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True) for mask in masks]
    found = [ops.sum(ops.max(each, axis=2), axis=1, keepdims=True) for each in same]
    pairs = [ops.sum(ops.max(_runs(each), axis=2), axis=1, keepdims=True) for each in same]
    shares = [each / (count + SOME) for each, count in zip(found, counts, strict=True)]
    total = counts[0] + counts[1] + SOME
    return ops.concatenate(
        [
            (found[0] + found[1]) / total,
            ops.maximum(*shares),
            ops.minimum(*shares),
            (pairs[0] + pairs[1]) / total,
            total / (2 * WORDS),
            ops.abs(counts[0] - counts[1]) / WORDS,
        ],
        axis=-1,
    )


def _runs(same: keras.KerasTensor) -> keras.KerasTensor:
    """(B, L, M) -> 1 where the next words are the same too."""
    following = ops.pad(same, ((0, 0), (0, 1), (0, 1)))[:, 1:, 1:]
    return same * following


def _two(argument: str, tensors: Two, rank: int, meaning: str) -> Two:
    if not isinstance(tensors, list | tuple) or len(tensors) != 2:
        raise ValueError(f"'{argument}' must be a list of two tensors, one a text; received {tensors!r}.")
    for tensor in tensors:
        require_rank(argument, tensor, (rank,), meaning)
    return tensors
