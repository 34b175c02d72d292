"""Integer sequences that training reads otherwise in each epoch: tokens dropped, and names exchanged.

What follows from a text follows with other names too. A network that finds most answers by knowing the names ("a chest
is larger than a chocolate") has no reason to read; among samples with names exchanged it must. The others keep what
names alone tell.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.errors import ConfigError

UNKNOWN = 1  # the token of an unknown word
SHARE = 0.5  # of the samples, whose names are exchanged


def require_groups(groups: Sequence[Sequence[int]] | None) -> None:
    """Raise unless these are groups of tokens, each token once."""
    tokens = [token for group in groups or () for token in group]
    if len(set(tokens)) < len(tokens) or not all(type(each) is int and each > 0 for each in tokens):
        raise ConfigError(f"'shuffled_entities' must hold groups of tokens > 0, each token once; received {groups!r}.")


def change_tokens(
    arrays: Mapping[str, np.ndarray], dropout: float, groups: Sequence[Sequence[int]], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """The arrays, with `groups` exchanged, and then a share `dropout` of the tokens (B, L) read as unknown."""
    arrays = shuffle_entities(arrays, groups, random) if groups else dict(arrays)
    for name, values in arrays.items():
        if dropout and values.ndim == 2 and is_sequence(values):
            dropped = (random.random(values.shape) < dropout) & (values != 0)
            arrays[name] = np.where(dropped, np.array(UNKNOWN, values.dtype), values)
    return arrays


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
