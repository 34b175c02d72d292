"""The test split of a trained model's data: its rows as examples, and what was predicted worst."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.lazy_array import LazyArray
from zoo.studio.errors import NotHereError
from zoo.studio.fields import PICTURE
from zoo.studio.jobs import Job
from zoo.studio.lanes import Lane
from zoo.studio.limits import SHOWN_ERRORS, THUMBNAIL
from zoo.studio.models import StudioModel
from zoo.studio.samples import Sample, picture_png

PART = 256  # rows that are predicted between two looks at the job
SHORT = 160  # characters of a text in the table of errors


@dataclass(frozen=True)
class Split:
    """The test rows of a run. `name` is that of the data set."""

    name: str
    dataset: Any
    pipeline: Any

    @property
    def rows(self) -> int:
        return len(self.frame) if self.frame is not None else len(self.dataset.test.whole())

    @property
    def frame(self) -> Any:
        return None if self.dataset.table is None else self.dataset.table.test

    def values(self, row: int) -> dict[str, Any]:
        """Column -> value of one row."""
        schema = self.pipeline.schema
        if self.frame is None:
            raise ConfigError(f"'{self.name}' keeps no rows as they were read: its test split cannot be shown.")
        if not 0 <= row < len(self.frame):
            raise NotHereError(f"The test split has {len(self.frame):,} rows, from 1; received {row + 1}.")
        found = self.frame.iloc[row]
        return {name: _plain_cell(found[name]) for name in schema.names}

    def label(self, row: int) -> dict[str, str]:
        """Output -> the true label of a row, "" where it is not known."""
        if self.frame is None:
            return {}
        found = self.frame.iloc[row]
        columns = [column.name for column in self.pipeline.schema.outputs if column.name in self.frame.columns]
        return {name: _cell_text(found[name]) for name in columns}

    def picture(self, row: int) -> bytes:
        """The first picture of a row as a small PNG."""
        columns = [name for name in self.pipeline.schema.names if self.pipeline.schema.types[name] == PICTURE]
        if not columns:
            raise NotHereError("The rows have no picture.")
        if self.frame is not None:
            return picture_png(self.values(row)[columns[0]], THUMBNAIL)
        lazy = self.dataset.test.inputs[self.pipeline.schema.column(columns[0]).input]
        if not isinstance(lazy, LazyArray) or not 0 <= row < len(lazy):
            raise NotHereError("There is no such row.")
        return picture_png(lazy.decoded(np.array([row]))[0], THUMBNAIL)


def split_of(model: StudioModel) -> Split:
    """The test split, loaded once, to look at its rows: what asks its copy of the model takes its turn in `lane_of`.

    Raises `ConfigError` for a model that no recipe trained.
    """
    if "split" not in model.cache:
        with lane_of(model).turn():
            pass
    found: Split = model.cache["split"]
    return found


def lane_of(model: StudioModel) -> Lane:
    """The turns of the test split and of the copy of the model that predicts it."""
    if not model.about()["trained"]:
        raise ConfigError(f"'{model.name}' is no run of a recipe: there is no test split that it was judged on.")

    def load() -> Split:
        from zoo.pipeline import load_pipeline
        from zoo.tasks.evaluation import dataset_of

        model.require_same_file()
        pipeline = load_pipeline(model.source)
        dataset = dataset_of(pipeline)
        model.cache["split"] = Split(dataset.name, dataset, pipeline)  # at once: its rows are shown while it predicts
        return model.cache["split"]

    lane: Lane = model.once("split lane", lambda: Lane(model.name, load))
    return lane


def example(model: StudioModel, row: int) -> Sample:
    """A row of the test split as a sample, with its true labels."""
    split = split_of(model)
    if row < 0:
        row = int(np.random.default_rng().integers(split.rows))
    values = split.values(row)
    return Sample(model.key, values, f"row {row + 1:,} of the test split", split.label(row), row)


def worst(model: StudioModel, job: Job) -> dict[str, Any]:
    """The rows of the test split by their loss, the largest first, for each output; found once for all users."""
    job.tell(0.0, "reads the test split")
    with lane_of(model).turn(waiting=3600.0, watch=lambda: job.tell(0.0, "waits for the test split")) as split:
        if "errors" not in model.cache:
            found = _predicted(split, job)
            model.cache["errors"] = {"name": split.name, "rows": split.rows, "outputs": found}
        return dict(model.cache["errors"])


def _predicted(split: Split, job: Job) -> list[dict[str, Any]]:
    from zoo.tasks.verbs import heads_of
    from zoo.training import predict_rows, relabel

    pipeline = split.pipeline
    heads = heads_of(pipeline)
    test = relabel(split.dataset.test, heads, ignore=False)
    owner = np.arange(len(test)) if test.owner is None else test.owner
    starts = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), len(test)]  # no row's pieces are parted
    parts: list[Mapping[str, np.ndarray]] = []
    begun = 0
    while begun < len(starts) - 1:
        end = min(begun + PART, len(starts) - 1)
        job.tell(starts[begun] / len(test), f"predicts {len(starts) - 1:,} rows")
        rows = test.take(np.arange(starts[begun], starts[end]))
        trim = bool(pipeline.origin.get("trim_padding"))
        parts.append(predict_rows(pipeline.model, rows, heads, trim_padding=trim)[0])
        begun = end
    whole = test.whole()
    shown = []
    for name, head in heads.items():
        if head.answers.kind == "tags" or whole.targets[name].ndim > 1:
            continue
        values = np.concatenate([part[name] for part in parts])
        shown.append({"output": name, "unit": head.answers.unit,
                      "errors": _errors(whole, name, values, head.answers)})  # fmt: skip
    if not shown:
        raise DataError("The model predicts no number, class or yes and no of a row: there are no errors by row.")
    return shown


def _errors(samples: Any, output: str, values: np.ndarray, target: Any) -> list[dict[str, Any]]:
    from zoo.report.examples import examples
    from zoo.report.uncertainty import losses
    from zoo.samples import present

    labels = samples.targets[output]
    known = np.flatnonzero(present(labels))
    metric = "mae" if target.kind == "regression" else "log_loss"
    loss = dict(zip(known.tolist(), losses(metric, labels[known], values[known]).tolist(), strict=True))
    found, rest = examples(labels, values, target, worst=SHOWN_ERRORS, best=SHOWN_ERRORS)
    rows = [*found, *rest[::-1]][:SHOWN_ERRORS]
    return [
        {"row": each.row, "true": each.true, "predicted": each.predicted, "right": each.right,
         "probability": each.probability, "loss": loss[each.row], "text": _text_of(samples, each.row)}
        for each in rows
    ]  # fmt: skip


def _text_of(samples: Any, row: int) -> str:
    texts = [values[row] for values in samples.raw.values() if isinstance(values[row], str)]
    text = " ".join(" | ".join(texts).split())
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"


def _plain_cell(value: Any) -> Any:
    """A cell as a field takes it: None for no value."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or str(value) == "NaT":
        return None
    return value.item() if isinstance(value, np.generic) else value


def _cell_text(value: Any) -> str:
    plain = _plain_cell(value)
    return "" if plain is None else f"{plain:g}" if isinstance(plain, float) else str(plain)
