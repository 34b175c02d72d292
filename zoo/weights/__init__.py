"""Weights between a model and a file, by layer name and role of the variable.

Both loaders of Keras match by position, so that two layers which changed places load without an error and answer
wrongly. Here every variable has an address, `layer/role` (`encoder_conv1/kernel`; `inner_model/layer/role` inside a
nested model), and a file is loaded whole or not at all.

File: HDF5, attributes `format` and `version`, a dataset for each address under `layers`, and `metadata`: the bytes of
one JSON object, with the catalogue's "entry" and the builder's "config" where the model comes from the catalogue.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numpy as np

from zoo.errors import UnknownNameError, WeightsError, ZooError
from zoo.files import atomic_path

if TYPE_CHECKING:
    import keras

FORMAT = "keras-functional-zoo weights"
VERSION = 1
LARGEST_METADATA = 64 * 2**20  # bytes; a vocabulary of 50,000 words takes one million


@dataclass(frozen=True)
class LoadReport:
    """Addresses: read from the file, left as they were in the model, and left aside in the file."""

    matched: tuple[str, ...]
    reinitialised: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def save_weights(
    model: "keras.Model",
    path: Path | str,
    *,
    metadata: Mapping[str, Any] | None = None,
    dtype: Literal["float16"] | None = None,
) -> None:
    """Write every weight of `model` to `path`. `dtype="float16"` halves the file, to about three digits.

    `metadata` is any JSON object; {"entry": ..., "config": ...} lets `create_model` make the model again.
    """
    arrays = {address: _stored(address, variable, dtype) for address, variable in _addresses(model).items()}
    try:
        text = json.dumps(dict(metadata or {}), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"The metadata of weights must be plain JSON values: {error}.") from error
    with atomic_path(path) as scratch, h5py.File(scratch, "w") as file:
        file.attrs["format"] = np.bytes_(FORMAT)  # of fixed length: see _attribute
        file.attrs["version"] = VERSION
        file.create_dataset("metadata", data=np.frombuffer(text.encode(), dtype=np.uint8))
        layers = file.create_group("layers")
        for address, array in arrays.items():
            layers.create_dataset(address, data=array)


def load_weights(model: "keras.Model", path: Path | str, *, reinitialise: Collection[str] = ()) -> LoadReport:
    """Read every weight of `model` from a file of `save_weights`.

    Layers named in `reinitialise` (of the model or of the file) are left out. Raises `WeightsError`, and leaves the
    model as it was, unless every other address of the model and of the file matches, shape for shape.
    """
    variables = _addresses(model)
    with _opened(path) as file:
        stored = dict(_datasets(file, path))
        _require_layers(reinitialise, [*variables, *stored])
        wanted = {address for address in variables if not _in_layers(address, reinitialise)}
        offered = {address for address in stored if not _in_layers(address, reinitialise)}
        _require_same(wanted, offered, path)
        for address in sorted(wanted):
            if tuple(stored[address].shape) != tuple(variables[address].shape):
                raise WeightsError(_shapes_differ(address, stored[address], variables[address], path, _metadata(file)))
        arrays = {address: stored[address][()] for address in variables if address in wanted}
    for address, array in arrays.items():
        if not np.isfinite(array).all():
            raise WeightsError(f"{address} in {path} holds NaN or infinite numbers.")
    for address, array in arrays.items():
        variables[address].assign(array)
    return LoadReport(
        tuple(arrays),
        tuple(address for address in variables if address not in wanted),
        tuple(address for address in stored if address not in offered),
    )


def read_metadata(path: Path | str) -> dict[str, Any]:
    """The JSON object that was saved with the weights."""
    with _opened(path) as file:
        return _metadata(file)


def _addresses(model: "keras.Model", prefix: str = "") -> dict[str, Any]:
    """Address -> variable, nested models included."""
    found: dict[str, Any] = {}
    for layer in model.layers:
        inner = hasattr(layer, "layers")
        place = f"{prefix}{layer.name}/"
        named = _addresses(layer, place) if inner else {place + _role(layer, v): v for v in layer.weights}
        if found.keys() & named.keys() or (not inner and len(named) < len(layer.weights)):
            raise WeightsError(f"Two weights of the model have the same address in the layer '{prefix}{layer.name}'.")
        found |= named
    return found


def _role(layer: Any, variable: Any) -> str:
    """`kernel`, or `lstm_cell/kernel` for a variable of a layer inside the layer."""
    parts = variable.path.split("/")
    return "/".join(parts[parts.index(layer.name) + 1 :]) if layer.name in parts[:-1] else variable.path


def _stored(address: str, variable: Any, dtype: str | None) -> np.ndarray:
    if dtype not in (None, "float16"):
        raise WeightsError(f"Weights are stored as they are (None) or as 'float16'; received dtype={dtype!r}.")
    array = np.asarray(variable.numpy() if variable.dtype != "bfloat16" else variable.numpy().astype("float32"))
    if dtype and array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    if not np.isfinite(array).all():
        raise WeightsError(f"{address} holds numbers that are NaN, infinite or too large for {dtype or array.dtype}.")
    return array


@contextmanager
def _opened(path: Path | str) -> Iterator[h5py.File]:
    """The file, opened for reading; whatever HDF5 says of a damaged file becomes one sentence."""
    if not Path(path).is_file():
        raise WeightsError(f"There is no file of weights at {path}.")
    if not h5py.is_hdf5(path):
        raise WeightsError(f"{path} is not an HDF5 file: weights are files written by zoo.save_weights.")
    try:
        with h5py.File(path, "r") as file:
            if _attribute(file, "format") != FORMAT.encode():
                raise WeightsError(f"{path} is an HDF5 file, but not one written by zoo.save_weights.")
            if _attribute(file, "version") != VERSION:
                raise WeightsError(f"{path} has version {_attribute(file, 'version')}; this zoo reads {VERSION}.")
            yield file
    except ZooError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is damaged or cut short: {error}.") from error


def _attribute(file: h5py.File, name: str) -> Any:
    """A number or bytes of fixed length, else None: reading a damaged text of variable length can hang libhdf5."""
    if name not in file.attrs:
        return None
    attribute = file.attrs.get_id(name)
    plain = attribute.shape == () and attribute.dtype.kind in "iuS"
    return file.attrs[name] if plain else None


def _metadata(file: h5py.File) -> dict[str, Any]:
    data = _plain_member(file, "metadata", file.filename)
    if not isinstance(data, h5py.Dataset) or data.dtype != np.uint8 or data.size > LARGEST_METADATA:
        raise WeightsError(f"{file.filename} does not say what it holds: its metadata is not a short text.")
    value = json.loads(data[()].tobytes())
    if not isinstance(value, dict):
        raise WeightsError(f"The metadata of {file.filename} is not a JSON object.")
    return value


def _datasets(file: h5py.File, path: Path | str) -> Iterator[tuple[str, h5py.Dataset]]:
    """Address -> dataset of numbers that lies in this very file."""
    pending = [("", _plain_member(file, "layers", path))]
    while pending:
        address, item = pending.pop()
        if isinstance(item, h5py.Group):
            prefix = f"{address}/" if address else ""
            pending += [(prefix + name, _plain_member(item, name, path)) for name in item]
        elif isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub" and not item.is_virtual and not item.external:
            yield address, item
        else:
            raise WeightsError(f"{path} holds something at {address} that is not an array of numbers.")


def _plain_member(group: h5py.Group, name: str, path: Path | str) -> Any:
    """A member, unless it is a link that leads elsewhere: to another file of this machine, or in a circle."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise WeightsError(f"{path} has no '{name}' of its own, only a link or nothing: it is not read.")
    member = group[name]
    if h5py.h5o.get_info(member.id).rc != 1:
        raise WeightsError(f"{path} has several links to '{name}': it is not read.")
    return member


