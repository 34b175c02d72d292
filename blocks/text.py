"""Text encoders: token numbers -> one vector for each text; and dropout of a table of words.

Texts of one batch are padded on the right with the number 0. The encoders take the mask of what is not padding and
give the same vector however much padding follows a text, so a batch can be cut to its longest text, or one text be
read alone. The masks are plain operations of the graph: a saved model opens without custom objects.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank, require_share

PADDING = 0  # the token number that means "no token here"
PROFILE_STAGES = ((128,), (256, 256), (256, 256))  # filters of the classic author-profile stack; pooling between stages
POOLINGS = ("max", "mean_and_max", "sum")
SUM_SCALE = 0.1  # a text of some tens of words then has features of about 1, as Glorot's initial weights expect


def padding_mask(tokens: keras.KerasTensor) -> keras.KerasTensor:
    """(B, L) integers -> (B, L) bool, true where there is a token."""
    require_rank("tokens", tokens, (2,), "token numbers, (B, L)")
    return ops.not_equal(tokens, PADDING)


def embed(tokens: keras.KerasTensor, vocabulary_size: int, dim: int, *, name: str) -> keras.KerasTensor:
    """(B, L) integers below `vocabulary_size` -> (B, L, dim)."""
    require_rank("tokens", tokens, (2,), "token numbers, (B, L)")
    require_integer("vocabulary_size", vocabulary_size)
    require_integer("dim", dim)
    return layers.Embedding(vocabulary_size, dim, name=name)(tokens)


def table_dropout(
    embedding: layers.Embedding, rate: float, tokens: keras.KerasTensor, *, name: str
) -> keras.KerasTensor:
    """What each number of an embedding's table counts, (rows, dim): in training 0 with probability `rate`, else
    1 / (1 - rate); otherwise 1. Embedded tokens are multiplied by its rows, `keras.ops.take(it, tokens, axis=0)`.

    One draw serves the whole batch: what a step does not see of a word, it sees in no sentence. This is the weight drop
    of Merity et al. 2017, "Regularizing and Optimizing LSTM Language Models", on a table of words. `tokens` are any
    integers of the graph, of which nothing is used: an operation of a graph must have an input of it.
    """
    one = ops.cast(0 * ops.sum(tokens) + 1, embedding.compute_dtype)
    ones = ops.broadcast_to(one, (embedding.input_dim, embedding.output_dim))
    return layers.Dropout(require_share("rate", rate), name=name)(ones)


def lstm_text_encoder(
    x: keras.KerasTensor, mask: keras.KerasTensor, units: int, *, dropout: float = 0.0, name: str
) -> keras.KerasTensor:
    """(B, L, D) and mask (B, L) -> (B, units): the LSTM's state after the last token of each text.

    Hochreiter and Schmidhuber 1997. `dropout` falls on the inputs of every step.
    """
    require_rank("x", x, (3,), "embedded tokens, (B, L, D)")
    require_integer("units", units)
    return layers.LSTM(units, dropout=require_share("dropout", dropout), name=name)(x, mask=mask)


def convolutional_text_encoder(
    x: keras.KerasTensor,
    mask: keras.KerasTensor,
    *,
    stages: Sequence[Sequence[int]] = PROFILE_STAGES,
    kernel: int = 5,
    pool: int = 5,
    pooling: str = "max",
    units: int | None = 128,
    dropout: float = 0.0,
    word_dropout: float = 0.0,
    pooled_dropout: float | None = None,
    skip: bool = False,
    name: str,
) -> keras.KerasTensor:
    """(B, L, D) and mask (B, L) -> (B, units), for any L >= 1. Chollet 2017, "Deep Learning with Python", section 7.1.

    `stages` are the filters of the convolutions; `pool` divides the length by itself between one stage and the next.
    The maximum over what is left of the text ends the last one ("max"), or mean and maximum side by side
    ("mean_and_max"), or the sum, in tenths ("sum"), and a dense layer follows; without `units` the pooled features are
    the vector, and with `skip` they stand beside the dense layer's, (B, C + units). `dropout` falls on whole channels
    of the embedding and on the pooled features, `word_dropout` on whole words; `pooled_dropout` is that of the pooled
    features where it is another.

    Where every sentence is evidence of its own, what is known of the writer is a sum over the sentences (of
    log-likelihoods), of which a maximum keeps the strongest alone.

    The classic stack uses "valid" padding, which fails on texts shorter than its receptive field. Here every
    convolution keeps the length and the mask zeroes what lies behind the text: the zeros that a short text finds
    there are the same whether they come from the convolution's own padding or from the batch's.
    """
    require_rank("x", x, (3,), "embedded tokens, (B, L, D)")
    require_rank("mask", mask, (2,), "the mask of the tokens, (B, L)")
    _require_stages(stages)
    require_integer("kernel", kernel)
    require_integer("pool", pool)
    if units is not None:
        require_integer("units", units)
    if pooling not in POOLINGS:
        raise ValueError(f"'pooling' must be one of {', '.join(POOLINGS)}; received {pooling!r}.")
    pooled_dropout = require_share("dropout", dropout) if pooled_dropout is None else pooled_dropout

    present = ops.expand_dims(ops.cast(mask, x.dtype), -1)  # (B, L, 1), 1 where there is a token
    x = layers.Multiply(name=f"{name}_mask0")([x, present])
    if require_share("word_dropout", word_dropout):
        x = layers.Dropout(word_dropout, noise_shape=(None, None, 1), name=f"{name}_word_dropout")(x)
    if dropout:
        x = layers.SpatialDropout1D(dropout, name=f"{name}_embedding_dropout")(x)
    count = 0
    for number, filters_of_stage in enumerate(stages):
        if number:  # (B, L, C) -> (B, ceil(L / pool), C)
            shorten = _CeilingPool(pool, name=f"{name}_pool{number}")
            x, present = shorten(x), shorten(present)
        for filters in filters_of_stage:
            count += 1
            x = layers.Conv1D(filters, kernel, padding="same", activation="relu", name=f"{name}_conv{count}")(x)
            x = layers.Multiply(name=f"{name}_mask{count}")([x, present])
    pooled = _pooled(x, present, pooling, name)
    if require_share("pooled_dropout", pooled_dropout):
        pooled = layers.Dropout(pooled_dropout, name=f"{name}_dropout")(pooled)
    if units is None:
        return pooled
    vector = layers.Dense(units, activation="relu", name=f"{name}_dense")(pooled)
    return layers.Concatenate(name=f"{name}_skip")([pooled, vector]) if skip else vector


def _pooled(x: keras.KerasTensor, present: keras.KerasTensor, pooling: str, name: str) -> keras.KerasTensor:
    """(B, L, C), which is 0 where `present` (B, L, 1) is, -> (B, C), or (B, 2 C) of "mean_and_max"."""
    if pooling == "sum":
        return ops.sum(x, axis=1) * SUM_SCALE
    largest = layers.GlobalMaxPooling1D(name=f"{name}_global_pool")(x)
    if pooling == "max":
        return largest
    length = ops.sum(present, axis=1) + keras.config.epsilon()  # (B, 1); a text without words has mean 0
    return layers.Concatenate(name=f"{name}_mean_and_max")([ops.sum(x, axis=1) / length, largest])


class _CeilingPool:
    """Maximum over windows that start at the first token, the last one filled up with zeros.

    "same" pooling shares its padding between both ends, so its windows would move with the length of the batch.
    Zeros change no maximum: after a ReLU, and in a mask, nothing is below them.
    """

    def __init__(self, size: int, *, name: str):
        self.pad = layers.ZeroPadding1D((0, size - 1), name=f"{name}_pad")
        self.pool = layers.MaxPooling1D(size, name=name)

    def __call__(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return self.pool(self.pad(x))


def _require_stages(stages: Sequence[Sequence[int]]) -> None:
    fits = isinstance(stages, Sequence) and stages and all(isinstance(s, Sequence) and s for s in stages)
    if not fits or isinstance(stages, str):
        raise ValueError(f"'stages' must be lists of filters, as in {PROFILE_STAGES}; received {stages!r}.")
    for stage in stages:
        for filters in stage:
            require_integer("stages", filters)
