"""Weights in several files, and a JSON object that lists them: Keras' `.weights.json`, Hugging Face's `.index.json`.

{"metadata": {...}, "weight_map": {"/layers/dense/vars": "name_00000.weights.h5"}}; a list of names where one layer is
in several. Every file lies beside the object.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import WeightsError
from zoo.weights.readers.net import printable, read_json
from zoo.weights.stored import StoredArray, StoredWeights

LARGEST = 64 * 2**20  # bytes of the object
MOST_FILES = 1000
MAP = "weight_map"


def is_list(start: bytes) -> bool:
    """Whether a file may be such an object: safetensors too may begin with this byte, but has zeros after it."""
    return start.lstrip()[:1] == b"{" and b"\0" not in start[:8]


@contextmanager
def opened(
    path: Path | str, open_file: Callable[[Path, Mapping[str, str]], AbstractContextManager[StoredWeights]]
) -> Iterator[StoredWeights]:
    """The layers of all files together, each of which `open_file(file, names)` opens.

    A layer may have its name in one of them and arrays in others: they are opened to learn all names, then to be read.
    """
    if Path(path).stat().st_size > LARGEST:
        raise WeightsError(f"{path} is no list of files with weights: it has more than {LARGEST:,} bytes.")
    content = read_json(Path(path).read_bytes(), path)
    listed = content.get(MAP) if isinstance(content, dict) else None
    if not isinstance(listed, dict) or not listed:
        raise WeightsError(f"{path} is JSON, but no list of files with weights: it has no '{MAP}'.")
    names: dict[str, str] = {}
    found = _files(listed, Path(path))
    for each in found:
        with open_file(each, {}) as stored:
            names |= stored.named
    with ExitStack() as stack:
        files = [stack.enter_context(open_file(file, names)) for file in found]
        yield _together(files, path)


def _files(listed: Mapping[str, Any], path: Path) -> list[Path]:
    names = []
    for each in listed.values():
        names += each if isinstance(each, list) else [each]
    known = list(dict.fromkeys(name if isinstance(name, str) else repr(name) for name in names))
    if len(known) > MOST_FILES:
        raise WeightsError(f"{path} lists {len(known):,} files; at most {MOST_FILES:,} are read.")
    for name in known:
        if not name or name in (".", "..") or set(name) & set("/\\:\0"):
            raise WeightsError(printable(f"{path} lists '{name}', which is no plain name of a file beside it."))
        if not (path.parent / name).is_file():
            raise WeightsError(printable(f"{path} lists '{name}', and there is no such file beside it."))
    return [path.parent / name for name in known]


def _together(files: list[StoredWeights], path: Path | str) -> StoredWeights:
    """One file's layers are another's too where their arrays were shared out."""
    layers: dict[str, dict[str, StoredArray]] = {}
    skipped: dict[str, str] = {}
    places: dict[str, str] = {}
    for file in files:
        for layer, role, array in file.arrays():
            if role in layers.setdefault(layer, {}):
                raise WeightsError(printable(f"{path}: two of its files hold {layer}/{role}."))
            layers[layer][role] = array
        skipped |= file.skipped
        places |= file.places
    nameless = any(file.nameless for file in files)
    layout = f"{files[0].layout}, in {len(files)} parts"
    return StoredWeights(str(path), layout, layers, skipped=skipped, nameless=nameless, places=places)
