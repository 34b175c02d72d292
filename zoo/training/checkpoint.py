"""The whole state of a training run in one file, replaced atomically.

Invariant: restoring a checkpoint and going on gives, on CPU, the same bits as never having stopped. The state is all
variables of the trainer (weights, batch-norm statistics, seeds of dropout, what balancing learnt), all variables of
the optimiser (moments, number of steps, and with it the learning rate), the place in the order of the data, and the
sums of the epoch under way.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.files import atomic_path

PROGRESS = "progress"


def save_checkpoint(path: Path, variables: list[keras.Variable], progress: dict[str, Any]) -> None:
    """Write the values of `variables` and the JSON value `progress` to `path` (npz)."""
    arrays = {f"{row:05d}": keras.ops.convert_to_numpy(variable) for row, variable in enumerate(variables)}
    arrays[PROGRESS] = np.frombuffer(json.dumps(progress).encode(), dtype=np.uint8)
    with atomic_path(path) as scratch, open(scratch, "wb") as file:
        np.savez(file, **arrays)


def load_checkpoint(path: Path, variables: list[keras.Variable]) -> dict[str, Any]:
    """Assign the values in `path` to `variables` and return the progress; nothing is assigned if any does not fit."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            values = [stored[f"{row:05d}"] for row in range(len(variables))]
            progress = json.loads(stored[PROGRESS].tobytes())
            surplus = len(stored.files) - len(variables) - 1
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"'{path}' is not a checkpoint of this run: {error}.") from error
    wrong = [v.path for v, value in zip(variables, values, strict=True) if tuple(v.shape) != value.shape]
    if wrong or surplus:
        raise ConfigError(f"'{path}' is a checkpoint of another model: {wrong[:3] or f'{surplus} more arrays'} differ.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return progress
