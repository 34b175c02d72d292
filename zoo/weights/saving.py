"""From a model to our own file.

File: HDF5, attributes `format`, `version` and `graph` (which graph the weights are of), a dataset for each address
under `layers` with its check sum, and `metadata`: the bytes of one JSON object, with the catalogue's "entry" and the
builder's "config" where the model comes from the catalogue.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numpy as np

from zoo.errors import WeightsError
from zoo.files import atomic_path
from zoo.weights.places import graph_version, places_of
from zoo.weights.readers import require_file
from zoo.weights.readers.hdf5 import opened_hdf5
from zoo.weights.readers.own import FORMAT, VERSION, check_sum, is_own, metadata_of, require_own

if TYPE_CHECKING:
    import keras


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
    arrays = {address: _stored(address, place.variable, dtype) for address, place in places_of(model).items()}
    try:
        text = json.dumps(dict(metadata or {}), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"The metadata of weights must be plain JSON values: {error}.") from error
    with atomic_path(path) as scratch, h5py.File(scratch, "w") as file:
        file.attrs["format"] = np.bytes_(FORMAT)  # of fixed length: a damaged text of variable length can hang
        file.attrs["version"] = VERSION
        file.attrs["graph"] = np.bytes_(graph_version(model))
        file.create_dataset("metadata", data=np.frombuffer(text.encode(), dtype=np.uint8))
        layers = file.create_group("layers")
        for address, array in arrays.items():
            layers.create_dataset(address, data=array).attrs["crc32"] = np.uint32(check_sum(array))


def read_metadata(path: Path | str) -> dict[str, Any]:
    """The JSON object that was saved with the weights."""
    require_file(path)
    if not h5py.is_hdf5(path):
        raise WeightsError(f"{path} is not an HDF5 file: metadata are in files written by zoo.save_weights.")
    with opened_hdf5(path) as file:
        require_own(file, path)
        return metadata_of(file)


def metadata_if_ours(path: Path | str) -> dict[str, Any]:
    """The metadata of a file of `save_weights`; nothing for a file of any other kind."""
    if not os.path.isfile(path) or not h5py.is_hdf5(path):
        return {}
    with opened_hdf5(path) as file:
        return metadata_of(file) if is_own(file) else {}


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
