"""Which numbers of a model's input are the darkest and the brightest pixel: strengths are shares of that range."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, is_number
from zoo.pictures.preprocessing import Preprocessing

ROUNDING = 1e-3  # of the range, by which a pixel may lie outside of it
OVERSHOOT = 0.25  # the same where pictures were augmented: sharp edges overshoot when they are resized
REACH = 2.5  # of all steps of projected gradient ascent together, in strengths (Madry et al. 2018)


@dataclass(frozen=True)
class PixelScale:
    """`low` and `high` are the input's numbers for the pixels 0 and 255: one for all channels, or one each (C,);
    `colour` is the order of the channels, "rgb" or "bgr".

    >>> PixelScale.of((0, 255), 3).to_share(np.full((1, 1, 3), 127.5)).tolist()
    [[[0.5, 0.5, 0.5]]]
    """

    low: np.ndarray
    high: np.ndarray
    colour: str = "rgb"

    @classmethod
    def of(cls, scale: Any, channels: int) -> "PixelScale":
        """Of (low, high), numbers or one for each channel; of a `Preprocessing`; of a column of pictures.

        Raises `ConfigError` where it is not given: an attack of 8/255 means nothing without it.
        """
        if isinstance(scale, cls):
            return scale
        if isinstance(scale, Preprocessing):
            ends = [scale.normalise(np.full((1, 1, channels), value, np.float32))[0, 0] for value in (0.0, 255.0)]
        elif hasattr(scale, "numbers"):
            ends = [scale.numbers(np.full((1, 1, 1, channels), value, np.uint8))[0, 0, 0] for value in (0, 255)]
        elif isinstance(scale, Sequence) and not isinstance(scale, str) and len(scale) == 2:
            ends = [np.broadcast_to(np.asarray(each, np.float64), (channels,)) if _fits(each, channels) else None
                    for each in scale]  # fmt: skip
        else:
            ends = [None, None]
        if any(end is None for end in ends):
            raise ConfigError(
                "How large a pixel may be is not known: give scale=(low, high), the input's numbers for black and "
                f"white, as (0, 255) or (0.0, 1.0), or one for each of its {channels} channels; received {scale!r}."
            )
        low, high = (np.asarray(end, np.float64) for end in ends)
        if not (high > low).all():
            raise ConfigError(f"The brightest pixel must be above the darkest; received scale={scale!r}.")
        return cls(low.astype(np.float32), high.astype(np.float32), getattr(scale, "colour", "rgb"))

    @property
    def width(self) -> np.ndarray:
        return self.high - self.low

    def to_share(self, values: np.ndarray) -> np.ndarray:
        """(..., C) numbers of the input -> shares of the range, from 0 to 1. Raises `ConfigError` for others."""
        return np.clip(self._shares(values, ROUNDING), 0.0, 1.0)

    def clipped(self, values: np.ndarray) -> np.ndarray:
        """(..., C) numbers of the input, within the range of a pixel. Raises `ConfigError` for those that lie outside
        by more than `OVERSHOOT` of it: they have another scale."""
        self._shares(values, OVERSHOOT)
        return np.clip(np.asarray(values, np.float32), self.low, self.high)

    def _shares(self, values: np.ndarray, beyond: float) -> np.ndarray:
        shares = ((np.asarray(values, np.float32) - self.low) / self.width).astype(np.float32)
        least, most = float(shares.min(initial=0.0)), float(shares.max(initial=1.0))
        if least < -beyond or most > 1 + beyond:
            values = np.asarray(values)
            raise ConfigError(
                f"The pictures hold numbers from {values.min():.4g} to {values.max():.4g}; by their scale pixels lie "
                f"within {self.low.min():.4g} to {self.high.max():.4g}: give another scale=(low, high)."
            )
        return shares

    def to_numbers(self, shares: np.ndarray) -> np.ndarray:
        """Shares of the range -> the model's numbers."""
        return (shares * self.width + self.low).astype(np.float32)


def _fits(end: Any, channels: int) -> bool:
    if is_number(end) or isinstance(end, np.number):
        return True
    return (
        isinstance(end, Sequence | np.ndarray)
        and len(end) == channels
        and all(is_number(each) or isinstance(each, np.number) for each in end)
    )
