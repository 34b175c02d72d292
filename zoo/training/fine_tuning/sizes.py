"""Training pictures at another size: small ones first train faster (Howard 2018, "Training Imagenet in 3 hours")."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from zoo.lazy_array import LazyArray
from zoo.samples import Samples
from zoo.training.runs.run_folder import rows_fingerprint


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
    if size is None:
        return samples
    ((name, given),) = samples.inputs.items()
    pictures: Any = given
    height, width = (max(round(side * size / max(pictures.shape[1:3])), 1) for side in pictures.shape[1:3])
    if (height, width) == tuple(pictures.shape[1:3]):
        return samples
    lazy: Any = LazyArray(
        range(len(samples)),
        Resized(pictures, height, width),
        shape=(height, width, pictures.shape[3]),
        dtype="float32",
        fingerprint=f"{height}x{width} {rows_fingerprint(pictures)}",
    )
    return replace(samples, inputs={name: lazy})
