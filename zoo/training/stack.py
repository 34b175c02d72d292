"""Several batches of equal shapes in one set of arrays, for training steps that are taken together."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

from zoo.training.batches import Batches

Batch = Any  # (inputs, targets, sample weights), each a dict of arrays or None


class Stack(Sequence[Batch]):
    """The batches of one call of a compiled step: every array is (k, B, ...). As a sequence, the k batches."""

    def __init__(
        self, inputs: dict[str, np.ndarray], targets: dict[str, np.ndarray], weights: dict[str, np.ndarray] | None
    ):
        self.arrays: Batch = (inputs, targets, weights)

    def __len__(self) -> int:
        return len(next(iter(self.arrays[0].values())))

    @overload
    def __getitem__(self, place: int) -> Batch: ...

    @overload
    def __getitem__(self, place: slice) -> list[Batch]: ...

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(f"A stack of {len(self)} batches has no batch {place}.")
        return tuple(part and {key: each[place] for key, each in part.items()} for part in self.arrays)

    def __iter__(self) -> Iterator[Batch]:
        return (self[row] for row in range(len(self)))


def stacked(batches: Batches, rows: Sequence[np.ndarray], epoch: int, step: int) -> Stack | None:
    """The batches of these rows, of which the first is number `step` (from 0) of its epoch; None for unequal shapes."""
    if len({len(each) for each in rows}) > 1:
        return None
    if not batches.sequences and not batches.varied:
        together = np.stack(rows)  # one gathering of all rows
        return Stack(batches.inputs(together), batches.targets(together), batches.weights(together))
    parts = [
        (batches.training_inputs(each, epoch, step + place), batches.targets(each)) for place, each in enumerate(rows)
    ]
    inputs, targets = (_stacked([part[side] for part in parts]) for side in (0, 1))
    return None if inputs is None or targets is None else Stack(inputs, targets, batches.weights(np.stack(rows)))


def _stacked(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray] | None:
    if any(part[name].shape != values.shape for part in parts for name, values in parts[0].items()):
        return None
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}
