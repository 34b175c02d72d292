"""Subjects out of what a user gives: a pipeline and a row, a network of the catalogue and a photo, a model and arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.columns.frames import pandas, shown
from zoo.drawing.picture_grid import as_bytes
from zoo.errors import ConfigError, DataError, require_known
from zoo.explain.subject import ARRAY, PICTURE, SENSES, TABLE, TEXT, Slots, Subject
from zoo.explain.target import Target, choose_target
from zoo.lazy_array import LazyArray
from zoo.pipeline import Pipeline
from zoo.tracing.gradients import GradientFunction

VERBATIM = ("text", "story", "verse", "characters")
PRESENT = "_present"
TABLE_NAME = "table"
WIDEST_TABLE = 256  # numbers of a vector that is shown column by column


def of_model(
    model: keras.Model,
    sample: Any,
    *,
    output: str | None = None,
    label: Any = None,
    input: str | None = None,
    labels: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    pixels: np.ndarray | None = None,
    senses: bool = False,
) -> Subject:
    """Any functional model, and a sample as it takes it: an array, or input -> array, with or without the batch."""
    inputs = _arrays(model, sample)
    outputs = GradientFunction(model, None)(inputs).outputs
    first = next(iter(outputs)) if output is None else output
    named = labels if isinstance(labels, Mapping) else {} if labels is None else {first: labels}
    target = choose_target(outputs, output, label, named, {}, _probabilities(model, outputs))
    subject = Subject(model, inputs, ARRAY, "", "", target)
    if senses:
        columns: dict[str, Slots] = {name: ((name, None),) for name in inputs}
        return replace(subject, sense=SENSES, name=SENSES, columns=columns, typical=_nothing(inputs))
    name = input or next(iter(inputs))
    require_known(f"input of {model.name}", name, inputs)
    value = inputs[name]
    subject = replace(subject, name=name, input=name)
    if value.ndim == 4 and value.shape[-1] in (1, 3, 4) and np.issubdtype(value.dtype, np.floating):
        return replace(subject, sense=PICTURE, shown=as_bytes(value)[0] if pixels is None else pixels)
    if np.issubdtype(value.dtype, np.integer) and value.ndim >= 2:
        return _tokens(subject)
    if value.ndim == 2 and value.shape[1] <= WIDEST_TABLE:
        numbers = [each for each, array in inputs.items() if array.ndim == 2 and array.dtype.kind == "f"]
        slots = {f"{each}[{place}]": ((each, place),) for each in numbers for place in range(inputs[each].shape[1])}
        typical = {each: np.zeros_like(array) if each in numbers else array for each, array in inputs.items()}
        return replace(subject, sense=TABLE, name=TABLE_NAME, input="", columns=slots, typical=typical,
                       shown=_cells(slots, inputs))  # fmt: skip
    return subject


def of_photo(model: keras.Model, photo: Any, tag: str, *, output: str | None = None, label: Any = None) -> Subject:
    """A network with the official weights `tag`, and a photo as `zoo.preprocess` takes it; labels by name or id."""
    from zoo.pretrained.images import preprocess
    from zoo.pretrained.labels import classes_of
    from zoo.pretrained.sets import pretrained

    row = pretrained(tag).preprocessing
    channels = model.inputs[0].shape[-1]
    plain = replace(row, colour="rgb", scale=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    pixels = np.rint(np.clip(preprocess(photo, plain, channels=channels)[0], 0, 255)).astype(np.uint8)
    names = classes_of(tag)
    ids = [identity for identity, _ in names]
    if isinstance(label, str) and label in ids:
        label = ids.index(label)
    labels = [name for _, name in names]
    image = preprocess(photo, tag, channels=channels)
    return of_model(model, image, output=output, label=label, labels=labels, pixels=pixels)


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
            groups = {TABLE_NAME: tuple({(name, None): 0 for slots in table.values() for name, _ in slots}), **groups}
        return replace(subject, sense=SENSES, name=SENSES, columns=groups, typical=_nothing(subject.inputs))
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


def _tokens(subject: Subject) -> Subject:
    """Words as the numbers that a model takes."""
    ids = subject.value
    words = [str(each) for each in ids[ids != 0]]

    def encode(texts: Sequence[str]) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
        rows = np.zeros((len(texts), *ids.shape[1:]), ids.dtype)
        for row, text in zip(rows, texts, strict=True):
            numbers = [int(each) for each in text.split()]
            row.reshape(-1)[: len(numbers)] = numbers
        others = {name: np.repeat(each, len(texts), axis=0) for name, each in subject.inputs.items()}
        return {**others, subject.input: rows}, np.arange(len(texts))

    return replace(subject, sense=TEXT, shown=" ".join(words), encode=encode, words=words)


def background_of(pipeline: Pipeline, rows: Any) -> dict[str, np.ndarray]:
    """The inputs of rows that stand for all others."""
    return dict(_encoded(pipeline.schema, pipeline.rows(rows))[0])


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
            found[column.name] = ((column.input, None),)
    for column in schema.of("date"):
        parts = [found.pop(part) for part in column.parts if part in found]
        if parts:
            found[column.name] = tuple(slot for slots in parts for slot in slots)
    return found


def _typical(schema: Any, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The medians of the training rows, no category, all else as in the sample."""
    found = dict(inputs)
    for column in schema.of("category"):
        found[column.input] = np.zeros_like(inputs[column.input])
    numbers = schema.of("number")
    if numbers:
        found[numbers[0].shared_input] = np.array([[each.median - each.origin for each in numbers]], "float32")
    return found


