"""Train any functional model on arrays with named inputs and targets, and resume exactly where it stopped."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.samples import Samples, labelled, present
from zoo.training.callbacks import UserCallbacks, require_usable
from zoo.training.fine_tuning.plan import plan_for
from zoo.training.fine_tuning.staged import Part, stages_in, train_in_stages
from zoo.training.fine_tuning.standardised import as_given
from zoo.training.head_checks import check_heads
from zoo.training.heads import Head
from zoo.training.labels import relabel, require_labels_from_zero
from zoo.training.named_graph import named_graph, with_named_inputs, with_standard_targets
from zoo.training.output_layers.calibration import Calibration
from zoo.training.output_layers.probabilities import require_probabilities
from zoo.training.recipe import Recipe
from zoo.training.resampling.co_teaching import with_peer
from zoo.training.resampling.sampling import require_two_labels
from zoo.training.runs.run_folder import RunFolder, data_fingerprint, model_facts
from zoo.training.session import Session


@dataclass(frozen=True)
class Run:
    """What a training gave: one row an epoch, and which epoch (from 1) was best; the model carries its weights.

    calibrations  output of classes -> what its logits were changed by in the end; the model carries that too.
    notes         of a fine-tuning, a line a stage: what was frozen, and which features were kept. Rows of the history
                  then have the number of their stage too, "stage".
    planned       epochs of all stages, as many as would have been trained without an early end.
    """

    history: list[dict[str, Any]]
    best_epoch: int
    folder: Path | None
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    planned: int = 0


def fit(
    model: keras.Model,
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    *,
    seed: int = 0,
    folder: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback | None = (),
) -> Run:
    """Train `model` by `recipe`; afterwards it holds the weights of the epoch with the best validation skill.

    The skill is the mean over outputs of 1 - loss / loss of the best constant prediction: free of scales and of the
    weights of the losses, so that epochs compare under any balancing. In the end the model predicts some of validation
    once more, and what is given back is what was measured.

    Any functional or sequential model will do. Outputs are named by the keys of a dict, or after the layers that they
    come from; a single input may have any name in the samples. `callbacks` are called as Keras calls them: `self.model`
    is `model`, in the units of its targets, and logs have Keras' names ("loss", "val_loss", "val_age_mae"). What a
    callback counts for itself (the patience of EarlyStopping) begins anew in a run that is resumed.

    A pretrained network is fine-tuned by `recipe.fine_tune`, and where nobody said so, a `FineTuningNotice` tells it:
    in stages, with frozen layers and batch normalisation as they were to the bit. What frozen layers give is computed
    once and kept on disk (`zoo.training.fine_tuning.features`); the finished model is the whole one. Each stage is to
    callbacks a training of its own. What is trainable of the model ends as it was.

    With a `folder`, the run is written as it goes (after every epoch, and every `checkpoint_seconds` within one), and
    an interrupted run continues from there: call again with the same arguments. A finished one is loaded.

    A sentinel watches for NaN and Inf in inputs, targets, weights and losses, and does as `recipe.on_nonfinite` says;
    the batches that it found go to `incidents` in the folder.

    Raises `ConfigError` when keys, shapes, callbacks or the folder do not fit, and `TrainingError`, with batch, row and
    column or layer, when something is no longer finite.
    """
    _require_types(train, validation, recipe, seed)
    train = train.joined(validation) if recipe.refit else train
    callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else list(callbacks or ())
    require_usable(callbacks, recipe)
    data = {} if folder is None else {"train": data_fingerprint(train), "validation": data_fingerprint(validation)}
    graph = named_graph(model)
    named = (with_named_inputs(model, each) for each in (train, validation))
    train, validation, settled = prepared(graph, recipe, *named)
    require_probabilities(graph, settled.heads, train)
    config = {"model": model_facts(model), "recipe": recipe.to_json(), "seed": seed, "data": data}
    plan = plan_for(graph, settled, train, stages_in(folder))
    if recipe.co_teaching is not None:
        if plan is not None:
            raise ConfigError(
                f"Co-teaching trains '{graph.name}' beside one with fresh weights, not in stages: freeze what was "
                "pretrained, or train on its features, with fine_tune=None."
            )
        graph, heads, (train, validation) = with_peer(graph, settled.heads, seed, train, validation)
        settled = replace(settled, heads=heads)
    training = _Training(model, recipe, seed, config, callbacks, checkpoint_seconds)
    if plan is None:
        folder = None if folder is None else Path(folder)
        return training.of(Part(graph, train, validation, settled, {}, {}, folder))[0]
    with ExitStack() as stack:
        staged = {**config, "stages": [stage.name for stage in plan.stages]}
        store = stack.enter_context(RunFolder(folder, staged)) if folder is not None else None
        return train_in_stages(plan, train, validation, settled, training.of, store, seed)


@dataclass(frozen=True)
class _Training:
    """What all parts of a training have in common: what `fit` was given.

    config  what the folder of a part says of the whole training.
    """

    model: keras.Model
    recipe: Recipe
    seed: int
    config: Mapping[str, Any]
    callbacks: Sequence[keras.callbacks.Callback]
    checkpoint_seconds: float

    def of(self, part: Part) -> tuple[Run, Mapping[str, np.ndarray]]:
        """Train one part: its run, and the predictions that its best epoch was measured by."""
        named = replace(self.recipe, epochs=part.recipe.epochs, fine_tune=part.recipe.fine_tune)
        session = Session(part.graph, part.train, part.validation, part.recipe, self.seed, part.shares, part.solve)
        if self.recipe.on_nonfinite is not None:
            session.validation.require_sound_inputs()
        whole = partial(as_given, part.scales)
        hooks = UserCallbacks(self.callbacks, self.model, part.recipe, session.presented, whole)
        if hooks.wants_batches and self.recipe.steps_per_execution is None:
            session.together = 1
        told = {**self.config, "recipe": named.to_json(), "steps_per_execution": session.together, **part.facts}
        with ExitStack() as stack:
            store = stack.enter_context(RunFolder(part.folder, told)) if part.folder is not None else None
            stack.enter_context(session.random.own())
            stack.enter_context(hooks.attached(session.trainer.optimizer, len(session.train)))
            _train(session, store, hooks, part.recipe, self.checkpoint_seconds)
            session.verify()
        path = store.path if store else None
        found = session.best_calibrations
        own = {name: each for name, each in found.items() if name in self.recipe.heads}  # not a peer's
        run = Run(session.history, session.best_epoch, path, own, planned=part.recipe.epochs)
        return run, session.best_sample


def _require_types(train: Samples, validation: Samples, recipe: Recipe, seed: int) -> None:
    """Raise a `ConfigError` for arguments that are something else, before anything deep inside says so."""
    for what, value, kind in (
        ("train", train, Samples),
        ("validation", validation, Samples),
        ("recipe", recipe, Recipe),
    ):
        if not isinstance(value, kind):
            raise ConfigError(
                f"'{what}' of `fit` must be of the type {kind.__name__}; received {type(value).__name__}."
            )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"'seed' of `fit` must be a whole number >= 0; received {seed!r}.")


def _train(
    session: Session, store: RunFolder | None, hooks: UserCallbacks, recipe: Recipe, checkpoint_seconds: float
) -> None:
    """All epochs that are left; in the end, or when anything ends it, the model has the weights of the best."""
    folder = store.path / "incidents" if store else None
    watchers = session.log.attach_sentinel(recipe.on_nonfinite, folder, session.together)
    try:
        session.start_or_resume(store)
        watching = keras.callbacks.CallbackList([*watchers], model=session.trainer)
        watching.on_train_begin()
        hooks.train_begin()
        for epoch in range(session.epoch, recipe.epochs):
            if session.finished or session.trainer.stop_training or hooks.stopped:
                break
            watching.on_epoch_begin(epoch)
            hooks.epoch_begin(epoch)
            session.run_epoch(store, checkpoint_seconds, hooks)
            watching.on_epoch_end(epoch)
        watching.on_train_end()
        hooks.train_end(session.history[-1] if session.history else {})
    finally:
        for watcher in watchers:
            watcher.release()
        session.end()


def prepared(graph: keras.Model, recipe: Recipe, *splits: Samples) -> tuple[Samples, Samples, Recipe]:
    """Training and validation rows and the recipe as a session takes them: checked, in standard types, relabelled.

    Raises a `ZooError` for what does not fit.
    """
    require_labels_from_zero(recipe.heads, splits[0])
    standard = (with_standard_targets(graph, each, recipe.heads) for each in splits)
    train, validation = (relabel(each, recipe.heads) for each in standard)
    settled = replace(recipe, heads={name: head.settled() for name, head in recipe.heads.items()})
    check_heads(graph, settled.heads, train, validation)
    require_labels(settled.heads, train, validation)
    return with_mean_weight_one(train), validation, settled


def with_mean_weight_one(samples: Samples) -> Samples:
    """The samples with weights whose mean over the labelled rows of an output is 1, as that of class weights is."""
    weights = {}
    for name, values in samples.sample_weight.items():
        known = labelled(samples.targets[name])
        weights[name] = values / values[known].mean()
    return replace(samples, sample_weight=weights) if weights else samples


def _counts(samples: Samples, name: str) -> bool:
    """Whether a row has a label of this output, and a weight above 0."""
    known = labelled(samples.targets[name])
    return bool((known & (samples.sample_weight.get(name, np.ones(len(samples))) > 0)).any())


def require_labels(heads: Mapping[str, Head], train: Samples, validation: Samples) -> None:
    """Raise unless there is something to learn for every output, and something to judge an epoch by."""
    for name in heads:
        if not present(train.targets[name]).any():
            raise ConfigError(f"Output '{name}' is without a single label in the training split and cannot be trained.")
        if not _counts(train, name):
            raise ConfigError(f"The sample weights of '{name}' are 0 wherever the training split has a label of it.")
    if not any(_counts(validation, name) for name in heads):
        raise ConfigError("The validation split has no label of any output, so that no epoch can be called the best.")
    require_two_labels(heads, train, validation)
