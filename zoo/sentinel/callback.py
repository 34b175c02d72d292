"""The NaN sentinel: a callback that says which batch, row, column or layer went wrong, and keeps the weights sound.

How it can see the data, and what it costs: it stands before the model's `train_function`, so every batch passes through
its hands on the way to the compiled step, which is Keras' own. Batches are looked at before they reach the model. The
state (weights, optimiser, mean loss) is looked at once in `every` batches, in one fused reduction that also keeps a
copy: NaN and Inf in a weight do not go away by themselves. When something is wrong, the copy is put back and the
batches since then, which are remembered, are repeated one by one: the first that spoils the state is the culprit, and
training ends, or goes on, with the state before it.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.errors import ConfigError, is_number, require_known
from zoo.sentinel.backends import steps_of
from zoo.sentinel.data import DataCheck, DataFault, to_numpy
from zoo.sentinel.diagnosis import StepFault, diagnose
from zoo.sentinel.incident import ON_NONFINITE, Incident, column_name, save_batch
from zoo.sentinel.rate import lowered
from zoo.sentinel.replay_buffer import FaultyBatch, ReplayBuffer
from zoo.sentinel.steps import Batch, Source, Steps
from zoo.stacked_batches import StackedBatches
from zoo.tracing.call_recorder import to_array

WINDOW_BYTES = 256 * 2**20  # of all remembered batches together
SMALL_BYTES = 8 * 2**20  # of small batches between two looks
TRIES = 3  # lowerings of the rate for one batch, before it is skipped
STOPPED = "Training was stopped; the weights are those of before this batch."
SKIPPED = "The batch was left out."
PUT_BACK = "The weights of before were put back."


class IncidentWarning(RuntimeWarning):
    """What the sentinel says when it found something."""


class NaNSentinel(keras.callbacks.Callback):
    """Watches any `fit`, on any backend, for numbers that are not finite; `incidents` holds what it found.

    >>> sentinel = NaNSentinel(on_nonfinite="skip", every=16)  # model.fit(x, y, callbacks=[sentinel])

    on_nonfinite  "stop": end the training with the weights of before the batch; "skip": leave the batch out and go on;
                "lower_rate": go back to the last copy of the state, multiply the learning rate by `factor` and go on
                from there (a batch that no lowering helps, or with faulty data, is skipped).
    folder      where faulty batches are saved, as .npz; None saves nothing.
    every       batches between two looks at the state: 1 finds incident at once, many cost less. None for 32, of small
                batches as many as fill 8 MB, at most 256; or 16 calls where a call takes several steps. Fewer where so
                many batches would fill more than 256 MB.
    missing     names of inputs and targets where NaN means "not known". Inputs of graphs that ask for NaN themselves
                (imputation) need no mention.
    columns     input -> names of its columns, for the sentence.
    limit       end the training at this many incidents, whatever `on_nonfinite` says.

    The weights are restored bit for bit where two runs of a step give the same bits, as they do on CPU; with `every=1`
    everywhere. A generator that yields one buffer again and again must yield copies.
    """

    def __init__(
        self,
        on_nonfinite: str = "stop",
        *,
        folder: Path | str | None = None,
        every: int | None = None,
        missing: Collection[str] = (),
        columns: Mapping[str, Sequence[str]] | None = None,
        factor: float = 0.1,
        limit: int = 10,
    ):
        super().__init__()
        require_known("answer to numbers that are not finite", on_nonfinite, ON_NONFINITE)
        for name, value in (("every", every), ("limit", limit)):
            if value is None and name == "every":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ConfigError(f"'{name}' of the sentinel must be a whole number >= 1; received {value!r}.")
        if not is_number(factor) or not 0 < factor < 1:
            raise ConfigError(f"'factor' of the sentinel must lie between 0 and 1; received {factor!r}.")
        self.on_nonfinite, self.every, self.factor, self.limit = on_nonfinite, every, factor, limit
        self.folder = None if folder is None else Path(folder)
        self.missing, self.columns = tuple(missing), dict(columns or {})
        self.incidents: list[Incident] = []

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self.watched = model  # `self.model` writes the state of a training on JAX into the model, at each look

    def on_train_begin(self, logs: Any = None) -> None:
        self.incidents.clear()
        self.stopped = False
        self.epoch, self.batch = 1, 0
        self._check = DataCheck(self.watched, self.missing)
        self._steps: Steps = steps_of(self.watched, self._take)
        self._window = ReplayBuffer(
            self._steps, own_resets=not self.params
        )  # Keras' `fit` tells its callbacks parameters
        self._length = 1
        self._weights = {id(each): np.array(to_array(each)) for each in self.watched.variables}  # until the first look
        self._tries: dict[tuple[int, int], int] = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begin_epoch(epoch + 1)

    def begin_epoch(self, epoch: int, batch: int = 0) -> None:
        """From here on batches belong to this epoch (from 1), of which `batch` are done."""
        self.epoch, self.batch = epoch, batch
        self._window.close()

    def on_test_begin(self, logs: Any = None) -> None:
        self.verify()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.verify()

    def on_train_end(self, logs: Any = None) -> None:
        self.verify()
        self.release()

    def verify(self) -> None:
        """Look at the state now, not at the end of the window, and put it right."""
        known = len(self.incidents)
        self._settle()
        if len(self.incidents) > known:
            self._steps.commit()

    @property
    def at_rest(self) -> bool:
        """Whether every batch until now is known to be sound."""
        return not len(self._window)

    def settled(self) -> list[tuple[int, Any]]:
        """(number, logs) of the batches that came to be known as sound since this was asked last, in their order.

        Batches that were left out are not among them. For training loops of one's own, with `train_on_batch`.
        """
        settled, self._window.settled = self._window.settled, []
        return settled

    def release(self) -> None:
        """Leave the model as if it had never been watched."""
        if hasattr(self, "_steps"):  # not after a training that could not begin
            self._steps.unhook()

    def _take(self, source: Source) -> Any:
        """What the model's train function now does: fetch batches, look at them, train on them."""
        batches = self._fetch(source)
        if not batches:
            self._end_of_data()
            raise StopIteration
        if not self._steps.variables:
            self._steps.begin(batches[0])
            filled = max(_size(batches[0]), 1)
            every = self.every or batches_between_looks(max(self._steps.size, len(batches)), filled)
            self._length = max(1, min(every, WINDOW_BYTES // filled))
        elif self._steps.touched():
            self._end_of_data()
        if self._window.start is None:
            self._open()
        self._train(batches)
        planned = (self.params or {}).get("steps")
        if planned and self.batch >= planned:
            self._end_of_data()
        elif self._steps.refused or len(self._window) >= self._length:
            self._settle()
        return self._window.logs

    def _fetch(self, source: Source) -> Sequence[Batch]:
        first = list(islice(source, 1))
        if first and isinstance(first[0], StackedBatches):
            return first[0]
        return [*first, *islice(source, self._steps.size - 1)]

    def _open(self) -> None:
        broken = self._window.open()
        if not broken:
            self._weights.clear()
            return
        name, value = next(iter(broken.items()))
        sound = self._window.last_sound or self._steps.with_weights(self._weights)
        if self._steps.broken(sound):
            fault, action = StepFault("weights", name, value=value), "Training was stopped."
        else:
            fault, action = StepFault("outside", name, value=value), PUT_BACK
            self._window.go_on_from(sound)
        self._report(fault, None, self.batch + 1, action, stop=fault.kind == "weights")

    def _train(self, batches: Sequence[Batch]) -> None:
        """Train on what is sound among these batches."""
        if isinstance(batches, StackedBatches) and self._check.fault(batches.arrays) is None:
            self.batch += len(batches)
            self._window.run(batches, self.batch - len(batches) + 1)
            return
        sound: list[Batch] = []
        for batch in batches:
            if self.stopped:
                return
            self.batch += 1
            fault = self._check.fault(batch)
            if fault is None:
                sound.append(batch)
                continue
            self._window.run(sound, self.batch - len(sound))
            sound = []
            self._settle()  # an earlier batch may have been the first to go wrong
            if not self.stopped:
                self._report(fault, batch, self.batch, SKIPPED)
        if not self.stopped:
            self._window.run(sound, self.batch - len(sound) + 1)

    def _end_of_data(self) -> None:
        self._settle()
        self._window.close()

    def _settle(self) -> None:
        """Look at the state, and answer every incident as `on_nonfinite` says until it is sound."""
        while culprit := self._window.check():
            self._answer(culprit)

    def _answer(self, culprit: FaultyBatch) -> None:
        """Report the culprit, put back a sound state, and train on the batches that are still to come."""
        self._steps.restore(culprit.before)
        name, value = next(iter(culprit.broken.items()))
        fault = StepFault("outside", name, value=value)
        if not culprit.outside:
            self._steps.commit()
            fault = diagnose(self.watched, culprit.batch, name)
        window, number = self._window, culprit.number
        place = number - culprit.first
        tries = self._tries[self.epoch, number] = self._tries.get((self.epoch, number), 0) + 1
        if self.on_nonfinite == "lower_rate" and tries <= TRIES and not culprit.outside:
            start, said = lowered(self._steps, culprit.start, self.factor)
            if said:
                self._report(fault, culprit.batch, number, f"Training went back by {place} batches, with {said}.")
            if said and not self.stopped:
                window.go_on_from(start)
                window.run(culprit.batches, culprit.first, again=True)
                return
        else:
            action = PUT_BACK if culprit.outside else SKIPPED
            self._report(fault, culprit.batch, number, action)
        window.settle(culprit.sound)
        window.logs = culprit.sound[-1].logs if culprit.sound else {}
        window.go_on_from(culprit.before)
        if not self.stopped:
            left = culprit.batches[place if culprit.outside else place + 1 :]
            window.run(left, culprit.first + len(culprit.batches) - len(left), again=True)

    def _report(
        self, fault: DataFault | StepFault, batch: Batch, number: int, action: str, *, stop: bool = False
    ) -> None:
        """Record a incident, save its batch, warn, and stop where that is wanted."""
        found = Incident.of(fault, self.epoch, number)
        found = replace(found, column=column_name(self.columns, fault.name, found.place), action=action)
        if stop or self.on_nonfinite == "stop" or len(self.incidents) + 1 >= self.limit:
            own_loop = self._window.own_resets  # which may put other weights in place, and says so itself
            found = replace(found, action=action if stop else "Training was stopped." if own_loop else STOPPED)
            self.stopped = self.watched.stop_training = True
        if self.folder is not None and batch is not None:
            arrays = {f"{part}/{name}": to_numpy(each) for part, name, each in self._check.named(batch)}
            found = replace(found, file=save_batch(self.folder, found, arrays))
        self.incidents.append(found)
        if not (self.stopped and self._window.own_resets):
            warnings.warn(str(found), IncidentWarning, stacklevel=2)


def batches_between_looks(size: int, filled: int | None = None) -> int:
    """How often to look where a call of the train function takes `size` steps: a look costs as much as a small call.

    `filled` is how many bytes a batch has, if that is known: the step on a small one is short.
    """
    if size > 1:
        return 16 * size
    return 32 if filled is None else min(max(SMALL_BYTES // filled, 32), 256)


def _size(batch: Batch) -> int:
    arrays = [to_numpy(each) for each in tree.flatten(batch)]
    return sum(each.nbytes for each in arrays if each is not None)
