"""What frozen layers give for each row, computed once and kept on disk, so that the layers above train in seconds.

Invariant: a file has its final name only when all of its rows are on disk, and its name is a hash of all that its
values depend on: the frozen layers, their weights, the rows, the backend.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from inspect import getsource, signature
from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.errors import UnwritableError
from zoo.files import atomic_path
from zoo.keras_internals.graph import input_names
from zoo.samples import Samples
from zoo.training.fine_tuning.freezing import norms_in
from zoo.training.fine_tuning.network import Call, Network, is_norm
from zoo.training.runs.run_folder import rows_fingerprint

FORMAT = 1
FOLDER = "ZOO_FEATURES"  # of the environment
APPLICATION = "keras-functional-zoo"
BATCH = 32  # rows that are computed together
# These give the same in training, unless one of their settings `CHANGING` is not 0.
IDLE = (layers.Dropout, layers.GRU, layers.LSTM, layers.SimpleRNN, layers.MultiHeadAttention)
CHANGING = ("rate", "dropout", "recurrent_dropout", "stateful")
IN_MEMORY = 2**28  # bytes of a file that is read as a whole


@dataclass(frozen=True)
class Split:
    """A model in two: `lower` gives, by name, what `upper` takes, beside some of the model's own inputs.

    key  a hash of the lower part: its layers, their settings and weights.
    """

    lower: keras.Model
    upper: keras.Model
    key: str


@dataclass(frozen=True)
class Shape:
    """Of an array on disk."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def bytes(self) -> int:
        return prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Features:
    """The samples as the upper part takes them, and the bytes that stand on disk for them."""

    splits: tuple[Samples, ...]
    size: int


def features_folder() -> Path:
    """Where features are kept: the folder of the environment's ZOO_FEATURES, else one in the user's cache."""
    given = os.environ.get(FOLDER)
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs  # where it is needed, so that training starts fast

    return Path(platformdirs.user_cache_dir(APPLICATION, appauthor=False)) / "features"


def split(network: Network) -> Split | None:
    """Cut a model where its layers begin to change in training; None where nothing with weights stands still."""
    still: set[int] = set(network.inputs)
    fixed: list[Call] = []
    for call in network.calls:
        if still.issuperset(call.inputs) and stands_still(call.layer):
            fixed.append(call)
            still.update(call.outputs)
    if not any(call.has_weights for call in fixed) or still & set(network.outputs):
        return None
    chosen = {id(call) for call in fixed}
    rest = [call for call in network.calls if id(call) not in chosen]
    read = {key for call in rest for key in call.inputs}
    boundary = {key: call for call in fixed for key in call.outputs if key in read}
    fixed = network.before(boundary)
    key = _key(fixed)
    if key is None:
        return None
    own = dict(zip(network.inputs, input_names(network.model), strict=True))
    needed = {key for call in fixed for key in call.inputs}
    lower_inputs = [key for key in network.inputs if key in needed]
    kept = [key for key in network.inputs if key in read]
    names = _names(boundary, {own[each] for each in kept} | {call.layer.name for call in rest})
    outputs = keras.tree.flatten({name: name for name in network.model.output})
    lower = network.part(
        fixed, lower_inputs, {name: key for key, name in names.items()}, [own[each] for each in lower_inputs]
    )
    ends = dict(zip(outputs, network.outputs, strict=True))
    upper = network.part(rest, [*names, *kept], ends, [*names.values(), *(own[each] for each in kept)])
    return Split(lower, upper, key)


def stands_still(layer: Any) -> bool:
    """Whether a layer gives the same for the same rows all through a training, and tells nothing beside it."""
    if not isinstance(layer, keras.Layer):
        return True
    masks = isinstance(layer, layers.Masking) or getattr(layer, "mask_zero", False)
    if layer.trainable_variables or any(norm.trainable for norm in norms_in(layer)) or masks:
        return False
    if getattr(layer, "activity_regularizer", None) is not None:
        return False
    idle = type(layer) in IDLE and not any(getattr(layer, each, None) for each in CHANGING)
    return is_norm(layer) or idle or "training" not in signature(layer.call).parameters


