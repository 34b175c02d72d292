"""How words are spelt, as vectors: what a model can know of a word before it has read any text."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from zoo.columns.tokeniser import RESERVED

RUN = 3  # letters of a piece of a word


def spelling_vectors(words: Sequence[str], dim: int) -> np.ndarray:
    """(words + 2, dim) float32: unit vectors, whose products are about the shares of runs of three letters in common.

    Runs are hashed with a sign, so that chance hits cancel out (Weinberger et al. 2009). The rows of padding and of
    unknown words are zeros.

    >>> skate, skating, dog = spelling_vectors(["skate", "skating", "dog"], 256)[2:]
    >>> float(skate @ skating) > 0.4 > 0.2 > abs(float(skate @ dog))
    True
    """
    vectors = np.zeros((len(words) + RESERVED, dim), dtype="float32")
    for row, word in enumerate(words, RESERVED):
        marked = f"^{word}$"
        for start in range(max(len(marked) - RUN + 1, 1)):
            number = crc32(marked[start : start + RUN].encode())
            vectors[row, number // 2 % dim] += 1.0 if number % 2 else -1.0
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
