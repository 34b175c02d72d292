"""Transforms of colours. All of a recipe become three numbers a picture, so that every value is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.pictures.sampling import PIXELS, in_threads, parts
from zoo.training.augmentation.pictures.transform import Draw, Plan, Transform, option

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's mode "L"


@dataclass(frozen=True)
class Brightness(Transform):
    """Multiply all values by a factor within 1 - `strength` and 1 + `strength`; hue and saturation stay."""

    name: ClassVar[str] = "brightness"
    changes_values: ClassVar[bool] = True
    strength: float = option(0.2)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        plan.brighten(_factors(self.strength, self.share, draw))


@dataclass(frozen=True)
class Contrast(Transform):
    """Multiply the distance of all values from the picture's mean luminance by a factor within 1 -+ `strength`."""

    name: ClassVar[str] = "contrast"
    changes_values: ClassVar[bool] = True
    strength: float = option(0.2)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        plan.contrast(_factors(self.strength, self.share, draw))


@dataclass(frozen=True)
class Saturation(Transform):
    """Multiply the distance of all values from their pixel's luminance by a factor within 1 -+ `strength`."""

    name: ClassVar[str] = "saturation"
    changes_values: ClassVar[bool] = True
    strength: float = option(0.2)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        plan.saturate(_factors(self.strength, self.share, draw))


@dataclass(frozen=True)
class Grey(Transform):
    """Take the colour out of a `share` of the pictures."""

    name: ClassVar[str] = "grey"
    changes_values: ClassVar[bool] = True
    share: float = option(0.1)

    def plan(self, plan: Plan, draw: Draw) -> None:
        plan.saturate(np.where(draw.chosen(self.share), 0.0, 1.0))


def _factors(strength: float, share: float, draw: Draw) -> np.ndarray:
    factors = draw.within(1.0 - strength, 1.0 + strength)
    return np.where(draw.chosen(share), factors, 1.0)


def recolour(pictures: np.ndarray, colours: np.ndarray, top: float) -> np.ndarray:
    """(B, H, W, C) and (B, 3), see `Plan` -> (B, H, W, C), clipped to 0..`top`. A fourth channel stays."""
    rows = np.flatnonzero((colours != [1.0, 0.0, 0.0]).any(axis=1))
    if not len(rows):
        return pictures
    found = pictures.copy()
    together = max(PIXELS // (pictures.shape[1] * pictures.shape[2]), 1)

    def part(places: np.ndarray) -> None:
        found[places] = _recoloured(pictures[places], colours[places].astype(np.float32), top)

    in_threads(part, parts(rows, together))
    return found


def _recoloured(pictures: np.ndarray, colours: np.ndarray, top: float) -> np.ndarray:
    whole = pictures.dtype == np.uint8
    values = [pictures[..., channel].astype(np.float32) for channel in range(min(pictures.shape[-1], 3))]
    luminance = values[0] if len(values) == 1 else _weighted(values)  # (b, H, W)
    means = luminance.reshape(len(luminance), -1).mean(axis=1, dtype=np.float64).astype(np.float32)[:, None, None]
    of_value, of_luminance, of_mean = (colours[:, place, None, None] for place in range(3))
    luminance = luminance * of_luminance
    luminance += of_mean * means + np.float32(0.5 if whole else 0.0)  # what is cut off is then rounded
    found = pictures.copy() if pictures.shape[-1] == 4 else np.empty_like(pictures)
    for channel, value in enumerate(values):
        value *= of_value
        value += luminance
        np.maximum(value, np.float32(0.0), out=value)
        np.minimum(value, np.float32(top + 0.5 if whole else top), out=value)
        found[..., channel] = value
    return found


def _weighted(values: Sequence[np.ndarray]) -> np.ndarray:
    """Three channels -> their luminance."""
    found = values[0] * LUMINANCE[0]
    found += values[1] * LUMINANCE[1]
    found += values[2] * LUMINANCE[2]
    return found
