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


def likeness(x: Two) -> list[keras.KerasTensor]:
    """(B, L, C), (B, M, C) -> (B, L, M) and (B, M, L): the product of every two words, of unit vectors the cosine."""
    left, right = _two("x", x, 3, "word vectors, (B, L, C)")
    products = ops.matmul(left, ops.transpose(right, (0, 2, 1)))
    return [products, ops.transpose(products, (0, 2, 1))]


def soft_alignment(x: Two, masks: Two, alike: Two, units: int, *, name: str) -> list[keras.KerasTensor]:
    """(B, L, C), (B, M, C) -> (B, L, C), (B, M, C): for each word the other text's words, by how well they fit it.

    How well is the product of what one shared dense layer of `units` makes of both, and a learnt sum of what is known
    of the two words beforehand: `alike` (B, L, M, K), (B, M, L, K). Parikh et al. 2016, section 3.1.
    """
    left, right = _two("x", x, 3, "word vectors, (B, L, C)")
    require_integer("units", units)
    attend = layers.Dense(units, activation="relu", name=f"{name}_attend")
    gain = layers.Dense(1, use_bias=False, name=f"{name}_gain")
    a, b = (attend(each) / units**0.25 for each in (left, right))
    found = []
    for one, other, known, beside, mask in ((a, b, alike[0], right, masks[1]), (b, a, alike[1], left, masks[0])):
        scores = ops.matmul(one, ops.transpose(other, (0, 2, 1)))  # (B, L, M)
        scores = scores + ops.squeeze(gain(ops.cast(known, scores.dtype)), -1)
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


def best_match(alike: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """(B, L, M, K) and the other text's mask (B, M) -> (B, L, K): of each word, how like it the other's likest is."""
    require_rank("alike", alike, (4,), "how alike every two words are, (B, L, M, K)")
    there = ops.cast(mask, alike.dtype)[:, None, :, None]
    return ops.max(alike * there + (there - 1.0), axis=2)  # -1, the least cosine, where there is no word


def shared_words(best: Two, weights: Two, masks: Two) -> keras.KerasTensor:
    """What each word finds in the other text (B, L, K), words' weights (B, L) -> (B, 5 K + 2), symmetric.

    For each of the K: mean, the smaller and the larger of both texts' means by weight, and the least likely word of
    each; and the lengths of the texts.
    """
    present = [ops.cast(mask, "float32") for mask in masks]
    counts = [ops.sum(each, axis=1, keepdims=True) for each in present]
    total = counts[0] + counts[1] + SOME
    found, heavy, least = [], [], []
    for each, weight, there in zip(best, weights, present, strict=True):
        shares = weight * there
        found.append(ops.sum(each * there[:, :, None], axis=1))
        heavy.append(ops.sum(each * shares[:, :, None], axis=1) / (ops.sum(shares, axis=1, keepdims=True) + SOME))
        least.append(ops.min(each * there[:, :, None] + 1.0 - there[:, :, None], axis=1))
    numbers = [
        (found[0] + found[1]) / total,
        ops.minimum(*heavy),
        ops.maximum(*heavy),
        ops.minimum(*least),
        ops.maximum(*least),
        total / (2 * WORDS) - 1.0,
        ops.abs(counts[0] - counts[1]) / WORDS,
    ]
    return ops.concatenate(numbers, axis=-1)


def shared_neighbours(same: Two, masks: Two) -> keras.KerasTensor:
    """-> (B, 1): the share of pairs of neighbours that the other text has too, of both texts' words."""
    total = sum(ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True) for mask in masks)
    pairs = [ops.sum(ops.max(_runs(each), axis=2), axis=1, keepdims=True) for each in same]
    return (pairs[0] + pairs[1]) / (total + SOME)


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
