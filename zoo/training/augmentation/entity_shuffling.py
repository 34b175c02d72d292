"""Names that may stand for each other, exchanged in training: what follows from a text follows with other names too.

A network that finds most answers by knowing the names ("a chest is larger than a chocolate") has no reason to read;
among samples with names exchanged it must. The others keep what names alone tell.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

SHARE = 0.5  # of the samples, whose names are exchanged


def is_sequence(values: np.ndarray) -> bool:
    """Whether an input (B, ..., L) holds tokens."""
    return values.ndim >= 2 and np.issubdtype(values.dtype, np.integer)


def shuffle_entities(
    arrays: Mapping[str, np.ndarray], groups: Sequence[Sequence[int]], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """The arrays, with the tokens of each group permuted in half of the samples, in all sequences of a sample alike.

    >>> texts = {"text": np.array([[2, 3, 9], [2, 3, 9]])}
    >>> shuffle_entities(texts, [(2, 3)], np.random.default_rng(2))["text"].tolist()
    [[3, 2, 9], [2, 3, 9]]
    """
    sequences = {name: values for name, values in arrays.items() if is_sequence(values)}
    size = max((len(values) for values in sequences.values()), default=0)
    top = max((int(values.max(initial=0)) for values in sequences.values()), default=0)
    tokens = np.arange(max([top, *(token for group in groups for token in group)], default=0) + 1)
    chosen = random.random(size) < SHARE
    becomes = np.tile(tokens, (size, 1))  # (B, tokens)
    for group in groups:
        places = np.array(group, dtype=np.int64)
        becomes[np.ix_(chosen, places)] = random.permuted(np.tile(places, (int(chosen.sum()), 1)), axis=1)
    found = dict(arrays)
    for name, values in sequences.items():
        flat = np.take_along_axis(becomes, values.reshape(size, math.prod(values.shape[1:])), axis=1)
        found[name] = flat.reshape(values.shape).astype(values.dtype)
    return found
