"""Rows -> predictions, by a schema and the model that was trained on what it encodes: one file for every task."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import Schema, scan_table
from zoo.columns.frames import Frame, pandas, require_columns
from zoo.columns.outputs import OutputColumn
from zoo.columns.reading import CHUNK_ROWS, rows_of
from zoo.costs import CostMatrix, decide
from zoo.errors import ConfigError, DataError, WeightsError, is_number, require_known
from zoo.files import atomic_path
from zoo.keras_internals.graph import is_symbolic, next_calls, producer
from zoo.metrics import median_label
from zoo.pipeline import keras_file, onnx_file, weights_file
from zoo.pipeline.batches import batches
from zoo.pipeline.finding import trained_file
from zoo.samples import EXCLUSIVE

AT_ONCE = 10_000_000  # numbers of a part of a file's predictions
THRESHOLD = 0.5  # probability from which the positive label is given, unless `thresholds` says otherwise
COVERAGE = 0.8  # share of rows whose true number lies within the interval of a prediction


@dataclass(frozen=True)
class Pipeline:
    """`model` is a `keras.Model` with the inputs and outputs of `schema`, or the ONNX export of one.

    thresholds  binary output, or output of tags -> probability from which its positive label, or a tag, is given; 0.5
                for the others.
    origin      where the model comes from, plain JSON values kept in the file: of a model of the catalogue its "entry"
                and "config"; "trim_padding" where outputs do not depend on padding.
    costs       output of classes -> what mistakes cost: its prediction is the label of the least expected cost.
    intervals   regression -> half the width of an interval that holds the true number for `COVERAGE` of all rows: that
                quantile of the absolute error on validation rows (split conformal prediction, Lei et al. 2018).
    """

    schema: Schema
    model: Any
    thresholds: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    costs: Mapping[str, CostMatrix] = field(default_factory=dict)
    intervals: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_fit(self.schema, self.model)
        _require_vocabularies(self.schema, self.model)
        targets = self.schema.targets
        classes = {name: target for name, target in targets.items() if target.kind not in ("regression", "tags")}
        for name, costs in self.costs.items():
            require_known("output of classes of 'costs'", name, classes)
            if name in self.thresholds:
                raise ConfigError(f"'{name}' is decided twice: by 'costs' and by 'thresholds'.")
            costs.check(classes[name].labels)
        binary = [name for name, target in targets.items() if target.kind in ("binary", "tags")]
        for name, threshold in self.thresholds.items():
            require_known("binary output of 'thresholds'", name, binary)
            if not is_number(threshold) or not 0 <= threshold <= 1:
                raise ConfigError(f"The threshold of '{name}' must be a number from 0 to 1; received {threshold!r}.")
        numbers = [name for name, target in targets.items() if target.kind == "regression"]
        for name, half in self.intervals.items():
            require_known("regression of 'intervals'", name, numbers)
            if not is_number(half) or half < 0:
                raise ConfigError(f"Half the interval of '{name}' must be a number >= 0; received {half!r}.")

    @property
    def entry(self) -> str:
        """The entry of the catalogue that the model is of; "" where it is of none."""
        return str(self.origin.get("entry", ""))

    def predictions(self, rows: Any) -> dict[str, np.ndarray]:
        """Output -> (n,) numbers in the target's own units, (n,) probabilities of the positive label, or (n, classes).

        Targets need not be in `rows`. A long text that is read in pieces has the mean of theirs. Raises `DataError` for
        rows that do not fit the schema, or lie so far from those of training that float32 has no answer.
        """
        frame = self.rows(rows)
        for name in self.schema.names:
            self.schema.column(name).require_readable(frame[name])
        if not self.schema.outputs:
            raise ConfigError("The model predicts every step of a sequence, and nothing of a row as a whole.")
        pieces, owner = self.schema.cut(frame)
        outputs = self._outputs(self.schema.encode(pieces, targets=False).inputs)
        found = {}
        for name, target in self.schema.targets.items():
            values = outputs[name] if target.kind in (*EXCLUSIVE, "tags") else outputs[name][:, 0]
            values = _mean_by(owner, values, len(frame)) if len(owner) > len(frame) else values
            found[name] = self.schema.original(name, values) if target.kind == "regression" else values
            _require_finite(name, found[name])
        return found

    def rows(self, source: Any) -> Frame:
        """A DataFrame, a mapping of columns, a list of rows, or the path of a file -> the columns of the schema."""
        frame = rows_of(source, columns=self.schema.names, types=self.schema.types)
        require_columns(frame, self.schema.names, "the schema was learnt with")
        return frame

    def predict(self, rows: Any) -> Frame:
        """A DataFrame with one row for each of `rows` (see there), and its index.

        A regression gives a column of its name, and "name_low", "name_high" where its interval is known; classes give
        one with the label, and one "name=label" for the probability of each; tags one with those that hold, after ";".
        """
        frame = self.rows(rows)
        found = self.predictions(frame)
        columns: dict[str, Any] = {}
        for column in self.schema.outputs:
            columns |= self._columns(column, found[column.output])
        return pandas().DataFrame(columns, index=frame.index)

    def predict_file(self, source: Path | str, to: Path | str, **options: Any) -> int:
        """Predict for every row of a CSV or Parquet file in the CSV file `to`; gives the number of rows.

        The file is read in parts, so that the memory needed does not grow with it. `options` are those of `scan_table`.
        """
        wanted: dict[str, Any] = {"columns": self.schema.names, "types": self.schema.types}
        wanted["chunk_rows"] = self.rows_at_once
        rows = 0
        if os.path.exists(to) and os.path.exists(source) and os.path.samefile(source, to):
            raise ConfigError(f"'{to}' holds the rows themselves, which the answers would replace; name another file.")
        with atomic_path(to) as scratch, open(scratch, "w", encoding="utf-8", newline="") as file:
            for part in scan_table(source, **wanted | options):
                self.predict(part).to_csv(file, header=rows == 0, index=False)
                rows += len(part)
        return rows

    @property
    def rows_at_once(self) -> int:
        """How many rows of a file are predicted together: fewer where each has the probabilities of many labels."""
        width = sum(max(len(target.labels), 1) for target in self.schema.targets.values())
        return max(1, min(CHUNK_ROWS, AT_ONCE // max(width, 1)))

    def save(self, path: Path | str, *, dtype: Any = None) -> None:
        """One file that `load_pipeline` reads on every backend.

        ".keras" opens in Keras alone too (as a model only); ".h5", for a model of the catalogue, is smaller, and
        `dtype="float16"` halves it again.
        """
        require_known("format of a pipeline", Path(path).suffix, (".keras", ".h5"))
        text = self._metadata()
        if Path(path).suffix == ".h5":
            weights_file.save(self.model, path, json.loads(text), dtype)
        else:
            keras_file.save(self.model, path, text)

    def export_onnx(self, path: Path | str) -> None:
        """One ".onnx" file that `load_pipeline` reads, and any ONNX runtime (as a model only). Needs TensorFlow."""
        onnx_file.export(self.model, path, self._metadata())

    def _metadata(self) -> str:
        values = {
            "schema": self.schema.to_json(),
            "thresholds": dict(self.thresholds),
            "origin": dict(self.origin),
            "costs": {name: costs.to_json() for name, costs in self.costs.items()},
            "intervals": dict(self.intervals),
        }
        try:
            return json.dumps(values, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"The origin of a pipeline must be plain JSON values: {error}.") from error

    def _outputs(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The model's outputs (n, ...) for all rows."""
        found: dict[str, np.ndarray] = {}
        count = len(next(iter(inputs.values())))
        for rows, arrays in batches(inputs, trim_padding=bool(self.origin.get("trim_padding"))):
            for name, values in self.model.predict_on_batch(arrays).items():
                part = np.asarray(values, dtype=np.float32)[: len(rows)]
                found.setdefault(name, np.empty((count, *part.shape[1:]), np.float32))[rows] = part
        return found

    def decisions(self, column: OutputColumn, values: np.ndarray) -> np.ndarray:
        """What `predictions` of an output of classes decide on: (n,) places of labels; of tags (n, tags) bool.

        The label of the least expected cost, or that which the threshold says; of ordered labels the median; else the
        likeliest.
        """
        output, target = column.output, column.target
        if output in self.costs:
            return decide(values, self.costs[output].table(target.labels))
        if target.kind in ("binary", "tags"):
            reached = values >= self.thresholds.get(output, THRESHOLD)
            return reached if target.kind == "tags" else reached.astype(int)
        return median_label(values) if target.kind == "ordered" else np.argmax(values, axis=1)

    def _columns(self, column: OutputColumn, values: np.ndarray) -> dict[str, Any]:
        name, output, target = column.name, column.output, column.target
        if target.kind == "regression":
            half = self.intervals.get(output)
            if half is None:
                return {name: values}
            low, high = (np.clip(values + sign * half, *column.scale) for sign in (-1, 1))
            return {name: values, f"{name}_low": low, f"{name}_high": high}
        labels: np.ndarray = np.array(target.labels, dtype=object)
        if target.kind == "tags":
            given = self.decisions(column, values)
            cells = [";".join(labels[row]) for row in given]
            return {name: cells, **{f"{name}={label}": values[:, place] for place, label in enumerate(labels)}}
        shares = np.stack([1.0 - values, values], axis=1) if target.kind == "binary" else values
        places = self.decisions(column, values)
        given = pandas().Index(target.labels, dtype="str").take(places)
        return {name: given, **{f"{name}={label}": shares[:, place] for place, label in enumerate(target.labels)}}


