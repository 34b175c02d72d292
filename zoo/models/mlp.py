"""A stack of dense layers on a table's columns."""

from collections.abc import Mapping, Sequence
from functools import partial

import keras

from blocks.tabular import dense_stack
from zoo.models.outputs import REGRESSION, Outputs, heads_of
from zoo.models.table import Numbers, side_by_side, table_inputs


def mlp(
    *,
    numbers: Numbers = 8,
    categories: Mapping[str, int] | None = None,
    complete: Sequence[str] = (),
    outputs: Outputs = REGRESSION,
    flags: bool = True,
    units: Sequence[int] = (64, 32),
    dropout: float | Sequence[float] = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
    skip: bool = False,
    name: str = "mlp",
) -> keras.Model:
    """numbers (B, k), and ids (B,) of each category, as one-hot vectors -> {"target": (B, 1)}.

    `units`, `dropout`, `batch_norm` and `activation` are those of `dense_stack`, the other options those of
    `linear_regression`. With `skip` the outputs read the columns themselves too, a linear model beside the layers.
    Categories of thousands of values are better embedded: see `entity_embedding`.
    """
    table = table_inputs(numbers, categories, complete, flags)
    features = table.one_hot_features()  # (B, C)
    x = dense_stack(features, units, dropout=dropout, batch_norm=batch_norm, activation=activation, name="hidden")
    x = side_by_side([x, features], name="skip") if skip else x
    return keras.Model(table.inputs, heads_of(x, outputs), name=name)


mlp_tiny = partial(mlp, numbers=3, categories={"group": 50}, units=(8, 4), name="mlp_tiny")
