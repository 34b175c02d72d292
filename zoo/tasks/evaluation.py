"""Judge what was trained: on the test split of its data, or on all rows of a file."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.columns.paths import KINDS
from zoo.datasets.dataset import Dataset
from zoo.datasets.given_files import tell_repeated
from zoo.datasets.table import Table
from zoo.errors import ConfigError, DataError, DataWarning, ZooError
from zoo.pipeline import Pipeline, load_pipeline
from zoo.report.budget import budget_of
from zoo.tasks.seen_files import tell_seen_files
from zoo.tasks.task import targets_of, task_of
from zoo.tasks.verbs import heads_of, judge
from zoo.training import Recipe
from zoo.training.runs.run_folder import inputs_fingerprint

if TYPE_CHECKING:
    from zoo.tasks.task import AnyReport

PATHS = ("validation", "test", "centres")  # options of data that name a file


def evaluate(
    source: str | Path,
    *,
    data: str | None = None,
    seed: int | None = None,
    data_options: Mapping[str, Any] | None = None,
    baselines: str = "quick",
) -> "AnyReport":
    """Judge a trained model on the test split that it was made for, on that of other named `data`, or on all rows of a
    file, read by its `data_options`; `baselines` as in `train`.

    Simple models beside it learn from the rows that it was trained on, never from the file; where those cannot be
    loaded any more they are left out.
    """
    budget_of(baselines)
    pipeline = load_pipeline(source)
    if "data" not in pipeline.origin:
        raise ConfigError(f"'{source}' is a pipeline that no recipe trained: there is no split to judge it on.")
    recipe = Recipe(heads_of(pipeline), entry=pipeline.entry, trim_padding=bool(pipeline.origin.get("trim_padding")))
    if data is None or is_own(pipeline, data) or not task_of(pipeline.entry).is_file(data):
        own = dataset_of(pipeline, data, seed, data_options)
        if seed is None and not data_options and is_own(pipeline, data):
            _tell_changed(own, pipeline.origin)
        return judge(pipeline.model, recipe, own, seed=0, baselines=baselines, thresholds=pipeline.thresholds)
    dataset, alone = with_test_file(pipeline, data, data_options or {})
    kept = pipeline.thresholds
    return judge(pipeline.model, recipe, dataset, alone, seed=0, baselines=baselines, thresholds=kept)


def _tell_changed(dataset: Dataset, origin: Mapping[str, Any]) -> None:
    """Warn where the data is not what it was when it was trained on: it is then split otherwise."""
    rows, inputs = origin.get("rows"), origin.get("test_inputs")
    found = [len(split) for split in (dataset.train, dataset.validation, dataset.test)]
    if rows is not None and list(rows) != found:
        what = f": {sum(found):,} rows, then {sum(rows):,}"
    elif inputs is not None and inputs != inputs_fingerprint(dataset.test):
        what = ", in as many rows"
    else:
        return
    warnings.warn(
        f"'{dataset.name}' has changed since the training{what}; the test split may hold rows that were trained on, "
        "and its scores tell little of new ones.",
        DataWarning,
        stacklevel=3,
    )


def with_test_file(pipeline: Pipeline, data: str, given: Mapping[str, Any]) -> tuple[Dataset, str]:
    """The data of the run with all rows of a file as its test split; and why there is nothing but the file, or ""."""
    task = task_of(pipeline.entry)
    options = _together(task.options(pipeline.entry, None), file_options(pipeline, data), given, {"whole": True})
    whole = task.load(data, options, pipeline.schema)
    try:
        own = dataset_of(pipeline)
    except (ZooError, OSError) as error:
        nothing = whole.test.take(np.arange(0))
        reason = f"the rows that the model was trained on cannot be loaded ({str(error).rstrip('.')})"
        return replace(whole, train=nothing, validation=nothing, limits={}), reason
    if isinstance(own.table, Table) and isinstance(whole.table, Table):
        frames = {"the rows that were trained on": own.table.train, f"'{data}'": whole.table.test}
        if any(column.kind not in KINDS for column in pipeline.schema.columns):  # paths alone say little
            tell_repeated(frames, [*pipeline.schema.names, *(column.name for column in pipeline.schema.outputs)])
    tell_seen_files(pipeline.schema, own.train, whole.test, data)
    table = replace(own.table, test=whole.table.test) if own.table and whole.table else None
    return replace(own, name=f"all rows of {whole.name}", test=whole.test, limits={}, table=table), ""


def dataset_of(
    pipeline: Pipeline,
    data: str | None = None,
    seed: int | None = None,
    data_options: Mapping[str, Any] | None = None,
) -> Dataset:
    """The data that a model was trained on, or other `data`, as the model reads it; errors as `own_data`."""
    if "data" not in pipeline.origin or not pipeline.entry:
        raise ConfigError("This is a pipeline that no recipe trained: there is no data that it was made for.")
    origin, task = pipeline.origin, task_of(pipeline.entry)
    if data is None or is_own(pipeline, data):
        name, options = own_data(pipeline)
    else:
        name, options = data, dict(task.options(pipeline.entry, None))
    options["seed"] = origin["seed"] if seed is None else seed
    return task.load(name, _together(file_options(pipeline, name), options, data_options or {}), pipeline.schema)


def _together(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Options of data, the later ones before the earlier; of the kinds of columns (`types`) column by column."""
    found: dict[str, Any] = {name: value for part in parts for name, value in part.items()}
    types = [part["types"] for part in parts if part.get("types")]
    return {**found, "types": {name: kind for each in types for name, kind in each.items()}} if types else found


