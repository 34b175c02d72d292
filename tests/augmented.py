"""Small pictures, and what transforms make of them."""

import numpy as np

from zoo.training.augmentation.pictures import (
    PRESETS,
    TRANSFORMS,
)

NAMES = [*TRANSFORMS, *PRESETS]


def pictures(count=6, height=20, width=16, channels=3, dtype="uint8"):
    values = np.random.default_rng(1).integers(0, 256, (count, height, width, channels))
    return values.astype("uint8") if dtype == "uint8" else (values / 255.0).astype(dtype)


def smooth(height=24, width=24):
    y, x = np.mgrid[0:height, 0:width]
    return np.repeat((100 + 3 * x + 2 * y)[None, :, :, None], 3, axis=-1).astype("uint8")
