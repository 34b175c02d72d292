"""Tables: what stands between raw columns and the first dense layer, and the stack of dense layers itself.

Statistics enter as constants of the graph, so that a saved model imputes and scales by itself and opens without custom
objects. Numbers are missing as NaN; ids of categories are 0 where missing, 1 for a value that training had not.
"""

from collections.abc import Sequence
from itertools import pairwise

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank, require_share

UNSEEN = 1  # id of a category's value that training had not
LARGEST_EMBEDDING = 600
LARGEST_NUMBER = 3.4e38  # of float32
NORM = {"momentum": 0.9, "epsilon": 1e-5}  # of batch normalisation, as in fast.ai's tabular model


def impute_and_scale(
    x: keras.KerasTensor,
    *,
    medians: Sequence[float],
    shifts: Sequence[float],
    factors: Sequence[float],
    name: str,
) -> keras.KerasTensor:
    """(B, k) raw numbers, NaN where missing -> (B, k): (x - shift) * factor, with the median for what is missing."""
    width = require_columns(x, medians=medians, shifts=shifts, factors=factors)
    filled = ops.where(ops.isnan(x), constant(medians), x)
    scaled = (filled - constant(shifts)) * constant(factors)
    return layers.Reshape((width,), name=name)(scaled)  # a name to find the values by; nothing is computed


def missing_flags(x: keras.KerasTensor, *, known: Sequence[float] | None = None, name: str) -> keras.KerasTensor:
    """(B, k) numbers -> (B, k), 1 where one is missing, else 0.

    `known` is 0 for columns whose absence training never saw: their flags stay 0, since the weights behind them are
    those of the start.
    """
    width = require_columns(x) if known is None else require_columns(x, known=known)
    flags = ops.cast(ops.isnan(x), "float32")
    return layers.Reshape((width,), name=name)(flags if known is None else flags * constant(known))


def piecewise_linear(x: keras.KerasTensor, edges: Sequence[Sequence[float]], *, name: str) -> keras.KerasTensor:
    """(B, k) numbers, none missing -> (B, pieces): for each piece between two edges the share of it that lies below x.

    `edges` holds an ascending list for each column. Gorishniy et al. 2022, "On embeddings for numerical features in
    tabular deep learning", section 3.2; bounded, so that an outlier does no harm.
    """
    columns, lows, highs = bins_of(x, edges)
    below = (ops.take(x, columns, axis=1) - constant(lows)) * constant(
        [1.0 / (high - low) for low, high in zip(lows, highs, strict=True)]
    )
    return layers.Reshape((len(lows),), name=name)(ops.clip(below, 0.0, 1.0))


def bin_indicators(x: keras.KerasTensor, edges: Sequence[Sequence[float]], *, name: str) -> keras.KerasTensor:
    """(B, k) numbers, NaN where missing -> (B, edges): a 1 for the last edge that x reaches, in each column.

    Whatever lies below the first edge counts as that; a missing number reaches none.
    """
    columns, lows, highs = bins_of(x, edges, open_ended=True)
    value = ops.take(x, columns, axis=1)
    inside = ops.logical_and(ops.greater_equal(value, constant(lows)), ops.less(value, constant(highs)))
    return layers.Reshape((len(lows),), name=name)(ops.cast(inside, "float32"))


def bins_of(
    x: keras.KerasTensor, edges: Sequence[Sequence[float]], *, open_ended: bool = False
) -> tuple[list[int], list[float], list[float]]:
    """Column, low and high edge of every bin; with `open_ended` the first begins and the last ends nowhere."""
    require_columns(x, edges=edges)
    found: list[tuple[int, float, float]] = []
    for column, given in enumerate(edges):
        ends = [float(edge) for edge in given]
        if ends != sorted(set(ends)):
            raise ValueError(f"The edges of a column must ascend; received {ends}.")
        if open_ended and ends:
            ends = [-LARGEST_NUMBER, *ends[1:], LARGEST_NUMBER]
        found += [(column, low, high) for low, high in pairwise(ends)]
    if not found:
        raise ValueError("No column has edges for a bin.")
    return [row[0] for row in found], [row[1] for row in found], [row[2] for row in found]


def embedding_size(values: int) -> int:
    """The rule of thumb of fast.ai for a category of so many values: min(600, round(1.6 n^0.56)).

    >>> embedding_size(2), embedding_size(1115), embedding_size(10**6)
    (2, 81, 600)
    """
    return min(LARGEST_EMBEDDING, round(1.6 * require_integer("values", values) ** 0.56))


