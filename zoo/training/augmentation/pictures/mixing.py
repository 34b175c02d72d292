"""Mixup and CutMix: two pictures become one, which has the labels of both, each by its share.

A batch that is mixed carries both labels and the share of the first one; its loss is the mean of the two losses by
these shares. For the cross-entropy that is the loss of the mixed distribution of labels; for squared errors and the
ranked score it differs from that of the mixed target by what no weight of the model changes. So it is right for every
head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from zoo.training.augmentation.pictures.erasing import boxes
from zoo.training.augmentation.pictures.transform import Draw, Transform, option

SHARE = "mixed/share"  # among the targets of a batch: (B,) share of the sample itself; no layer has a name with a slash
PARTNER = "mixed/"  # before the name of a target, or of sample weights: those of the other sample


@dataclass(frozen=True)
class Mixup(Transform):
    """Add another picture of the batch, by shares drawn from Beta(alpha, alpha), in a `share` of the pictures.

    Zhang et al. 2018.
    """

    name: ClassVar[str] = "mixup"
    alpha: float = option(0.2, low=0.01, high=100.0)
    share: float = option(1.0)


@dataclass(frozen=True)
class CutMix(Transform):
    """Put a rectangle of another picture of the batch into a `share` of the pictures, its area by Beta(alpha, alpha).

    Yun et al. 2019.
    """

    name: ClassVar[str] = "cutmix"
    alpha: float = option(1.0, low=0.01, high=100.0)
    share: float = option(0.5)


@dataclass(frozen=True)
class Mix:
    """What was drawn for a batch.

    partner  (B,) row of the batch that a picture is mixed with.
    share    (B,) share of the picture itself, float32; 1 for one that is not mixed.
    boxes    row -> top, left, height and width, as shares of the picture, for those that are cut.
    """

    partner: np.ndarray
    share: np.ndarray
    boxes: Mapping[int, tuple[float, float, float, float]]

    def pictures(self, pictures: np.ndarray) -> np.ndarray:
        """(B, H, W, C), or volumes of one more side, mixed."""
        found = pictures.copy()
        cut = np.zeros(len(pictures), bool)
        cut[list(self.boxes)] = True
        rows = np.flatnonzero((self.share < 1.0) & ~cut)
        if len(rows):
            own = self.share[rows].reshape(-1, *[1] * (pictures.ndim - 1))
            mixed = pictures[rows] * own + pictures[self.partner[rows]] * (np.float32(1.0) - own)
            found[rows] = np.rint(mixed) if pictures.dtype == np.uint8 else mixed
        height, width = pictures.shape[1:3]
        for row, (top, left, high, wide) in self.boxes.items():
            down = slice(round(top * height), round((top + high) * height))
            across = slice(round(left * width), round((left + wide) * width))
            found[row, down, across] = pictures[self.partner[row], down, across]
        return found

    def labels(self, targets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The targets of a batch, those of the partners, and the shares."""
        return {**self.partners(targets), SHARE: self.share}

    def partners(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays (B, ...) by name, and under names of their own those of the partners."""
        return {**values, **{f"{PARTNER}{name}": each[self.partner] for name, each in values.items()}}


def partner(name: str, targets: Mapping[str, Any], weights: Mapping[str, Any]) -> tuple[Any, Any, Any] | None:
    """The shares of a mixed batch, and the targets and weights of one output of the partners; None of another batch."""
    if SHARE not in targets:
        return None
    return targets[SHARE], targets[f"{PARTNER}{name}"], weights.get(f"{PARTNER}{name}")


def draw_mix(transforms: Sequence[Transform], draw: Draw) -> Mix | None:
    """Whom each picture is mixed with and how, by the mixing transforms among these; None where there is none.

    Of several, one is drawn for each picture; where their shares add up to more than 1, by these shares.
    """
    mixing: list[Any] = [each for each in transforms if isinstance(each, Mixup | CutMix)]
    if not mixing:
        return None
    partner = draw.random.permutation(draw.count)
    which, before = draw.random.random(draw.count) * max(sum(each.share for each in mixing), 1.0), 0.0
    share, cut = np.ones(draw.count), {}
    for each in mixing:
        chosen = (before <= which) & (which < before + each.share)
        before += each.share
        drawn = draw.random.beta(each.alpha, each.alpha, draw.count)
        if isinstance(each, CutMix):
            tops, lefts, heights, widths = boxes(draw, 1.0 - drawn, (1.0, 1.0))
            drawn = 1.0 - heights * widths / (draw.height * draw.width)
            sizes = np.array([tops / draw.height, lefts / draw.width, heights / draw.height, widths / draw.width])
            cut.update({row: tuple(sizes[:, row].tolist()) for row in np.flatnonzero(chosen).tolist()})
        share = np.where(chosen, drawn, share)
    return Mix(partner, share.astype(np.float32), cut)
