"""Several senses of one sample in one model: a table's columns, texts and pictures, fused, and heads on one trunk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_share
from blocks.senses import attend_to_senses, concatenate_senses, gate_senses, multiply_senses, sense_dropout
from blocks.tabular import dense_stack, entity_embedding
from zoo.errors import ConfigError, require_known
from zoo.models.outputs import REGRESSION, Outputs, heads_of
from zoo.models.senses import PRESENT, SENSES
from zoo.models.table import Numbers, side_by_side, table_inputs

Tensor = Any
Told = Mapping[str, Any]  # input -> what is told of its column
TABLE = "table"
TABLES = ("one_hot", "embedding")
FUSIONS: dict[str, Callable[..., Tensor]] = {
    "concatenate": lambda vectors, present, units, name: concatenate_senses(vectors, present, name=name),
    "gated": gate_senses,
    "attention": attend_to_senses,
    "product": multiply_senses,
}
TITLE, PHOTO = {"title": 2_000}, {"photo": (64, 64, 3)}


@dataclass(frozen=True)
class Read:
    """What a model reads: its inputs, and for each sense its features (B, C) and (B, 1) of where a sample has it."""

    inputs: list[Tensor] = field(default_factory=list)
    features: dict[str, Tensor] = field(default_factory=dict)
    present: dict[str, Tensor] = field(default_factory=dict)

    def add(self, sense: str, features: Tensor, present: Tensor, *inputs: Tensor) -> None:
        self.inputs.extend(inputs)
        self.features[sense], self.present[sense] = features, present


def joint(
    *,
    numbers: Numbers = 4,
    categories: Mapping[str, int] | None = None,
    complete: Sequence[str] = (),
    texts: Told = TITLE,
    pictures: Told = PHOTO,
    others: Mapping[str, Told] | None = None,
    optional: Sequence[str] = (),
    outputs: Outputs = REGRESSION,
    flags: bool = True,
    table: str = "one_hot",
    text: str | None = None,
    picture: str | None = None,
    encoders: Mapping[str, str] | None = None,
    fusion: str = "concatenate",
    width: int = 64,
    units: Sequence[int] = (128,),
    dropout: float = 0.0,
    hidden_senses: float = 0.0,
    skip: bool = False,
    wide: bool = False,
    name: str = "joint",
) -> keras.Model:
    """numbers (B, k), ids (B,) of categories, texts (B, L), pictures (B, H, W, C) -> {"target": (B, 1)}.

    Each text and each picture is a sense, and the columns of the table together are one; what an encoder reads of a
    sense becomes a vector of `width` numbers. A sense that a sample lacks (no known column, no word, no picture) is
    masked, whatever stands in its input.

    numbers, categories, complete, flags  as in `mlp`; a model may have no table.
    texts       input -> number of word ids; pictures: input -> (height, width, channels).
    others      columns of further kinds, by what they tell builders: a row of `zoo.models.senses.SENSES` reads them.
    optional    columns of which a sample may have none: an input NAME_present (B,) then says where there is one.
    table       "one_hot" or "embedding": how categories enter.
    text, picture  an encoder of `SENSES` by name; of pictures also a network of the catalogue, as "mobilenet", which
                reads them all. `encoders` names those of other kinds.
    fusion      "concatenate", "gated", "attention" (of senses to each other) or "product" (of low rank).
    units       of the dense layers between fusion and heads; `dropout` falls on them and on each sense's vector.
    hidden_senses  share of the samples of which training hides a sense, each sense by itself.
    skip        the heads read the fused senses too, beside the dense layers.
    wide        the heads read the columns of the table themselves too, a linear model beside all else: few rows teach
                it more than a deep one, as what each value of a category adds (Cheng et al. 2016, "Wide & deep
                learning for recommender systems").

    Raises `ConfigError` for no sense at all or `wide` without a table, `UnknownNameError` for an unknown name.
    """
    require_known("way of a table", table, TABLES)
    require_known("fusion", fusion, FUSIONS)
    read = Read()
    if numbers or categories:
        _read_table(read, numbers, categories, complete, flags, table)
    senses = {"texts": texts, "pictures": pictures, **(others or {})}
    chosen = {"texts": text, "pictures": picture, **(encoders or {})}
    for column in optional:
        require_known("column of 'optional'", column, [each for told in senses.values() for each in told])
    for kind, told in senses.items():
        require_known("kind of columns", kind, SENSES)
        _read_columns(read, kind, told, chosen.get(kind), optional)
    if not read.features:
        raise ConfigError("A joint model needs a column to predict from: a number, a category, a text or a picture.")
    if wide and TABLE not in read.features:
        raise ConfigError("'wide' reads the columns of a table: give numbers or categories, or leave it out.")
    shown: dict[str, Tensor] = {}
    fused = _fused(read, shown, fusion, require_integer("width", width), dropout, hidden_senses)
    x = dense_stack(fused, units, dropout=dropout, name="trunk")
    x = side_by_side([x, fused], name="trunk_skip") if skip else x
    if wide:
        columns = layers.Multiply(name=f"{TABLE}_columns")([read.features[TABLE], shown[TABLE]])
        x = side_by_side([x, columns], name="wide")
    read.inputs.sort(key=lambda tensor: tensor.name)  # the order in which Keras takes a dict of symbolic inputs
    return keras.Model(read.inputs, heads_of(x, outputs), name=name)


def _read_table(read: Read, numbers: Any, categories: Any, complete: Sequence[str], flags: bool, way: str) -> None:
    """Numbers and categories, as one sense: absent where every column is."""
    found = table_inputs(numbers, categories, complete, flags)
    if way == "one_hot":
        features = found.one_hot_features(name=f"{TABLE}_features")
    else:
        vectors = [entity_embedding(ids, found.sizes[key], name=f"{key}_embedding") for key, ids in found.ids.items()]
        features = side_by_side([found.numbers, found.flags, found.bins, *vectors], name=f"{TABLE}_features")
    known = [
        ops.not_equal(x, 0)[:, None] if x.name in found.ids else ops.logical_not(ops.isnan(x)) for x in found.inputs
    ]
    together = ops.concatenate(known, axis=1) if len(known) > 1 else known[0]
    read.add(TABLE, features, ops.cast(ops.any(together, axis=1, keepdims=True), "float32"), *found.inputs)


def _read_columns(read: Read, kind: str, told: Told, encoder: str | None, optional: Sequence[str]) -> None:
    """The columns of a kind, each a sense; of a kind that shares, one encoder reads those of one form."""
    sense = SENSES[kind]
    made: dict[Any, keras.Model] = {}
    for column, facts in told.items():
        given = [sense.make_input(column, facts)]
        form = sense.form(facts) if sense.form else column
        if form not in made:
            own = kind.removesuffix("s") if sense.form else column
            made[form] = sense.encoder(encoder)(f"{own}_encoder{len(made) + 1 if made and sense.form else ''}", facts)
        features = made[form](given[0])
        if column in optional:
            given.append(keras.Input((), name=column + PRESENT))
            present = given[1][:, None]
        elif sense.present is not None:
            present = sense.present(given[0])
        else:
            present = ops.ones_like(features[:, :1])
        read.add(column, features, present, *given)


def _fused(read: Read, shown: dict[str, Tensor], fusion: str, width: int, dropout: float, hidden: float) -> Tensor:
    """(B, C): the senses' vectors together; `shown` is filled with (B, 1) of where a sample's senses are not hidden."""
    vectors = []
    for sense, features in read.features.items():
        x = layers.Dense(width, activation="relu", name=f"{sense}_vector")(features)
        if require_share("dropout", dropout):
            x = layers.Dropout(dropout, name=f"{sense}_vector_dropout")(x)
        vectors.append(x)
        shown[sense] = sense_dropout(read.present[sense], hidden, name=f"{sense}_hidden")
    if len(vectors) == 1:
        return layers.Multiply(name="fusion")([vectors[0], *shown.values()])
    return FUSIONS[fusion](vectors, list(shown.values()), width, name="fusion")


SEASONS: Outputs = {
    "season": {"kind": "classification", "classes": 4},
    "usage": {"kind": "classification", "classes": 4},
    "year": {"kind": "regression"},
}
ROOMS = ("bathroom", "bedroom", "frontal", "kitchen")

fashion_trend = partial(
    joint,
    numbers=0,
    categories={"gender": 7, "masterCategory": 6, "subCategory": 38, "articleType": 115, "baseColour": 48},
    texts={"name": 5_000},
    pictures={"picture": (160, 120, 3)},
    optional=("picture",),
    outputs=SEASONS,
    picture="mobilenet",
    width=256,
    dropout=0.4,
    hidden_senses=0.1,
    skip=True,
    name="fashion_trend",
)
house_photos = partial(
    joint,
    numbers=3,
    categories={"zipcode": 50},
    texts={},
    pictures=dict.fromkeys(ROOMS, (160, 160, 3)),
    optional=ROOMS,
    outputs={"price": {"kind": "regression"}},
    picture="mobilenet",
    dropout=0.3,
    hidden_senses=0.1,
    skip=True,
    name="house_photos",
)
joint_tiny = partial(
    joint,
    numbers=2,
    categories={"group": 50},
    texts={"title": 500},
    pictures={"photo": (16, 16, 3)},
    optional=("photo",),
    picture="cnn_tiny",
    width=8,
    units=(8,),
    name="joint_tiny",
)
