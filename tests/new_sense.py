"""A sense that the zoo does not know: intervals. One column kind, one builder, one task, and nothing else."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pandas as pd

from zoo.catalogue import Entry
from zoo.columns import Column, InputSpec
from zoo.datasets.table import Table, split_rows
from zoo.errors import DataError
from zoo.models.outputs import heads_of
from zoo.tasks import Settings, Task
from zoo.training import Optimiser


@dataclass(frozen=True)
class IntervalColumn(Column):
    """Intervals, written as "3..7": begin and length, in units of the longest of training."""

    longest: float = 1.0

    kind: ClassVar[str] = "interval"

    @classmethod
    def fit(cls, values, name, margin: float = 0.0):
        ends = _ends(values, name)
        return cls(name, longest=float((ends[:, 1] - ends[:, 0]).max()) + margin)

    def encode(self, values):
        low, high = _ends(values, self.name).T
        return (np.stack([low, high - low], axis=1) / self.longest).astype("float32")

    @property
    def spec(self):
        return InputSpec((2,), "float32")

    @classmethod
    def config(cls, columns, scaling):
        return {"intervals": [column.input for column in columns]}

    def describe(self):
        return f"up to {self.longest:g} long"


def _ends(values, name):
    try:
        return np.array([[float(end) for end in str(value).split("..")] for value in values]).reshape(len(values), 2)
    except ValueError as error:
        raise DataError(f"The column '{name}' must hold intervals as '3..7'.") from error


def interval_model(*, intervals=("span",), outputs=None, units: int = 16, name: str = "interval_model") -> keras.Model:
    inputs = [keras.Input((2,), name=each) for each in intervals]
    x = inputs[0] if len(inputs) == 1 else keras.layers.Concatenate(name="features")(inputs)
    x = keras.layers.Dense(units, activation="relu", name="hidden")(x)
    return keras.Model(inputs, heads_of(x, outputs or {"middle": {"kind": "regression"}}), name=name)


def intervals(*, seed: int = 0, rows: int = 400) -> Table:
    random = np.random.default_rng(seed)
    low, length = random.uniform(0, 10, rows), random.uniform(1, 5, rows)
    frame = pd.DataFrame(
        {
            "span": [f"{a:.3f}..{a + b:.3f}" for a, b in zip(low, length, strict=True)],
            "middle": low + length / 2,
            "long": np.where(length > 3, "yes", "no"),
        }
    )
    train, validation, test = split_rows(frame, seed=seed)
    targets = {"middle": "regression", "long": "binary"}
    return Table("intervals", train, validation, test, targets, {"types": {"span": "interval"}})


def rows(texts, schema):
    return pd.DataFrame({"span": list(texts)})


ENTRY = Entry(
    name="interval_model",
    task="intervals",
    family="interval_model",
    builder="tests.new_sense:interval_model",
    summary="the middle of an interval",
    inputs={"span": "(batch, 2) begin and length"},
    outputs={"middle": "(batch, 1)"},
    source="a test",
)
TASK = Task(
    name="intervals",
    families=("interval_model",),
    of="intervals",
    sources={"intervals": "tests.new_sense:intervals"},
    file="zoo.datasets.tables.table_file:read_table_file",
    suffixes=(".csv",),
    settings=lambda dataset, entry, data: Settings(
        config={"units": 24},
        training={"epochs": 40, "batch_size": 32, "optimiser": Optimiser("adam", learning_rate=2e-2)},
    ),
    rows=rows,
)
