"""Transforms that move pixels. All of a recipe become one matrix a picture, so that a picture is sampled once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.pictures.matrices import rotation, scaling, shearing, translation
from zoo.training.augmentation.pictures.transform import Draw, Plan, Transform, interval, option

SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplying by it spreads every bit of a row number (Knuth 1998, 6.4)


@dataclass(frozen=True)
class Flip(Transform):
    """Mirror left and right in a share `horizontal` of the pictures, top and bottom in a share `vertical`."""

    name: ClassVar[str] = "flip"
    horizontal: float = option(0.5)
    vertical: float = option(0.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        across, down = draw.chosen(self.horizontal), draw.chosen(self.vertical)
        plan.move(scaling(np.where(across, -1.0, 1.0), np.where(down, -1.0, 1.0)))


@dataclass(frozen=True)
class AlternatingFlip(Transform):
    """Mirror half of the pictures in even epochs and the others in odd ones: two epochs show each picture both ways.

    Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", section 3.6.
    """

    name: ClassVar[str] = "alternating_flip"

    def plan(self, plan: Plan, draw: Draw) -> None:
        keys = np.asarray(draw.rows).astype(np.uint64) + np.uint64(draw.seed % 2**31) * np.uint64(2654435761)
        keys = (keys ^ (keys >> np.uint64(31))) * SCRAMBLE
        half = (keys ^ (keys >> np.uint64(29))) * SCRAMBLE >> np.uint64(63)
        plan.move(scaling(np.where((half + np.uint64(draw.epoch)) & np.uint64(1), -1.0, 1.0), np.ones(draw.count)))


@dataclass(frozen=True)
class Crop(Transform):
    """Pad by reflection and cut out a window of the old size: a move by whole pixels, up to `padding` of each side."""

    name: ClassVar[str] = "crop"
    padding: float = option(0.125)

    def plan(self, plan: Plan, draw: Draw) -> None:
        across, down = (round(self.padding * size) for size in (draw.width, draw.height))
        x, y = (draw.random.integers(-most, most + 1, draw.count).astype(float) for most in (across, down))
        plan.move(translation(x, y))


@dataclass(frozen=True)
class ResizedCrop(Transform):
    """Cut out a window of an `area` of the picture and a `ratio` of the sides, and enlarge it to the old size.

    Szegedy et al. 2015, section 6: what most networks on ImageNet were trained by.
    """

    name: ClassVar[str] = "resized_crop"
    area: tuple[float, float] = interval((0.35, 1.0), low=0.01)
    ratio: tuple[float, float] = interval((0.75, 1.3333333333333333), low=0.1, high=10.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        area = draw.within(*self.area)
        ratio = np.exp(draw.within(np.log(self.ratio[0]), np.log(self.ratio[1])))
        wide = np.minimum(np.sqrt(area * ratio), 1.0)
        high = np.minimum(np.sqrt(area / ratio), 1.0)
        x = draw.within(-0.5, 0.5) * (1.0 - wide) * draw.width
        y = draw.within(-0.5, 0.5) * (1.0 - high) * draw.height
        plan.move(translation(x, y) @ scaling(wide, high))


@dataclass(frozen=True)
class Shift(Transform):
    """Move by up to `horizontal` of the width and `vertical` of the height, in whole pixels."""

    name: ClassVar[str] = "shift"
    horizontal: float = option(0.1)
    vertical: float = option(0.1)

    def plan(self, plan: Plan, draw: Draw) -> None:
        x = np.round(draw.within(-self.horizontal, self.horizontal) * draw.width)
        y = np.round(draw.within(-self.vertical, self.vertical) * draw.height)
        plan.move(translation(x, y))


@dataclass(frozen=True)
class Zoom(Transform):
    """Enlarge by a factor within `factor`; below 1 makes smaller."""

    name: ClassVar[str] = "zoom"
    factor: tuple[float, float] = interval((0.9, 1.1), low=0.1, high=10.0)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        scale = np.exp(-draw.within(np.log(self.factor[0]), np.log(self.factor[1])))
        plan.move(scaling(scale, scale), draw.chosen(self.share))


@dataclass(frozen=True)
class Rotate(Transform):
    """Turn by up to `degrees` to either side."""

    name: ClassVar[str] = "rotate"
    degrees: float = option(10.0, high=180.0)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        plan.move(rotation(draw.within(-self.degrees, self.degrees)), draw.chosen(self.share))


@dataclass(frozen=True)
class Shear(Transform):
    """Slant by up to `amount` pixels a pixel, along each side by itself."""

    name: ClassVar[str] = "shear"
    amount: float = option(0.2)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        across, down = (draw.within(-self.amount, self.amount) for _ in range(2))
        plan.move(shearing(across, down), draw.chosen(self.share))


@dataclass(frozen=True)
class Warp(Transform):
    """See the picture from aside: its near edge grows and its far edge shrinks by up to `strength`."""

    name: ClassVar[str] = "warp"
    strength: float = option(0.2, high=0.4)
    share: float = option(1.0)

    def plan(self, plan: Plan, draw: Draw) -> None:
        found = np.tile(np.eye(3), (draw.count, 1, 1))
        found[:, 2, 0] = draw.within(-self.strength, self.strength) * 2.0 / draw.width
        found[:, 2, 1] = draw.within(-self.strength, self.strength) * 2.0 / draw.height
        plan.move(found, draw.chosen(self.share))
