"""Fusion of senses that may be absent: what encoders say of one sample, where some of them had nothing to read.

Every function takes vectors (B, C), one a sense, and beside each (B, 1) of 1 where the sample has that sense and 0
where it has not; what stands in a vector then is not looked at. All of it is plain layers and operations: a saved model
opens without custom objects.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank, require_share

FAR = 1e9  # below all other scores: the softmax of what is absent is 0


def sense_dropout(present: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    """(B, 1) -> (B, 1): in training a sense that is there counts as absent with probability `rate`.

    So a model learns to do with any of its senses (Neverova et al. 2016, "ModDrop"). A Dropout layer draws: what it
    keeps is scaled, which is undone here.
    """
    require_rank("present", present, (2,), "1 or 0 for each sample, (B, 1)")
    if not require_share("rate", rate):
        return present
    kept = layers.Dropout(rate, name=name)(present)
    return ops.cast(ops.greater(kept, 0.0), present.dtype)


def concatenate_senses(
    vectors: Sequence[keras.KerasTensor], present: Sequence[keras.KerasTensor], *, name: str
) -> keras.KerasTensor:
    """(B, C1), (B, C2), ... -> (B, C1 + C2 + ... + senses): side by side, zeros where absent, and what is present."""
    _require_senses(vectors, present)
    shown = [layers.Multiply(name=f"{name}_mask{n}")([v, p]) for n, (v, p) in enumerate(_pairs(vectors, present), 1)]
    return layers.Concatenate(name=name)([*shown, *present])


def gate_senses(
    vectors: Sequence[keras.KerasTensor], present: Sequence[keras.KerasTensor], units: int, *, name: str
) -> keras.KerasTensor:
    """(B, C1), (B, C2), ... -> (B, units): a mixture, in shares that all senses together decide for each unit.

    Arevalo et al. 2017, "Gated multimodal units for information fusion", for any number of senses.
    """
    _require_senses(vectors, present)
    require_integer("units", units)
    whole = concatenate_senses(vectors, present, name=f"{name}_whole")
    values, scores = [], []
    for number, (vector, there) in enumerate(_pairs(vectors, present), start=1):
        values.append(layers.Dense(units, activation="tanh", name=f"{name}_value{number}")(vector))
        scores.append(layers.Dense(units, name=f"{name}_gate{number}")(whole) - FAR * (1.0 - there))
    shares = ops.softmax(ops.stack(scores, axis=1), axis=1)  # (B, senses, units)
    any_present = ops.max(ops.concatenate(list(present), axis=1), axis=1, keepdims=True)
    mixed = ops.sum(shares * ops.stack(values, axis=1), axis=1)
    return layers.Multiply(name=name)([mixed, any_present])


def attend_to_senses(
    vectors: Sequence[keras.KerasTensor],
    present: Sequence[keras.KerasTensor],
    units: int,
    *,
    heads: int = 4,
    name: str,
) -> keras.KerasTensor:
    """(B, C1), (B, C2), ... -> (B, units): each sense reads those that are there, and their mean is what comes out.

    Self-attention over senses in the place of words, with a residual connection. Vaswani et al. 2017, section 3.2.
    """
    _require_senses(vectors, present)
    require_integer("units", units)
    require_integer("heads", heads)
    tokens = [layers.Dense(units, name=f"{name}_token{n}")(vector) for n, vector in enumerate(vectors, start=1)]
    x = ops.stack(tokens, axis=1)  # (B, senses, units)
    there = ops.stack(list(present), axis=1)  # (B, senses, 1)
    mask = ops.cast(ops.swapaxes(there, 1, 2), "bool")  # (B, 1, senses): the same keys for every query
    attention = layers.MultiHeadAttention(heads, max(units // heads, 1), name=f"{name}_attention")
    x = layers.LayerNormalization(name=f"{name}_norm")(x + attention(x, x, attention_mask=mask))
    mean = ops.sum(x * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
    return layers.Identity(name=name)(mean)


def multiply_senses(
    vectors: Sequence[keras.KerasTensor],
    present: Sequence[keras.KerasTensor],
    units: int,
    *,
    rank: int = 4,
    name: str,
) -> keras.KerasTensor:
    """(B, C1), (B, C2), ... -> (B, units): the product of what the senses say, in `rank` terms that are added up.

    All products of one value of each sense have weights of their own, of low rank. Liu et al. 2018, "Efficient
    low-rank multimodal fusion", section 3. An absent sense is a factor that it has learnt for its absence.
    """
    _require_senses(vectors, present)
    require_integer("units", units)
    require_integer("rank", rank)
    product = None
    for number, (vector, there) in enumerate(_pairs(vectors, present), start=1):
        shown = layers.Multiply(name=f"{name}_mask{number}")([vector, there])
        factor = layers.Dense(rank * units, bias_initializer="ones", name=f"{name}_factor{number}")(shown)
        product = factor if product is None else product * factor
    return ops.sum(layers.Reshape((rank, units), name=name)(product), axis=1)


def _pairs(vectors: Sequence[keras.KerasTensor], present: Sequence[keras.KerasTensor]) -> Sequence[tuple]:
    return list(zip(vectors, present, strict=True))


def _require_senses(vectors: Sequence[keras.KerasTensor], present: Sequence[keras.KerasTensor]) -> None:
    if len(vectors) != len(present) or len(vectors) < 2:
        raise ValueError(
            f"'vectors' and 'present' must be two lists of as many senses, two at least; received {len(vectors)} and "
            f"{len(present)}."
        )
    for number, (vector, there) in enumerate(_pairs(vectors, present)):
        require_rank(f"vectors[{number}]", vector, (2,), "one vector for each sample, (B, C)")
        require_rank(f"present[{number}]", there, (2,), "1 or 0 for each sample, (B, 1)")
