"""`.npz` archives of numpy: an array for each name, "dense/kernel" or "dense.weight". No pickle in them is opened.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import format as npy

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import MOST_NAMES
from zoo.weights.stored import StoredArray, StoredWeights, by_name

SUFFIX = ".npy"
LONGEST_HEADER = 10_000  # bytes, as numpy itself allows


def is_npz(names: set[str]) -> bool:
    return bool(names) and all(name.endswith(SUFFIX) for name in names)


def read(file: zipfile.ZipFile, path: str) -> StoredWeights:
    """The arrays of an archive whose members were found plain; they can be read while it is open."""
    members = file.infolist()
    if len(members) > MOST_NAMES:
        raise WeightsError(f"{path} holds more than {MOST_NAMES:,} arrays.")
    arrays = {member.filename.removesuffix(SUFFIX): _array(file, member, path) for member in members}
    if all(name.startswith("arr_") for name in arrays):
        raise WeightsError(
            f"{path} holds arrays without names, {', '.join(list(arrays)[:3])}, ...: save them as "
            "np.savez(file, **{'layer/kernel': array})."
        )
    return StoredWeights(path, "a .npz file of numpy", by_name(arrays, path))


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> StoredArray:
    with file.open(member) as content:
        version = npy.read_magic(content)
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if header is None:
            raise WeightsError(f"{path} holds '{member.filename}' in version {version} of numpy's format.")
        shape, _, dtype = header(content, max_header_size=LONGEST_HEADER)
        start = content.tell()
    if dtype.kind not in "fiub" or dtype.hasobject:
        raise WeightsError(f"{path} holds '{member.filename}', which is no array of numbers: {dtype}.")
    if member.file_size - start != int(np.prod(shape, dtype=object)) * dtype.itemsize:
        raise WeightsError(f"{path} is damaged: '{member.filename}' of shape {shape} does not fit its place.")
    return StoredArray(tuple(shape), _reader(file, member))


def _reader(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], Any]:
    return lambda: npy.read_array(io.BytesIO(file.read(member)), allow_pickle=False)