def entity_embedding(
    ids: keras.KerasTensor, vocabulary_size: int, dim: int | None = None, *, dropout: float = 0.0, name: str
) -> keras.KerasTensor:
    """(B,) ids below `vocabulary_size` -> (B, dim). Guo and Berkhahn 2016, Entity embeddings of categorical variables.

    Without `dim`, `embedding_size` of the vocabulary. Vectors start near 0, so that one that was never trained says
    little.
    """
    require_rank("ids", ids, (1,), "one id for each sample, (B,)")
    require_integer("vocabulary_size", vocabulary_size, least=2)
    dim = embedding_size(vocabulary_size) if dim is None else require_integer("dim", dim)
    start = keras.initializers.TruncatedNormal(stddev=0.01)
    x = layers.Embedding(vocabulary_size, dim, embeddings_initializer=start, name=name)(ids)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x) if require_share("dropout", dropout) else x


def one_hot(ids: keras.KerasTensor, vocabulary_size: int, *, name: str) -> keras.KerasTensor:
    """(B,) ids below `vocabulary_size` -> (B, vocabulary_size - 1): a 1 for the value, or for its absence (the first).

    A value that training had not is all 0, as in a table whose first value is left out.
    """
    require_rank("ids", ids, (1,), "one id for each sample, (B,)")
    require_integer("vocabulary_size", vocabulary_size, least=2)
    places = ops.where(ops.equal(ids, 0), 0, ids - UNSEEN)  # the value 1 of both: undone below
    hot = ops.one_hot(places, vocabulary_size - 1, dtype="float32")
    seen = ops.cast(ops.not_equal(ids, UNSEEN), "float32")
    return layers.Multiply(name=name)([hot, ops.expand_dims(seen, -1)])


def dense_stack(
    x: keras.KerasTensor,
    units: Sequence[int],
    *,
    dropout: float | Sequence[float] = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
    name: str,
) -> keras.KerasTensor:
    """(B, C) -> (B, units[-1]): dense, activation, batch normalisation, dropout, for each of `units`.

    The order is that of fast.ai's tabular model; a layer before a normalisation has no bias. `dropout` is one share for
    all layers or one for each.
    """
    require_rank("x", x, (2,), "one vector for each sample, (B, C)")
    if not isinstance(units, list | tuple):
        raise ValueError(f"'units' must be a list of whole numbers; received {units!r}.")
    shares = list(dropout) if isinstance(dropout, list | tuple) else [dropout] * len(units)
    if len(shares) != len(units):
        raise ValueError(f"'dropout' must be one share, or one for each of {len(units)} layers; received {dropout!r}.")
    for number, (width, share) in enumerate(zip(units, shares, strict=True), start=1):
        place = f"{name}{number}"
        require_integer("units", width)
        x = layers.Dense(width, use_bias=not batch_norm, name=f"{place}_dense")(x)
        x = layers.Activation(activation, name=f"{place}_{activation}")(x)
        if batch_norm:
            x = layers.BatchNormalization(**NORM, name=f"{place}_norm")(x)
        if require_share("dropout", share):
            x = layers.Dropout(share, name=f"{place}_dropout")(x)
    return x


def bounded_output(x: keras.KerasTensor, low: float, high: float, *, name: str) -> keras.KerasTensor:
    """(B, C) -> (B, 1) between `low` and `high`: a dense layer, a sigmoid, and its range stretched, in float32."""
    require_rank("x", x, (2,), "one vector for each sample, (B, C)")
    if not (isinstance(low, int | float) and isinstance(high, int | float) and low < high):
        raise ValueError(f"'low' must be a number below 'high'; received {low!r} and {high!r}.")
    x = layers.Dense(1, dtype="float32", name=f"{name}_scores")(x)
    x = layers.Activation("sigmoid", dtype="float32", name=f"{name}_sigmoid")(x)
    return layers.Rescaling(float(high) - float(low), offset=float(low), dtype="float32", name=name)(x)


def require_columns(x: keras.KerasTensor, **constants: Sequence[object]) -> int:
    """The number of columns of `x`, which each of `constants` must have too."""
    require_rank("x", x, (2,), "numbers, (B, k)")
    for argument, values in constants.items():
        if not isinstance(values, list | tuple) or len(values) != x.shape[-1]:
            raise ValueError(
                f"'{argument}' must be a list of {x.shape[-1]} numbers, one a column; received {values!r}."
            )
    return x.shape[-1]


def constant(values: Sequence[float]) -> object:
    """A float32 array, which a saved graph keeps as it is; a list would not be taken."""
    return ops.convert_to_numpy(ops.convert_to_tensor([float(value) for value in values], dtype="float32"))
