"""Subjects out of a pipeline and a row: its table, one of its texts or pictures, or all senses together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.columns.frames import pandas
from zoo.errors import ConfigError, DataError, require_known
from zoo.explain.subject import ARRAY, PICTURE, SENSES, TABLE, TABLE_NAME, TEXT, Slots, Subject, without_senses
from zoo.explain.target import choose_target
from zoo.lazy_array import LazyArray
from zoo.pipeline import Pipeline
from zoo.tracing.gradients import GradientFunction

VERBATIM = ("text", "story", "verse", "characters")  # kinds of columns that are texts


def of_pipeline(
    pipeline: Pipeline,
    sample: Any,
    *,
    output: str | None = None,
    label: Any = None,
    input: str | None = None,
    senses: bool = False,
    row: int = 0,
) -> Subject:
    """A pipeline and a row: a mapping of columns, one text or picture where it reads nothing else, a file of rows."""
    schema, model = pipeline.schema, pipeline.model
    if not isinstance(model, keras.Model):
        raise ConfigError("An ONNX file has no layers that could be looked into: explain its .keras or .h5 file.")
    if not schema.outputs:
        raise ConfigError("The model predicts every step of a sequence, and nothing of a row as a whole.")
    frame = _one_row(pipeline, sample, row)
    pipeline.require_readable(frame)
    inputs, _ = _encoded(schema, frame)
    outputs = {name: values.mean(axis=0, keepdims=True)
               for name, values in GradientFunction(model, None)(inputs).outputs.items()}  # fmt: skip
    kinds = {column.output: column for column in schema.outputs}
    if output is not None and output not in kinds:
        byname = {column.name: column.output for column in schema.outputs}
        require_known("output", output, {**kinds, **byname})
        output = byname[output]
    known = {name: outputs[name] for name in kinds if name in outputs}
    decided = {name: int(np.ravel(pipeline.decisions(column, known[name][:, 0] if column.target.kind == "binary"
                                                     else known[name]))[0])
               for name, column in kinds.items() if column.target.kind not in ("regression", "tags")}  # fmt: skip
    labels = {name: column.target.labels for name, column in kinds.items()}
    positives = [name for name, column in kinds.items() if column.target.kind == "binary"]
    target = choose_target(known, output, label, labels, decided, positives)
    subject = Subject(model, inputs, ARRAY, "", "", target)
    if kinds[target.output].log:
        subject = replace(subject, original=lambda values: schema.original(target.output, values))
    subject = replace(subject, said=float(subject.original(target.of(known))[0]))
    return _of_column(subject, pipeline, frame, input, senses)


def _of_column(subject: Subject, pipeline: Pipeline, frame: Any, input: str | None, senses: bool) -> Subject:
    schema = pipeline.schema
    table, own = _table_slots(schema), {}
    for column in schema.columns:
        if column.kind in ("number", "category", "date") or column.name not in schema.names:
            continue
        own[column.name] = column
    if senses or (input is None and len(own) + bool(table) > 1):
        groups: dict[str, Slots] = {name: tuple((each, None) for each in column.inputs) for name, column in own.items()}
        if table:
            names = dict.fromkeys(name for slots in table.values() for name, _ in slots)
            groups = {TABLE_NAME: tuple((name, None) for name in names), **groups}
        return replace(
            subject, sense=SENSES, name=SENSES, columns=groups, typical=without_senses(subject.inputs, np.nan)
        )
    if input in (None, TABLE_NAME, *table) and table and (input is not None or not own):
        typical = _typical(schema, subject.inputs)
        values = {name: frame[name].iloc[0] for name in table}
        return replace(subject, sense=TABLE, name=TABLE_NAME, columns=table, typical=typical, shown=values)
    name = input or next(iter(own))
    require_known("column", name, [*own, *([TABLE_NAME] if table else [])])
    column = own[name]
    subject = replace(subject, name=name, input=next(iter(column.inputs)))
    if column.kind == "picture":
        lazy = column.encode(frame[name])
        lazy = next(iter(lazy.values())) if isinstance(lazy, Mapping) else lazy
        pixels = lazy.decoded(np.array([0]))[0]
        return replace(subject, sense=PICTURE, shown=np.asarray(pixels, np.uint8))
    if column.kind in VERBATIM:
        return _text(subject, schema, frame, column)
    return subject


def _text(subject: Subject, schema: Any, frame: Any, column: Any) -> Subject:
    from zoo.columns.tokeniser import words_of

    given = frame[column.name].iloc[0]
    text = given if isinstance(given, str) else " ".join(map(str, given)) if isinstance(given, list | tuple) else ""

    def encode(texts: Sequence[str]) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
        rows = frame.iloc[np.zeros(len(texts), int)].reset_index(drop=True)
        rows[column.name] = pandas().Series(list(texts), dtype=object)
        return _encoded(schema, rows)

    vocabulary = getattr(column, "vocabulary", ())
    words = words_of(text)
    ids = subject.value[subject.value != 0]
    if len(words) != len(ids) and isinstance(vocabulary, tuple) and vocabulary:
        words = ["?" if each < 2 else vocabulary[each - 2] for each in ids]
    return replace(subject, sense=TEXT, shown=text, encode=encode, words=words)


def background_of(model: Pipeline | keras.Model, rows: Any) -> dict[str, np.ndarray]:
    """The inputs of rows that stand for all others: rows as a pipeline takes them; of a bare model arrays (n, ...)."""
    if isinstance(model, Pipeline):
        return dict(_encoded(model.schema, model.rows(rows))[0])
    inputs = {each.name: each for each in model.inputs}
    if not isinstance(rows, Mapping) or rows.keys() != inputs.keys():
        given = ", ".join(map(str, rows)) if isinstance(rows, Mapping) else f"{rows!r:.60}"
        raise ConfigError(
            f"{model.name} has no columns: its background is a dict with the rows of every input "
            f"({', '.join(inputs)}); received {given}."
        )
    found = {name: np.asarray(rows[name]) for name in inputs}
    for name, values in found.items():
        sides = tuple(inputs[name].shape)[1:]
        fits = values.ndim == len(sides) + 1 and all(
            b in (None, a) for a, b in zip(values.shape[1:], sides, strict=True)
        )
        if not fits or values.dtype.kind not in "biuf" or not len(values):
            wanted = ", ".join("any" if side is None else str(side) for side in sides)
            raise ConfigError(f"The background of '{name}' has the shape (rows, {wanted}); received {values.shape}.")
    if len({len(values) for values in found.values()}) > 1:
        raise ConfigError("The background has as many rows of every input; received "
                          + ", ".join(f"{len(values)} of {name}" for name, values in found.items()) + ".")  # fmt: skip
    return {name: values.astype(keras.backend.standardize_dtype(inputs[name].dtype)) for name, values in found.items()}


def _encoded(schema: Any, frame: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    pieces, owner = schema.cut(frame)
    encoded = schema.encode(pieces, targets=False).inputs
    return {name: values[:] if isinstance(values, LazyArray) else np.asarray(values) for name, values in
            encoded.items()}, owner  # fmt: skip


def _one_row(pipeline: Pipeline, sample: Any, row: int) -> Any:
    names = pipeline.schema.names
    if isinstance(sample, Mapping):
        for name in names:
            if name not in sample:
                raise DataError(f"The sample lacks the column '{name}', which the model reads.")
        frame = pandas().DataFrame({name: pandas().Series([sample[name]], dtype=object) for name in names})
        return frame.infer_objects()
    if len(names) == 1 and not hasattr(sample, "columns") and not _is_file_of_rows(sample):
        return pandas().DataFrame({names[0]: pandas().Series([sample], dtype=object)})
    frame = pipeline.rows(sample)
    if not 0 <= row < len(frame):
        raise DataError(f"There are {len(frame):,} rows, numbered from 0; received row={row}.")
    return frame.iloc[[row]].reset_index(drop=True)


def _is_file_of_rows(sample: Any) -> bool:
    from zoo.columns.opening import FORMATS

    return str(sample).lower().endswith(tuple(FORMATS)) and len(str(sample)) < 4096


def _table_slots(schema: Any) -> dict[str, Slots]:
    """Column of the user's -> where it stands in the inputs; the parts of a date together."""
    numbers = [column.name for column in schema.of("number")]
    found: dict[str, Slots] = {}
    for column in schema.columns:
        if column.kind == "number":
            found[column.name] = ((column.shared_input, numbers.index(column.name)),)
        elif column.kind == "category":
            found[column.name] = tuple((name, None) for name in column.inputs)
    for column in schema.of("date"):
        parts = [found.pop(part) for part in column.parts if part in found]
        if parts:
            found[column.name] = tuple(slot for slots in parts for slot in slots)
    return found


def _typical(schema: Any, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The medians of the training rows, no category, all else as in the sample."""
    found = dict(inputs)
    for column in schema.of("category"):
        found |= {name: np.zeros_like(inputs[name]) for name in column.inputs}
    numbers = schema.of("number")
    if numbers:
        found[numbers[0].shared_input] = np.array([[each.median - each.origin for each in numbers]], "float32")
    return found
