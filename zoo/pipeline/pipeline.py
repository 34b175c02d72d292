"""Rows -> predictions, by a schema and the model that was trained on what it encodes: one file for every task."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas, require_columns
from zoo.columns.opening import CHUNK_ROWS
from zoo.columns.outputs import OutputColumn
from zoo.columns.reading import rows_of
from zoo.columns.unseen import check_unseen
from zoo.costs import CostMatrix, decide
from zoo.errors import ConfigError, DataError, WeightsError, is_number, require_known
from zoo.files import atomic_path
from zoo.metrics import median_label
from zoo.pictures.views import PLAIN, average_over_views, refuse_views_of_maps, require_views
from zoo.pipeline import keras_file, onnx_file, weights_file
from zoo.pipeline.batches import batches
from zoo.pipeline.checks import require_fit, require_vocabularies
from zoo.pipeline.finding import trained_file
from zoo.pipeline.predicted_parts import Outcome, free_name, predicted
from zoo.pipeline.prediction_writer import WRITERS, format_of
from zoo.pipeline.row_parts import PART, Part, RowReader
from zoo.pipeline.thresholds import THRESHOLDS, require_thresholds
from zoo.samples import EXCLUSIVE, FOUND, MAPS, mean_of_pieces
from zoo.weights.readers.net import printable, read_json

AT_ONCE = 10_000_000  # numbers of a part of a file's predictions
COVERAGE = 0.8  # share of rows whose true number lies within the interval of a prediction


@dataclass(frozen=True)
class Pipeline:
    """`model` is a `keras.Model` with the inputs and outputs of `schema`, or the ONNX export of one.

    thresholds  binary output, or output of tags -> probability from which its positive label, or a tag, is given; 0.5
                for the others. Heat map -> score from which a structure is given; its `costs` chose it on validation.
    origin      where the model comes from, plain JSON values kept in the file: of a model of the catalogue its "entry"
                and "config"; "trim_padding" where outputs do not depend on padding.
    costs       output of classes -> what mistakes cost: its prediction is the label of the least expected cost.
    intervals   regression -> half the width of an interval that holds the true number for `COVERAGE` of all rows: that
                quantile of the absolute error on validation rows (split conformal prediction, Lei et al. 2018).
    views       of its pictures or volumes, over which predictions are averaged (test-time augmentation): "mirrored" or
                others of `zoo.pictures.views`. Intervals and thresholds are those of the plain ones.
    """

    schema: Schema
    model: Any
    thresholds: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    costs: Mapping[str, CostMatrix] = field(default_factory=dict)
    intervals: Mapping[str, float] = field(default_factory=dict)
    views: Sequence[str] | str = PLAIN

    def __post_init__(self) -> None:
        require_fit(self.schema, self.model)
        require_vocabularies(self.schema, self.model)
        shapes = {name: np.empty((0, *(side or 0 for side in spec.shape)), spec.dtype)
                  for name, spec in self.schema.inputs.items()}  # fmt: skip
        object.__setattr__(self, "views", require_views(self.views, shapes))
        targets = self.schema.targets
        refuse_views_of_maps(self.views, {name: target.kind for name, target in targets.items()})
        classes = {name: target for name, target in targets.items() if target.kind not in ("regression", "tags")}
        for name, costs in self.costs.items():
            require_known("output of classes of 'costs'", name, classes)
            costs.check(FOUND if classes[name].kind == "heat_map" else classes[name].labels)
        require_thresholds(self.thresholds, targets, self.costs)
        numbers = [name for name, target in targets.items() if target.kind == "regression"]
        for name, half in self.intervals.items():
            require_known("regression of 'intervals'", name, numbers)
            if not is_number(half) or half < 0:
                raise ConfigError(f"Half the interval of '{name}' must be a number >= 0; received {half!r}.")

    @property
    def entry(self) -> str:
        """The entry of the catalogue that the model is of; "" where it is of none."""
        return str(self.origin.get("entry", ""))

    def predictions(self, rows: Any, *, allow_unseen: bool = False) -> dict[str, np.ndarray]:
        """Output -> (n,) numbers in the target's own units, (n,) probabilities of the positive label, or (n, classes).

        Targets need not be in `rows`. A long text that is read in pieces has the mean of theirs. A column most of whose
        values training did not have is warned of. Raises `DataError` for rows that do not fit the schema, or lie so far
        from those of training that float32 holds no prediction; and for ten or more of which one column has, in more
        than nine of ten, values that training did not have, unless `allow_unseen`.
        """
        frame = self.rows(rows)
        self.require_seen(frame, allow_unseen=allow_unseen)
        return self._predictions(frame)

    def require_seen(self, rows: Any, *, allow_unseen: bool = False) -> None:
        """Warn of a column most of whose values training did not have; raise as `predictions` does, unless allowed."""
        check_unseen(map(self.schema.column, self.schema.names), self.rows(rows), refuse=not allow_unseen)

    def _predictions(self, frame: Frame) -> dict[str, np.ndarray]:
        if not self.schema.outputs:
            raise ConfigError("The model predicts every step of a sequence, and nothing of a row as a whole.")
        if any(target.kind in MAPS for target in self.schema.targets.values()):
            raise ConfigError(
                "The model gives maps of a volume, and nothing of a row as a whole: zoo predict, or "
                "zoo.tasks.structures.find_in, tells what is found."
            )
        self._require_readable(frame)
        pieces, owner = self.schema.cut(frame)
        outputs = self._outputs(self.schema.encode(pieces, targets=False).inputs)
        found = {}
        for name, target in self.schema.targets.items():
            values = outputs[name] if target.kind in (*EXCLUSIVE, "tags") else outputs[name][:, 0]
            values = mean_of_pieces(values, owner) if len(owner) > len(frame) else values
            found[name] = self.schema.original(name, values) if target.kind == "regression" else values
            _require_finite(name, found[name])
        return found

    @property
    def reading(self) -> dict[str, Any]:
        """The options of `read_table` with which a file is read as the model's rows."""
        return {
            "columns": (*self.schema.names, *self.schema.beside),
            "types": self.schema.types,
            "written": self.schema.written,
        }

    def rows(self, source: Any) -> Frame:
        """A DataFrame, a mapping of columns, a list of rows, or the path of a file -> the columns of the schema."""
        frame = rows_of(source, **self.reading)
        require_columns(frame, self.schema.names, "the schema was learnt with")
        return self.schema.with_beside(frame, frame)

    def predict(self, rows: Any, *, allow_unseen: bool = False, views: Sequence[str] | str | None = None) -> Frame:
        """A DataFrame with one row for each of `rows` (see there), and its index.

        A regression gives a column of its name, and "name_low", "name_high" where its interval is known; classes give
        one with the label, and one "name=label" for the probability of each; tags one with those that hold, after ";".
        Where another target, or a column of the rows, has such a name already, a probability is "name=label_2".
        `views` of the pictures stand for those of the pipeline.
        """
        if views is not None:
            return replace(self, views=views).predict(rows, allow_unseen=allow_unseen)
        frame = self.rows(rows)
        found = self.predictions(frame, allow_unseen=allow_unseen)
        return self._frame(found, frame.index, taken=frame.columns)

    def require_readable(self, rows: Any) -> None:
        """Raise `DataError` for rows that cannot be encoded, or of which the model could say nothing."""
        frame = self.rows(rows)
        self._require_readable(frame)
        self.schema.encode(self.schema.cut(frame)[0], targets=False)

    def predict_file(
        self,
        source: Path | str,
        to: Path | str,
        *,
        format: str | None = None,
        keep: Sequence[str] | None = None,
        columns: Mapping[str, str] | None = None,
        chunk_rows: int | None = None,
        allow_unseen: bool = False,
        **reading: Any,
    ) -> Outcome:
        """Predict for every row of a CSV, JSONL or Parquet file in the CSV or JSONL file `to`.

        format   "csv" or "jsonl"; without it, as `to` ends.
        keep     columns of the file that stand before the predictions; None: all.
        columns  column of the model -> that of the file which is read for it.
        reading  "missing", "encoding" and "header" of `zoo.columns.read_table`.

        The columns are those of `predict` and, for an output of classes, "name_decided_by". Of a row that cannot be
        predicted the column "error" says why, with its line; the `Outcome` counts them. A prediction whose name is that
        of a column of the file is called "name_predicted". The file is read in parts of at most `chunk_rows`, so that
        the memory needed does not grow with it, and `to` is written whole or not at all. `allow_unseen` as in
        `predictions`, of each part.
        """
        if os.path.exists(to) and os.path.exists(source) and os.path.samefile(source, to):
            raise ConfigError(f"'{to}' holds the rows themselves, which predictions would replace; name another file.")
        part = min(PART, self.rows_at_once) if chunk_rows is None else chunk_rows
        reader = RowReader(self.schema, columns=columns or {}, part=part, **reading)
        return self.write_predictions(reader.file(source), to, format=format, keep=keep, allow_unseen=allow_unseen)

    def write_predictions(
        self,
        parts: Iterable[Part],
        to: Path | str,
        *,
        format: str | None = None,
        keep: Sequence[str] | None = None,
        allow_unseen: bool = False,
    ) -> Outcome:
        """As `predict_file`, for parts that a `RowReader` gives."""
        write, outcome = WRITERS[format_of(to, format)], Outcome()
        with atomic_path(to) as scratch, open(scratch, "w", encoding="utf-8", newline="") as file:
            write(file, predicted(self, parts, outcome, keep, allow_unseen=allow_unseen))
        return outcome

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
            **({} if tuple(self.views) == PLAIN else {"views": list(self.views)}),
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
            for name, values in average_over_views(self.model.predict_on_batch, arrays, self.views).items():
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
            reached = values >= self.thresholds.get(output, THRESHOLDS[target.kind])
            return reached if target.kind == "tags" else reached.astype(int)
        return median_label(values) if target.kind == "ordered" else np.argmax(values, axis=1)

    def decided_by(self, column: OutputColumn) -> str:
        """By what `decisions` of an output of classes decide, in words: "threshold 0.5"."""
        output, target = column.output, column.target
        if output in self.costs and target.kind != "heat_map":
            if target.kind == "binary":
                return f"costs, threshold {self.costs[output].threshold(target.labels):.4g}"
            return "costs, least expected"
        if target.kind in THRESHOLDS:
            return f"threshold {self.thresholds.get(output, THRESHOLDS[target.kind]):.4g}"
        return "median label" if target.kind == "ordered" else "likeliest label"

    def predict_with_rules(self, rows: Any) -> Frame:
        """`predict`, and beside each output of classes "name_decided_by", by what its label was decided.

        Whether training had such values is not asked (see `require_seen`), nor whether the rows have columns of such
        names.
        """
        frame = self.rows(rows)
        return self._frame(self._predictions(frame), frame.index, rules=True)

    @property
    def no_predictions(self) -> Frame:
        """What `predict_with_rules` gives for no row at all."""
        targets = self.schema.targets
        wide = {name: len(target.labels) for name, target in targets.items() if target.kind in (*EXCLUSIVE, "tags")}
        none = {name: np.zeros((0, wide[name]) if name in wide else 0) for name in targets}
        return self._frame(none, pandas().RangeIndex(0), rules=True)

    def _frame(
        self, found: Mapping[str, np.ndarray], index: Any, *, taken: Iterable[Any] = (), rules: bool = False
    ) -> Frame:
        """The columns of all outputs; no two of them of one name, and of those `taken` only the outputs' own."""
        columns: dict[str, Any] = {}
        names = {*map(str, taken), *(column.name for column in self.schema.outputs)}
        for column in self.schema.outputs:
            parts = self._columns(column, found[column.output])
            if rules and column.target.kind != "regression":
                parts |= {f"{column.name}_decided_by": self.decided_by(column)}
            for name, values in parts.items():
                columns[name if name == column.name else free_name(name, names | columns.keys(), "")] = values
        return pandas().DataFrame(columns, index=index)

    def _require_readable(self, frame: Frame) -> None:
        for name in self.schema.names:
            self.schema.column(name).require_readable(frame[name])

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
    readers: dict[str, Any] = {".keras": keras_file.load, ".onnx": onnx_file.load}
    text, model = readers.get(file.suffix, weights_file.load)(file)
    try:
        values = read_json(text.encode(), file, "its schema") if isinstance(text, str) else text
        schema = Schema.from_json(values["schema"])
        costs = {name: CostMatrix(each["costs"], each["unit"]) for name, each in values.get("costs", {}).items()}
        rest = dict(values["thresholds"]), dict(values["origin"]), costs, dict(values["intervals"])
        views = tuple(values.get("views", PLAIN))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(printable(f"The schema in {file} is damaged: {error}")) from error
    return Pipeline(schema, model, *rest, views)


def _require_finite(name: str, values: np.ndarray) -> None:
    """(n,) or (n, classes). NaN would be a label too: that of the first class."""
    wrong = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if wrong.any():
        raise DataError(
            f"The model has no finite prediction '{name}' for row {int(np.argmax(wrong)) + 1}: are its numbers far "
            "from those of the training rows?"
        )
