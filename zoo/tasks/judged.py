"""What a trained model predicts for rows whose labels are known, and the rows themselves: errors are studied on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.columns.frames import Frame
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError
from zoo.keras_internals.graph import producer
from zoo.pipeline import Pipeline, load_pipeline
from zoo.report.check import checked_predictions, labels_of
from zoo.report.slices import Groups, groups_of_values
from zoo.samples import Samples, Target
from zoo.tasks.evaluation import dataset_of, is_own, with_test_file
from zoo.tasks.task import task_of
from zoo.tasks.verbs import heads_of
from zoo.training import predict_rows, relabel

PERSON = "author"  # the column of groups whose equal rows are one draw
SCALARS = (str, int, float, bool, np.generic)
LOOKED_AT = 20  # values of a column that say whether it holds scalars
WIDEST = 512  # features that rows are clustered by


@dataclass(frozen=True)
class Judged:
    """Rows with their labels and predictions.

    name         of the data.
    targets      the outputs with one prediction a row; `left_out` are the others.
    labels, predictions  output -> (n,) and (n,) or (n, classes), as a report takes them.
    decided      output of classes -> (n,) the labels that the pipeline gives: by costs, threshold, median or argmax.
    samples      the rows as the model read them; frame  as they stand in the table, None where there is none.
    draws        (n,) which rows are one person's; None: each stands for itself.
    """

    name: str
    pipeline: Pipeline
    dataset: Dataset
    targets: Mapping[str, Target]
    labels: Mapping[str, np.ndarray]
    predictions: Mapping[str, np.ndarray]
    decided: Mapping[str, np.ndarray]
    samples: Samples
    frame: Frame | None
    draws: np.ndarray | None
    left_out: tuple[str, ...] = ()

    def columns(self) -> dict[str, Groups]:
        """The columns that group rows: of the table, those the model was not shown among them, but no target; and the
        groups of the samples."""
        found: dict[str, Groups] = {}
        outputs = {column.name for column in self.pipeline.schema.outputs}
        values = {} if self.frame is None else {name: list(self.frame[name]) for name in self.frame.columns}
        values = {str(name): each for name, each in values.items() if name not in outputs and _are_scalars(each)}
        for name, each in (values | {name: list(each) for name, each in self.samples.groups.items()}).items():
            if name != PERSON and (groups := groups_of_values(each)) is not None:
                found[name] = groups
        for name, texts in self.samples.raw.items():
            if texts and all(isinstance(text, str) for text in texts) and not _are_paths(texts):
                lengths = groups_of_values([len(text.split()) for text in texts])
                found |= {f"words of {name}": lengths} if lengths is not None else {}
        return found

    def features(self) -> np.ndarray | None:
        """(n, d) what the last layers are given; None of a model that shows none (ONNX), or where a text is cut."""
        model = self.pipeline.model
        if not isinstance(model, keras.Model) or self.dataset.test.owner is not None:
            return None
        tensors = {name: producer(model.output[name])[0].inputs for name in self.targets}
        given = {name: each[0] for name, each in tensors.items() if len(each) == 1 and len(each[0].shape) == 2}
        wide = [each for each in given.values() if isinstance(each.shape[-1], int) and each.shape[-1] <= WIDEST]
        if not wide:
            return None
        from zoo.training.batches import Batches
        from zoo.training.predictions import outputs_of

        unique = list({id(each): each for each in wide}.values())
        inside = keras.Model(model.inputs, {f"features{place}": each for place, each in enumerate(unique)})
        trim = bool(self.pipeline.origin.get("trim_padding"))
        found = outputs_of(inside, Batches(self.dataset.test, batch_size=256, trim_padding=trim))
        return np.concatenate(list(found.values()), axis=1)


def judged(source: str | Path, data: str | None = None, data_options: Mapping[str, Any] | None = None) -> Judged:
    """The test split of a run's data, that of other named `data`, or all rows of a file.

    Raises `ConfigError` for a pipeline that no recipe trained, or whose predictions are of steps and not of rows.
    """
    pipeline = load_pipeline(source)
    if "data" not in pipeline.origin or not pipeline.entry:
        raise ConfigError(f"'{source}' is a pipeline that no recipe trained: name a run folder, or train one first.")
    task = task_of(pipeline.entry)
    if task.evaluate is not None:
        raise ConfigError(f"'{pipeline.entry}' predicts steps of {task.of}, not rows: there are no errors by row.")
    if data is None or is_own(pipeline, data) or not task.is_file(data):
        dataset = dataset_of(pipeline, data, None, data_options)
    else:
        dataset, _ = with_test_file(pipeline, data, data_options or {})
    heads = heads_of(pipeline)
    test = relabel(dataset.test, heads, ignore=False)
    trim = bool(pipeline.origin.get("trim_padding"))
    predictions, test = predict_rows(pipeline.model, test, heads, trim_padding=trim)
    if task.groups is not None:
        test = replace(test, groups={**test.groups, **task.groups(dataset, dataset.train.whole(), test)})
    whole = {name: head.answers for name, head in heads.items()}
    kept = {name: each for name, each in whole.items() if each.kind != "tags" and test.targets[name].ndim == 1}
    if not kept:
        raise ConfigError(
            f"'{source}' predicts tags or maps alone; errors are studied of numbers, classes and yes or no."
        )
    checked = checked_predictions({name: predictions[name] for name in kept}, kept, len(test))
    columns = {column.output: column for column in pipeline.schema.outputs}
    classes = [name for name, target in kept.items() if target.kind != "regression"]
    frame = dataset.table.test if dataset.table is not None else None
    return Judged(
        name=dataset.name,
        pipeline=pipeline,
        dataset=dataset,
        targets=kept,
        labels=labels_of(test, kept),
        predictions=checked,
        decided={name: pipeline.decisions(columns[name], checked[name]) for name in classes},
        samples=test,
        frame=frame if frame is not None and len(frame) == len(test) else None,
        draws=np.asarray(test.groups[PERSON], str) if PERSON in test.groups else None,
        left_out=tuple(name for name in whole if name not in kept),
    )


def threshold_of(pipeline: Pipeline, output: str) -> float:
    """From which probability the positive label of a binary output is given: by costs, else by the threshold."""
    if output in pipeline.costs:
        return float(pipeline.costs[output].threshold(pipeline.schema.targets[output].labels))
    return float(pipeline.thresholds.get(output, 0.5))


def row_name(rows: Judged, row: int) -> str:
    """What a row is called on a page: the start of its text, the file of its picture, else its number."""
    for values in rows.samples.raw.values():
        value = values[row]
        if isinstance(value, str):
            text = " ".join(value.split())
            return f"row {row + 1}: {text if len(text) <= 80 else text[:79] + '…'}"
    return f"row {row + 1}"


def _are_scalars(values: list[Any]) -> bool:
    known = [each for each in values if each is not None][:LOOKED_AT]
    return bool(known) and all(isinstance(each, SCALARS) for each in known)


def _are_paths(texts: Any) -> bool:
    return all(" " not in text and "." in text[-6:] for text in texts[:LOOKED_AT])