def cached(parts: Split, splits: Sequence[Samples], budget: int) -> Features | str:
    """The samples with features in the place of what the lower part reads; or why they are not kept.

    budget  bytes of all files of features; the ones that were not used for the longest time make room.
    """
    names = [tensor.name for tensor in parts.lower.inputs]
    keys = [_data_key(parts.key, each, names) for each in splits]
    shapes = [_shapes(parts.lower, each, names) for each in splits]
    need = sum(shape.bytes for each in shapes for shape in each.values())
    folder = features_folder()
    try:
        if why := _no_room(folder, need, budget, keys):
            return why
        found = tuple(
            _features(parts, each, names, shape, folder / key, batch_of([len(each) for each in splits]))
            for each, key, shape in zip(splits, keys, shapes, strict=True)
        )
    except (UnwritableError, OSError) as error:
        return f"features cannot be kept in '{folder}': {error}"
    return Features(found, need)


def rows_that_fit(parts: Split, train: Samples, validation: Samples, budget: int) -> int:
    """How many training rows can have features beside those of the validation rows, in so many bytes."""
    names = [tensor.name for tensor in parts.lower.inputs]
    first, second = (
        sum(shape.bytes for shape in _shapes(parts.lower, each, names).values()) for each in (train, validation)
    )
    return max(budget - second, 0) * len(train) // first


def _data_key(key: str, samples: Samples, names: Sequence[str]) -> str:
    rows = [f"{name} {rows_fingerprint(samples.inputs[name])}" for name in names]
    return sha256("\n".join([key, *rows]).encode()).hexdigest()[:32]


