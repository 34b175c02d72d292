"""Labels of a whole data set that may be wrong, by models that were not trained on them: `zoo label-errors RUN`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.create import create_model
from zoo.errors import ConfigError
from zoo.files import write_json
from zoo.pipeline import load_pipeline
from zoo.report.label_errors import LabelErrors, label_errors
from zoo.report.page import Page, PageTable
from zoo.samples import Samples, present
from zoo.tasks.cross_validation import out_of_fold_predictions
from zoo.tasks.evaluation import dataset_of
from zoo.tasks.task import recipe_for, task_of
from zoo.training import fit

SPLITS = ("train", "validation", "test")
ROW = "row of the data"
MOST = 50  # rows of a page


@dataclass(frozen=True)
class LabelErrorReport:
    """`outputs`: output -> what is suspected, rows numbered within all rows; `names` (n,): "test row 3: its text"."""

    title: str
    outputs: Mapping[str, LabelErrors]
    names: np.ndarray
    folds: int

    def to_json(self) -> dict[str, Any]:
        def part(found: LabelErrors) -> dict[str, Any]:
            rows = [{**each.to_json(), "name": str(self.names[each.row])} for each in found.suspected]
            return {**found.to_json(), "suspected": rows}

        return {"title": self.title, "folds": self.folds, "outputs": {n: part(e) for n, e in self.outputs.items()}}

    def page(self) -> Page:
        tables = []
        for name, found in self.outputs.items():
            rows = [
                [
                    str(self.names[each.row]),
                    f"{each.label} ({each.probability[0]:.1%})",
                    f"{each.suggested} ({each.probability[1]:.1%})",
                ]
                for each in found.suspected[:MOST]
            ]
            left = len(found.suspected) - len(rows)
            note = (
                f"{len(found.suspected):,} of {found.rows:,} labels are suspected; about {100 * found.share:.1f} % are "
                "estimated to be wrong. Look at them before you change them: the model errs too."
                + (f" {left:,} more in the JSON." if left else "")
            )
            tables.append(PageTable(f"{name}: labels that may be wrong", ("row", "label", "more likely"), rows, [note]))
        how = (
            f"Every row was predicted by a model that was trained on the other {self.folds - 1} of {self.folds} folds."
        )
        return Page(self.title, [how], tables)

    def save(self, path: Path | str) -> Path:
        if Path(path).suffix.lower() == ".json":
            write_json(path, self.to_json())
            return Path(path)
        return self.page().save(path)


def find_label_errors(
    source: str | Path,
    *,
    folds: int = 5,
    epochs: int | None = None,
    seed: int = 0,
    tell: Callable[[str], None] = lambda sentence: None,
) -> LabelErrorReport:
    """Labels of a run's training, validation and test rows that may be wrong (confident learning).

    The run's model is trained anew, `folds` times, with fresh weights by its recipe, each time without the rows that it
    then judges: a network has learnt the wrong labels that it was trained on. Raises `ConfigError` for a run without an
    output of classes, or one that began with pretrained weights.
    """
    pipeline = load_pipeline(source)
    dataset, task = dataset_of(pipeline), task_of(pipeline.entry)
    classes = {name: each for name, each in pipeline.schema.targets.items() if each.kind not in ("regression", "tags")}
    if not classes or task.evaluate is not None:
        raise ConfigError(f"'{source}' predicts no classes of rows: label errors are found of those alone.")
    origin = pipeline.origin
    if origin.get("start"):
        raise ConfigError(
            f"'{source}' began with weights that were trained before, maybe on these rows: label "
            "errors are found by trainings from fresh weights; train a run without 'weights' (--weights) first."
        )
    wanted = origin.get("epochs") if epochs is None else epochs
    changes: dict[str, Any] = {} if wanted is None else {"epochs": wanted}
    recipe = recipe_for(dataset, pipeline.entry, data=origin["data"], options=origin["data_options"], changes=changes)
    recipe = replace(recipe, **changes, config={**recipe.config, **origin.get("config", {})})
    named: dict[str, np.ndarray] = {}
    parts = []
    for split in SPLITS:
        samples: Samples = getattr(dataset, split)
        owner = np.arange(len(samples)) if samples.owner is None else samples.owner
        names = np.array([f"{split} row {row + 1}{_text(samples, place)}" for place, row in enumerate(owner)])
        named[split] = names
        parts.append(replace(samples, groups={**samples.groups, ROW: names}))
    joined = parts[0].joined(parts[1]).joined(parts[2])
    draws = np.asarray(joined.groups["author"], str) if "author" in joined.groups else None

    def build() -> Any:
        model = create_model(pipeline.entry, **recipe.config)
        if task.init_model is not None:
            task.init_model(model, dataset)
        return model

    found, rows = out_of_fold_predictions(
        build, joined, recipe, folds=folds, seed=seed, draws=draws, train=task.fit or fit, tell=tell
    )
    outputs = {
        name: label_errors(rows.targets[name], found[name], target.labels)
        for name, target in classes.items()
        if present(rows.targets[name]).any()
    }
    title = f"Labels of {dataset.name} that may be wrong, by {pipeline.entry}"
    return LabelErrorReport(title, outputs, rows.groups[ROW], folds)


def _text(samples: Samples, place: int) -> str:
    for values in samples.raw.values():
        if isinstance(values[place], str):
            text = " ".join(values[place].split())
            return f": {text if len(text) <= 80 else text[:79] + '…'}"
    return ""
