"""Batches of a training put together, for steps that are taken together."""

from collections.abc import Iterator, Sequence

import numpy as np

from zoo.stacked_batches import Batch, StackedBatches
from zoo.training.batches import Batches


def calls_of(
    batches: Batches, order: Sequence[np.ndarray], epoch: int, step: int, together: int
) -> Iterator[Batch | StackedBatches]:
    """What each call of an epoch trains on, from step `step` on: `together` batches, or one where they do not fit.

    Which batches share a call depends on their place in the epoch alone, so that a resumed run makes the same calls.
    """
    while step < len(order):
        stack = None
        if together > 1 and not step % together and step + together <= len(order):
            stack = stack_batches(batches, order[step : step + together], epoch, step)
        yield batches.training_batch(order[step], epoch, step) if stack is None else stack
        step += 1 if stack is None else len(stack)


def stack_batches(batches: Batches, rows: Sequence[np.ndarray], epoch: int, step: int) -> StackedBatches | None:
    """The batches of these rows, of which the first is number `step` (from 0) of its epoch; None for unequal shapes."""
    if len({len(each) for each in rows}) > 1:
        return None
    if not batches.sequences and not batches.varied:
        together = np.stack(rows)  # one gathering of all rows
        return StackedBatches(batches.inputs(together), batches.targets(together), batches.weights(together))
    parts = [batches.training_batch(each, epoch, step + place) for place, each in enumerate(rows)]
    inputs, targets = (_stacked([part[side] for part in parts]) for side in (0, 1))
    weights = _stacked([part[2] for part in parts]) if len(parts[0]) > 2 else None
    return None if inputs is None or targets is None else StackedBatches(inputs, targets, weights)


def _stacked(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray] | None:
    if any(part[name].shape != values.shape for part in parts for name, values in parts[0].items()):
        return None
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}
