"""Files of weights in every layout that the zoo reads, recognised by their content, never by their name."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py

from zoo.errors import WeightsError
from zoo.weights.readers import archive, keras3, legacy, npz, own, pytorch, safetensors, shards
from zoo.weights.readers.hdf5 import opened_hdf5
from zoo.weights.readers.net import one_sentence, printable
from zoo.weights.stored import StoredWeights

PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))


@contextmanager
def opened(path: Path | str) -> Iterator[StoredWeights]:
    """The file's layers and roles; the arrays can be read until the block ends. `WeightsError` for what is no file of
    weights, or a damaged one."""
    require_file(path)
    with one_sentence(path), _opened(path) as stored:
        yield stored


def require_file(path: Path | str) -> None:
    """Raise unless there is a file at `path`."""
    if not isinstance(path, str | os.PathLike):
        raise WeightsError(printable(f"A file of weights is given by its path; received {path!r}."))
    if not os.path.isfile(path):  # which takes any text, as Path.is_file does not
        raise WeightsError(printable(f"There is no file of weights at {path}."))


@contextmanager
def _opened(path: Path | str, names: Mapping[str, str] | None = None) -> Iterator[StoredWeights]:
    with open(path, "rb") as file:
        start = file.read(16)
    if h5py.is_hdf5(path):
        with opened_hdf5(path) as hdf5:
            yield _of_hdf5(hdf5, str(path), names)
    elif start.startswith(b"PK"):
        with _opened_zip(path) as stored:
            yield stored
    elif start.startswith(pytorch.OLD_FORMAT):
        yield pytorch.read(path)
    elif start.startswith(PICKLES):
        raise WeightsError(f"{path} is a Python pickle, which can run any program when it is opened: it is not read.")
    elif shards.is_list(start):
        with shards.opened(path, _one_of_several) as stored:
            yield stored
    elif start[8:9] == b"{":
        with safetensors.opened(path) as stored:
            yield stored
    else:
        raise WeightsError(
            f"{path} is not an HDF5 file, nor safetensors, a PyTorch file, a .keras or .npz archive or a list of "
            "shards: it holds no weights in any layout that the zoo reads."
        )


@contextmanager
def _one_of_several(path: Path, names: Mapping[str, str]) -> Iterator[StoredWeights]:
    """One of the files of a list, which is no list itself; `names` are those of places that another one holds."""
    with open(path, "rb") as file:
        if shards.is_list(file.read(16)):
            raise WeightsError(f"{path} is itself a list of files with weights.")
    with one_sentence(path), _opened(path, names) as stored:
        yield stored


def _of_hdf5(file: h5py.File, path: str, names: Mapping[str, str] | None) -> StoredWeights:
    """HDF5 files come in three layouts."""
    if own.is_own(file):
        return own.read(file, path)
    group = legacy.root_of(file)
    if group is not None:
        return legacy.read(group, path)
    if keras3.is_keras3(file):
        return keras3.read(file, path, names)
    raise WeightsError(f"{path} is an HDF5 file, but not one written by zoo.save_weights or by Keras.")


@contextmanager
def _opened_zip(path: Path | str) -> Iterator[StoredWeights]:
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
        archive.require_plain(members, path)
        names = {member.filename for member in members}
        if archive.WEIGHTS in names:
            with archive.opened(file, str(path)) as stored:
                yield stored
            return
        if npz.is_npz(names):
            yield npz.read(file, str(path))
            return
        if not any(name.endswith("/data.pkl") for name in names):
            raise WeightsError(f"{path} is a zip archive, but neither a .keras model nor a PyTorch file, nor numpy's.")
        if damaged := file.testzip():  # PyTorch does not look at the check sums
            raise WeightsError(f"{path} is damaged: '{damaged}' does not have its check sum.")
    yield pytorch.read(path)
