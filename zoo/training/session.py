"""One training under way: its state, epoch by epoch, and the checkpoints that it goes on from."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.keras_internals.graph import layers_of
from zoo.samples import Samples
from zoo.sentinel import lower_schedule, schedule_factor
from zoo.stacked_batches import StackedBatches
from zoo.training.acceleration.steps_per_execution import calls_of, steps_per_execution
from zoo.training.acceleration.tied_softmax import tied_softmaxes
from zoo.training.augmentation.adversarial import Adversary
from zoo.training.balance import BALANCES, warn_of_unequal_losses
from zoo.training.batches import Batches
from zoo.training.callbacks import UserCallbacks
from zoo.training.epoch_log import EpochLog
from zoo.training.losses import row_losses
from zoo.training.optimisers.batch_statistics import BATCHES, ROWS, BatchStatistics
from zoo.training.optimisers.optimiser import Share
from zoo.training.optimisers.weight_average import averaged
from zoo.training.output_layers.calibration import Calibration
from zoo.training.output_layers.presentation import Presentation
from zoo.training.output_layers.prior import prior_losses
from zoo.training.predictions import each_output
from zoo.training.recipe import Recipe
from zoo.training.resampling.co_teaching import CoTeachers
from zoo.training.resampling.sampling import sampler_for
from zoo.training.resampling.synthesis import with_synthetic_rows
from zoo.training.runs.checkpoint import load_checkpoint, save_checkpoint
from zoo.training.runs.random_state import RandomState
from zoo.training.runs.run_folder import RunFolder
from zoo.training.sequence_outputs import labels_by_frequency, per_step
from zoo.training.trainer import Trainer
from zoo.training.validation import Validation
from zoo.training.verification import verify_predictions


class Session:
    """One training under way: the trainer, and its place in the data.

    The model has a dict of outputs. While batches are trained on, its output layers hold the weights of training;
    whoever looks at it finds others (`presented`).

    shares  id of a weight -> which share of the rate and of the weight decay it has; all of both where there is none.
    solve   gives the model the weights of an epoch, in the targets' units, so that its batches are measured alone; and
            what is to be told of them in the history.
    """

    def __init__(
        self,
        model: keras.Model,
        train: Samples,
        validation: Samples,
        recipe: Recipe,
        seed: int,
        shares: Mapping[int, Share] | None = None,
        solve: Callable[[], dict[str, float]] | None = None,
    ):
        self.model, self.recipe, self.solve = model, recipe, solve
        self.train = self._batches(train, seed)
        weights = train.sample_weight
        self.priors = {name: head.prior(train.targets[name], weights.get(name)) for name, head in recipe.heads.items()}
        scales = prior_losses(recipe.heads, self.priors, train)
        if recipe.balance == "static":
            warn_of_unequal_losses(recipe.heads, scales)
        tables = {name: head.class_weight_table(train.targets[name]) for name, head in recipe.heads.items()}
        self.presentation = Presentation(model, recipe, train, self.train, self.priors, tables)
        shifts = self.presentation.shifts
        self.calibrations: Mapping[str, Calibration] = shifts
        self.validation = Validation(
            model, recipe.heads, validation, self.priors, shifts, trim_padding=recipe.trim_padding
        )
        balance = BALANCES[recipe.balance](recipe.heads, scales)
        orders = {name: labels_by_frequency(recipe.heads[name], train.targets[name]) for name in self.validation.steps}
        fast, scalings = recipe.acceleration, self.presentation.scalings
        tied = tied_softmaxes(model, orders, seed) if fast else {}
        self.trainer = Trainer(model, recipe.heads, balance, tables, scalings, tied, acceleration=fast)
        steps = len(self.train) * recipe.epochs
        self._compile(steps, shares)
        self.average_from, self.statistics = recipe.optimiser.average_from(steps), BatchStatistics(model)
        self.epoch, self.step, self.stopped = 0, 0, False
        wanted = recipe.steps_per_execution
        self.together = steps_per_execution(model, self.train, wanted if fast else wanted or 1)
        self.adversary = Adversary(recipe.adversarial, model, recipe.heads, train, seed) if recipe.adversarial else None
        self.teachers = CoTeachers(recipe.co_teaching, recipe.heads, self.trainer) if recipe.co_teaching else None
        if self.adversary or self.teachers or solve:  # they follow each change of the weights; or there is none
            self.together = 1
        self.log = EpochLog(self.trainer.log.keys, recipe.heads, len(self.train.samples))
        self.history: list[dict[str, Any]] = []
        self.best_epoch, self.best_weights = 0, self._weights()
        self.best_sample: dict[str, np.ndarray] = {}
        self.best_calibrations: Mapping[str, Calibration] = shifts
        self.random = RandomState(seed)
        self.seconds, self.clock = 0.0, time.perf_counter()

    def _batches(self, samples: Samples, seed: int) -> Batches:
        """What training reads, with the rows that are made up, and chosen anew each epoch."""
        recipe = self.recipe
        rows = with_synthetic_rows(samples, recipe.heads, seed)
        self.sampler = sampler_for(recipe.heads, rows, seed)
        return Batches(
            rows,
            batch_size=recipe.batch_size,
            seed=seed,
            trim_padding=recipe.trim_padding,
            token_dropout=recipe.token_dropout,
            shuffled_entities=recipe.shuffled_entities,
            augmentation=recipe.augmentation,
            sampler=self.sampler,
            steps=per_step(self.model, recipe.heads),
        )

    def _compile(self, steps: int, shares: Mapping[int, Share] | None) -> None:
        """Give the trainer the recipe's optimiser for so many steps."""
        trainable, heads = self.trainer.trainable_variables, self.presentation.outputs.layer_names
        own = [shares.get(id(variable), Share()) for variable in trainable] if shares else None
        fast = self.recipe.acceleration
        optimizer = self.recipe.optimiser.build(steps, heads, trainable, acceleration=fast, shares=own)
        if any(layer.compute_dtype == "float16" for layer in layers_of(self.model)):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)  # small gradients would be 0 in half precision
        self.trainer.compile(optimizer=optimizer, auto_scale_loss=False)
        self.trainer.optimizer.build(trainable)

    @property
    def finished(self) -> bool:
        patience = self.recipe.patience
        return self.stopped or (patience is not None and self.epoch - self.best_epoch >= patience)

    def _may_save(self, order: Sequence[np.ndarray]) -> bool:
        """Whether a run can go on from here, within an epoch, with the same bits.

        Saving makes the sentinel look. Before a short batch, TensorFlow would compile its step for that size first, and
        so another one for the full batches.
        """
        size = min(self.recipe.batch_size, self.train.size)
        full = self.step == len(order) or len(order[self.step]) == size
        return full and self.log.may_look

    def start_or_resume(self, store: RunFolder | None) -> None:
        """Start afresh, or from the folder's checkpoint."""
        if store and store.started:
            progress, kept = load_checkpoint(store.checkpoint, self._state())
            self.random.restore(kept)
            try:
                self.epoch, self.step, self.log.sums.totals = progress["epoch"], progress["step"], progress["sums"]
                self.history, self.best_epoch = progress["history"], progress["best_epoch"]
                self.seconds, self.stopped = progress["seconds"], progress["stopped"]
                self.calibrations = _calibrations(progress["calibrations"])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise ConfigError(f"'{store.checkpoint}' is not a checkpoint of this run: {error!r}.") from error
            if progress.get("rate_factor", 1.0) != 1.0:
                lower_schedule(self.trainer.optimizer, progress["rate_factor"])
            if self.best_epoch:
                found, self.best_sample = load_checkpoint(store.best, self.model.variables)
                self.best_weights = self._weights()
                self.best_calibrations = _calibrations(found["calibrations"])
                load_checkpoint(store.checkpoint, self._state())
            else:
                self._keep_start()
        else:
            self.presentation.begin()
            self._keep_start()
            if store:
                self._save(store)
        if store:
            store.write_history(self.history)
        self.clock = time.perf_counter()

    def _keep_start(self) -> None:
        """Until an epoch is done, the best weights are those of the start."""
        with self.presented():
            self.best_weights = self._weights()

    @contextmanager
    def presented(self) -> Iterator[None]:
        """While this lasts, the model is in the targets' units and calibrated, for code that is not ours."""
        with self.random.aside(), self.presentation.own_units(), self.presentation.calibrated(self.calibrations):
            yield

    def run_epoch(self, store: RunFolder | None, checkpoint_seconds: float, callbacks: UserCallbacks) -> dict[str, Any]:
        """The rest of the epoch under way -> its row of the history."""
        saved = time.perf_counter()
        if not self.step:
            self._score_rows()
        order = self.train.order(self.epoch)
        self.log.begin(self.epoch, self.step, order)
        solved = {} if self.solve is None else self.solve()
        if self.solve is not None:
            self.presentation.to_training_units()
        for batch in calls_of(self.train, order, self.epoch, self.step, self.together):
            first = self.step
            callbacks.batch_begin(first)
            if self.adversary is not None:
                batch = self.adversary.attacked(batch, self.epoch, self.step)
            if self.teachers is not None:
                batch = self.teachers.taught(batch, self.epoch)
            log = self.trainer.train_on(batch) if self.solve is None else self._measured(batch)
            self.step += len(batch) if isinstance(batch, StackedBatches) else 1
            self.log.take(log, first, at_once=self.step == len(order))
            callbacks.batch_end(self.step - 1, log, order[first : self.step])
            if callbacks.stopped:
                break
            if store and time.perf_counter() - saved > checkpoint_seconds and self._may_save(order):
                self.log.commit()
                self._save(store)
                saved = time.perf_counter()
        self.log.commit()
        with (
            averaged(self.trainer, self.statistics, self.average_from, self._some_inputs),
            self.presentation.own_units(),
        ):
            row = self._judge(store, callbacks, solved)
        self.log.sums.totals, self.stopped = {}, callbacks.stopped
        if store:
            store.append_history(row)
            self._save(store)
        return row

    def _measured(self, batch: Any) -> np.ndarray:
        with self.presentation.own_units():
            return self.trainer.measure(batch)

    def _judge(self, store: RunFolder | None, callbacks: UserCallbacks, more: Mapping[str, float]) -> dict[str, Any]:
        """Judge the model after an epoch, keep it where it is the best, and show it to the callbacks -> its row."""
        with self.random.aside(), self.presentation.calibrated(self.calibrations):
            callbacks.test_begin()
        judged = self.validation.judge(self.trainer, self.epoch + 1)
        row = {**self._row(judged.row), **more}
        self.history.append(row)
        self.epoch, self.step = self.epoch + 1, 0
        self.calibrations = judged.calibrations
        with self.presentation.calibrated(judged.calibrations):
            if not self.best_epoch or row["val_skill"] > self.history[self.best_epoch - 1]["val_skill"]:
                self.best_epoch, self.best_weights, self.best_sample = self.epoch, self._weights(), judged.sample
                self.best_calibrations = judged.calibrations
                if store:
                    kept = {"epoch": self.epoch, "calibrations": _facts(judged.calibrations)}
                    save_checkpoint(store.best, self.model.variables, kept, judged.sample)
            with self.random.aside():
                callbacks.epoch_end(self.epoch - 1, row)
        return row

    def end(self) -> None:
        """Give the model the weights of the best epoch, in the targets' units."""
        for variable, value in zip(self.model.variables, self.best_weights, strict=True):
            variable.assign(value)

    def verify(self) -> None:
        """Raise `TrainingError` unless the finished model predicts what its best epoch was measured by.

        Whatever was rewritten for the training, nothing wrong is given back.
        """
        if self.best_epoch:
            verify_predictions(self.model, self.validation, self.best_sample, self.best_epoch)

    def _score_rows(self) -> None:
        """Before an epoch, the loss of every training row for the outputs that look for hard ones."""
        if self.epoch and self.sampler is not None and self.sampler.losses:
            found = {name: np.zeros(len(labels), np.float32) for name, labels in self.sampler.labels.items()}
            for rows, outputs in each_output(self.trainer, self.train):
                for name in self.sampler.losses:
                    labels = self.train.samples.targets[name][rows]
                    found[name][rows] = row_losses(self.recipe.heads[name], labels, outputs[name])
            for name, losses in self.sampler.losses.items():
                losses.assign(found[name])

    def _some_inputs(self) -> Iterator[Mapping[str, np.ndarray]]:
        """Batches of the epoch, as many as statistics are taken from."""
        order = self.train.order(self.epoch)[: min(BATCHES, max(ROWS // self.recipe.batch_size, 1))]
        return (self.train.training_inputs(rows, self.epoch, step) for step, rows in enumerate(order))

    def _row(self, judged: Mapping[str, float]) -> dict[str, Any]:
        row: dict[str, Any] = {"epoch": self.epoch + 1, **self.log.means()}
        found = [name for name in self.recipe.heads if f"val_{name}_loss" in judged]
        weighted = sum(row[f"weight_{name}"] * judged[f"val_{name}_loss"] for name in found)
        row["val_loss"] = weighted + row["term_balance"] + row["term_regularisation"]  # the sum that "loss" is
        row |= judged
        row["learning_rate"] = float(keras.ops.convert_to_numpy(self.trainer.optimizer.learning_rate))
        row["seconds"] = round(self._elapsed(), 3)
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
            "sums": self.log.sums.totals,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "seconds": self._elapsed(),
            "rate_factor": schedule_factor(self.trainer.optimizer),
            "stopped": self.stopped,
            "calibrations": _facts(self.calibrations),
        }
        save_checkpoint(store.checkpoint, self._state(), progress, self.random.state())


def _facts(calibrations: Mapping[str, Calibration]) -> dict[str, Any]:
    """As JSON has them."""
    return {name: vars(each) for name, each in calibrations.items()}


def _calibrations(facts: Mapping[str, Any]) -> dict[str, Calibration]:
    return {name: Calibration.of(each) for name, each in facts.items()}
