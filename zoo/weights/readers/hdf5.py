"""HDF5 with care: no link is followed, no damaged attribute is trusted, no array is read before its shape is known."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from zoo.errors import WeightsError
from zoo.weights.memory import empty
from zoo.weights.readers.net import one_sentence
from zoo.weights.stored import StoredArray

MOST_EXPANSION = 100  # Keras, PyTorch and the zoo store numbers as they are; zeros shrink a thousandfold
SMALL = 2**20  # bytes that no file is asked to account for
MOST_NAMES = 100_000  # layers, or weights of a layer
KINDS = {h5py.h5g.GroupID: h5py.Group, h5py.h5d.DatasetID: h5py.Dataset}


@contextmanager
def opened_hdf5(path: Any, called: Path | str | None = None) -> Iterator[h5py.File]:
    """The file, opened for reading; whatever HDF5 says of a damaged file becomes one sentence."""
    with one_sentence(called or path), h5py.File(path, "r") as file:
        yield file


def plain_attribute(item: Any, name: str) -> Any:
    """A number or bytes of fixed length, else None: reading a damaged text of variable length can hang libhdf5."""
    if name not in item.attrs:
        return None
    attribute = item.attrs.get_id(name)
    plain = attribute.shape == () and attribute.dtype.kind in "iuS"
    return item.attrs[name] if plain else None


def text_attribute(item: Any, name: str) -> str | None:
    """One text, as Keras writes it; None without it."""
    if name not in item.attrs or item.attrs.get_id(name).shape not in ((), None):
        return None
    _require_text(item, name)
    value = item.attrs[name]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else None


def names_attribute(item: Any, name: str) -> list[str] | None:
    """A list of texts, cut into `name0`, `name1`, ... where it was too long for one attribute; None without it."""
    if name in item.attrs:
        return _names(item, name)
    found: list[str] = []
    number = 0
    while f"{name}{number}" in item.attrs:
        found += _names(item, f"{name}{number}")
        number += 1
    return found if number else None


def _require_text(item: Any, name: str) -> None:
    """A damaged type is a sequence of variable length to libhdf5, which then reads beyond the file's memory."""
    if item.attrs.get_id(name).get_type().get_class() != h5py.h5t.STRING:
        raise WeightsError(f"{item.file.filename} is damaged: its '{name}' is no text.")


def _names(item: Any, name: str) -> list[str]:
    number = math.prod(item.attrs.get_id(name).shape or (0,))
    if number > MOST_NAMES:
        raise WeightsError(f"{item.file.filename} claims more than {MOST_NAMES:,} names in one attribute.")
    if number == 0:  # written as an empty list of numbers
        return []
    _require_text(item, name)
    return [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in item.attrs[name]]


def plain_member(group: h5py.Group, name: str, path: Path | str) -> Any:
    """A member, unless it is a link that leads elsewhere: to another file of this machine, or in a circle."""
    key = name.encode("utf-8", "surrogateescape")
    links = group.id.links  # h5py's lower level: with its upper one, opening a large file takes twice as long
    if not links.exists(key) or links.get_info(key).type != h5py.h5l.TYPE_HARD:
        raise WeightsError(f"{path} has no '{name}' of its own, only a link or nothing: it is not read.")
    member = h5py.h5o.open(group.id, key)
    if h5py.h5o.get_info(member).rc != 1:
        raise WeightsError(f"{path} has several links to '{name}': it is not read.")
    return KINDS.get(type(member), h5py.Datatype)(member)


def members(group: h5py.Group, path: Path | str) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Address "a/b/c" -> every group below `group`, and every dataset of numbers that lies in this very file."""
    pending: list[tuple[str, h5py.Group]] = [("", group)]
    while pending:
        start, outer = pending.pop()
        for name in outer:
            address, member = start + name, plain_member(outer, name, path)
            if isinstance(member, h5py.Group):
                pending.append((f"{address}/", member))
                yield address, member
            else:
                yield address, plain_dataset(member, address, path)


def plain_dataset(item: Any, address: str, path: Path | str) -> h5py.Dataset:
    """`item`, unless it is anything but an array of numbers in this very file."""
    numbers = isinstance(item, h5py.Dataset) and (item.dtype.kind in "fiub" or _is_bfloat16(item))
    if not numbers or item.is_virtual or item.external:
        raise WeightsError(f"{path} holds something at {address} that is not an array of numbers.")
    return item


def stored_array(dataset: h5py.Dataset) -> StoredArray:
    """The dataset, to be read later."""
    return StoredArray(tuple(dataset.shape), lambda: _read(dataset))


def _is_bfloat16(dataset: Any) -> bool:
    return dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2 and text_attribute(dataset, "dtype") == "bfloat16"


def read_array(dataset: h5py.Dataset) -> np.ndarray:
    """The numbers as they are stored, in memory that the backends take as it is."""
    if not dataset.size:
        return dataset[()]
    require_backed(dataset)
    array = empty(dataset.shape, dataset.dtype)
    dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, array)
    return array


def require_backed(dataset: h5py.Dataset) -> None:
    """Raise where numbers are claimed that are not in the file: HDF5 makes them up when they are read."""
    size, held = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if size > SMALL and size > MOST_EXPANSION * held:
        raise WeightsError(
            f"{dataset.file.filename} claims {size:,} bytes for {dataset.name} and holds {held:,}: it is not read."
        )


def _read(dataset: h5py.Dataset) -> np.ndarray:
    array = read_array(dataset)
    return widened_bfloat16(array.view(np.uint16)) if array.dtype.kind == "V" else array


def widened_bfloat16(bits: np.ndarray) -> np.ndarray:
    """The upper halves of float32 numbers -> those numbers."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