def load_pipeline(source: Path | str) -> Pipeline:
    """The pipeline of a run folder, of "entry.tag" in the catalogue, or out of a file of `Pipeline.save` (".keras",
    ".h5") or `Pipeline.export_onnx` (".onnx").

    No code of the file's is run. Raises `WeightsError` for a file that does not hold a pipeline, or is damaged.
    """
    if not isinstance(source, str | os.PathLike):
        raise WeightsError(f"A pipeline is read from the path of its file; received {source!r}.")
    file = trained_file(source)
    readers: dict[str, Any] = {".keras": keras_file.load, ".onnx": onnx_file.load, ".h5": weights_file.load}
    text, model = readers[file.suffix](file)
    try:
        values = json.loads(text) if isinstance(text, str) else text
        schema = Schema.from_json(values["schema"])
        costs = {name: CostMatrix(each["costs"], each["unit"]) for name, each in values.get("costs", {}).items()}
        rest = dict(values["thresholds"]), dict(values["origin"]), costs, dict(values["intervals"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"The schema in {file} is damaged: {error}") from error
    return Pipeline(schema, model, *rest)


def _mean_by(owner: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(pieces, ...) -> (count, ...): the mean over the pieces of each row."""
    sums = np.zeros((count, *values.shape[1:]))
    np.add.at(sums, owner, values)
    return sums / np.bincount(owner, minlength=count).reshape(-1, *[1] * (values.ndim - 1))


def _require_finite(name: str, values: np.ndarray) -> None:
    """(n,) or (n, classes). NaN would be a label too: that of the first class."""
    wrong = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if wrong.any():
        raise DataError(
            f"The model has no finite answer '{name}' for row {int(np.argmax(wrong)) + 1}: are its numbers far from "
            "those of the training rows?"
        )


def _require_fit(schema: Schema, model: Any) -> None:
    """Raise unless the model has exactly the inputs and outputs of the schema, by name and shape."""
    expected = {name: spec.shape for name, spec in schema.inputs.items()}
    _require_same("inputs", {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs}, expected)
    if not isinstance(model.output, Mapping):
        raise WeightsError("The model of a pipeline must have a dict of named outputs.")
    own = {column.output for column in schema.outputs}  # others are of every step of a sequence
    widths: dict[str, tuple[Any, ...]] = {
        name: (1,)
        if target.kind in ("regression", "binary")
        else (*(() if name in own else (None,)), len(target.labels))
        for name, target in schema.targets.items()
    }
    _require_same("outputs", {name: tuple(tensor.shape[1:]) for name, tensor in model.output.items()}, widths)


def _require_vocabularies(schema: Schema, model: Any) -> None:
    """Raise where the model knows fewer values than the schema has: their ids would lie outside of it."""
    inputs = {tensor.name: tensor for tensor in model.inputs}
    for column in schema.columns:
        if not (column.input and hasattr(column, "size")):
            continue
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


def _require_same(what: str, found: Mapping[str, tuple[Any, ...]], expected: Mapping[str, tuple[Any, ...]]) -> None:
    """An axis that either leaves open fits any length."""
    same = found.keys() == expected.keys() and all(_fits(shape, expected[name]) for name, shape in found.items())
    if not same:
        raise DataError(f"The model's {what} are {_listed(found)}; those of the schema are {_listed(expected)}.")


def _fits(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(
        a == b or not isinstance(a, int) or not isinstance(b, int) for a, b in zip(one, other, strict=True)
    )


def _listed(shapes: Mapping[str, tuple[Any, ...]]) -> str:
    return ", ".join(f"{name} {('batch', *shape)}".replace("'", "") for name, shape in sorted(shapes.items())) or "none"
