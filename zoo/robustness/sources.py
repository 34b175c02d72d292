"""What an attack is given: a bare model with arrays, or a pipeline with rows; labels as texts or as numbers."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from zoo.columns.frames import Frame, frame_of, is_path
from zoo.columns.outputs import OutputColumn
from zoo.columns.reading import rows_of, scan_table
from zoo.errors import ConfigError, DataError, require_known
from zoo.pictures.pixel_scale import PixelScale
from zoo.pipeline import Pipeline
from zoo.robustness.classifier import Classifier
from zoo.robustness.logits import with_logits
from zoo.samples import CLASSES, MISSING_CLASS, Samples

HEAD = 100  # rows of a file that show its columns


def picture_rows(
    model: Any, samples: Any, labels: Any, output: str | None, scale: Any
) -> tuple[Classifier, np.ndarray, list[str]]:
    """(the model as attacks see it, (n,) labels, what the classes are called); without labels those it predicts."""
    if isinstance(model, Pipeline):
        output = class_output(model, output)
        column = _picture_column(model)
        names = list(model.schema.targets[output].labels)
        inputs, labels = _encoded(model, samples, labels, output)
        decide = partial(decided, model, output)
        classifier = Classifier(_keras(model), inputs, output, column if scale is None else scale, decide)
    else:
        inputs = _arrays(model, samples)
        if labels is None and isinstance(samples, Samples) and len(samples.targets) == 1:
            (labels,) = samples.targets.values()
        classifier = Classifier(model, inputs, output, scale)
        names = [str(number) for number in range(classifier.classes)]
    rows = np.arange(len(classifier.pictures))
    if not len(rows):
        raise DataError("There is no picture to attack.")
    if labels is None:
        return classifier, classifier.decided(classifier.scores(classifier.pictures, rows)), names
    return classifier, class_numbers(labels, names, "labels", len(rows)), names


def pipeline_rows(
    model: Any, samples: Any, labels: Any, output: str | None, method: str
) -> tuple[Pipeline, Frame, np.ndarray | None, str]:
    """(pipeline, its columns of the rows, (n,) labels or None, the output), for attacks that change values of rows."""
    if not isinstance(model, Pipeline):
        raise ConfigError(
            f"'{method}' changes values of rows: it takes a pipeline, which knows what they mean; received "
            f"{type(model).__name__}. See zoo.load_pipeline."
        )
    output = class_output(model, output)
    samples = _with_label_column(model, samples, labels, output)
    found = _labels_beside(model, samples, labels, output)
    frame = model.rows(samples)[list(model.schema.names)].reset_index(drop=True)
    if found is None:
        return model, frame, None, output
    return model, frame, class_numbers(found, model.schema.targets[output].labels, "labels", len(frame)), output


def picture_source(
    model: Any, output: str | None, scale: Any, shape: tuple[int, int, int] | None
) -> tuple[Any, PixelScale, list[str], tuple[int, int, int]]:
    """(model, scale, what its classes are called, (H, W, C) of a picture), where there is no picture yet."""
    names: list[str] = []
    if isinstance(model, Pipeline):
        output, column = class_output(model, output), _picture_column(model)
        names = list(model.schema.targets[output].labels)
        scale, model = column if scale is None else scale, _keras(model)
    _, _, _, width = with_logits(model, output)
    inputs = [each for each in model.inputs if len(each.shape) == 4]
    if len(inputs) != 1 or len(model.inputs) != 1:
        raise ConfigError(
            f"Pictures are made for models that read one picture and nothing else; {model.name} reads "
            f"{', '.join(each.name for each in model.inputs)}."
        )
    sides = tuple(inputs[0].shape[1:]) if shape is None else tuple(shape)
    if len(sides) != 3 or not all(isinstance(each, int) and each > 0 for each in sides):
        raise ConfigError(f"The size of {model.name}'s pictures is open: give shape=(height, width, channels).")
    names = names or [str(number) for number in range(max(width, 2))]
    return model, PixelScale.of(scale, sides[2]), names, sides


def class_output(pipeline: Pipeline, output: str | None) -> str:
    """The output of classes that is attacked. Raises where there is none, or several and none is named."""
    targets = pipeline.schema.targets
    found = [name for name, target in targets.items() if target.kind in CLASSES]
    if output is not None:
        require_known("output", output, targets)
        if output not in found:
            raise ConfigError(f"'{output}' is a {targets[output].kind}; an attack changes the class of an output.")
        return output
    if len(found) != 1:
        raise ConfigError(
            f"Name one of the outputs with output=...: {', '.join(found)}."
            if found
            else f"The model predicts no class that an attack could change: {', '.join(targets)}."
        )
    return found[0]


def class_numbers(given: Any, names: Sequence[str], what: str, rows: int | None = None) -> np.ndarray:
    """Labels, as texts or numbers -> (n,) integers. Raises `DataError` for none of the classes, or another count.

    Of labels of `rows`, -1 is one that is not known.
    """
    values = list(given)
    least = 0 if rows is None else MISSING_CLASS
    if rows is not None and len(values) != rows:
        raise DataError(f"There are {len(values)} {what} for {rows} samples.")
    places = {name: place for place, name in enumerate(names)}
    found = []
    for value in values:
        if isinstance(value, str) and value in places:
            found.append(places[value])
        elif isinstance(value, int | np.integer) and not isinstance(value, bool) and least <= value < len(names):
            found.append(int(value))
        elif isinstance(value, str):
            require_known(f"class of '{what}'", value, names)
        else:
            raise DataError(f"'{what}' must be classes, by label or by number below {len(names)}; received {value!r}.")
    return np.array(found, dtype=np.int64)


def decided(pipeline: Pipeline, output: str, shares: np.ndarray) -> np.ndarray:
    """(n, classes) probabilities -> (n,) the labels that the pipeline gives: by costs, threshold, median or argmax."""
    column = _column_of(pipeline, output)
    return pipeline.decisions(column, shares[:, 1] if column.target.kind == "binary" else shares)


def _keras(pipeline: Pipeline) -> Any:
    import keras

    if not isinstance(pipeline.model, keras.Model):
        raise ConfigError("This attack needs gradients, which an ONNX file does not give: load the .keras or .h5 file.")
    return pipeline.model


def _picture_column(pipeline: Pipeline) -> Any:
    columns = pipeline.schema.of("picture")
    if len(columns) != 1:
        kinds = sorted({column.kind for column in pipeline.schema.columns})
        told = f"the model reads {', '.join(kinds)}" if not columns else f"the model reads {len(columns)} of them"
        hint = "; of texts 'typos' and 'synonyms' are, of tables 'counterfactual'" if not columns else ""
        raise ConfigError(f"This attack is of one picture a row: {told}{hint}.")
    return columns[0]


def _encoded(pipeline: Pipeline, samples: Any, labels: Any, output: str) -> tuple[Mapping[str, Any], Any]:
    if isinstance(samples, Samples):
        return samples.inputs, samples.targets.get(output) if labels is None else labels
    samples = _with_label_column(pipeline, samples, labels, output)
    labels = _labels_beside(pipeline, samples, labels, output)
    return pipeline.schema.encode(pipeline.rows(samples), targets=False).inputs, labels


def _column_of(pipeline: Pipeline, output: str) -> OutputColumn:
    return next(each for each in pipeline.schema.outputs if each.output == output)


def _with_label_column(pipeline: Pipeline, samples: Any, labels: Any, output: str) -> Any:
    """The rows of a file with its column of labels, where it has one and no others are given; else as they are."""
    if labels is not None or not is_path(samples):
        return samples
    name, reading = _column_of(pipeline, output).name, pipeline.reading
    first = next(scan_table(samples, chunk_rows=HEAD, unasked=None), None)
    if first is None or name not in first.columns:
        return samples
    types = {**reading["types"], name: "category"}
    return rows_of(samples, columns=[*reading["columns"], name], types=types, written=reading["written"])


def _labels_beside(pipeline: Pipeline, samples: Any, labels: Any, output: str) -> Any:
    """The labels that were given, or those that stand in the rows beside the columns."""
    if labels is not None or is_path(samples) or isinstance(samples, Samples):
        return labels
    frame = frame_of(samples)
    column = _column_of(pipeline, output)
    return column.encode(frame[column.name]) if column.name in frame.columns else None


def _arrays(model: Any, samples: Any) -> Mapping[str, Any]:
    """Input -> array, of samples, a mapping, or the only input's array."""
    if isinstance(samples, Samples):
        return samples.inputs
    if isinstance(samples, Mapping):
        return {name: np.asarray(values) for name, values in samples.items()}
    names = [each.name for each in getattr(model, "inputs", None) or ()]
    if len(names) != 1:
        told = ", ".join(names) or "a functional keras.Model has some"
        raise ConfigError(f"Give the samples as a dict of the model's inputs: {told}.")
    values = np.asarray(samples)
    if values.ndim != 4:
        raise DataError(f"Pictures are an array (n, height, width, channels); received the shape {values.shape}.")
    return {names[0]: values}
