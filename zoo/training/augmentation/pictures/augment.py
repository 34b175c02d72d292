"""A batch of pictures as training sees it: a pure function of seed, epoch and step, in NumPy alone."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import ConfigError
from zoo.lazy_array import LazyArray
from zoo.pictures.sampling import warp
from zoo.pictures.views import is_volumes
from zoo.training.augmentation.pictures.colour import recolour
from zoo.training.augmentation.pictures.erasing import Erase
from zoo.training.augmentation.pictures.mixing import CutMix, Mixup
from zoo.training.augmentation.pictures.spectrograms import OfSounds
from zoo.training.augmentation.pictures.tables import change_values, sharpen
from zoo.training.augmentation.pictures.transform import Draw, Plan, Transform
from zoo.training.augmentation.volumes import augment_volumes, require_fitting

LOOKED_AT = 64  # pictures that tell what the value of white is


def white_of(values: np.ndarray | LazyArray, transforms: Sequence[Transform], name: str = "pictures") -> float:
    """The value of white: 255, or 1 where no value of the first pictures of floats is larger.

    Raises `ConfigError` where values were brought to a scale of their own, and a transform would change them.
    """
    if not any(each.changes_values for each in transforms):
        return 255.0
    rows = np.arange(min(LOOKED_AT, len(values)))
    some = values.decoded(rows, lenient=True) if isinstance(values, LazyArray) else values[rows]
    if some.dtype == np.uint8:
        return 255.0
    low, high = float(np.min(some)), float(np.max(some))
    if low < 0 or high > 255.0:
        wanted = next(each.name for each in transforms if each.changes_values)
        raise ConfigError(
            f"The augmentation '{wanted}' changes values from 0 to 1 or from 0 to 255; those of '{name}' reach from "
            f"{low:.3g} to {high:.3g}: augment the pictures before they are normalised."
        )
    return 1.0 if high <= 1.0 else 255.0


def draw_for(
    pictures: np.ndarray, *, seed: int, epoch: int, step: int, place: int = 0, rows: np.ndarray | None = None
) -> Draw:
    """The random numbers of input `place` of one batch; `place` -1 for what all inputs share."""
    random = np.random.default_rng([seed, epoch, step + 1, 2 + place, 1])  # dropped tokens have three numbers
    count, height, width = pictures.shape[0], *pictures.shape[-3:-1]
    return Draw(random, count, height, width, np.arange(count) if rows is None else rows, seed, epoch)


def augment(pictures: np.ndarray, transforms: Sequence[Transform], draw: Draw, *, white: float = 255.0) -> np.ndarray:
    """(B, H, W, C) uint8 or floats -> the same type and shape; the same bits for the same `draw` (`draw_for`).

    Pixels are moved first, by all transforms together, then colours changed, then rectangles erased. `white` is the
    largest value of floats, 1 or 255. `mixup` and `cutmix` are not done here: they change labels too (`draw_mix`).
    Volumes (B, D, H, W, 1) have transforms of their own. Raises `ConfigError` for those of the other kind.
    """
    require_fitting(transforms, is_volumes(pictures), (Mixup,) if is_volumes(pictures) else (Mixup, CutMix))
    if is_volumes(pictures):
        return augment_volumes(pictures, transforms, draw)
    plan = Plan(draw.count)
    for each in transforms:
        each.plan(plan, draw)
    found = warp(pictures, plan.matrices)
    found = recolour(found, plan.colours, white)
    found = _revalued(found, plan, white, found is pictures)
    for each in transforms:
        if isinstance(each, Erase | OfSounds):
            found = each.apply(found, draw)
    return found


def _revalued(pictures: np.ndarray, plan: Plan, white: float, is_given: bool) -> np.ndarray:
    """With the changes of single values, and sharpened; the array itself unless it is that of the user."""
    sharpened = np.flatnonzero(plan.sharpness != 1.0).tolist()
    if not plan.tables and not sharpened:
        return pictures
    found = pictures.copy() if is_given else pictures
    for row, changes in plan.tables.items():
        change_values(found[row], changes, white)
    for row in sharpened:
        sharpen(found[row], float(plan.sharpness[row]), white)
    return found
