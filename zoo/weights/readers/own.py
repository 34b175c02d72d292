"""Our own files, written by `save_weights`: every array under its address, with a check sum."""

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import members, plain_attribute, plain_member, read_array, stored_array
from zoo.weights.readers.net import read_json
from zoo.weights.stored import OPENED_BY_KERAS, StoredArray, StoredWeights, by_layer

FORMAT = "keras-functional-zoo weights"
VERSION = 1
LARGEST_METADATA = 64 * 2**20  # bytes; a vocabulary of 50,000 words takes one million


def is_own(file: h5py.File) -> bool:
    return plain_attribute(file, "format") == FORMAT.encode()


def require_own(file: h5py.File, path: Path | str) -> None:
    """Raise unless the file is one of ours, of a version that is known here."""
    if not is_own(file):
        whole = f": {OPENED_BY_KERAS}" if "model_config" in file.attrs else ""
        raise WeightsError(f"{path} is an HDF5 file, but not one written by zoo.save_weights{whole}.")
    if plain_attribute(file, "version") != VERSION:
        raise WeightsError(f"{path} has version {plain_attribute(file, 'version')}; this zoo reads {VERSION}.")


def read(file: h5py.File, path: str) -> StoredWeights:
    require_own(file, path)
    items = members(plain_member(file, "layers", path), path)
    found = {address: item for address, item in items if isinstance(item, h5py.Dataset)}
    with_sums = any("crc32" in dataset.attrs for dataset in found.values())  # the first files had none
    arrays = {
        address: _checked(dataset, address, path) if with_sums else stored_array(dataset)
        for address, dataset in found.items()
    }
    graph = plain_attribute(file, "graph")
    return StoredWeights(
        path,
        "a file of zoo.save_weights",
        by_layer(arrays, path),
        own=True,
        metadata=metadata_of(file),
        graph=graph.decode("ascii", "replace") if isinstance(graph, bytes) else None,
    )


def check_sum(array: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def metadata_of(file: h5py.File) -> dict[str, Any]:
    """The JSON object that was saved with the weights."""
    data = plain_member(file, "metadata", file.filename)
    if not isinstance(data, h5py.Dataset) or data.dtype != np.uint8 or data.size > LARGEST_METADATA:
        raise WeightsError(f"{file.filename} does not say what it holds: its metadata is not a short text.")
    value = read_json(data[()].tobytes(), file.filename, "its metadata")
    if not isinstance(value, dict):
        raise WeightsError(f"The metadata of {file.filename} is not a JSON object.")
    return value


def _checked(dataset: h5py.Dataset, address: str, path: str) -> StoredArray:
    expected = plain_attribute(dataset, "crc32")

    def read() -> np.ndarray:
        if not isinstance(expected, np.integer):
            raise WeightsError(f"{path} is damaged: {address} has no check sum, though others have.")
        array = read_array(dataset)
        if check_sum(array) != expected:
            raise WeightsError(f"{path} is damaged: the numbers of {address} are not those that were saved.")
        return array

    return StoredArray(tuple(dataset.shape), read)
