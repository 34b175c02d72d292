"""RandAugment: some transforms of a list, drawn for every picture, all of one strength."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.pictures.matrices import rotation, shearing, translation
from zoo.training.augmentation.pictures.tables import TABLES
from zoo.training.augmentation.pictures.transform import Draw, Plan, Transform, option

STRONGEST = 30.0
SHEAR, SHARE, DEGREES, FACTOR = 0.3, 150.0 / 331.0, 30.0, 0.9  # at the highest strength; Cubuk et al. 2019, table 6

Change = Callable[[Plan, Draw, np.ndarray, np.ndarray], None]  # plan, draw, (B,) -1..1, (B,) which pictures


def _shear_x(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.move(shearing(SHEAR * level, 0.0 * level), chosen)


def _shear_y(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.move(shearing(0.0 * level, SHEAR * level), chosen)


def _shift_x(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.move(translation(np.round(SHARE * draw.width * level), 0.0 * level), chosen)


def _shift_y(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.move(translation(0.0 * level, np.round(SHARE * draw.height * level)), chosen)


def _rotate(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.move(rotation(DEGREES * level), chosen)


def _brightness(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.brighten(np.where(chosen, 1.0 + FACTOR * level, 1.0))


def _contrast(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.contrast(np.where(chosen, 1.0 + FACTOR * level, 1.0))


def _saturation(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.saturate(np.where(chosen, 1.0 + FACTOR * level, 1.0))


def _sharpness(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    plan.sharpness = np.where(chosen, 1.0 + FACTOR * level, plan.sharpness)


def _nothing(plan: Plan, draw: Draw, level: np.ndarray, chosen: np.ndarray) -> None:
    pass


CHANGES: dict[str, Change] = {
    "identity": _nothing,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "shift_x": _shift_x,
    "shift_y": _shift_y,
    "rotate": _rotate,
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "sharpness": _sharpness,
}
NAMES = (*CHANGES, *TABLES)


@dataclass(frozen=True)
class RandAugment(Transform):
    """`number` changes drawn for every picture out of 14, of a `strength` from 0 to 30. Cubuk et al. 2019.

    As in the paper, but for the order: pixels are moved first, then colours and values changed, then edges sharpened,
    so that a picture is sampled once however many changes are drawn.
    """

    name: ClassVar[str] = "rand_augment"
    changes_values: ClassVar[bool] = True
    number: int = option(2, low=1, high=10, whole=True)
    strength: float = option(9.0, high=STRONGEST)

    def plan(self, plan: Plan, draw: Draw) -> None:
        share = self.strength / STRONGEST
        for _ in range(self.number):
            drawn = draw.random.integers(0, len(NAMES), draw.count)
            level = np.where(draw.chosen(0.5), share, -share)
            for place, name in enumerate(NAMES):
                chosen = drawn == place
                if name in CHANGES:
                    if chosen.any():
                        CHANGES[name](plan, draw, level, chosen)
                    continue
                for row in np.flatnonzero(chosen).tolist():
                    plan.tables.setdefault(row, []).append((name, share))
