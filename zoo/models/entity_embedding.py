"""Categories as learnt vectors beside numbers: the network of the Rossmann store sales.

Guo and Berkhahn 2016, "Entity embeddings of categorical variables"; order and rates of the layers as in fast.ai's
tabular model (Howard and Gugger 2020, "Deep learning for coders", chapter 9).
"""

from collections.abc import Mapping, Sequence
from functools import partial

import keras
from keras import layers

from blocks.tabular import NORM, dense_stack
from blocks.tabular import entity_embedding as embed
from zoo.errors import require_known
from zoo.models.outputs import REGRESSION, Outputs, heads_of
from zoo.models.table import Numbers, side_by_side, table_inputs

CATEGORIES = {"group": 100, "place": 60}


def entity_embedding(
    *,
    numbers: Numbers = 8,
    categories: Mapping[str, int] = CATEGORIES,
    complete: Sequence[str] = (),
    outputs: Outputs = REGRESSION,
    flags: bool = True,
    dims: Mapping[str, int] | None = None,
    units: Sequence[int] = (1000, 500),
    dropout: float | Sequence[float] = (0.001, 0.01),
    embedding_dropout: float = 0.04,
    batch_norm: bool = True,
    name: str = "entity_embedding",
) -> keras.Model:
    """numbers (B, k), and ids (B,) of each category -> {"target": (B, 1)}.

    dims               category -> size of its vectors; `embedding_size` of its number of ids for the others.
    embedding_dropout  falls on the vectors of all categories.
    batch_norm         normalises the numbers, but not their flags, and every dense layer.

    `units` and `dropout` are those of `dense_stack`, the other options those of `linear_regression`.
    """
    table = table_inputs(numbers, categories, complete, flags)
    dims = dict(dims or {})
    for key in dims:
        require_known("category of 'dims'", key, table.ids)
    x = table.numbers
    if batch_norm and x is not None:
        x = layers.BatchNormalization(**NORM, name="numbers_norm")(x)
    vectors = [
        embed(ids, table.sizes[key], dims.get(key), dropout=embedding_dropout, name=f"{key}_embedding")
        for key, ids in table.ids.items()
    ]
    features = side_by_side([x, table.flags, table.bins, *vectors])  # (B, C)
    x = dense_stack(features, units, dropout=dropout, batch_norm=batch_norm, name="hidden")
    return keras.Model(table.inputs, heads_of(x, outputs), name=name)


entity_embedding_tiny = partial(
    entity_embedding, numbers=3, categories={"group": 50, "place": 60}, units=(8, 4), name="entity_embedding_tiny"
)
