"""Random erasing, also called cutout: a rectangle of a picture is taken away."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.training.augmentation.pictures.transform import Draw, Transform, choice, interval, option

FILLS = ("mean", "noise", "black")


@dataclass(frozen=True)
class Erase(Transform):
    """Take away a rectangle of an `area` of the picture, sides in a `ratio`, in a `share` of the pictures.

    The rectangle lies within the picture and is filled with the picture's mean, with noise (values of pixels of the
    same picture) or with 0. Zhong et al. 2017; DeVries and Taylor 2017.
    """

    name: ClassVar[str] = "erase"
    share: float = option(0.5)
    area: tuple[float, float] = interval((0.05, 0.25))
    ratio: tuple[float, float] = interval((0.5, 2.0), low=0.1, high=10.0)
    fill: str = choice("mean", FILLS)

    def apply(self, pictures: np.ndarray, draw: Draw) -> np.ndarray:
        """(B, H, W, C) -> (B, H, W, C), a copy."""
        found = pictures.copy()
        chosen = draw.chosen(self.share)
        tops, lefts, heights, widths = boxes(draw, draw.within(*self.area), self.ratio)
        for row in np.flatnonzero(chosen).tolist():
            high, wide = int(heights[row]), int(widths[row])
            if high and wide:
                top, left = int(tops[row]), int(lefts[row])
                found[row, top : top + high, left : left + wide] = self._filling(pictures[row], high, wide, draw)
        return found

    def _filling(self, picture: np.ndarray, high: int, wide: int, draw: Draw) -> np.ndarray:
        if self.fill == "black":
            return np.zeros(picture.shape[-1], picture.dtype)
        if self.fill == "noise":
            pixels = picture.reshape(-1, picture.shape[-1])
            return pixels[draw.random.integers(0, len(pixels), (high, wide))]
        sums = picture.reshape(len(picture), -1).sum(axis=0, dtype=np.float64)  # long rows first: three times as fast
        mean = sums.reshape(-1, picture.shape[-1]).sum(axis=0) / (picture.shape[0] * picture.shape[1])
        return (np.rint(mean) if picture.dtype == np.uint8 else mean).astype(picture.dtype)


def boxes(
    draw: Draw, area: np.ndarray, ratio: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(B,) shares of the picture -> tops, lefts, heights and widths in pixels of rectangles within it.

    The area is kept where a side would be longer than the picture's: the other side grows.
    """
    sides = np.exp(draw.within(np.log(ratio[0]), np.log(ratio[1])))
    pixels = area * draw.height * draw.width
    exact = np.sqrt(pixels / sides)
    exact = np.clip(exact, pixels / draw.width, draw.height)
    heights = np.rint(exact).astype(int)
    widths = np.minimum(np.rint(pixels / np.maximum(heights, 1)), draw.width).astype(int)
    tops = np.floor(draw.random.random(draw.count) * (draw.height - heights + 1)).astype(int)
    lefts = np.floor(draw.random.random(draw.count) * (draw.width - widths + 1)).astype(int)
    return tops, lefts, heights, widths
