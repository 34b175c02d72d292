"""A training in stages: each begins with the best weights of the one before, and the best of all is kept."""

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.samples import Samples
from zoo.training.fine_tuning.augmented_views import may_be_kept, with_views
from zoo.training.fine_tuning.features import Features, cached, rows_that_fit, split, told_bytes
from zoo.training.fine_tuning.fine_tune import PROBE
from zoo.training.fine_tuning.plan import FineTuningNotice, Plan, TrainingStage, facts
from zoo.training.fine_tuning.sizes import with_size
from zoo.training.fine_tuning.solved import SolvedProbe, solved_probe, strengths_in, without_steps
from zoo.training.fine_tuning.standardised import Scale, on_standardised, with_standardised
from zoo.training.recipe import Recipe
from zoo.training.resampling.imbalance import SYNTHESIS
from zoo.training.runs.checkpoint import load_checkpoint, save_checkpoint
from zoo.training.runs.run_folder import CONFIG, RunFolder
from zoo.training.sequence_outputs import per_step
from zoo.training.verification import MeasuredRows, verify_predictions

FEWEST_EPOCHS = 3  # that are worth a pass of all rows through the frozen layers beforehand
TRIED_ROWS = 8  # of validation, on which the whole model is compared with its upper part


@dataclass(frozen=True)
class Part:
    """What one stage trains: a graph, its rows, and what else its configuration tells.

    shares  id of a weight -> its share of the rate.
    scales  of features that the graph standardises.
    solve   what gives the heads their weights in an epoch without steps; None trains them.
    """

    graph: keras.Model
    train: Samples
    validation: Samples
    recipe: Recipe
    shares: Mapping[int, Any]
    facts: Mapping[str, Any]
    folder: Path | None
    scales: tuple[Scale, ...] = ()
    solve: SolvedProbe | None = None


# A part -> its run, and what its best epoch predicted for the first rows of validation.
TrainPart = Callable[[Part], tuple[Any, Mapping[str, np.ndarray]]]


def train_in_stages(
    plan: Plan,
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    train_part: TrainPart,
    store: RunFolder | None,
    seed: int = 0,
) -> Any:
    """Train a model by a plan -> the run: rows of all stages, numbered through.

    The model ends with the weights of the best epoch of all, by validation.
    """
    if plan.notice:
        warnings.warn(plan.notice, FineTuningNotice, stacklevel=3)
    if store:
        _start(plan.network.model, store)
    graph, notes = plan.network.model, [plan.notice] if plan.notice else []
    history: list[dict[str, Any]] = []
    planned = 0
    best: tuple[float, int, list[np.ndarray], Any] | None = None
    for number, stage in enumerate(plan.stages, start=1):
        folder = store.path / "stages" / f"{number}_{stage.name}" if store else None
        with plan.applied(stage) as (frozen, shares):
            part, note = _part(plan, stage, with_size(train, stage.size), validation, recipe, seed)
            with on_standardised(part.scales):
                run, sample = train_part(replace(part, shares=shares, folder=folder))
            if part.graph is not graph:
                _verify_whole(graph, validation, recipe, sample, run.best_epoch)
        epochs = f"{part.recipe.epochs} epochs" if part.solve is None else f"solved ({_strengths(run.history)})"
        notes.append(f"{stage.name}, {epochs}: {frozen}; {note}")
        rows = [{**row, "epoch": len(history) + row["epoch"], "stage": number} for row in run.history]
        skill = run.history[run.best_epoch - 1]["val_skill"]
        if best is None or skill > best[0]:
            weights = [np.array(keras.ops.convert_to_numpy(variable)) for variable in graph.variables]
            best = skill, len(history) + run.best_epoch, weights, run
        history += rows
        planned += part.recipe.epochs
        if store:
            store.write_history(history)
    assert best is not None  # a plan has stages
    for variable, value in zip(graph.variables, best[2], strict=True):
        variable.assign(value)
    folder = store.path if store else None
    return replace(best[3], history=history, best_epoch=best[1], folder=folder, notes=tuple(notes), planned=planned)


def _strengths(history: list[dict[str, Any]]) -> str:
    return ", ".join(f"L2 of {name} {strength:.3g}" for name, strength in strengths_in(history[-1]).items())


def stages_in(folder: Path | str | None) -> tuple[str, ...] | None:
    """The stages of the run in a folder, none where it has none; None where no run stands there."""
    file = Path(folder or "") / CONFIG
    if folder is None or not file.is_file():
        return None
    try:
        return tuple(json.loads(file.read_text(encoding="utf-8")).get("stages", ()))
    except (OSError, ValueError, AttributeError, TypeError):
        return None  # `RunFolder` says what is wrong with it


def _start(graph: keras.Model, store: RunFolder) -> None:
    """Begin with the weights that the run began with: a stage that is done holds what it trained alone."""
    file = store.path / "start.npz"
    if file.exists():
        load_checkpoint(file, graph.variables)
    else:
        save_checkpoint(file, graph.variables, {})


