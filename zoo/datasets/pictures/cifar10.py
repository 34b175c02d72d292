"""CIFAR-10: 60,000 photos of ten things, 32x32 in colours. Krizhevsky 2009.

The official files are pickles. They are never unpickled: the labels are read from the list of their instructions, the
pixels from the bytes that follow them, and only where the MD5 of the file is the published one.
"""

import hashlib
import os
import pickletools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from zoo.artifacts import fetch, read_members
from zoo.artifacts.folders import download_folder
from zoo.datasets.pictures.build import Preprocessing, Size, table_of_arrays
from zoo.datasets.pictures.facts import THREADS
from zoo.datasets.table import Table
from zoo.errors import DataError, ZooError
from zoo.files import atomic_path

LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAINING = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
MD5 = {  # of the extracted files, as torchvision publishes them
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
SIZE = (3, 32, 32)
ROWS = 10_000  # pictures a file
VALIDATION = 2_000  # enough to see an epoch that goes wrong; every picture more to train on counts


def cifar10(
    *, size: Size = None, channels: int | None = None, preprocessing: Preprocessing = None, seed: int = 0
) -> Table:
    """The official 10,000 to test, 2,000 of the others at random to validate, 48,000 to train; target "label".

    `size` and `preprocessing` as in `PictureColumn.fit`.
    """
    batches = dict(_batches())
    train = tuple(np.concatenate([batches[name][part] for name in TRAINING]) for part in range(2))
    return table_of_arrays(
        "cifar10",
        (train[0], train[1]),
        batches[TEST],
        LABELS,
        validation=VALIDATION,
        seed=seed,
        card={"source": "Krizhevsky 2009, CIFAR-10", "licence": "research use"},
        options={"size": size, "channels": channels, "preprocessing": preprocessing},
    )


def _batches() -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Name of a file -> pictures (10,000, 32, 32, 3) and labels (10,000,)."""
    packed = Path(os.environ.get("ZOO_MIRROR", ""), "cifar10")
    if (packed / f"{TEST}.head").is_file():  # a mirror that holds the pictures packed
        files: Iterator[tuple[str, bytes]] = ((name, _kept(packed, name)) for name in MD5)
    else:
        files = ((name.rpartition("/")[2], content) for name, content in read_members(fetch("cifar10"), "_batch"))
        files = ((name, content) for name, content in files if name in MD5)
    for name, content in files:
        if not _is_official(name, content):
            raise DataError(f"'{name}' of CIFAR-10 is not the official file: its MD5 is another.")
        yield name, parsed(content)


def _kept(packed: Path, name: str) -> bytes:
    """The official file as it was unpacked before, or unpacked now and kept: that takes three times as long."""
    path = download_folder("data") / "cifar10" / name
    with suppress(OSError):
        content = path.read_bytes()
        if _is_official(name, content):
            return content
    content = _unpacked(packed, name)
    with suppress(OSError, ZooError):  # a folder that cannot be written to: unpacked again the next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    return content


def _is_official(name: str, content: bytes) -> bool:
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5[name]


def _unpacked(folder: Path, name: str) -> bytes:
    """The official file out of its head, its pictures and its tail."""
    from zoo.pictures.photos import Image

    def strip(path: Path) -> np.ndarray:
        return np.asarray(Image.open(path).convert("RGB"))

    with ThreadPoolExecutor(THREADS) as pool:  # decoding lets go of Python's lock
        strips = list(pool.map(strip, sorted(folder.glob(f"{name}.??.webp"))))
    pictures = np.concatenate(strips).reshape(-1, *SIZE[1:], SIZE[0]).transpose(0, 3, 1, 2)
    return (folder / f"{name}.head").read_bytes() + pictures.tobytes() + (folder / f"{name}.tail").read_bytes()


def parsed(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The pictures (n, 32, 32, 3) and labels (n,) of one pickle, whose instructions are listed and not followed."""
    labels: list[int] = []
    pixels, key = b"", ""
    for instruction, argument, _ in pickletools.genops(content):
        if isinstance(argument, str | bytes) and len(argument) == ROWS * int(np.prod(SIZE)):
            pixels = argument.encode("latin-1") if isinstance(argument, str) else argument
        elif isinstance(argument, str) and instruction.name.endswith(("STRING", "UNICODE")):
            key = str(argument)
        elif key == "labels" and instruction.name == "BININT1":  # what is counted elsewhere are sizes of the array
            labels.append(int(str(argument)))
    found = np.array(labels)
    if not pixels or len(found) != ROWS or found.max() >= len(LABELS):
        raise DataError("A file of CIFAR-10 does not hold 10,000 pictures with their labels.")
    return np.frombuffer(pixels, np.uint8).reshape(-1, *SIZE).transpose(0, 2, 3, 1), found
