"""MNIST: 70,000 handwritten digits, 28x28 grey. LeCun et al. 1998."""

import gzip

import numpy as np

from zoo.artifacts import fetch
from zoo.datasets.pictures.build import Preprocessing, Size, table_of_arrays
from zoo.datasets.table import Table
from zoo.errors import DataError

IMAGES, LABELS = 2051, 2049  # the first number of an IDX file, which says what it holds
VALIDATION = 5_000  # of the 60,000 to train on


def mnist(
    *, size: Size = None, channels: int | None = None, preprocessing: Preprocessing = None, seed: int = 0
) -> Table:
    """The official 10,000 to test, 5,000 of the others at random to validate, 55,000 to train; target "label"."""
    train, test = (
        (read_idx(f"mnist.{part}-images", IMAGES), read_idx(f"mnist.{part}-labels", LABELS))
        for part in ("train", "test")
    )
    return table_of_arrays(
        "mnist",
        train,
        test,
        [str(digit) for digit in range(10)],
        validation=VALIDATION,
        seed=seed,
        options={"size": size, "channels": channels, "preprocessing": preprocessing},
        card={"source": "LeCun et al. 1998, MNIST", "licence": "CC BY-SA 3.0"},
    )


def read_idx(artifact: str, magic: int) -> np.ndarray:
    """The unsigned bytes of an IDX file: labels (n,), images (n, 28, 28)."""
    content = gzip.decompress(fetch(artifact).read_bytes())
    found = int.from_bytes(content[:4], "big")
    if found != magic:
        raise DataError(f"'{artifact}' is no IDX file of the kind {magic}: it begins with {found}.")
    sizes = np.frombuffer(content, ">u4", count=magic % 256, offset=4).astype(int)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)
