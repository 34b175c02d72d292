"""Keras' callbacks, as Keras calls them: with the user's own model, in its own units, and logs under Keras' names."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import numpy as np
from keras import callbacks as kinds

from zoo.errors import ConfigError
from zoo.metrics import METRICS
from zoo.sentinel import NaNSentinel
from zoo.training.evaluation import evaluation_of
from zoo.training.recipe import Recipe

Presenting = Callable[[], AbstractContextManager[None]]

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
REFUSED: tuple[tuple[type, str], ...] = (
    (kinds.SwapEMAWeights, "ask for the average itself, with Optimiser(average=0.99) or Optimiser(average_last=0.25)"),
    (kinds.BackupAndRestore, "give `fit` a folder: an interrupted run then goes on from there, bit for bit"),
    (NaNSentinel, "`fit` has a sentinel of its own: Recipe(on_nonfinite='stop', 'skip' or 'lower_rate')"),
)
MOVES_THE_RATE = (kinds.LearningRateScheduler, kinds.ReduceLROnPlateau)
COUNTS_TESTS = (kinds.TensorBoard, kinds.ProgbarLogger)  # all that they do with the batches of a validation
OPTIMIZER, EVALUATE = "optimizer", "evaluate"


class UserCallbacks:
    """The callbacks that a user gave to `fit`.

    presenting  a context in which the model is what the user may look at, for calls while it is trained.
    whole       the same, of what a part that is trained alone changed in the model that it is of; for all calls.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        recipe: Recipe,
        presenting: Presenting,
        whole: Presenting = nullcontext,
    ):
        self._model, self._recipe, self._presenting, self._whole = model, recipe, presenting, whole
        self._list: kinds.CallbackList | None = None
        self._callbacks = list(callbacks)
        self.wants_batches = any(map(_wants_batches, callbacks))
        self._losses = [0.0, 0]  # sum over the epoch's samples, and their number

    @property
    def stopped(self) -> bool:
        """Whether a callback asked for the end of the training."""
        return bool(self._callbacks) and bool(getattr(self._model, "stop_training", False))

    @contextmanager
    def attached(self, optimizer: keras.optimizers.Optimizer, steps: int) -> Iterator[None]:
        """While this lasts, the callbacks know the model, which has the optimiser and losses of the training."""
        if not self._callbacks:
            yield
            return
        own = vars(self._model)
        lent: dict[str, Any] = {OPTIMIZER: optimizer}
        if not self._model.compiled:
            lent[EVALUATE] = evaluation_of(self._model, self._recipe.heads)
        before = {name: own[name] for name in lent if name in own}
        own.update(lent)
        self._model.stop_training = False
        try:
            parameters = {"verbose": 1, "epochs": self._recipe.epochs, "steps": steps}
            self._list = kinds.CallbackList(self._callbacks, model=self._model, **parameters)
            yield
        finally:
            for name in lent:
                own.pop(name, None)
            own.update(before)

    def train_begin(self) -> None:
        for callback in self._callbacks:
            _tell_direction(callback)
        self._call("on_train_begin")

    def train_end(self, row: Mapping[str, Any]) -> None:
        """With the weights of the last epoch; those of the best come after, and whoever wrote others is told."""
        if self._list is None:
            return
        with self._presenting(), self._whole():
            before = self._model.get_weights()
            self._list.on_train_end(keras_logs(row))
            if not all(map(np.array_equal, before, self._model.get_weights())):
                warnings.warn(
                    "A callback wrote weights at the end of the training, as EarlyStopping(restore_best_weights=True)"
                    " does; `fit` gives back those of its own best epoch, by 'val_skill'.",
                    stacklevel=2,
                )

    def epoch_begin(self, epoch: int) -> None:
        """`epoch` from 0."""
        self._losses = [0.0, 0]
        self._call("on_epoch_begin", epoch)

    def batch_begin(self, step: int) -> None:
        """`step` from 0."""
        if self.wants_batches:
            self._call("on_train_batch_begin", step)

    def batch_end(self, step: int, log: np.ndarray, rows: Sequence[np.ndarray]) -> None:
        """`log` (n, keys) of the batches of these rows, the last of which is number `step` of its epoch."""
        if self.wants_batches:
            for loss, size in zip(log[:, 0].tolist(), map(len, rows), strict=False):
                if math.isfinite(loss):  # the sentinel leaves the others out
                    self._losses[0] += loss * size
                    self._losses[1] += size
            self._call("on_train_batch_end", step, {"loss": self._losses[0] / max(self._losses[1], 1)})

    def test_begin(self) -> None:
        """In a context of the caller's, as `epoch_end`."""
        if self._list is not None:
            with self._whole():
                self._list.on_test_begin()

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        """In a context of the caller's in which the model is what was measured."""
        if self._list is not None:
            logs = keras_logs(row)
            with self._whole():
                self._list.on_test_end({name[4:]: value for name, value in logs.items() if name.startswith("val_")})
                self._list.on_epoch_end(epoch, logs)

    def _call(self, hook: str, *arguments: Any) -> None:
        if self._list is not None:
            with self._presenting(), self._whole():
                getattr(self._list, hook)(*arguments)


def require_usable(callbacks: Sequence[Any], recipe: Recipe) -> None:
    """Raise a `ConfigError` for a callback that cannot mean here what it means in Keras' own `fit`."""
    for callback in callbacks:
        name = type(callback).__name__
        if not isinstance(callback, keras.callbacks.Callback):
            raise ConfigError(f"'callbacks' must hold Keras callbacks; received {callback!r}.")
        for kind, instead in REFUSED:
            if isinstance(callback, kind):
                raise ConfigError(f"The callback {name} does not go with `fit`; {instead}.")
        schedule = recipe.optimiser.schedule
        if isinstance(callback, MOVES_THE_RATE) and schedule != "constant":
            raise ConfigError(
                f"The callback {name} sets the learning rate, which the schedule '{schedule}' sets too; use "
                f"Optimiser(schedule='constant'), or leave {name} out."
            )
        for hook in ("on_test_batch_begin", "on_test_batch_end"):
            if not _is_default(callback, hook) and not isinstance(callback, COUNTS_TESTS):
                raise ConfigError(
                    f"`fit` judges an epoch as a whole and would not call {name}.{hook}; use on_test_end."
                )


def keras_logs(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the history as Keras gives it to callbacks: the number of the epoch is an argument there."""
    return {name: value for name, value in row.items() if name != "epoch"}


def _tell_direction(callback: Any) -> None:
    """Whether what a callback monitors should rise: Keras looks it up among compiled metrics, and here are none."""
    monitor = getattr(callback, "monitor", None)
    if getattr(callback, "mode", None) != "auto" or not isinstance(monitor, str):
        return
    known = {name: {"higher": "max", "lower": "min"}[metric.better] for name, metric in METRICS.items()}
    known |= {"skill": "max", "loss": "min"}
    found = max((name for name in known if monitor.endswith(f"_{name}")), key=len, default=None)
    callback.mode = known[found] if found else "auto"


def _wants_batches(callback: Any) -> bool:
    if isinstance(callback, kinds.ModelCheckpoint) and callback.save_freq == "epoch":
        return False
    return any(not _is_default(callback, hook) for hook in BATCH_HOOKS)


def _is_default(callback: Any, hook: str) -> bool:
    """Whether a hook is the one of Keras' base class, which does nothing."""
    return getattr(getattr(callback, hook), "__func__", None) is getattr(keras.callbacks.Callback, hook)
