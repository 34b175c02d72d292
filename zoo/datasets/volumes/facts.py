"""What is known of every volume of a data set before training: whether it can be read, its spacing, a hash."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from zoo.errors import DataError
from zoo.volumes import Crop

THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class VolumeFacts:
    """Of one volume. `content` is the same for files whose voxels are the same; `empty`: all voxels are one number."""

    spacing: tuple[float, float, float] | None
    orientation: str
    empty: bool
    content: str


def facts_of(volumes: Sequence[Any]) -> list[VolumeFacts | DataError]:
    """The facts of each file, in order; where it cannot be read, the error that says why."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(_facts, volumes))


def _facts(item: Any) -> VolumeFacts | DataError:
    from zoo.volumes.files import read_volume

    source, point = (item.source, item.point) if isinstance(item, Crop) else (item, None)
    try:
        volume = read_volume(source)
    except DataError as error:
        return error
    voxels = np.ascontiguousarray(volume.voxels)
    told = f"{voxels.shape} {voxels.dtype} {point}"
    empty = bool(voxels.min() == voxels.max())
    return VolumeFacts(volume.spacing, volume.orientation, empty, sha256(told.encode() + voxels.tobytes()).hexdigest())
