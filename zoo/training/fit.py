"""Train any functional model on arrays with named inputs and targets, and resume exactly where it stopped."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, ZooError
from zoo.metrics import score
from zoo.samples import Samples, present
from zoo.training.balance import BALANCES
from zoo.training.batches import Batches
from zoo.training.calibration import Calibration, calibrate, learn, prior_shift, require_foldable, uncalibrate
from zoo.training.checkpoint import load_checkpoint, save_checkpoint
from zoo.training.heads import Head, check_heads
from zoo.training.labels import relabel
from zoo.training.losses import judged_loss, mean_loss, row_losses
from zoo.training.prior import start_at_prior
from zoo.training.recipe import Recipe
from zoo.training.run_folder import RunFolder, data_fingerprint, model_facts
from zoo.training.sampling import require_two_labels, sampler_for
from zoo.training.sentinel import NaNSentinel
from zoo.training.synthesis import with_synthetic_rows
from zoo.training.trainer import Trainer
from zoo.training.units import fold, unfold, units_of


class TrainingError(ZooError):
    """Training cannot go on."""


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
    _require_labels(settled.heads, train, validation)
    require_foldable(model, settled.heads)
    session = _Session(model, train, validation, settled, seed)
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


def _require_labels(heads: Mapping[str, Head], train: Samples, validation: Samples) -> None:
    for name in heads:
        if not present(train.targets[name]).any():
            raise ConfigError(f"Output '{name}' is without a single label in the training split and cannot be trained.")
    if not any(present(validation.targets[name]).any() for name in heads):
        raise ConfigError("The validation split has no label of any output, so that no epoch can be called the best.")
    require_two_labels(heads, train, validation)


class _Session:
    """One training under way: the trainer, and its place in the data."""

    def __init__(self, model: keras.Model, train: Samples, validation: Samples, recipe: Recipe, seed: int):
        self.model, self.recipe = model, recipe
        rows = with_synthetic_rows(train, recipe.heads, seed)
        self.sampler = sampler_for(recipe.heads, rows, seed)
        self.train = Batches(
            rows,
            batch_size=recipe.batch_size,
            seed=seed,
            trim_padding=recipe.trim_padding,
            token_dropout=recipe.token_dropout,
            sampler=self.sampler,
        )
        self.validation = Batches(validation, batch_size=256, trim_padding=recipe.trim_padding)
        self.priors = {name: head.prior(train.targets[name]) for name, head in recipe.heads.items()}
        self.prior_losses = prior_losses(recipe.heads, self.priors, validation, judged_loss)
        scales = prior_losses(recipe.heads, self.priors, train)
        tables = {name: head.class_weight_table(train.targets[name]) for name, head in recipe.heads.items()}
        self.units = units_of(model, recipe.heads, train) if recipe.standard_units else {}
        seen = self.train.targets(np.concatenate(self.train.order(0)))
        self.shifts = {
            name: prior_shift(head, train.targets[name], seen[name], tables[name])
            for name, head in recipe.heads.items()
            if head.target.kind != "regression"
        }
        self.calibrations = self.shifts
        balance = BALANCES[recipe.balance](recipe.heads, scales)
        self.trainer = Trainer(model, recipe.heads, balance, tables, self.units)
        weights = self.trainer.trainable_variables
        steps = len(self.train) * recipe.epochs
        self.trainer.compile(optimizer=recipe.optimiser.build(steps, recipe.heads, weights))
        self.trainer.optimizer.build(weights)
        self.epoch, self.step = 0, 0
        self.sums: dict[str, float] = {}
        self.history: list[dict[str, Any]] = []
        self.best_epoch, self.best_weights = 0, self._weights()
        self.seconds, self.clock = 0.0, time.perf_counter()
        self.sentinel: NaNSentinel | None = None

    @property
    def finished(self) -> bool:
        patience = self.recipe.patience
        return patience is not None and self.epoch - self.best_epoch >= patience

    def begin(self, store: RunFolder | None) -> None:
        """Start afresh, or from the folder's checkpoint."""
        if store and store.started:
            progress = load_checkpoint(store.checkpoint, self._state())
            self.epoch, self.step, self.sums = progress["epoch"], progress["step"], progress["sums"]
            self.history, self.best_epoch = progress["history"], progress["best_epoch"]
            self.seconds = progress["seconds"]
            if self.best_epoch:
                load_checkpoint(store.best, self.model.variables)
                self.best_weights = self._weights()
                load_checkpoint(store.checkpoint, self._state())
            else:
                self.best_weights = self._weights()  # in standard units, as `end` expects them
        else:
            if self.recipe.start_at_prior:
                shifts = self.shifts  # in training the labels have other frequencies
                priors = {name: shifts[name].undo(p) if name in shifts else p for name, p in self.priors.items()}
                start_at_prior(self.model, self.recipe.heads, priors, self.units)
            else:
                unfold(self.model, self.units)
                uncalibrate(self.model, self.shifts)
            self.best_weights = self._weights()
            if store:
                self._save(store)
        if store:
            store.write_history(self.history)
        self.clock = time.perf_counter()

    def run_epoch(self, store: RunFolder | None, checkpoint_seconds: float) -> dict[str, Any]:
        """The rest of the epoch under way -> its row of the history."""
        saved = time.perf_counter()
        if not self.step:
            self._score_rows()
        order = self.train.order(self.epoch)
        if self.sentinel is not None:
            self.sentinel.begin_epoch(self.epoch + 1, self.step)
        while self.step < len(order):
            rows = order[self.step]
            log = self.trainer.train_on_batch(
                self.train.training_inputs(rows, self.epoch, self.step), self.train.targets(rows), return_dict=True
            )
            self.step += 1
            if self.sentinel is None:
                self._add(log, self.step, len(rows))
            else:
                self._settle(order, at_once=self.step == len(order) or not math.isfinite(log.get("loss", 0.0)))
            if store and time.perf_counter() - saved > checkpoint_seconds:
                self._settle(order, at_once=True)
                self._save(store)
                saved = time.perf_counter()
        with self._averaged():
            row = self._row()
            self.history.append(row)
            self.epoch, self.step, self.sums = self.epoch + 1, 0, {}
            if not self.best_epoch or row["val_skill"] > self.history[self.best_epoch - 1]["val_skill"]:
                self.best_epoch, self.best_weights = self.epoch, self._weights()
                if store:
                    save_checkpoint(store.best, self.model.variables, {"epoch": self.epoch})
        if store:
            store.append_history(row)
            self._save(store)
        return row

    def end(self) -> None:
        """Give the model the weights of the best epoch, in the targets' units."""
        for variable, value in zip(self.model.variables, self.best_weights, strict=True):
            variable.assign(value)
        fold(self.model, self.units)
        if self.best_epoch:
            outputs = _outputs(self.model, self.validation)
            self.calibrations = {name: self._calibration(name, outputs[name]) for name in self.shifts}
        calibrate(self.model, self.calibrations)

    def _calibration(self, name: str, output: np.ndarray) -> Calibration:
        head, target = self.recipe.heads[name], self.validation.samples.targets[name]
        return learn(head, self.shifts[name], target, output)

    def _score_rows(self) -> None:
        """Before an epoch, the loss of every training row for the outputs that look for hard ones."""
        if self.epoch and self.sampler is not None and self.sampler.losses:
            outputs = _outputs(self.trainer, self.train)
            for name, losses in self.sampler.losses.items():
                losses.assign(row_losses(self.recipe.heads[name], self.sampler.labels[name], outputs[name]))

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The model with the moving average of its weights meanwhile, where the optimiser keeps one."""
        variables, optimizer = self.trainer.trainable_variables, self.trainer.optimizer
        own = [keras.ops.convert_to_numpy(variable).copy() for variable in variables if optimizer.use_ema]
        optimizer.finalize_variable_values(variables)
        for variable, _ in zip(variables, own, strict=False):  # a copy: on JAX, predicting gives away what it reads
            variable.assign(keras.ops.convert_to_numpy(variable).copy())
        try:
            yield
        finally:
            for variable, value in zip(variables, own, strict=False):
                variable.assign(value)

    def watch(self, on_trouble: str | None, store: RunFolder | None) -> list[NaNSentinel]:
        """The sentinel of this training, where one is wanted."""
        if on_trouble is None:
            return []
        numbers = [name for name, head in self.recipe.heads.items() if head.target.kind == "regression"]
        folder = store.path / "troubles" if store else None
        self.sentinel = NaNSentinel(on_trouble, folder=folder, missing=numbers)
        return [self.sentinel]

    def _settle(self, order: Sequence[np.ndarray], *, at_once: bool) -> None:
        """Add up the batches that the sentinel knows to be sound, of all until now if `at_once`; or raise."""
        if self.sentinel is None:
            return
        if at_once:
            self.sentinel.verify()
        for number, log in self.sentinel.settled():
            self._add(log, number, len(order[number - 1]))
        if self.sentinel.stopped:
            trouble = self.sentinel.troubles[-1]
            rows = order[trouble.batch - 1] % len(self.train.samples)  # see `Sampler.rows`
            sample = "" if trouble.row is None else f" The row is sample {rows[trouble.row]} of the training split."
            raise TrainingError(f"{trouble}{sample}")

    def _add(self, log: Mapping[str, Any], step: int, size: int) -> None:
        """Add what a batch said to the sums: terms by samples, losses by known labels."""
        if not math.isfinite(float(log["loss"])):
            broken = [name for name in self.recipe.heads if not math.isfinite(float(log[f"loss_{name}"]))]
            raise TrainingError(
                f"The loss became {float(log['loss'])} in epoch {self.epoch + 1}, step {step}"
                f" (output {', '.join(broken) or 'none: a penalty'}); lower the learning rate or look at the data."
            )
        for key, value in log.items():
            head = key.partition("_")[2]
            weight = float(log[f"count_{head}"]) if key.startswith("loss_") else size
            if key.startswith("count_"):
                weight = 1.0
            self.sums[key] = self.sums.get(key, 0.0) + float(value) * weight
        self.sums["samples"] = self.sums.get("samples", 0.0) + size

    def _row(self) -> dict[str, Any]:
        samples = self.sums["samples"]
        row: dict[str, Any] = {"epoch": self.epoch + 1}
        for key, total in self.sums.items():
            head = key.partition("_")[2]
            if key.startswith("loss_"):
                row[key] = total / max(self.sums[f"count_{head}"], 1.0)
            elif not key.startswith("count_") and key != "samples":
                row[key] = total / samples
        row |= self._validate()
        row["learning_rate"] = float(keras.ops.convert_to_numpy(self.trainer.optimizer.learning_rate))
        row["seconds"] = round(self._elapsed(), 3)
        return row

    def _validate(self) -> dict[str, float]:
        outputs = _outputs(self.trainer, self.validation)
        row: dict[str, float] = {}
        skills = []
        for name, head in self.recipe.heads.items():
            target, output = self.validation.samples.targets[name], outputs[name]
            if name in self.shifts:
                output = self._calibration(name, output).apply(output)
            loss, judged = mean_loss(head, target, output), judged_loss(head, target, output)
            if loss is None or judged is None:
                continue
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The validation loss of output '{name}' became {loss} in epoch {self.epoch + 1};"
                    " lower the learning rate or look at the data."
                )
            row[f"val_loss_{name}"] = loss
            skills.append(1.0 - judged / max(self.prior_losses[name], 1e-8))
            for metric in head.metrics:
                row[f"val_{name}_{metric}"] = float(score(metric, target, _answers(head, output)) or 0.0)
        row["val_skill"] = float(np.mean(skills))
        return row

    def _elapsed(self) -> float:
        return self.seconds + time.perf_counter() - self.clock

    def _state(self) -> list[keras.Variable]:
        mined = self.sampler.variables if self.sampler else []
        return [*self.trainer.variables, *self.trainer.optimizer.variables, *mined]

    def _weights(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(variable)) for variable in self.model.variables]

    def _save(self, store: RunFolder) -> None:
        progress = {
            "epoch": self.epoch,
            "step": self.step,
            "sums": self.sums,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "seconds": self._elapsed(),
        }
        save_checkpoint(store.checkpoint, self._state(), progress)


def predict(
    model: keras.Model, samples: Samples, heads: Mapping[str, Head], *, trim_padding: bool = False
) -> dict[str, np.ndarray]:
    """Answers for every sample: (n,) for regression, (n,) probability of the positive label, (n, classes)."""
    outputs = _outputs(model, Batches(samples, batch_size=256, trim_padding=trim_padding))
    return {name: _answers(head, outputs[name]) for name, head in heads.items()}


def _outputs(model: keras.Model, batches: Batches) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for rows, inputs in batches.all_inputs():
        for name, values in model.predict_on_batch(inputs).items():
            values = np.asarray(values, dtype=np.float32)
            if name not in found:
                found[name] = np.zeros((len(batches.samples), *values.shape[1:]), dtype=np.float32)
            found[name][rows] = values
    return found


def _answers(head: Head, output: np.ndarray) -> np.ndarray:
    return output if head.target.kind == "classification" else output[:, 0]


def prior_losses(
    heads: Mapping[str, Head],
    priors: Mapping[str, np.ndarray],
    samples: Samples,
    loss_of: Callable[[Head, np.ndarray, np.ndarray], float | None] = mean_loss,
) -> dict[str, float]:
    """output -> loss of its best constant answer on `samples` (1 where no label is known)."""
    found = {}
    for name, head in heads.items():
        target = samples.targets[name]
        constant = np.broadcast_to(priors[name], (len(target), len(priors[name])))
        loss = loss_of(head, target, np.ascontiguousarray(constant))
        found[name] = 1.0 if loss is None else loss
    return found
