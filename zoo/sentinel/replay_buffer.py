"""The batches since the last copy of the state: run them, see that they were sound, or find the one that was not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import tree

from zoo.sentinel.steps import Batch, Snapshot, Steps
from zoo.stacked_batches import StackedBatches
from zoo.tracing.call_recorder import to_array


class Execution(NamedTuple):
    """One call of the train function: the number of its first batch in the epoch (from 1), its batches, its logs."""

    first: int
    batches: Sequence[Batch]
    logs: Any


@dataclass(frozen=True)
class FaultyBatch:
    """The first batch of a window after which the state was not finite.

    before    the state before that batch; `start` that of before the window.
    broken    name of an array that was not finite afterwards -> its first such number.
    sound     the executions before it, with their logs.
    batches   all of the window, and the number of the first; those from `number` on are not trained on yet.
    outside   the batch is innocent: the state was overwritten between two steps.
    """

    number: int
    batch: Batch
    before: Snapshot
    start: Snapshot
    broken: dict[str, float]
    sound: list[Execution]
    batches: list[Batch]
    first: int
    outside: bool = False


class ReplayBuffer:
    """Runs batches and remembers them until the state that they led to was seen to be finite.

    own_resets  whether the caller resets the metrics before every batch, or needs none: a loop of one's own, not `fit`.
    settled     (number of the first batch, logs) of the executions that are known to be sound.
    """

    def __init__(self, steps: Steps, *, own_resets: bool):
        self.steps, self.own_resets = steps, own_resets
        self.executions: list[Execution] = []
        self._size = 0  # batches of the executions
        self.start: Snapshot | None = None
        self.last_sound: Snapshot | None = None
        self.settled: list[tuple[int, Any]] = []
        self.logs: Any = {}

    def __len__(self) -> int:
        return self._size

    def open(self) -> dict[str, float]:
        """Copy the state that the window starts from -> the arrays that are not finite (then it is not open)."""
        finite, snapshot = self.steps.look()
        if not finite:
            return self.steps.broken(snapshot)
        self.start = self.last_sound = snapshot
        return {}

    def close(self) -> None:
        """The next batch opens a new window: what was changed until then, such as a rate, is no part of this one."""
        self.start = None

    def go_on_from(self, snapshot: Snapshot) -> None:
        """Put this state in place, and start a window there."""
        self.steps.restore(snapshot)
        self.start = self.last_sound = snapshot
        self.executions, self._size = [], 0

    def run(self, batches: Sequence[Batch], first: int, *, again: bool = False) -> None:
        """Train on these batches, the first of which has the number `first`; `again` if they have been seen before."""
        size = len(batches) if isinstance(batches, StackedBatches) else self.steps.size
        for place in range(0, len(batches), size):
            part = batches if isinstance(batches, StackedBatches) else batches[place : place + size]
            self.logs = self._again(part) if again else self.steps.run(part)
            self.executions.append(Execution(first + place, part, self.logs))
            self._size += len(part)

    def check(self) -> FaultyBatch | None:
        """Look at the state: settle the window and start the next from here, or the culprit, and nothing is settled."""
        if not self.executions:
            return None
        finite, snapshot = self.steps.look()
        if not finite:
            return self._find(self.steps.broken(snapshot))
        self.settle(self.executions)
        self.start = self.last_sound = snapshot
        self.executions, self._size = [], 0
        return None

    def settle(self, executions: list[Execution]) -> None:
        self.settled += [(each.first, each.logs) for each in executions]

    def _find(self, spoilt: dict[str, float]) -> FaultyBatch:
        """Repeat the window from its start, looking at the state after every execution."""
        assert self.start is not None
        first, batches = self.executions[0].first, [batch for each in self.executions for batch in each.batches]
        self.steps.restore(self.start)
        before = self.start
        sound: list[Execution] = []
        for execution in self.executions:
            logs = self._again(execution.batches)
            finite, after = self.steps.look()
            if not finite:
                place, before, broken = self._find_within(execution, before, self.steps.broken(after), sound)
                number = execution.first + place
                batch = execution.batches[place]
                return FaultyBatch(number, batch, before, self.start, broken, sound, batches, first)
            before = after
            sound.append(Execution(execution.first, execution.batches, logs))
        return self._find_outside(spoilt, batches)

    def _find_within(
        self, execution: Execution, before: Snapshot, broken: dict[str, float], sound: list[Execution]
    ) -> tuple[int, Snapshot, dict[str, float]]:
        """Of several batches of one execution, the first that breaks the state; the last where none does alone.

        Those before it become executions of their own in `sound`.
        """
        self.steps.restore(before)
        for place, batch in enumerate(execution.batches[:-1]):
            logs = self._again([batch])
            finite, after = self.steps.look()
            if not finite:
                return place, before, self.steps.broken(after)
            before = after
            sound.append(Execution(execution.first + place, [batch], logs))
        return len(execution.batches) - 1, before, broken

    def _find_outside(self, spoilt: dict[str, float], batches: list[Batch]) -> FaultyBatch:
        """Repeated, the window is sound: the state was overwritten before the first execution that logged it."""
        assert self.start is not None
        logged = (row for row, each in enumerate(self.executions) if not _all_finite(each.logs))
        row = next(logged, len(self.executions))
        before = self.start
        sound: list[Execution] = []
        self.steps.restore(before)
        for execution in self.executions[:row]:
            sound.append(Execution(execution.first, execution.batches, self._again(execution.batches)))
            before = self.steps.look()[1]
        first = self.executions[0].first
        number = first + sum(len(each.batches) for each in sound)
        batch = self.executions[row].batches[0] if row < len(self.executions) else None
        return FaultyBatch(number, batch, before, self.start, spoilt, sound, batches, first, outside=True)

    def _again(self, batches: Sequence[Batch]) -> Any:
        if self.own_resets and self.start is not None:
            self.steps.restore(self.start, metrics_only=True)
        return self.steps.run(batches)


def _all_finite(logs: Any) -> bool:
    return all(np.isfinite(to_array(each)).all() for each in tree.flatten(logs))