def _part(
    plan: Plan, stage: TrainingStage, train: Samples, validation: Samples, recipe: Recipe, seed: int
) -> tuple[Part, str]:
    """The graph and rows of a stage, from the features of the frozen layers on where that is right; what to say."""
    graph = plan.network.model
    staged = replace(recipe, epochs=stage.epochs, fine_tune=None)
    why = why_not_cached(plan, stage, recipe, train)
    halves = None if why else split(plan.network)
    found: Features | str = why or "nothing frozen can be computed beforehand"
    seen, views = train, 1
    if halves is not None:
        budget = round(plan.tune.cache_gib * 2**30)
        views = _views(plan, stage, rows_that_fit(halves, train, validation, budget) / len(train), recipe)
        seen = with_views(train, recipe.augmentation, views, seed) if views > 1 else train
        found = cached(halves, (seen, validation), budget) if views else "features of several views not kept: no room"
    kept = halves is not None and isinstance(found, Features)
    config = {**facts(plan, stage), "cached": kept, "views": views if kept else None}
    if halves is None or not isinstance(found, Features):
        part = Part(graph, train, validation, staged, {}, config, None)
        return (part, str(found)) if why or halves else _on_inputs(plan, stage, part, recipe)
    if recipe.augmentation:  # as many steps, of which some see views of one picture
        patience = recipe.patience and -(-recipe.patience // views)
        staged = replace(staged, augmentation=None, epochs=-(-stage.epochs // views), patience=patience)
    said = f"features of {len(seen) + len(validation):,} rows kept on disk ({told_bytes(found.size)})"
    first, second = found.splits
    features = {name: first.inputs[name] for name in halves.lower.output}
    upper, scales = with_standardised(halves.upper, features if plan.tune.standardise else {})
    config["standardised"] = bool(scales)
    part, more = _solved(plan, stage, Part(upper, first, second, staged, {}, config, None, scales), recipe, views)
    return part, said + more


def _on_inputs(plan: Plan, stage: TrainingStage, part: Part, recipe: Recipe) -> tuple[Part, str]:
    """The part with its heads solved, where the inputs themselves are features; else as it is."""
    upper, scales = with_standardised(part.graph, dict(part.train.inputs) if plan.tune.standardise else {})
    found, _ = _solved(plan, stage, replace(part, graph=upper, scales=scales), recipe, 1)
    if found.solve is None:
        return part, "nothing frozen can be computed beforehand"
    return found, "the inputs are the features"


def _solved(plan: Plan, stage: TrainingStage, part: Part, recipe: Recipe, views: int) -> tuple[Part, str]:
    """The part with its heads solved, where the plan says so and that is right; what is to be said of it."""
    if not plan.tune.solve or stage.name != PROBE:
        return part, ""
    solve = solved_probe(part.graph, part.scales, part.train, part.validation, recipe, views)
    if isinstance(solve, str):
        return part, f"; trained in steps, as {solve}"
    given = {**part.facts, "solved": solve.facts()}
    return replace(part, recipe=without_steps(part.recipe), facts=given, solve=solve), ""


def _views(plan: Plan, stage: TrainingStage, room: float, recipe: Recipe) -> int:
    """How many views of each picture a stage sees where features are kept; 0: it needs several, and has no room.

    A stage before the last is a beginning, which sees the pictures as they are.
    """
    if not recipe.augmentation or stage is not plan.stages[-1]:
        return 1
    views = min(plan.tune.views, stage.epochs, int(room))
    return views if views > 1 else 0


def why_not_cached(plan: Plan, stage: TrainingStage, recipe: Recipe, train: Samples) -> str:
    """Why features are not computed beforehand; "" where that is right and worth it."""
    if not plan.tune.cache_gib:
        return "features not kept, as asked"
    if stage.epochs < FEWEST_EPOCHS:
        return "too few epochs to compute features beforehand"
    if recipe.augmentation and (plan.tune.views < 2 or not may_be_kept(train, recipe.augmentation)):
        return "features not kept: augmented pictures are others in every epoch"
    if recipe.trim_padding or recipe.token_dropout or recipe.shuffled_entities:
        return "features not kept: training reads other tokens in every epoch"
    if any(head.plan.method in SYNTHESIS for head in recipe.heads.values()):
        return "features not kept: training makes up rows of its own"
    return ""


def _verify_whole(
    graph: keras.Model, validation: Samples, recipe: Recipe, sample: Mapping[str, np.ndarray], epoch: int
) -> None:
    """Raise `TrainingError` unless the whole model predicts what its upper part was measured by."""
    rows = min(TRIED_ROWS, len(validation))
    kept = MeasuredRows(validation.take(np.arange(rows)), per_step(graph, recipe.heads), recipe.trim_padding)
    verify_predictions(graph, kept, {name: values[:rows] for name, values in sample.items()}, epoch)
