"""Test-time augmentation: predictions averaged over several views of the same pictures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.pictures.matrices import scaling, translation
from zoo.pictures.sampling import warp

CHANNELS = (1, 3, 4)
STEP = 1 / 16  # of a side, by which a view is moved: 2 of 32 pixels, 14 of 224
NEARER = 8 / 9  # of a side, that is seen from nearer

# view -> sides by which the picture is multiplied (-1 mirrors), and shares of them by which it is moved
VIEWS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "plain": ((1, 1), (0, 0)),
    "flip": ((-1, 1), (0, 0)),
    "upside_down": ((1, -1), (0, 0)),
    "left": ((1, 1), (-STEP, 0)),
    "right": ((1, 1), (STEP, 0)),
    "up": ((1, 1), (0, -STEP)),
    "down": ((1, 1), (0, STEP)),
    "near": ((NEARER, NEARER), (0, 0)),
    "near_flip": ((-NEARER, NEARER), (0, 0)),
}
PLAIN = ("plain",)
SEVERAL: dict[str, tuple[str, ...]] = {
    "mirrored": ("plain", "flip"),
    "moved": ("plain", "left", "right", "up", "down"),
    "six": ("plain", "flip", "left", "right", "near", "near_flip"),
}


def is_pictures(values: np.ndarray) -> bool:
    """Whether an input is pictures (B, H, W, C) of 1, 3 or 4 channels."""
    numbers = values.dtype == np.uint8 or np.issubdtype(values.dtype, np.floating)
    return values.ndim == 4 and values.shape[-1] in CHANNELS and bool(numbers)


def require_views(views: Sequence[str] | str, inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the views. Raises a `ZooError` for another name, or where no input is pictures."""
    if isinstance(views, str):
        require_known("view of pictures", views, [*VIEWS, *SEVERAL])
        views = SEVERAL.get(views, (views,))
    if not views:
        raise ConfigError(f"Predictions need at least one view of the pictures: {', '.join(VIEWS)}.")
    for view in views:
        require_known("view of pictures", view, VIEWS)
    if tuple(views) != PLAIN and not any(is_pictures(values) for values in inputs.values()):
        raise ConfigError(
            f"The views {', '.join(views)} are of pictures, and no input is (n, height, width, channels)."
        )
    return tuple(views)


def view_of(pictures: np.ndarray, view: str) -> np.ndarray:
    """(B, H, W, C) -> the same pictures in one of `VIEWS`; what lies outside is reflected."""
    if view == "plain":
        return pictures
    (across, down), (x, y) = VIEWS[view]
    height, width = pictures.shape[1:3]
    count = np.ones(len(pictures))
    moves = translation(count * round(x * width), count * round(y * height))
    return warp(pictures, moves @ scaling(count * across, count * down))


def average_over_views(
    predict: Callable[[Any], Mapping[str, Any]], inputs: Mapping[str, np.ndarray], views: Sequence[str]
) -> dict[str, np.ndarray]:
    """The mean of `predict(inputs)` (output -> array) over the views, in float32; inputs that are no pictures stay."""
    found: dict[str, np.ndarray] = {}
    for view in views:
        seen = {name: view_of(each, view) if is_pictures(each) else each for name, each in inputs.items()}
        for name, values in predict(seen).items():
            share = np.asarray(values, dtype=np.float32) / np.float32(len(views))
            found[name] = found[name] + share if name in found else share
    return found
