"""The whole state of a training run in one file, replaced atomically.

Invariant: restoring a checkpoint and going on gives, on CPU, the same bits as never having stopped. The state is all
variables of the trainer (weights, batch-norm statistics, seeds of dropout, what balancing learnt), all variables of
the optimiser (moments, number of steps, and with it the learning rate), the place in the order of the data, and the
sums of the epoch under way.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.files import atomic_path, is_plain

PROGRESS = "progress"
KEPT = "kept/"  # before the names of arrays that are no variables


def save_checkpoint(
    path: Path, variables: list[Any], progress: dict[str, Any], kept: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write the values of `variables` (variables or arrays), the JSON value `progress` and arrays by name (npz)."""
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    arrays: dict[str, Any] = {f"{row:05d}": _plain(value) for row, value in enumerate(values)}
    arrays |= {f"{KEPT}{name}": values for name, values in (kept or {}).items()}
    arrays[PROGRESS] = np.frombuffer(json.dumps(progress).encode(), dtype=np.uint8)
    with atomic_path(path) as scratch, open(scratch, "wb") as file:
        np.savez(file, **arrays)


def load_checkpoint(path: Path, variables: list[keras.Variable]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Assign the values in `path` to `variables` -> the progress and the arrays kept with it.

    Nothing is assigned if any value does not fit.
    """
    if not is_plain(path):
        raise ConfigError(f"'{path}' is no plain file; expected a checkpoint of this run.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            values = [stored[f"{row:05d}"] for row in range(len(variables))]
            progress = json.loads(stored[PROGRESS].tobytes())
            kept = {name.removeprefix(KEPT): stored[name] for name in stored.files if name.startswith(KEPT)}
            if not isinstance(progress, dict):
                raise ValueError("its progress is no object")
            surplus = len(stored.files) - len(variables) - len(kept) - 1
    except (OSError, ValueError, KeyError, EOFError, RecursionError, zipfile.BadZipFile) as error:
        raise ConfigError(f"'{path}' is not a checkpoint of this run: {error}.") from error
    wrong = [v.path for v, value in zip(variables, values, strict=True) if tuple(v.shape) != value.shape]
    if wrong or surplus:
        raise ConfigError(f"'{path}' is a checkpoint of another model: {wrong[:3] or f'{surplus} more arrays'} differ.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return progress, kept


def _plain(value: np.ndarray) -> np.ndarray:
    """bfloat16, which a file of numpy's does not name, as the float32 that holds it exactly."""
    return value.astype(np.float32) if value.dtype.kind == "V" or str(value.dtype) == "bfloat16" else value