def _in_layers(address: str, layers: Collection[str]) -> bool:
    return any(address.startswith(f"{layer}/") for layer in layers)


def _require_layers(names: Collection[str], addresses: list[str]) -> None:
    for name in names:
        if not any(_in_layers(address, [name]) for address in addresses):
            raise UnknownNameError("layer", name, {address.rpartition("/")[0] for address in addresses})


def _require_same(wanted: set[str], offered: set[str], path: Path | str) -> None:
    missing, unknown = sorted(wanted - offered), sorted(offered - wanted)
    if not missing and not unknown:
        return
    if not wanted & offered:
        raise WeightsError(f"{path} holds the weights of another model: they have no address in common.")
    parts = []
    if missing:
        parts.append(f"{_some(missing)} of the model not in the file")
    if unknown:
        parts.append(f"{_some(unknown)} of the file not in the model")
    raise WeightsError(f"{path} does not fit the model: {'; '.join(parts)}.")


def _some(addresses: list[str]) -> str:
    shown = ", ".join(addresses[:4])
    return shown if len(addresses) <= 4 else f"{shown} and {len(addresses) - 4} more"


def _shapes_differ(
    address: str, stored: h5py.Dataset, variable: Any, path: Path | str, metadata: Mapping[str, Any]
) -> str:
    """The sentence for two shapes, with the options that explain the file's where its metadata holds them."""
    ours, theirs = tuple(variable.shape), tuple(stored.shape)
    sizes = {there for there, here in zip(theirs, ours, strict=False) if there != here}
    config = metadata.get("config")
    options = config.items() if isinstance(config, dict) else ()
    made_for = [f"{key}={value}" for key, value in options if type(value) is int and value in sizes]
    reason = f": the file was made for {', '.join(made_for)}" if made_for else ""
    return f"{address} is {theirs} in {path} but {ours} in the model{reason}."
