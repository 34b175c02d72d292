"""Rows of a table -> answers, by a schema and the model that was trained on what it encodes."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.costs import CostMatrix, decide
from zoo.errors import ConfigError, DataError, WeightsError, is_number, require_known
from zoo.files import atomic_path
from zoo.keras_internals.graph import is_symbolic, next_calls, producer
from zoo.pipeline import keras_file, onnx_file
from zoo.samples import Target
from zoo.tables import Schema, scan_table
from zoo.tables.frames import Frame, frame_of, pandas
from zoo.tables.schema import NUMBERS

BATCH = 4096  # rows answered at once
THRESHOLD = 0.5  # probability from which the positive label is given, unless `thresholds` says otherwise


@dataclass(frozen=True)
class Pipeline:
    """`model` is a `keras.Model` with the inputs and outputs of `schema`, or the ONNX export of one.

    thresholds  binary output -> probability from which its positive label is the answer; 0.5 for the others.
    origin      where the model comes from: plain JSON values, kept in the file.
    costs       output of classes -> what mistakes cost: its answer is the label of the least expected cost.
    """

    schema: Schema
    model: Any
    thresholds: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    costs: Mapping[str, CostMatrix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_fit(self.schema, self.model)
        _require_vocabularies(self.schema, self.model)
        classes = {name: target for name, target in self.schema.targets.items() if target.kind != "regression"}
        for name, costs in self.costs.items():
            require_known("output of classes of 'costs'", name, classes)
            if name in self.thresholds:
                raise ConfigError(f"'{name}' is decided twice: by 'costs' and by 'thresholds'.")
            costs.check(classes[name].labels)
        binary = [name for name, target in self.schema.targets.items() if target.kind == "binary"]
        for name, threshold in self.thresholds.items():
            require_known("binary output of 'thresholds'", name, binary)
            if not is_number(threshold) or not 0 <= threshold <= 1:
                raise ConfigError(f"The threshold of '{name}' must be a number from 0 to 1; received {threshold!r}.")

    def answers(self, frame: Frame) -> dict[str, np.ndarray]:
        """Output -> (n,) numbers in the target's own units, (n,) probabilities of the positive label, or (n, classes).

        Targets need not be in `frame`. Raises `DataError` for rows that do not fit the schema, or lie so far from those
        of training that float32 has no answer.
        """
        samples = self.schema.encode(frame, targets=False)
        parts = [
            self._outputs({name: values[start : start + BATCH] for name, values in samples.inputs.items()})
            for start in range(0, len(samples), BATCH)
        ]
        found = {}
        for name, target in self.schema.targets.items():
            values = np.concatenate([part[name] for part in parts])
            if target.kind != "classification":
                values = values[:, 0]
            found[name] = self.schema.original(name, values) if target.kind == "regression" else values
            _require_finite(name, found[name])
        return found

    def predict(self, frame: Frame) -> Frame:
        """A DataFrame with one row for each of `frame`, and its index.

        A regression gives a column of its name; classes give one with the label, and one "name=label" for the
        probability of each.
        """
        answers = self.answers(frame)
        columns: dict[str, Any] = {}
        for column in self.schema.outputs:
            columns |= self._columns(column.name, column.output, column.target, answers[column.output])
        return pandas().DataFrame(columns, index=frame_of(frame).index)

    def predict_file(self, source: Path | str, to: Path | str, **options: Any) -> int:
        """Answer for every row of a CSV or Parquet file in the CSV file `to`; gives the number of rows.

        The file is read in parts, so that the memory needed does not grow with it. `options` are those of `scan_table`.
        """
        wanted = {"columns": self.schema.columns, "types": self.schema.types}
        rows = 0
        if os.path.exists(to) and os.path.exists(source) and os.path.samefile(source, to):
            raise ConfigError(f"'{to}' holds the rows themselves, which the answers would replace; name another file.")
        with atomic_path(to) as scratch, open(scratch, "w", encoding="utf-8", newline="") as file:
            for part in scan_table(source, **wanted | options):
                self.predict(part).to_csv(file, header=rows == 0, index=False)
                rows += len(part)
        return rows

    def save(self, path: Path | str) -> None:
        """One ".keras" file that `load_pipeline` reads on every backend, and Keras alone too (as a model only)."""
        keras_file.save(self.model, path, self._metadata())

    def export_onnx(self, path: Path | str) -> None:
        """One ".onnx" file that `load_pipeline` reads, and any ONNX runtime (as a model only). Needs TensorFlow."""
        onnx_file.export(self.model, path, self._metadata())

    def _metadata(self) -> str:
        values = {
            "schema": self.schema.to_json(),
            "thresholds": dict(self.thresholds),
            "origin": dict(self.origin),
            "costs": {name: costs.to_json() for name, costs in self.costs.items()},
        }
        try:
            return json.dumps(values, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"The origin of a pipeline must be plain JSON values: {error}.") from error

    def _outputs(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The model's outputs for at most `BATCH` rows, filled up to a power of two: few shapes are compiled."""
        rows = len(next(iter(inputs.values())))
        spare = 2 ** (rows - 1).bit_length() - rows
        filled = {
            name: np.pad(values, [(0, spare), *[(0, 0)] * (values.ndim - 1)], "edge") for name, values in inputs.items()
        }
        outputs = self.model.predict_on_batch(filled)
        return {name: np.asarray(values, dtype=np.float32)[:rows] for name, values in outputs.items()}

    def _columns(self, name: str, output: str, target: Target, values: np.ndarray) -> dict[str, Any]:
        if target.kind == "regression":
            return {name: values}
        if target.kind == "binary":
            shares = np.stack([1.0 - values, values], axis=1)
            places = (values >= self.thresholds.get(output, THRESHOLD)).astype(int)
        else:
            places, shares = np.argmax(values, axis=1), values
        if output in self.costs:
            places = decide(values, self.costs[output].table(target.labels))
        labels = pandas().Index(target.labels, dtype="str").take(places)
        return {name: labels, **{f"{name}={label}": shares[:, place] for place, label in enumerate(target.labels)}}


