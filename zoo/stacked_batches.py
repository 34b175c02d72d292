"""Several batches of equal shapes in one set of arrays, for training steps that are taken together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Batch = Any  # (inputs, targets, sample weights), each a dict of arrays or None


class StackedBatches(Sequence[Batch]):
    """The batches of one call of a compiled step: every array is (k, B, ...). As a sequence, the k batches."""

    def __init__(
        self, inputs: dict[str, np.ndarray], targets: dict[str, np.ndarray], weights: dict[str, np.ndarray] | None
    ):
        self.arrays: Batch = (inputs, targets, weights)

    def __len__(self) -> int:
        return len(next(iter(self.arrays[0].values())))

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(f"A stack of {len(self)} batches has no batch {place}.")
        return tuple(part and {key: each[place] for key, each in part.items()} for part in self.arrays)
