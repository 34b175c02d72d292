"""What the batches of an epoch said, added up."""

from collections.abc import Sequence

import numpy as np


class EpochMetrics:
    """Sums of the trainer's logs over an epoch: terms by samples, losses by known labels, counts as they are.

    keys    names of the columns of a log, see `Trainer`.
    totals  key -> sum so far, and "samples"; plain numbers, for a checkpoint.
    """

    def __init__(self, keys: Sequence[str]):
        self.keys = tuple(keys)
        places = {key: place for place, key in enumerate(self.keys)}
        self._counts = [place for key, place in places.items() if key.startswith("count_")]
        self._losses = [place for key, place in places.items() if key.startswith("loss_")]
        self._labels = [places[f"count_{key.removeprefix('loss_')}"] for key in self.keys if key.startswith("loss_")]
        self.totals: dict[str, float] = {}

    def add(self, log: np.ndarray, sizes: Sequence[int]) -> None:
        """Add the log (n, keys) of n batches of these sizes."""
        values = log.astype(np.float64)
        weights = np.repeat(np.array(sizes, np.float64)[:, None], len(self.keys), axis=1)
        weights[:, self._losses] = values[:, self._labels]
        weights[:, self._counts] = 1.0
        for key, total in zip(self.keys, (values * weights).sum(axis=0).tolist(), strict=True):
            self.totals[key] = self.totals.get(key, 0.0) + total
        self.totals["samples"] = self.totals.get("samples", 0.0) + sum(sizes)

    def means(self) -> dict[str, float]:
        """The row of the epoch: every term a sample, every loss a known label."""
        samples = self.totals["samples"]
        row = {}
        for key in self.keys:
            if key.startswith("loss_"):
                name = key.removeprefix("loss_")
                row[f"{name}_loss"] = self.totals[key] / max(self.totals[f"count_{name}"], 1.0)  # as Keras names it
            elif not key.startswith("count_"):
                row[key] = self.totals[key] / samples
        return row
