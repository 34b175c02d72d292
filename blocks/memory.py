"""Memory: sentences as vectors, which a question looks up and is changed by, hop after hop.

Sukhbaatar, Szlam, Weston and Fergus, "End-To-End Memory Networks", 2015. Words and sentences are padded with 0 on the
right; what is padding is masked, so that outputs do not depend on it.
"""

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank, require_share

PRODUCT_DEVIATION = 0.1  # of the first weights of a product: that of the paper's tables
NEVER = -3e4  # the score of a sentence that is not there: its share of the attention is 0 in float16 too


def word_places(mask: keras.KerasTensor) -> keras.KerasTensor:
    """(..., W) bool, where there are words -> (..., 2, W): what `position_encoding` weighs each word by.

    With j/J the place of the j-th of J words: 1 - j/J, and 2j/J - 1; 0 where there is none.
    """
    words = ops.cast(mask, "float32")
    place = ops.cumsum(words, axis=-1) / ops.maximum(ops.sum(words, axis=-1, keepdims=True), 1.0)
    return ops.stack([words * (1.0 - place), words * (2.0 * place - 1.0)], axis=-2)


def position_encoding(x: keras.KerasTensor, places: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Embedded words (..., W, D) and their `word_places` (..., 2, W) -> (..., D): a sum that tells the words' order.

    The k-th of D numbers of the j-th of J words counts (1 - j/J) - (k/D) (1 - 2j/J) times: the first words speak
    louder in the first numbers, the last ones in the last. Section 4.1 there.
    """
    require_rank("x", x, (3, 4), "embedded words, (..., W, D)")
    level_and_slope = ops.matmul(ops.cast(places, x.dtype), x)  # (..., 2, D)
    dim = x.shape[-1]
    slope = layers.Rescaling([k / dim for k in range(1, dim + 1)], name=f"{name}_slope")(level_and_slope[..., 1, :])
    return layers.Add(name=name)([level_and_slope[..., 0, :], slope])


def learnt_position_encoding(
    x: keras.KerasTensor, mask: keras.KerasTensor, weights: layers.Embedding
) -> keras.KerasTensor:
    """Embedded words (..., W, D) and their mask (..., W) -> (..., D): their sum, each times the weights of its place.

    `weights` is an embedding (places, D), which several calls may share; words behind its last place count as there.
    Henaff et al. 2017, "Tracking the World State with Recurrent Entity Networks", section 2.1.
    """
    require_rank("x", x, (3, 4), "embedded words, (..., W, D)")
    one = mask[:1, :] if len(mask.shape) == 2 else mask[:1, :1]  # places are the same in all
    place = ops.clip(ops.cumsum(ops.ones_like(ops.cast(one, "int32")), axis=-1) - 1, 0, weights.input_dim - 1)
    present = ops.expand_dims(ops.cast(mask, x.dtype), -1)
    return ops.sum(x * present * weights(place), axis=-2)


def sentence_ages(present: keras.KerasTensor, memory_size: int, *, noise: float = 0.0, name: str) -> keras.KerasTensor:
    """(B, S) bool, which sentences there are, the oldest first -> (B, S) int32, how many came after each.

    Ages end at `memory_size` - 1. In training, an empty sentence follows each with probability `noise`, so that no age
    is learnt by heart (the paper's random noise, 10 %).
    """
    require_rank("present", present, (2,), "which sentences there are, (B, S)")
    require_integer("memory_size", memory_size)
    there = ops.cast(present, "int32")
    counted = there
    if require_share("noise", noise):
        ones = ops.ones_like(ops.cast(present, "float32"))
        drawn = layers.Dropout(noise, name=f"{name}_noise")(ones)  # 0 where an empty sentence is put in
        counted = there + there * ops.cast(ops.equal(drawn, 0.0), "int32")
    newer = ops.sum(counted, axis=1, keepdims=True) - ops.cumsum(counted, axis=1) + counted - there
    return ops.clip(newer, 0, memory_size - 1)


def memory_hop(
    state: keras.KerasTensor,
    keys: keras.KerasTensor,
    values: keras.KerasTensor,
    present: keras.KerasTensor,
    *,
    linear: bool = False,
    multiplicative: bool = False,
    name: str,
) -> keras.KerasTensor:
    """State (B, D), memories (B, S, D) to compare it with and to read, which of them there are (B, S) -> (B, D).

    The attention (B, S), how much is read of each sentence, is the layer `{name}_attention`. `linear` leaves out its
    softmax: so the training begins ("linear start", section 4.2). In the paper the new state is the old one plus what
    was read, and no sum of the two can tell whether they agree; `multiplicative` adds a dense layer, `{name}_product`,
    of their product, which can (Jayakumar et al. 2020, "Multiplicative Interactions and Where to Find Them").
    """
    require_rank("state", state, (2,), "one vector for each sample, (B, D)")
    require_rank("keys", keys, (3,), "one vector for each sentence, (B, S, D)")
    scores = layers.Dot(axes=(2, 1), name=f"{name}_scores")([keys, state])  # (B, S)
    there = ops.cast(present, scores.dtype)
    if not linear:
        scores = layers.Activation("softmax", name=f"{name}_softmax")(ops.where(present, scores, NEVER))
    attention = layers.Multiply(name=f"{name}_attention")([scores, there])
    read = layers.Dot(axes=(1, 1), name=f"{name}_read")([attention, values])  # (B, D)
    if not multiplicative:
        return layers.Add(name=name)([state, read])
    product = layers.Multiply(name=f"{name}_agreement")([state, read])
    start = keras.initializers.RandomNormal(stddev=PRODUCT_DEVIATION)
    product = layers.Dense(state.shape[-1], use_bias=False, kernel_initializer=start, name=f"{name}_product")(product)
    return layers.Add(name=name)([state, read, product])
