"""Test-time augmentation: predictions averaged over several views of the same pictures or volumes."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.pictures.matrices import scaling, translation
from zoo.pictures.sampling import warp
from zoo.samples import MAPS

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
AXES = ("depth", "height", "width")  # of one volume; 1, 2, 3 of a batch (B, D, H, W, 1)
VOLUME_VIEWS: dict[str, tuple[int, ...]] = {  # view -> axes of the batch along which volumes are mirrored
    "_".join(["flip", *(AXES[place] for place in places)]) if places else "plain": tuple(1 + each for each in places)
    for count in range(4)
    for places in combinations(range(3), count)
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


def is_volumes(values: Any) -> bool:
    """Whether an input is volumes (B, D, H, W, 1)."""
    return values.ndim == 5 and values.shape[-1] == 1 and values.dtype.kind in "iuf"


def require_views(views: Sequence[str] | str, inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the views; of volumes alone "mirrored" are all eight of `VOLUME_VIEWS`.

    Raises a `ZooError` for another name, or where no input is pictures or volumes.
    """
    pictures, volumes = (any(map(kind, inputs.values())) for kind in (is_pictures, is_volumes))
    known = [*(VIEWS if pictures or not volumes else ()), *(VOLUME_VIEWS if volumes else ())]
    several = SEVERAL if pictures or not volumes else {"mirrored": tuple(VOLUME_VIEWS)}
    what = " and ".join(name for name, some in (("pictures", pictures), ("volumes", volumes)) if some) or "pictures"
    if isinstance(views, str):
        require_known(f"view of {what}", views, dict.fromkeys([*known, *several]))
        views = several.get(views, (views,))
    if not views:
        raise ConfigError(f"Predictions need at least one view of the {what}: {', '.join(dict.fromkeys(known))}.")
    for view in views:
        require_known(f"view of {what}", view, dict.fromkeys(known))
    if tuple(views) != PLAIN and not (pictures or volumes):
        raise ConfigError(
            f"The views {', '.join(views)} are of pictures or volumes, and no input is (n, height, width, channels) "
            "or (n, depth, height, width, 1)."
        )
    return tuple(views)


def refuse_views_of_maps(views: Sequence[str], kinds: Mapping[str, str]) -> None:
    """Raise `ConfigError` for several views where an output (name -> kind) has a value for each place: those of views
    lie elsewhere, and their mean would be of different places."""
    maps = [name for name, kind in kinds.items() if kind in MAPS]
    if maps and tuple(views) != PLAIN:
        raise ConfigError(
            f"The output '{maps[0]}' is a map of places, which has no mean over the views {', '.join(views)}."
        )


def view_of(values: np.ndarray, view: str) -> np.ndarray:
    """Pictures (B, H, W, C) in one of `VIEWS`, what lies outside reflected; volumes in one of `VOLUME_VIEWS`.

    What a view is not of stays as it is.
    """
    if is_volumes(values):
        axes = VOLUME_VIEWS.get(view)
        return np.ascontiguousarray(np.flip(values, axes)) if axes else values  # PyTorch takes no negative strides
    if view not in VIEWS or view == "plain" or not is_pictures(values):
        return values
    (across, down), (x, y) = VIEWS[view]
    height, width = values.shape[1:3]
    count = np.ones(len(values))
    moves = translation(count * round(x * width), count * round(y * height))
    return warp(values, moves @ scaling(count * across, count * down))


def average_over_views(
    predict: Callable[[Any], Mapping[str, Any]], inputs: Mapping[str, np.ndarray], views: Sequence[str]
) -> dict[str, np.ndarray]:
    """The mean of `predict(inputs)` (output -> array) over the views, in float32; inputs that they are not of stay."""
    found: dict[str, np.ndarray] = {}
    for view in views:
        seen = {name: view_of(each, view) for name, each in inputs.items()}
        for name, values in predict(seen).items():
            share = np.asarray(values, dtype=np.float32) / np.float32(len(views))
            found[name] = found[name] + share if name in found else share
    return found
