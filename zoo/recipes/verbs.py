"""Train an entry of the catalogue on a data set, and evaluate what was trained."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from zoo.catalogue import describe
from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError, MissingExtraError, require_known
from zoo.recipes.families import AnyReport, AnyTrained, family_of, load_trained, require_seed
from zoo.recipes.imbalance_and_costs import Costs, Plans, apply_imbalance_and_costs, cost_reports, save_cost_reports
from zoo.recipes.trained import trained_file
from zoo.report import build_report
from zoo.samples import Target
from zoo.training import Head, Recipe, Run, fit, predict, relabel


def train(
    entry: str,
    data: str,
    *,
    folder: Path | str,
    seed: int = 0,
    weights: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    data_options: Mapping[str, Any] | None = None,
    imbalance: Plans = None,
    costs: Costs = None,
    **changes: Any,
) -> tuple[AnyTrained, AnyReport]:
    """Load, build, fit, judge, save: a run folder with config, history, weights, scores and a picture.

    `weights` (a tag, a file or a run folder) is where training starts, with its vocabulary or schema; `data_options`
    are those of `load_dataset`, such as the `targets` of a table of your own; `imbalance` and `costs` map outputs to
    what is done about rare labels (an `Imbalance` or its method's name) and what mistakes cost (a `CostMatrix`), or are
    one for the only output of classes; `changes` are fields of the `Recipe` (epochs, balance, batch_size, ...) and
    `config`, options of the builder beside those of the recipe. Called again on the same folder, an interrupted run
    continues and a finished one is judged anew. Raises a `ZooError` that names what does not fit.
    """
    for package, module in (("scikit-learn", "sklearn"), ("matplotlib", "matplotlib")):
        if find_spec(module) is None:  # told now, not after the training
            raise MissingExtraError("The report of a training", package, "report")
    family = family_of(entry)
    source = (
        trained_file(f"{entry}.{weights}" if str(weights) in describe(entry).weights else weights) if weights else None
    )
    require_seed(seed)
    _require_fields(changes)
    options = {**(data_options or {}), "seed": seed}
    dataset = family.load(data, options, source)
    recipe = _changed(family.recipe(dataset, entry, data=str(data), options=options), changes)
    recipe = apply_imbalance_and_costs(recipe, imbalance, costs)
    merged = [name for name, head in recipe.heads.items() if head.plan.merge]
    if merged and not family.merges:
        raise ConfigError(f"Labels of a table are merged in the table itself; the head of '{merged[0]}' merges some.")
    if source is not None:
        start = sha256(source.read_bytes()).hexdigest()[:16]
        recipe = replace(recipe, start_at_prior=False, start=start)
    keras.utils.set_random_seed(seed)
    model = create_model(entry, weights=source, **recipe.config)
    if source is None and family.begin is not None:
        family.begin(model, dataset)
    rows = family.rows(dataset, entry)
    run = (family.fit or fit)(model, rows, dataset.validation, recipe, seed=seed, folder=folder, callbacks=callbacks)
    report = judge(model, recipe, dataset, run=run, seed=seed)
    origin = {
        "data": recipe.data,
        "data_options": options,
        "seed": seed,
        "epochs": recipe.epochs,
        "scores": _headlines(report),
    }
    trained = family.trained(model, recipe, dataset, origin=origin)
    trained.save(Path(folder) / family.file)
    report.save(folder)
    save_cost_reports(cost_reports(model, recipe, dataset, run), folder)
    return trained, report


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


def _headlines(report: AnyReport) -> dict[str, dict[str, float | None]]:
    """Output -> its first metric -> what the model scored."""
    found: dict[str, dict[str, float | None]] = {}
    for row in report.scores:
        found.setdefault(row["output"], {row["metric"]: row["model"]})
    return found


def evaluate(source: str | Path, *, data: str | None = None, seed: int | None = None) -> AnyReport:
    """Judge a trained model on the test split that it was made for, or on that of other `data`."""
    path = trained_file(source)
    trained = load_trained(path)
    name = data or trained.origin["data"]
    options = dict(trained.origin.get("data_options", {})) if data in (None, trained.origin["data"]) else {}
    options["seed"] = trained.origin["seed"] if seed is None else seed
    dataset = family_of(trained.entry).load(name, options, path)
    missing = [output for output in trained.heads if output not in dataset.targets]
    if missing:
        raise ConfigError(f"'{name}' lacks {', '.join(missing)}; the model answers {', '.join(trained.heads)}.")
    targets = {output: dataset.targets[output] for output in trained.heads}
    for output, head in trained.heads.items():
        if head.target != targets[output]:
            given, expected = _meaning(targets[output]), _meaning(head.target)
            raise ConfigError(f"'{output}' means {given} in '{name}' and {expected} to the model.")
    recipe = Recipe(trained.heads, entry=trained.entry, trim_padding=True)  # cuts only what is a sequence
    return judge(trained.model, recipe, replace(dataset, targets=targets), seed=0)


def _meaning(target: Target) -> str:
    """A target in words: "regression (points of 0 to 5)"."""
    told = target.unit or ", ".join(target.labels)
    return f"{target.kind} ({told})" if told else target.kind


def judge(model: keras.Model, recipe: Recipe, dataset: Dataset, *, run: Run | None = None, seed: int) -> AnyReport:
    """The report of a model on the test split of `dataset`, of the labels that its outputs answer (merged ones too)."""
    family = family_of(recipe.entry)
    if family.judge is not None:
        return family.judge(model, recipe, dataset, run=run, seed=seed)
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (relabel(split, recipe.heads, ignore=False) for split in splits)
    targets = {name: head.answers for name, head in recipe.heads.items()}
    metrics = {name: head.metrics for name, head in recipe.heads.items()}
    seen = family.seen
    baselines = None
    if seen is not None:
        from zoo.report.baselines import fit_baselines  # scikit-learn, of an extra

        baselines = fit_baselines(seen(train), seen(validation), seen(test), targets, metrics=metrics, seed=seed)
    return build_report(
        predict(model, test, recipe.heads, trim_padding=recipe.trim_padding),
        train=train,
        validation=validation,
        test=test,
        targets=targets,
        metrics=metrics,
        history=run.history if run else (),
        limits=dataset.limits,
        baselines=baselines,
        together="author" if "author" in dataset.test.groups else None,
        title=f"{recipe.entry} on {dataset.name}",
        seed=seed,
    )