def is_own(pipeline: Pipeline, data: str | None) -> bool:
    """Whether this is the data that a model was trained on: None, its name, or a path that means the same file."""
    then = pipeline.origin.get("data")
    if data is None or then is None or not task_of(pipeline.entry).is_file(then):
        return data in (None, then)
    return Path(data).resolve() == Path(pipeline.origin.get("data_folder", ""), then).resolve()


def own_data(pipeline: Pipeline) -> tuple[str, dict[str, Any]]:
    """Name or path of the data that a model was trained on, and the options that it was loaded with.

    A path is that of the training, whatever folder this is called from; where nothing is there any more, it is one of
    the present folder. Raises `DataError` where neither has it.
    """
    given, options = str(pipeline.origin["data"]), dict(pipeline.origin.get("data_options", {}))
    folder = pipeline.origin.get("data_folder")
    if folder is None:
        return given, options
    files = {name: str(options[name]) for name in PATHS if options.get(name) is not None}
    then = {path: Path(folder, path) for path in (given, *files.values())}
    for path, place in then.items():
        if not place.exists() and not Path(path).exists():
            where = f" (or call from the folder that holds '{path}' now)" if not Path(path).is_absolute() else ""
            raise DataError(f"The model was trained on '{place}', which is not there any more: put it back{where}.")
    found = {path: str(place) if place.exists() else path for path, place in then.items()}
    return found[given], {**options, **{name: found[path] for name, path in files.items()}}


def file_options(pipeline: Pipeline, data: str) -> dict[str, Any]:
    """With which a file is read as the one that a model was trained on: its targets, and the kinds of its columns."""
    origin, task, schema = pipeline.origin, task_of(pipeline.entry), pipeline.schema
    if not task.is_file(data):
        return {}
    given = origin.get("data_options", {})
    if "targets" not in given:  # posts, pairs, questions: with the columns that were named for the first file
        columns = {name: value for name, value in given.items() if name.endswith("_column")}
        return {**columns, **task.file_options(schema)}
    kinds = {column.name: column.target.kind for column in schema.outputs}
    labels = {name: "number" if kind == "regression" else "category" for name, kind in kinds.items()}
    told = {**task.file_options(schema), **given, "types": schema.types | labels, "written": schema.written}
    return {"targets": targets_of(schema), **{name: told[name] for name in task.read_again if name in told}}
