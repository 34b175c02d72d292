"""A trained model of a table with all that it needs to answer for new rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from zoo.errors import WeightsError
from zoo.pipeline import Pipeline, load_pipeline
from zoo.tables import Schema
from zoo.tables.frames import Frame
from zoo.training import Head, heads_for


@dataclass(frozen=True)
class TrainedTable:
    """A pipeline (schema and model) with the entry that it is of, and what it is judged by.

    heads   output -> what it predicts, and its metrics.
    origin  data set, options, seed and scores: plain JSON values.
    """

    entry: str
    pipeline: Pipeline
    heads: Mapping[str, Head]
    origin: Mapping[str, Any]

    @classmethod
    def of(
        cls, entry: str, schema: Schema, model: keras.Model, heads: Mapping[str, Head], origin: Mapping[str, Any]
    ) -> "TrainedTable":
        """What a training gave."""
        metrics = {name: list(head.metrics) for name, head in heads.items()}
        kept = {**origin, "entry": entry, "metrics": metrics}
        costs = {name: head.costs for name, head in heads.items() if head.costs is not None}
        return cls(entry, Pipeline(schema, model, origin=kept, costs=costs), heads, kept)

    @property
    def model(self) -> keras.Model:
        """The network within the pipeline."""
        return self.pipeline.model

    def predict(self, rows: Frame) -> Frame:
        """A column for each output, in its own units; for classes the label, and the probability of each label."""
        return self.pipeline.predict(rows)

    def save(self, path: Path) -> None:
        """One file, `model.keras`, that `load_trained` and `zoo.load_pipeline` read."""
        self.pipeline.save(path)


def read_trained_table(path: Path) -> TrainedTable:
    """A trained model out of its file. Raises `WeightsError` for a file that no recipe wrote."""
    pipeline = load_pipeline(path)
    origin = pipeline.origin
    try:
        entry, metrics = origin["entry"], {name: tuple(names) for name, names in origin["metrics"].items()}
        heads = heads_for(pipeline.schema.targets, metrics=metrics, costs=pipeline.costs)
    except (KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"'{path}' is a pipeline that no recipe trained; zoo.load_pipeline reads it.") from error
    return TrainedTable(entry, pipeline, heads, origin)