def load_pipeline(path: Path | str) -> Pipeline:
    """The pipeline out of a file of `Pipeline.save` (".keras") or `Pipeline.export_onnx` (".onnx").

    No code of the file's is run. Raises `WeightsError` for a file that does not hold a pipeline, or is damaged.
    """
    if not isinstance(path, str | os.PathLike):
        raise WeightsError(f"A pipeline is read from the path of its file; received {path!r}.")
    file = Path(path)
    require_known("format of a pipeline", file.suffix, (".keras", ".onnx"))
    if not file.is_file():
        raise WeightsError(f"There is no file of a pipeline at {file}.")
    text, model = (onnx_file if file.suffix == ".onnx" else keras_file).load(file)
    try:
        values = json.loads(text)
        schema = Schema.from_json(values["schema"])
        costs = {name: CostMatrix(each["costs"], each["unit"]) for name, each in values.get("costs", {}).items()}
        rest = dict(values["thresholds"]), dict(values["origin"]), costs
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"The schema in {file} is damaged: {error}") from error
    return Pipeline(schema, model, *rest)


def _require_finite(name: str, values: np.ndarray) -> None:
    """(n,) or (n, classes). NaN would be a label too: that of the first class."""
    wrong = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if wrong.any():
        raise DataError(
            f"The model has no finite answer '{name}' for row {int(np.argmax(wrong)) + 1}: are its numbers far from "
            "those of the training rows?"
        )


def _require_fit(schema: Schema, model: Any) -> None:
    """Raise unless the model has exactly the inputs and outputs of the schema, by name and width."""
    expected = {column.input: () for column in schema.categories}
    shapes: dict[str, tuple[int, ...]] = {**expected, **({NUMBERS: (len(schema.numbers),)} if schema.numbers else {})}
    _require_same("inputs", {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs}, shapes)
    if not isinstance(model.output, Mapping):
        raise WeightsError("The model of a pipeline must have a dict of named outputs.")
    widths = {
        name: (len(target.labels) if target.kind == "classification" else 1,) for name, target in schema.targets.items()
    }
    _require_same("outputs", {name: tuple(tensor.shape[1:]) for name, tensor in model.output.items()}, widths)


def _require_vocabularies(schema: Schema, model: Any) -> None:
    """Raise where the model knows fewer values of a category than the schema has: their ids would lie outside of it."""
    inputs = {tensor.name: tensor for tensor in model.inputs}
    for column in schema.categories:
        sizes = list(_sizes_behind(inputs[column.input]))
        if any(size < column.size for size in sizes):
            raise DataError(
                f"The model was built for {min(sizes)} ids of '{column.input}'; the schema has {column.size} of "
                f"'{column.name}'."
            )


def _sizes_behind(tensor: Any) -> Iterator[int]:
    """The number of ids that each embedding and one-hot encoding of these ids can take; none is known of ONNX."""
    if not is_symbolic(tensor):
        return
    for call in next_calls(producer(tensor)[0].operation):
        if not any(each is tensor for each in call.inputs):
            continue
        if hasattr(call.operation, "input_dim"):
            yield call.operation.input_dim
        elif hasattr(call.operation, "num_classes"):
            yield call.operation.num_classes + 1  # a value never seen may have none
        elif "int" in call.outputs[0].dtype:  # still ids
            yield from _sizes_behind(call.outputs[0])


def _require_same(what: str, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> None:
    if dict(found) != dict(expected):
        raise DataError(f"The model's {what} are {_told(found)}; those of the schema are {_told(expected)}.")


def _told(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {('batch', *shape)}".replace("'", "") for name, shape in sorted(shapes.items())) or "none"
