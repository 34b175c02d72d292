"""Training pictures at another size: small ones first train faster (Howard 2018, "Training Imagenet in 3 hours")."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from zoo.lazy_array import LazyArray
from zoo.samples import Samples


@dataclass(frozen=True)
class Resized:
    """Row number -> the picture (H, W, C) of that row with the longer side `size`, bilinear, antialiased."""

    pictures: Any
    height: int
    width: int

    def __call__(self, row: int) -> np.ndarray:
        picture = np.asarray(self.pictures[np.array([row])], dtype=np.float32)
        small = keras.ops.image.resize(picture, (self.height, self.width), antialias=True)
        return np.array(keras.ops.convert_to_numpy(small))[0]


def with_size(samples: Samples, size: int | None) -> Samples:
    """The samples with pictures (n, H, W, C) whose longer side is `size`, made when they are read."""
    ((name, pictures),) = samples.inputs.items() if size is not None else ((None, None),)
    if name is None or size == max(pictures.shape[1:3]):
        return samples
    share = size / max(pictures.shape[1:3])
    height, width = (max(round(side * share), 1) for side in pictures.shape[1:3])
    lazy = LazyArray(
        range(len(samples)),
        Resized(pictures, height, width),
        shape=(height, width, pictures.shape[3]),
        dtype="float32",
        fingerprint=f"{height}x{width} {_fingerprint(pictures)}",
    )
    return replace(samples, inputs={name: lazy})


def _fingerprint(pictures: Any) -> str:
    from hashlib import sha256

    if isinstance(pictures, LazyArray):
        return pictures.fingerprint
    return sha256(np.ascontiguousarray(pictures).tobytes()).hexdigest()
