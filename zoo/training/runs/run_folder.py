"""The folder of one training run, and what stands in it.

config.json       model, heads, optimiser, data and seed: what the run is
history.jsonl     one line an epoch, flushed as it goes
checkpoint.npz    where training stands, replaced as it goes
best.npz          the weights of the best epoch so far
stages/           of a fine-tuning, a run folder a stage, and beside it start.npz, the weights that it began with
scores.json, report.png, model.keras are written by those who make them, when training is done
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
from filelock import FileLock, Timeout

from zoo.errors import ConfigError, DataError, UnwritableError
from zoo.keras_internals.graph import GraphCall, calls_in_order, is_graph
from zoo.lazy_array import LazyArray
from zoo.files import clear_left_overs, read_json, told, write_json, write_text
from zoo.samples import Samples

FORMAT = 2
CONFIG = "config.json"
ROWS = 1024  # that are read at once


class RunFolder:
    """A run's files. Opening an existing folder checks that it is the same run."""

    def __init__(self, path: Path | str, config: dict[str, Any]):
        self.path = Path(path)
        self.checkpoint = self.path / "checkpoint.npz"
        self.best = self.path / "best.npz"
        self.history = self.path / "history.jsonl"
        self._open(self.path / CONFIG, json.loads(json.dumps({"format": FORMAT, **config})))
        self._lock = FileLock(self.path / "lock")

    def __enter__(self) -> "RunFolder":
        try:
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise ConfigError(
                f"'{self.path}' is in use by another training; wait for its end, or give another folder."
            ) from error
        except OSError as error:
            raise UnwritableError(self.path, error) from error
        clear_left_overs(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @property
    def started(self) -> bool:
        return self.checkpoint.exists()

    def _open(self, file: Path, config: dict[str, Any]) -> None:
        try:
            if file.exists():
                stored = read_json(file, "configuration of a run")
                if not isinstance(stored, dict):
                    raise DataError(f"'{file}' is no configuration of a run: it is no object.")
                self._check_same(stored, config)
                return
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise ConfigError(f"'{self.path}' exists and is not a run folder; give an empty or a new one.")
            write_json(file, config)
        except DataError as error:
            raise ConfigError(str(error)) from error
        except OSError as error:
            raise ConfigError(f"The run folder '{self.path}' cannot be used: {error.strerror or error}.") from error

    def _check_same(self, stored: dict[str, Any], config: dict[str, Any]) -> None:
        found = differences(stored, config)
        changed = {place: (old, new) for place, old, new in found}
        if "recipe.epochs" in changed and changed.keys() <= {"recipe.epochs", "recipe.patience"}:
            old, new = changed["recipe.epochs"]
            raise ConfigError(
                f"'{self.path}' holds another run: its rates were planned for {old} epoch(s), and it cannot become "
                f"one of {new}. Train on from its model in another folder, or start a run of {new} epochs there."
            )
        for place, old, new in found:
            rows = {"data.train": "to train on", "data.validation": "to validate"}.get(place)
            why = f": the rows {rows} are not those that it began with" if rows else ""
            raise ConfigError(
                f"'{self.path}' holds another run: {place} is {_short(old)} there and {_short(new)} here{why}. "
                "Give another folder, or the same settings."
            )

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        """Replace the history: after a resume, rows that were written but not checkpointed are dropped."""
        write_text(self.history, "".join(json.dumps(row) + "\n" for row in rows))

    def append_history(self, row: dict[str, Any]) -> None:
        with told(self.history), open(self.history, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())


def differences(old: Any, new: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    """Where two JSON values differ: (dotted place, old, new).

    >>> differences({"a": {"b": 1}}, {"a": {"b": 2}})
    [('a.b', 1, 2)]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [
            found
            for key in keys
            for found in differences(old.get(key), new.get(key), f"{place}.{key}" if place else key)
        ]
    return [] if old == new else [(place, old, new)]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def model_facts(model: keras.Model) -> dict[str, Any]:
    """Name, weights (their places and paths -> shapes) and graph of a model: to see that a folder is another model's.

    Without the numbers that Keras counts names up with: a model built twice in one process is the same.
    """
    weights = [(layer, variable) for layer in model.layers for variable in layer.weights]
    shapes = {
        f"{place} {_uncounted(layer.name)}/{variable.name}": list(variable.shape)
        for place, (layer, variable) in enumerate(weights, start=1)
    }
    return {"name": _uncounted(model.name), "weights": shapes, "graph": graph_hash(model)}


def graph_hash(model: keras.Model) -> str:
    """A hash of the layers and their settings; of a layer that does not tell its settings, of what it takes and gives.

    Without counters of names and addresses, by which a model built twice would be another.
    """
    try:
        text = json.dumps(model.get_config(), sort_keys=True, default=str)
    except (NotImplementedError, TypeError, ValueError):
        text = json.dumps([_call_facts(call) for call in calls_in_order(model)], sort_keys=True, default=str)
    plain = re.sub(r'_\d+(?=")| at 0x[0-9a-f]+', "", text)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _call_facts(call: GraphCall) -> list[Any]:
    """Class, name, shapes and types, and the settings that can be told, of one call in a graph."""
    operation = call.operation
    tensors = [[str(each.dtype), *each.shape] for each in (*call.inputs, *call.outputs)]
    arguments = [each for each in (*call.args, *call.kwargs.items()) if isinstance(each, str | int | float | tuple)]
    settings: Any = graph_hash(operation) if is_graph(operation) else None
    if settings is None:
        with suppress(NotImplementedError, TypeError, ValueError):
            settings = operation.get_config()
    return [type(operation).__name__, operation.name, tensors, arguments, settings]


def _uncounted(name: str) -> str:
    """A layer's name without a counter at its end.

    >>> _uncounted("dense_12")
    'dense'
    """
    return re.sub(r"_\d+$", "", name)


def data_fingerprint(samples: Samples) -> str:
    """A hash of the names, shapes and bytes of all inputs, targets and sample weights."""
    return _fingerprint(samples.inputs, samples.targets, samples.sample_weight)


def inputs_fingerprint(samples: Samples) -> str:
    """A hash of the names, shapes and bytes of all inputs: which rows they are, whatever their labels."""
    return _fingerprint(samples.inputs)


def _fingerprint(*parts: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for name in sorted(part):
            digest.update(f"{name} {rows_fingerprint(part[name])}".encode())
    return digest.hexdigest()[:16]


def rows_fingerprint(values: Any) -> str:
    """A hash of the type, shape and bytes of an array; of a lazy one, of its items, which are not read."""
    digest = hashlib.sha256(f"{values.dtype} {values.shape}".encode())
    if isinstance(values, LazyArray):
        digest.update(values.fingerprint.encode())
        return digest.hexdigest()
    for start in range(0, len(values), ROWS):
        digest.update(np.ascontiguousarray(values[start : start + ROWS]).tobytes())
    return digest.hexdigest()