def batch_of(rows: Sequence[int]) -> int:
    """Rows that are computed together: one number for all splits, so that one function is compiled, and few are padded.

    >>> batch_of([185, 74]), batch_of([6400, 640])
    (19, 32)
    """
    return min(range(BATCH, BATCH // 2, -1), key=lambda size: sum(-(-each // size) * size for each in rows))


def _features(
    parts: Split, samples: Samples, names: Sequence[str], shapes: Mapping[str, Shape], stem: Path, size: int
) -> Samples:
    files = {name: stem.with_name(f"{stem.name}_{place}.npy") for place, name in enumerate(shapes)}
    if all(_is_whole(file, shapes[name]) for name, file in files.items()):
        for file in files.values():
            os.utime(file)  # used now
    else:
        _compute(parts.lower, samples, names, shapes, files, size)
    arrays = {
        name: np.load(file, mmap_mode="r" if shapes[name].bytes > IN_MEMORY else None) for name, file in files.items()
    }
    kept = {tensor.name for tensor in parts.upper.inputs}
    rest = {name: values for name, values in samples.inputs.items() if name in kept}
    return replace(samples, inputs={**arrays, **rest})


def _compute(
    lower: keras.Model,
    samples: Samples,
    names: Sequence[str],
    shapes: Mapping[str, Shape],
    files: Mapping[str, Path],
    size: int,
) -> None:
    """Write what the lower part gives for every row, in batches of `size`."""
    with ExitStack() as stack:
        arrays = {}
        for name, file in files.items():
            scratch = stack.enter_context(atomic_path(file))
            whole = shapes[name]
            arrays[name] = np.lib.format.open_memmap(scratch, mode="w+", dtype=whole.dtype, shape=whole.shape)
        for start in range(0, len(samples), size):
            rows = np.arange(start, start + size) % len(samples)
            found = lower.predict_on_batch({name: samples.inputs[name][rows] for name in names})
            for name, values in found.items():
                arrays[name][start : start + size] = _plain(np.asarray(values))[: len(samples) - start]
        for values in arrays.values():
            values.flush()


def _plain(values: np.ndarray) -> np.ndarray:
    """bfloat16, which a file of numpy's does not name, as the float32 that holds it exactly."""
    return values.astype(np.float32) if str(values.dtype) == "bfloat16" else values


def _shapes(lower: keras.Model, samples: Samples, names: Sequence[str]) -> dict[str, Shape]:
    """The features of all rows, by name, without computing them."""
    given = [
        keras.KerasTensor((1, *samples.inputs[name].shape[1:]), tensor.dtype, name=name)
        for name, tensor in zip(names, lower.inputs, strict=True)
    ]
    found = lower.compute_output_spec(given)
    types = {name: "float32" if spec.dtype == "bfloat16" else spec.dtype for name, spec in found.items()}
    return {name: Shape((len(samples), *spec.shape[1:]), types[name]) for name, spec in found.items()}


def _is_whole(file: Path, shape: Shape) -> bool:
    try:
        values = np.load(file, mmap_mode="r")
    except (ValueError, OSError):
        return False
    return values.shape == shape.shape and values.dtype == np.dtype(shape.dtype)


def _no_room(folder: Path, need: int, budget: int, keys: Sequence[str]) -> str:
    """Remove old files until there is room for so many bytes; else why there is none."""
    if need > budget:
        return f"features would take {told_bytes(need)}, more than 'cache_gib' allows ({told_bytes(budget)})"
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(folder.glob("*.npy"), key=lambda file: file.stat().st_mtime)
    others = [file for file in files if not file.name.startswith(tuple(keys))]
    total = sum(file.stat().st_size for file in others)
    for file in others:
        if total + need <= budget:
            break
        total -= file.stat().st_size
        file.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    have = sum(file.stat().st_size for file in files if file.name.startswith(tuple(keys)))
    return f"the disk of '{folder}' has {told_bytes(free)} left" if need - have > free else ""


def told_bytes(size: int) -> str:
    """As people read it.

    >>> told_bytes(1536), told_bytes(3 * 2**30)
    ('1.5 KiB', '3.0 GiB')
    """
    value, unit = float(size), 0
    while value >= 1024 and unit < 4:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[unit]}"


def _key(calls: Sequence[Call]) -> str | None:
    """A hash of layers, their settings and weights, and how they hang together; None where one does not tell."""
    digest = sha256(f"{FORMAT} {keras.backend.backend()} {keras.__version__}".encode())
    places: dict[int, int] = {}
    for call in calls:
        try:
            config = {name: value for name, value in call.layer.get_config().items() if name != "name"}
            settings = json.dumps(config, sort_keys=True, default=_typed) + _source(call.layer)
        except (NotImplementedError, TypeError, ValueError, OSError):
            return None
        inputs = [places.setdefault(key, len(places)) for key in call.inputs]
        outputs = [places.setdefault(key, len(places)) for key in call.outputs]
        others = keras.tree.map_structure(_without_tensors, (call.made.args, dict(call.made.kwargs)))
        digest.update(f"{type(call.layer).__name__} {settings} {inputs} {outputs} {others}".encode())
        for variable in getattr(call.layer, "weights", ()):  # not the states of random numbers
            values = np.ascontiguousarray(_plain(keras.ops.convert_to_numpy(variable)))
            digest.update(f"{variable.name} {values.dtype} {values.shape}".encode() + values.tobytes())
    return digest.hexdigest()


def _source(layer: Any) -> str:
    """The text of a class that is not Keras' own: its settings alone do not tell what it computes."""
    if isinstance(layer, layers.Lambda):
        raise TypeError  # a function of the user's, of which Keras may know the name alone
    kind = type(layer)
    return "" if kind.__module__.partition(".")[0] == "keras" else getsource(kind)


def _typed(value: Any) -> str:
    if callable(value) or type(value).__repr__ is object.__repr__:
        raise TypeError  # a name or an address tells nothing of what it does
    return repr(value)


def _without_tensors(value: Any) -> Any:
    return None if isinstance(value, keras.KerasTensor) else repr(value)


def _names(boundary: Mapping[int, Call], taken: set[str]) -> dict[int, str]:
    """A name for each tensor: that of its layer, counted where several have one."""
    found: dict[int, str] = {}
    for key, call in boundary.items():
        base = name = call.layer.name
        number = 1
        while name in taken | set(found.values()):
            number += 1
            name = f"{base}_{number}"
        found[key] = name
    return found
