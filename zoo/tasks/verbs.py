"""Train an entry of the catalogue on a data set, and evaluate what was trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import keras

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.create import base_entry, full_config, weights_path
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError, MissingExtraError, WeightsError, require_known
from zoo.pipeline import Pipeline, load_pipeline
from zoo.pipeline.finding import trained_file
from zoo.report import build_report
from zoo.report.budget import budget_of
from zoo.report.candidates import BASELINES, Baseline
from zoo.report.progress import progress
from zoo.samples import Samples, Target
from zoo.tasks.imbalance_and_costs import (
    Costs,
    Plans,
    apply_imbalance_and_costs,
    cost_reports,
    save_cost_reports,
)
from zoo.tasks.intervals import intervals_of
from zoo.tasks.prepared import Prepared
from zoo.tasks.tags import frequent_tags, one_by_one
from zoo.tasks.task import recipe_for, task_of
from zoo.training import Head, Recipe, Run, fit, heads_for, predict_rows, relabel
from zoo.training.fine_tuning.solved import worth_a_refit
from zoo.training.recipe import changed
from zoo.training.runs.run_folder import inputs_fingerprint

if TYPE_CHECKING:
    from zoo.tasks.task import AnyReport

FILE = "model.keras"  # of a run folder


def train(
    entry: str,
    data: str | Path,
    *,
    folder: Path | str,
    seed: int = 0,
    weights: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    data_options: Mapping[str, Any] | None = None,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    imbalance: Plans = None,
    costs: Costs = None,
    baselines: str = "quick",
    tell: Callable[[str], None] = lambda sentence: None,
    **changes: Any,
) -> "tuple[Pipeline, AnyReport]":
    """Load, build, fit, judge, save: a run folder with config, history, weights, scores and a picture.

    `weights` (a tag, a file or a run folder) is where training starts, with its schema; a pretrained base of pictures
    ("imagenet", or a file of such weights) gets fresh heads for the data's own targets. `data_options` are those of
    `load_dataset`, such as the `targets` of a table or of texts of your own; `validation` and `test` are files of these
    splits, used as they are, beside a file of your own; `imbalance` and `costs` map outputs to what is done about rare
    labels (an `Imbalance` or its method's name) and what mistakes cost (a `CostMatrix`), or are one for the only output
    of classes; `baselines` are the report's simple models: "quick" (of many rows a sample), "full" or "none"; `tell` is
    called with sentences that a user should know before the training and of its stages; `changes` are fields of the
    `Recipe` (epochs, balance, batch_size, ...) and `config`, further options of the builder. Called again on the same
    folder, an interrupted run continues and a finished one is judged anew. Raises a `ZooError` that says why.
    """
    for package, module in (("scikit-learn", "sklearn"), ("matplotlib", "matplotlib")):
        if find_spec(module) is None:  # told now, not after the training
            raise MissingExtraError("The report of a training", package, "report")
    budget_of(baselines)
    files = {"validation": validation, "test": test}
    plan = prepare(entry, data, seed=seed, weights=weights, data_options=data_options, imbalance=imbalance, costs=costs,
                   **files, **changes)  # fmt: skip
    for sentence in plan.task.told(plan.dataset, entry, str(weights) if plan.based else None):
        tell(sentence)
    return _trained(plan, folder, callbacks, baselines, tell)


def prepare(
    entry: str,
    data: str | Path,
    *,
    seed: int = 0,
    weights: str | Path | None = None,
    data_options: Mapping[str, Any] | None = None,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    imbalance: Plans = None,
    costs: Costs = None,
    **changes: Any,
) -> Prepared:
    """What `train` trains, by the same arguments: the data is loaded, and the recipe chosen."""
    task = task_of(entry)
    base = base_entry(entry, changes.get("config")).name
    based = weights is not None and task.is_base(base, weights)
    source = weights_file(entry, weights) if weights and not based else None
    require_seed(seed)
    _require_fields(changes)
    begun = load_pipeline(source) if source else None
    if begun is not None and begun.entry and (taught := task_of(begun.entry)) is not task:
        raise WeightsError(f"'{weights}' holds {begun.entry}, a model of {taught.of}; '{entry}' is one of {task.of}.")
    if begun is not None and begun.entry and begun.entry != entry:
        raise WeightsError(f"'{weights}' holds weights of {begun.entry}, not of {entry}.")
    given = {name: str(file) for name, file in (("validation", validation), ("test", test)) if file is not None}
    of_entry = task.options(base, str(weights) if based else None)
    options = {**of_entry, **(data_options or {}), **given, "seed": seed}
    dataset = task.load(data, options, begun.schema if begun else None, to_train=True)
    recipe = recipe_for(dataset, entry, data=str(data), options=options, changes=changes, based=based)
    if begun is not None:  # the same network, not that of today's recipe
        scale = task.output_scale(dataset) if task.output_scale else {}
        recipe = replace(recipe, config={**recipe.config, **begun.origin.get("config", {}), **scale})
    recipe = apply_imbalance_and_costs(changed(recipe, changes), imbalance, costs)
    schema = _merged(dataset.schema, recipe)
    if schema is not dataset.schema:  # the model has an output for each merged label
        fewer = replace(dataset, schema=schema, targets=schema.targets)
        told = task.config(fewer, entry, task.settings(fewer, entry, str(data)))
        recipe = replace(recipe, config={**recipe.config, **told, **changes.get("config", {})})
    if (file := weights_path(describe(base), weights) if based and weights else source) is not None:
        recipe = replace(recipe, start=sha256(file.read_bytes()).hexdigest()[:16], start_at_prior=based)
    # Folds of rows that belong together would choose too weak an L2.
    if based and "refit" not in changes and not options.get("group") and worth_a_refit(recipe, len(dataset.train)):
        recipe = replace(recipe, refit=True, patience=None)
    return Prepared(task, entry, dataset, recipe, options, seed, weights if based else source, based)


def _trained(
    plan: Prepared,
    folder: Path | str,
    callbacks: Sequence[keras.callbacks.Callback],
    baselines: str,
    tell: Callable[[str], None],
) -> "tuple[Pipeline, AnyReport]":
    """Build, fit, judge, save."""
    task, dataset, recipe, seed = plan.task, plan.dataset, plan.recipe, plan.seed
    model = plan.build()
    train_model = task.fit or fit
    run = train_model(model, dataset.train, dataset.validation, recipe, seed=seed, folder=folder, callbacks=callbacks)
    for note in run.notes:
        tell(note)
    report = judge(model, recipe, dataset, run=run, seed=seed, baselines=baselines)
    origin = {
        "data": recipe.data,
        "data_options": plan.options,
        **({"data_folder": str(Path.cwd())} if task.is_file(recipe.data) else {}),  # from which its paths were given
        "seed": seed,
        "epochs": recipe.epochs,
        "best_epoch": run.best_epoch,
        "refit": recipe.refit,
        **({"start": recipe.start} if recipe.start else {}),
        "rows": [len(dataset.train), len(dataset.validation), len(dataset.test)],
        "test_inputs": inputs_fingerprint(dataset.test),
        "scores": _headlines(report),
    }
    unseen = None if recipe.refit else dataset.validation  # rows that were trained on tell no error
    trained = pipeline_of(model, recipe, dataset, getattr(report, "thresholds", {}), origin=origin, unseen=unseen)
    trained.save(Path(folder) / FILE)
    report.save(folder)
    save_cost_reports(getattr(report, "costs", {}), folder)
    return trained, report


def pipeline_of(
    model: keras.Model,
    recipe: Recipe,
    dataset: Dataset,
    thresholds: Mapping[str, float] = MappingProxyType({}),
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
        thresholds=thresholds,
        origin=kept,
        costs={name: head.costs for name, head in recipe.heads.items() if head.costs is not None},
        intervals=intervals_of(model, recipe, dataset.schema, unseen) if unseen is not None else {},
    )


def _merged(schema: Schema, recipe: Recipe) -> Schema:
    """The schema whose labels are those that the outputs predict; the same where none are taken together."""
    merges = {name: (head.answers, head.plan.merge) for name, head in recipe.heads.items() if head.plan.merge}
    return schema.with_merged(merges) if merges else schema


def weights_file(entry: str, weights: str | Path) -> Path:
    """The file that a tag of the entry, a path or a run folder means."""
    known = describe(entry)
    if str(weights) in known.weights:
        return trained_file(f"{entry}.{weights}")
    if not Path(weights).exists():
        weights_path(known, weights)  # a misspelt tag is told with those that there are
    return trained_file(weights)


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


def _headlines(report: "AnyReport") -> dict[str, dict[str, float | None]]:
    """Output -> its first metric -> what the model scored."""
    found: dict[str, dict[str, float | None]] = {}
    for row in report.scores:
        found.setdefault(row["output"], {row["metric"]: row["model"]})
    return found


def judge(
    model: keras.Model,
    recipe: Recipe,
    dataset: Dataset,
    alone: str = "",
    *,
    run: Run | None = None,
    seed: int,
    baselines: str = "quick",
    thresholds: Mapping[str, float] | None = None,
) -> "AnyReport":
    """The report of a model on the test split of `dataset`, of the labels that its outputs have (merged ones too).

    `alone` is why there are no rows for simple models to learn from; `thresholds` are those of a trained pipeline.
    """
    task = task_of(recipe.entry)
    training = progress(run.history, run.planned, refit=recipe.refit, asked=recipe.epochs) if run else ""
    if task.evaluate is not None:
        options: Any = {"run": run, "seed": seed, "thresholds": thresholds}
        return replace(task.evaluate(model, recipe, dataset, **options), training=training)
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (relabel(split, recipe.heads, ignore=False) if len(split) else split for split in splits)
    predictions, test = predict_rows(model, test, recipe.heads, trim_padding=recipe.trim_padding)
    train, validation = train.whole(), validation.whole()
    if task.groups is not None:
        test = replace(test, groups={**test.groups, **task.groups(dataset, train, test)})
    targets = {name: head.answers for name, head in recipe.heads.items()}
    metrics = {name: head.metrics for name, head in recipe.heads.items()}
    for name in [name for name, target in targets.items() if target.kind == "tags"]:
        tags = frequent_tags(targets.pop(name), (test if alone else train).targets[name])
        named = {f"{name}={tag}": place for tag, place in tags.items()}
        targets |= {each: Target("binary", ("no", "yes")) for each in named}
        metrics |= dict.fromkeys(named, metrics.pop(name))
        whole = predictions.pop(name)
        predictions |= {each: whole[:, place] for each, place in named.items()}
        train, validation, test = (one_by_one(split, name, named) for split in (train, validation, test))
    if alone:
        fitted = {name: {kind: Baseline(note=f"left out: {alone}") for kind in BASELINES} for name in targets}
    else:
        from zoo.report.baselines import fit_baselines  # scikit-learn, of an extra

        first, second, third = map(task.baseline_inputs or (lambda split: split), (train, validation, test))
        fitted = fit_baselines(first, second, third, targets, metrics=metrics, seed=seed, size=baselines)
    report = build_report(
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
        training=training,
    )
    report = replace(report, costs=cost_reports(model, recipe, dataset, run, fitted))
    return replace(report, supplement=task.supplement(report, dataset)) if task.supplement else report