def _nothing(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The sample without any sense: NaN for numbers of a table that may be missing, no token, a picture of its mean."""
    found = {}
    for name, values in inputs.items():
        if name.endswith(PRESENT) or np.issubdtype(values.dtype, np.integer):
            found[name] = np.zeros_like(values)
        elif values.ndim > 2:
            axes = tuple(range(1, values.ndim - 1))
            found[name] = np.broadcast_to(values.mean(axis=axes, keepdims=True), values.shape).astype(values.dtype)
        else:
            found[name] = np.full_like(values, np.nan if name == "numbers" else 0.0)
    return found


def _cells(slots: Mapping[str, Slots], inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: float(inputs[each][0, place]) for name, ((each, place),) in slots.items()}


def _arrays(model: keras.Model, sample: Any) -> dict[str, np.ndarray]:
    """Input -> (1, ...) in the type that the model takes."""
    names = [each.name for each in model.inputs]
    if not isinstance(sample, Mapping):
        if len(names) > 1:
            raise DataError(f"{model.name} has the inputs {', '.join(names)}: give a dict with an array for each.")
        sample = {names[0]: sample}
    for name in sample:
        require_known(f"input of {model.name}", name, names)
    found = {}
    for each in model.inputs:
        if each.name not in sample:
            raise DataError(f"{model.name} also takes '{each.name}', which the sample lacks.")
        array, sides = np.asarray(sample[each.name]), tuple(each.shape)
        if array.dtype.kind not in "biuf":
            raise DataError(f"'{each.name}' of {model.name} takes numbers; received {shown(repr(sample[each.name]))}.")
        array = array[None] if array.ndim == len(sides) - 1 else array
        fits = array.ndim == len(sides) and len(array) == 1 and all(b in (None, a) for a, b in
                                                                   zip(array.shape, sides, strict=True))  # fmt: skip
        if not fits:
            wanted = ", ".join("any" if side is None else str(side) for side in sides[1:])
            raise DataError(
                f"'{each.name}' of {model.name} takes one sample of shape ({wanted}); received an array of shape "
                f"{np.shape(sample[each.name])}."
            )
        found[each.name] = array.astype(keras.backend.standardize_dtype(each.dtype))
    return found


def _probabilities(model: keras.Model, outputs: Mapping[str, np.ndarray]) -> list[str]:
    """The outputs (B, 1) that end in a sigmoid: of two labels."""
    from zoo.explain.target import before_squashing

    found = []
    for name, values in outputs.items():
        if values.shape[-1] == 1:
            with before_squashing(model, name) as there:
                found += [name] if there else []
    return found


__all__ = ["Target", "background_of", "of_model", "of_photo", "of_pipeline"]
