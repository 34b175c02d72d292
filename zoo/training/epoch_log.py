"""The logs of an epoch's batches, added up once they are known to be sound, or the error that says what is not."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import TrainingError
from zoo.sentinel import NaNSentinel, batches_between_looks
from zoo.training.augmentation.pictures.mixing import PARTNER
from zoo.training.epoch_metrics import EpochMetrics
from zoo.training.heads import Head
from zoo.training.trainer import log_rows

LOSS = 0  # its place in a log


class EpochLog:
    """What an epoch's batches said.

    rows      of the training split; an epoch may repeat them (`Sampler.rows`).
    sums      of the batches that count: all, or under a sentinel those that it knows to be sound.
    """

    def __init__(self, keys: Sequence[str], heads: Mapping[str, Head], rows: int):
        self.heads, self.rows = heads, rows
        self.sums = EpochMetrics(keys)
        self.sentinel: NaNSentinel | None = None
        self._epoch, self._order = 0, list[np.ndarray]()

    def attach_sentinel(self, on_nonfinite: str | None, folder: Path | None, together: int) -> list[NaNSentinel]:
        """The sentinel of this training, where one is wanted; a call of the step trains on `together` batches."""
        if on_nonfinite is None:
            return []
        numbers = [name for name, head in self.heads.items() if head.target.kind in ("regression", "heat_map")]
        numbers += [f"{PARTNER}{name}" for name in numbers]  # of the samples that others are mixed with
        every = batches_between_looks(together)  # a run that is resumed may begin with single steps
        self.sentinel = NaNSentinel(on_nonfinite, folder=folder, every=every, missing=numbers)
        return [self.sentinel]

    @property
    def may_look(self) -> bool:
        """Whether a look of the sentinel now changes nothing: it lowers a rate from where it looks."""
        return self.sentinel is None or self.sentinel.on_nonfinite != "lower_rate" or self.sentinel.at_rest

    def begin(self, epoch: int, step: int, order: Sequence[np.ndarray]) -> None:
        """From here on batches are those of an epoch (from 0) in this order, from number `step` (from 0) on."""
        self._epoch, self._order = epoch, list(order)
        if self.sentinel is not None:
            self.sentinel.begin_epoch(epoch + 1, step)

    def take(self, log: np.ndarray, first: int, *, at_once: bool) -> None:
        """The log (n, keys) of the batches from number `first` on."""
        if self.sentinel is None:
            self._add(log, first)
        else:
            self.commit(at_once=at_once or not np.isfinite(log[:, LOSS]).all())

    def commit(self, *, at_once: bool = True) -> None:
        """Add up the batches that the sentinel knows to be sound, of all until now if `at_once`; or raise."""
        if self.sentinel is None:
            return
        if at_once:
            self.sentinel.verify()
        for number, log in self.sentinel.settled():
            self._add(log_rows(log, len(self.sums.keys)), number - 1)
        if self.sentinel.stopped:
            incident = self.sentinel.incidents[-1]
            sample = ""
            if incident.row is not None:
                row = self._order[incident.batch - 1][incident.row] % self.rows
                sample = f" The row is sample {row} of the training split."
            raise TrainingError(f"{incident}{sample}")

    def means(self) -> dict[str, float]:
        """The row of the epoch, see `EpochMetrics.means`."""
        if not self.sums.totals.get("samples"):
            said = self.sentinel.incidents[-1] if self.sentinel and self.sentinel.incidents else "no batch was sound."
            raise TrainingError(f"Every batch of epoch {self._epoch + 1} was left out. {said}")
        return self.sums.means()

    def _add(self, log: np.ndarray, first: int) -> None:
        unsound = np.flatnonzero(~np.isfinite(log[:, LOSS]))
        if len(unsound):
            said = dict(zip(self.sums.keys, log[unsound[0]].tolist(), strict=True))
            broken = [name for name in self.heads if not math.isfinite(said[f"loss_{name}"])]
            raise TrainingError(
                f"The loss became {said['loss']} in epoch {self._epoch + 1}, step {first + int(unsound[0]) + 1}"
                f" (output {', '.join(broken) or 'none: a penalty'}); lower the learning rate or look at the data."
            )
        self.sums.add(log, [len(rows) for rows in self._order[first : first + len(log)]])
