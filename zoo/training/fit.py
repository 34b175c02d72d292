"""Train any functional model on arrays with named inputs and targets, and resume exactly where it stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras

from zoo.errors import ConfigError
from zoo.samples import Samples, present
from zoo.training.calibration import Calibration, require_foldable
from zoo.training.heads import Head, check_heads
from zoo.training.labels import relabel
from zoo.training.recipe import Recipe
from zoo.training.run_folder import RunFolder, data_fingerprint, model_facts
from zoo.training.sampling import require_two_labels
from zoo.training.session import Session


@dataclass(frozen=True)
class Run:
    """What a training gave: one row an epoch, and which epoch (from 1) was best; the model carries its weights.

    calibrations  output of classes -> what its logits were changed by in the end; the model carries that too.
    """

    history: list[dict[str, Any]]
    best_epoch: int
    folder: Path | None
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)


def fit(
    model: keras.Model,
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    *,
    seed: int = 0,
    folder: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Train `model` by `recipe`; afterwards it holds the weights of the epoch with the best validation skill.

    The skill is the mean over outputs of 1 - loss / loss of the best constant answer: free of scales and of the
    weights of the losses, so that epochs compare under any balancing.

    With a `folder`, the run is written as it goes (after every epoch, and every `checkpoint_seconds` within one), and
    an interrupted run continues from there: call again with the same arguments. A finished one is loaded.

    A sentinel watches for NaN and Inf in inputs, targets, weights and losses, and does as `recipe.on_trouble` says; the
    batches that it found go to `troubles` in the folder.

    Raises `ConfigError` when keys, shapes or the folder do not fit, and `TrainingError`, with batch, row and column or
    layer, when something is no longer finite.
    """
    data = {"train": data_fingerprint(train), "validation": data_fingerprint(validation)}
    train, validation = relabel(train, recipe.heads), relabel(validation, recipe.heads)
    settled = replace(recipe, heads={name: head.settled() for name, head in recipe.heads.items()})
    check_heads(model, settled.heads, train, validation)
    require_labels(settled.heads, train, validation)
    require_foldable(model, settled.heads)
    session = Session(model, train, validation, settled, seed)
    config = {"model": model_facts(model), "recipe": recipe.to_json(), "seed": seed, "data": data}
    store = RunFolder(folder, config) if folder is not None else None
    session.begin(store)
    watchers = session.watch(recipe.on_trouble, store)
    try:
        hooks = keras.callbacks.CallbackList([*watchers, *callbacks], model=session.trainer)
        hooks.on_train_begin()
        for epoch in range(session.epoch, recipe.epochs):
            if session.finished or session.trainer.stop_training:
                break
            hooks.on_epoch_begin(epoch)
            hooks.on_epoch_end(epoch, session.run_epoch(store, checkpoint_seconds))
        hooks.on_train_end()
    finally:
        for watcher in watchers:
            watcher.release()
        session.end()
    return Run(session.history, session.best_epoch, store.path if store else None, session.calibrations)


def require_labels(heads: Mapping[str, Head], train: Samples, validation: Samples) -> None:
    """Raise unless there is something to learn for every output, and something to judge an epoch by."""
    for name in heads:
        if not present(train.targets[name]).any():
            raise ConfigError(f"Output '{name}' is without a single label in the training split and cannot be trained.")
    if not any(present(validation.targets[name]).any() for name in heads):
        raise ConfigError("The validation split has no label of any output, so that no epoch can be called the best.")
    require_two_labels(heads, train, validation)
