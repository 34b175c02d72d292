"""Train an entry of the catalogue on a data set, and evaluate what was trained."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.create import create_model, full_config
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError, MissingExtraError, WeightsError, require_known
from zoo.pipeline import Pipeline, load_pipeline
from zoo.pipeline.finding import trained_file
from zoo.pipeline.pipeline import COVERAGE
from zoo.report import build_report
from zoo.report.budget import budget_of
from zoo.samples import Samples, Target, present
from zoo.tasks.imbalance_and_costs import (
    Costs,
    Plans,
    apply_imbalance_and_costs,
    cost_reports,
    save_cost_reports,
)
from zoo.tasks.task import recipe_for, task_of
from zoo.training import Head, Recipe, Run, fit, heads_for, predict, relabel

if TYPE_CHECKING:
    from zoo.tasks.task import AnyReport

FILE = "model.keras"  # of a run folder
MOST_TAGS = 10  # that a report shows one by one, the most frequent


def train(
    entry: str,
    data: str | Path,
    *,
    folder: Path | str,
    seed: int = 0,
    weights: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    data_options: Mapping[str, Any] | None = None,
    imbalance: Plans = None,
    costs: Costs = None,
    baselines: str = "quick",
    **changes: Any,
) -> "tuple[Pipeline, AnyReport]":
    """Load, build, fit, judge, save: a run folder with config, history, weights, scores and a picture.

    `weights` (a tag, a file or a run folder) is where training starts, with its schema; `data_options` are those of
    `load_dataset`, such as the `targets` of a table or of texts of your own; `imbalance` and `costs` map outputs to
    what is done about rare labels (an `Imbalance` or its method's name) and what mistakes cost (a `CostMatrix`), or are
    one for the only output of classes; `baselines` are the simple models of the report: "quick" (of many rows a
    sample), "full" or "none"; `changes` are fields of the `Recipe` (epochs, balance, batch_size, ...) and `config`,
    options of the builder beside those of the recipe. Called again on the same folder, an interrupted run continues and
    a finished one is judged anew. Raises a `ZooError` that names what does not fit.
    """
    for package, module in (("scikit-learn", "sklearn"), ("matplotlib", "matplotlib")):
        if find_spec(module) is None:  # told now, not after the training
            raise MissingExtraError("The report of a training", package, "report")
    task = task_of(entry)
    source = weights_file(entry, weights) if weights else None
    require_seed(seed)
    budget_of(baselines)
    _require_fields(changes)
    begun = load_pipeline(source) if source else None
    if begun is not None and begun.entry and (taught := task_of(begun.entry)) is not task:
        raise WeightsError(f"'{weights}' holds {begun.entry}, a model of {taught.of}; '{entry}' is one of {task.of}.")
    options = {**task.options(entry), **(data_options or {}), "seed": seed}
    dataset = task.load(data, options, begun.schema if begun else None, to_train=True)
    recipe = recipe_for(dataset, entry, data=str(data), options=options)
    if begun is not None:  # the same network, not that of today's recipe
        scale = task.output_scale(dataset) if task.output_scale else {}
        recipe = replace(recipe, config={**recipe.config, **begun.origin.get("config", {}), **scale})
    recipe = apply_imbalance_and_costs(_changed(recipe, changes), imbalance, costs)
    schema = _merged(dataset.schema, recipe)
    if schema is not dataset.schema:  # the model has an output for each merged label
        fewer = replace(dataset, schema=schema, targets=schema.targets)
        told = task.config(fewer, entry, task.settings(fewer, entry, str(data)))
        recipe = replace(recipe, config={**recipe.config, **told, **changes.get("config", {})})
    if source is not None:
        start = sha256(source.read_bytes()).hexdigest()[:16]
        recipe = replace(recipe, start_at_prior=False, start=start)
    keras.utils.set_random_seed(seed)
    model = create_model(entry, weights=source, **recipe.config)
    if source is None and task.init_model is not None:
        task.init_model(model, dataset)
    rows = task.training_split(dataset, entry)
    run = (task.fit or fit)(model, rows, dataset.validation, recipe, seed=seed, folder=folder, callbacks=callbacks)
    report = judge(model, recipe, dataset, run=run, seed=seed, baselines=baselines)
    origin = {
        "data": recipe.data,
        "data_options": options,
        "seed": seed,
        "epochs": recipe.epochs,
        "scores": _headlines(report),
    }
    unseen = dataset.validation if rows is dataset.train else None  # rows that were trained on tell no error
    trained = pipeline_of(model, recipe, dataset, origin=origin, unseen=unseen)
    trained.save(Path(folder) / FILE)
    report.save(folder)
    save_cost_reports(cost_reports(model, recipe, dataset, run), folder)
    return trained, report


def pipeline_of(
    model: keras.Model,
    recipe: Recipe,
    dataset: Dataset,
    *,
    origin: Mapping[str, Any],
    unseen: Samples | None,
) -> Pipeline:
    """The trained model with all that it needs to predict for new rows; intervals are those of the `unseen` ones."""
    table = dataset.table
    kept = {
        **origin,
        "entry": recipe.entry,
        "config": full_config(recipe.entry, recipe.config),
        "metrics": {name: list(head.metrics) for name, head in recipe.heads.items()},
        "trim_padding": recipe.trim_padding,
        "of": table.unit if table else "rows",
    }
    return Pipeline(
        _merged(dataset.schema, recipe),
        model,
        origin=kept,
        costs={name: head.costs for name, head in recipe.heads.items() if head.costs is not None},
        intervals=_intervals(model, recipe, dataset.schema, unseen) if unseen is not None else {},
    )


def _merged(schema: Schema, recipe: Recipe) -> Schema:
    """The schema whose labels are those that the outputs answer; the same where none are taken together."""
    merges = {name: (head.answers, head.plan.merge) for name, head in recipe.heads.items() if head.plan.merge}
    return schema.with_merged(merges) if merges else schema


def _intervals(model: keras.Model, recipe: Recipe, schema: Schema, validation: Samples) -> dict[str, float]:
    """Regression -> the `COVERAGE` quantile of its absolute error on the validation rows, in its own units."""
    logarithms = {column.output for column in schema.outputs if column.log}  # whose errors are shares, not widths
    numbers = {
        name: head
        for name, head in recipe.heads.items()
        if head.target.kind == "regression" and name not in logarithms and validation.targets[name].ndim == 1
    }
    if not numbers:
        return {}
    outputs = predict(model, validation, numbers, trim_padding=recipe.trim_padding)
    found = {}
    for name in numbers:
        known = present(validation.targets[name])
        if known.any():
            errors = np.sort(np.abs(outputs[name] - validation.targets[name])[known])
            rank = math.ceil((len(errors) + 1) * COVERAGE)  # of so many rows and the new one
            if rank <= len(errors):
                found[name] = float(errors[rank - 1])
    return found


def weights_file(entry: str, weights: str | Path) -> Path:
    """The file that a tag of the entry, a path or a run folder means."""
    return trained_file(f"{entry}.{weights}" if str(weights) in describe(entry).weights else weights)


def heads_of(pipeline: Pipeline) -> dict[str, Head]:
    """What the outputs of a trained model predict, and how they are judged."""
    metrics = {name: tuple(names) for name, names in pipeline.origin.get("metrics", {}).items()}
    return heads_for(pipeline.schema.targets, metrics=metrics, costs=dict(pipeline.costs))


def require_seed(seed: int) -> None:
    """Raise unless all random generators take this seed."""
    if not 0 <= seed < 2**32:
        raise ConfigError(f"A seed must not be negative, and below 2**32; received {seed}.")


def _require_fields(changes: Mapping[str, Any]) -> None:
    """Raise for a field that a recipe does not have or cannot take: told now, not after the data is loaded."""
    for name in changes:
        require_known("field of a recipe", name, [each.name for each in fields(Recipe)])
    plain = {name: value for name, value in changes.items() if name not in ("heads", "config")}
    Recipe({"any": Head(Target("regression"))}, **plain)


def _changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other fields; options of the builder are added to those that it has."""
    config = {**recipe.config, **changes.get("config", {})}
    return replace(recipe, **{**changes, "config": config})


def _headlines(report: "AnyReport") -> dict[str, dict[str, float | None]]:
    """Output -> its first metric -> what the model scored."""
    found: dict[str, dict[str, float | None]] = {}
    for row in report.scores:
        found.setdefault(row["output"], {row["metric"]: row["model"]})
    return found


def evaluate(
    source: str | Path, *, data: str | None = None, seed: int | None = None, baselines: str = "quick"
) -> "AnyReport":
    """Judge a trained model on the test split that it was made for, or on that of other `data`; `baselines` as in
    `train`.
    """
    budget_of(baselines)
    pipeline = load_pipeline(source)
    if "data" not in pipeline.origin:
        raise ConfigError(f"'{source}' is a pipeline that no recipe trained: there is no split to judge it on.")
    dataset = dataset_of(pipeline, data, seed)
    recipe = Recipe(heads_of(pipeline), entry=pipeline.entry, trim_padding=bool(pipeline.origin.get("trim_padding")))
    return judge(pipeline.model, recipe, dataset, seed=0, baselines=baselines)


def dataset_of(pipeline: Pipeline, data: str | None = None, seed: int | None = None) -> Dataset:
    """The data that a model was trained on, or other `data`, as the model reads it."""
    if "data" not in pipeline.origin or not pipeline.entry:
        raise ConfigError("This is a pipeline that no recipe trained: there is no data that it was made for.")
    origin, task = pipeline.origin, task_of(pipeline.entry)
    own = data in (None, origin["data"])
    options = dict(origin.get("data_options", {})) if own else dict(task.options(pipeline.entry))
    options["seed"] = origin["seed"] if seed is None else seed
    name = data or origin["data"]
    return task.load(name, {**file_options(pipeline, name), **options}, pipeline.schema)


def file_options(pipeline: Pipeline, data: str) -> dict[str, Any]:
    """With which a file is read as the one that a model was trained on: its targets, and the kinds of its columns."""
    origin, task, schema = pipeline.origin, task_of(pipeline.entry), pipeline.schema
    if data in task.sources or task.named(data) or "targets" not in origin.get("data_options", {}):
        return {}
    options = {name: value for name, value in origin["data_options"].items() if name in ("text", "person")}
    kinds = {column.name: column.target.kind for column in schema.outputs}
    ordered = {column.name: list(column.target.labels) for column in schema.outputs if column.target.kind == "ordered"}
    targets = kinds | ordered
    labels = {name: "number" if kind == "regression" else "category" for name, kind in kinds.items()}
    types = {} if task.name == "texts" else {"types": schema.types | labels}
    return {**options, "targets": targets, **types}


def judge(
    model: keras.Model,
    recipe: Recipe,
    dataset: Dataset,
    *,
    run: Run | None = None,
    seed: int,
    baselines: str = "quick",
) -> "AnyReport":
    """The report of a model on the test split of `dataset`, of the labels that its outputs answer (merged ones too)."""
    task = task_of(recipe.entry)
    if task.evaluate is not None:
        return task.evaluate(model, recipe, dataset, run=run, seed=seed)
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (relabel(split, recipe.heads, ignore=False) for split in splits)
    predictions = predict(model, test, recipe.heads, trim_padding=recipe.trim_padding)
    targets = {name: head.answers for name, head in recipe.heads.items()}
    metrics = {name: head.metrics for name, head in recipe.heads.items()}
    for name in [name for name, target in targets.items() if target.kind == "tags"]:
        tags = frequent_tags(targets.pop(name), train.targets[name])
        named = {f"{name}={tag}": place for tag, place in tags.items()}
        targets |= {each: Target("binary", ("no", "yes")) for each in named}
        metrics |= dict.fromkeys(named, metrics.pop(name))
        whole = predictions.pop(name)
        predictions |= {each: whole[:, place] for each, place in named.items()}
        train, validation, test = (_one_by_one(split, name, named) for split in (train, validation, test))
    fitted = None
    if task.baseline_inputs is not None:
        from zoo.report.baselines import fit_baselines  # scikit-learn, of an extra

        first, second, third = map(task.baseline_inputs, (train, validation, test))
        fitted = fit_baselines(first, second, third, targets, metrics=metrics, seed=seed, size=baselines)
    return build_report(
        predictions,
        train=train,
        validation=validation,
        test=test,
        targets=targets,
        metrics=metrics,
        history=run.history if run else (),
        limits=dataset.limits,
        baselines=fitted,
        size=baselines,
        together="author" if "author" in dataset.test.groups else None,
        title=f"{recipe.entry} on {dataset.name}",
        seed=seed,
    )


def frequent_tags(target: Target, labels: np.ndarray) -> dict[str, int]:
    """The `MOST_TAGS` most frequent tags of the training rows (n, tags), in order -> their columns."""
    counts = (labels == 1).sum(axis=0)
    places = sorted(np.argsort(-counts, kind="stable")[:MOST_TAGS].tolist())
    return {target.labels[place]: place for place in places}


def _one_by_one(samples: Samples, name: str, named: Mapping[str, int]) -> Samples:
    """The samples with an output of its own for each of these tags of the target `name`."""
    values = samples.targets[name]
    others = {other: each for other, each in samples.targets.items() if other != name}
    return replace(
        samples, targets={**others, **{each: values[:, place] for each, place in named.items()}}, sample_weight={}
    )
