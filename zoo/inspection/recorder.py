"""The values of chosen layers and weights while a model trains."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, UnknownNameError
from zoo.inspection.facts import Range
from zoo.inspection.tensorboard import spread, write_scalars
from zoo.tracing.call_recorder import operations, to_array, variable_names
from zoo.tracing.trace import trace


class ValueRecorder(keras.callbacks.Callback):
    """Records layers' outputs on a fixed sample, and weights, every so many batches or once an epoch.

    >>> recorder = ValueRecorder(["encoder/dense", "*/kernel"], sample=np.zeros((2, 4)))  # one of fit's callbacks

    names    layers ("encoder/dense": what comes out of it) and weights ("encoder/dense/kernel"), or patterns of names.
    sample   inputs of a batch, as the model takes them; needed for layers only.
    every    batches between two records; None records at the end of each epoch.
    keep     "arrays" keeps the values themselves, "ranges" only their statistics.
    folder   where the statistics are written for TensorBoard as they come; None writes nothing.

    `records` holds one dict each time: "epoch" and "batch" (from 1), and name -> array or `Range`.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        sample: Any = None,
        every: int | None = None,
        keep: str = "arrays",
        folder: Path | str | None = None,
    ):
        super().__init__()
        if isinstance(names, str) or not names:
            raise ConfigError(f"'names' must be a list of layers and weights to record; received {names!r}.")
        if keep not in ("arrays", "ranges"):
            raise UnknownNameError("way to keep values", keep, ("arrays", "ranges"))
        if every is not None and (not isinstance(every, int) or every < 1):
            raise ConfigError(f"'every' must be None or a whole number >= 1; received {every!r}.")
        self.names, self.sample, self.every, self.keep = tuple(names), sample, every, keep
        self.folder = folder
        self.records: list[dict[str, Any]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.records.clear()
        self._epoch, self._steps = 1, 0
        layers = [path for path, _ in operations(self.model)]
        weights = list(variable_names(self.model).values())
        for name in self.names:
            if not any(fnmatchcase(each, name) for each in (*layers, *weights)):
                raise UnknownNameError("layer or weight", name, (*layers, *weights))
        self._layers = {each for each in layers if any(fnmatchcase(each, name) for name in self.names)}
        self._weights = {each for each in weights if any(fnmatchcase(each, name) for name in self.names)}
        if self._layers and self.sample is None:
            raise ConfigError(f"Recording the layer '{min(self._layers)}' needs a 'sample' of inputs.")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._steps += 1
        if self.every is not None and self._steps % self.every == 0:
            self._record(batch + 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.every is None:
            self._record(None)

    def _record(self, batch: int | None) -> None:
        model, found = self.model, dict[str, np.ndarray]()
        names = variable_names(model)
        found |= {names[id(v)]: np.array(to_array(v)) for v in model.variables if names.get(id(v)) in self._weights}
        if self._layers:
            for call in trace(model, self.sample, training=False).calls:
                if call.name in self._layers and call.outputs:
                    found[call.said] = call.outputs[0]
        ranges = {name: Range.of(each) for name, each in found.items()}
        kept: dict[str, Any] = {**(found if self.keep == "arrays" else ranges)}
        self.records.append({"epoch": self._epoch, "batch": batch, **kept})
        if self.folder is not None:
            write_scalars(self.folder, spread(ranges), step=self._steps)
