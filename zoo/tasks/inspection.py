"""Look inside an entry of the catalogue: on data of its recipe, on arrays of one's own, or on random numbers."""

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.create import base_entry, create_model
from zoo.errors import ConfigError, DataError
from zoo.inspection import Inspection, inspect_model
from zoo.keras_internals.graph import readers
from zoo.pipeline import load_pipeline
from zoo.tasks.evaluation import dataset_of, is_own
from zoo.tasks.inspect_samples import inspect_samples
from zoo.tasks.task import task_of
from zoo.tasks.verbs import heads_of, prepare, require_seed, weights_file

RANDOM = "random"
FREE = 64  # length of an axis that the model leaves open, for random numbers


def inspect(
    entry: str,
    *,
    weights: str | Path | None = None,
    data: str | None = None,
    rows: int = 256,
    seed: int = 0,
    data_options: Mapping[str, Any] | None = None,
) -> Inspection:
    """The ranges of all values, weights and gradients of an entry on `rows` samples.

    `weights` is a tag, a file or a run folder; None means fresh ones; a pretrained base gets fresh heads for `data`.
    `data` is a data set of the recipe (default: that of the training; of its validation split the first rows are
    taken), a file .npz with an array for each input, or "random": normal numbers and uniform tokens; `data_options` say
    how a file is read. Gradients are told where there
    are targets.
    """
    if rows < 1:
        raise ConfigError(f"An inspection needs at least one row; received {rows}.")
    require_seed(seed)
    if data == RANDOM or (data is not None and Path(data).suffix == ".npz"):
        model = create_model(entry, weights=weights)
        arrays = _random(model, rows, seed) if data == RANDOM else _read(Path(str(data)), model, rows)
        return inspect_model(model, arrays)
    if weights is None or task_of(entry).is_base(base_entry(entry, None).name, weights):
        if data is None:
            what = "fresh weights" if weights is None else f"a pretrained base, whose heads are fresh, as '{weights}'"
            raise ConfigError(f"Name the data for {what}: --data NAME, a file .npz, or '{RANDOM}'.")
        plan = prepare(entry, data, seed=seed, weights=weights, data_options=data_options)
        dataset, model, heads = plan.dataset, plan.build(), dict(plan.recipe.heads)
    else:
        trained = load_pipeline(weights_file(entry, weights))
        if trained.entry != entry:
            raise ConfigError(f"'{weights}' holds weights of {trained.entry}, not of {entry}.")
        dataset = dataset_of(trained, data, None if is_own(trained, data) else seed, data_options)
        model, heads = trained.model, heads_of(trained)
    samples = dataset.validation.take(np.arange(min(rows, len(dataset.validation))))
    decoded = replace(samples, inputs={name: values[:] for name, values in samples.inputs.items()})
    return inspect_samples(model, decoded, heads)


def _random(model: keras.Model, rows: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    for tensor in model.inputs:
        shape = (rows, *(FREE if size is None else size for size in tensor.shape[1:]))
        if keras.backend.is_int_dtype(tensor.dtype):
            arrays[tensor.name] = random.integers(0, _tokens(tensor), shape).astype(tensor.dtype)
        else:
            arrays[tensor.name] = random.normal(size=shape).astype(np.float32)
    return arrays


def _tokens(tensor: Any) -> int:
    """How many tokens the embedding knows that reads an input."""
    reading = (each for each in readers(tensor) if isinstance(each, keras.layers.Embedding))
    return min((each.input_dim for each in reading), default=2)


def _read(path: Path, model: keras.Model, rows: int) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name.removeprefix("input/"): stored[name][:rows] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"'{path}' cannot be read as arrays (.npz): {error}.") from error
    missing = [tensor.name for tensor in model.inputs if tensor.name not in arrays]
    if missing:
        raise DataError(f"'{path}' lacks the inputs {', '.join(missing)}; it holds {', '.join(arrays) or 'nothing'}.")
    for tensor in model.inputs:
        expected, given = tuple(tensor.shape[1:]), arrays[tensor.name].shape[1:]
        if len(expected) != len(given) or any(e not in (None, g) for e, g in zip(expected, given, strict=True)):
            raise DataError(f"Input '{tensor.name}' needs the shape (rows, {expected}); '{path}' holds {given}.")
    return {tensor.name: arrays[tensor.name] for tensor in model.inputs}
