"""`.keras` archives: the weights alone. The model that they describe is never made, and code in it is never run."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py

from zoo.errors import WeightsError
from zoo.weights.readers import keras3
from zoo.weights.readers.hdf5 import MOST_EXPANSION, members, opened_hdf5, require_backed
from zoo.weights.readers.net import read_json
from zoo.weights.stored import StoredWeights, snake_case

WEIGHTS = "model.weights.h5"
CONFIG = "config.json"
LAYOUT = "a .keras archive"
LARGEST_CONFIG = 100 * 10**6  # bytes
ENCRYPTED = 1  # the first flag of a member; APPNOTE.TXT of the zip format, section 4.4.4
CODE = {"Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer", "function"}


def require_plain(held_members: list[zipfile.ZipInfo], path: Path | str) -> None:
    """Raise where little would unpack to very much, where members overlap, or are packed in a rare way or encrypted."""
    held = sum(member.compress_size for member in held_members)
    if held > Path(path).stat().st_size:
        raise WeightsError(f"{path} is a zip bomb: its members claim more bytes than the file has.")
    for member in held_members:
        if member.flag_bits & ENCRYPTED or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WeightsError(f"{path} holds '{member.filename}' encrypted, or neither stored nor deflated.")
        if member.file_size > 2**20 and member.file_size > MOST_EXPANSION * member.compress_size:
            raise WeightsError(
                f"{path} is a zip bomb: '{member.filename}' would unpack {member.compress_size:,} bytes to "
                f"{member.file_size:,}."
            )


@contextmanager
def opened(file: zipfile.ZipFile, path: str) -> Iterator[StoredWeights]:
    """The weights of a `.keras` archive that was checked by `require_plain`."""
    config = _config(file, path)
    code = sorted(CODE & set(_classes(config)))
    note = f"The file holds code ({', '.join(code)}) that was not run: its weights alone were read."
    content = io.BytesIO(file.read(WEIGHTS))
    with opened_hdf5(content, path) as hdf5:
        if not keras3.is_keras3(hdf5):
            raise WeightsError(f"{path} holds no weights of layers.")
        yield replace(keras3.read(hdf5, path, _names(config)), layout=LAYOUT, notes=(note,) if code else ())


def numbers_in(file: zipfile.ZipFile, path: str) -> int:
    """How many numbers the weights of an archive hold, every one of which is there. Raises `WeightsError`."""
    if WEIGHTS not in file.namelist():
        raise WeightsError(f"{path} holds no weights: it has no '{WEIGHTS}'.")
    with opened_hdf5(io.BytesIO(file.read(WEIGHTS)), path) as hdf5:
        arrays = [each for _, each in members(hdf5, path) if isinstance(each, h5py.Dataset)]
        for each in arrays:
            require_backed(each)
        return sum(each.size for each in arrays)


def _config(file: zipfile.ZipFile, path: str) -> Any:
    if CONFIG not in file.namelist() or file.getinfo(CONFIG).file_size > LARGEST_CONFIG:
        raise WeightsError(f"{path} is an archive without a readable '{CONFIG}'.")
    return read_json(file.read(CONFIG), path, f"its '{CONFIG}'")


def _classes(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if isinstance(value.get("class_name"), str):
                yield value["class_name"]
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def _names(config: Any, prefix: str = "") -> dict[str, str]:
    """Place in the file -> name, by Keras' rule: the class in snake case, numbered where it comes again."""
    names: dict[str, str] = {}
    seen: dict[str, int] = {}
    inner = config.get("config") if isinstance(config, Mapping) else None
    listed = inner.get("layers") if isinstance(inner, Mapping) else None
    for layer in listed if isinstance(listed, list) else []:
        if not isinstance(layer, Mapping) or not isinstance(layer.get("class_name"), str):
            continue
        word = snake_case(layer["class_name"])
        seen[word] = seen.get(word, -1) + 1
        place = f"{prefix}{word}" + (f"_{seen[word]}" if seen[word] else "")
        options = layer.get("config")
        name = options.get("name") if isinstance(options, Mapping) else None
        if isinstance(name, str):
            names[place] = name
        names |= _names(layer, f"{place}/")
    return names
