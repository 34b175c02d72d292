"""How the pixels of an image become the numbers that a set of weights was trained on, as data.

    numbers = (pixels * scale - mean) / std          pixels from 0 to 255, in the channel order `colour`

after the shorter side was resized to `size / crop` and the middle `size` x `size` cut out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from zoo.errors import ConfigError, require_known

COLOURS = ("rgb", "bgr")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic")
GREY = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as Pillow's convert("L")


@dataclass(frozen=True)
class Preprocessing:
    """One row of data. `size` in pixels; `crop` the share of the resized shorter side that is kept, above 0 to 1;
    `mean` and `std` one number for each channel, in the order of `colour`. `ConfigError` for values that do not fit.

    >>> Preprocessing(224, 0.875, "bilinear", "rgb", 1 / 127.5, (1, 1, 1), (1, 1, 1)).resized
    256
    """

    size: int
    crop: float
    interpolation: str
    colour: str
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        require_known("interpolation", self.interpolation, INTERPOLATIONS)
        require_known("order of colours", self.colour, COLOURS)
        self._require(type(self.size) is int and self.size > 0, "size", "a number of pixels above 0")
        self._require(_is_number(self.crop) and 0 < self.crop <= 1, "crop", "a share above 0, at most 1")
        self._require(_is_number(self.scale) and self.scale > 0, "scale", "a number above 0")
        for name in ("mean", "std"):
            values = getattr(self, name)
            fits = isinstance(values, Sequence) and len(values) == 3 and all(map(_is_number, values))
            self._require(fits, name, "three numbers")
            object.__setattr__(self, name, tuple(float(value) for value in values))
        self._require(min(self.std) > 0, "std", "three numbers above 0")

    def _require(self, holds: bool, field: str, expected: str) -> None:
        if not holds:
            raise ConfigError(f"Preprocessing: '{field}' is {getattr(self, field)!r}; expected {expected}.")

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Preprocessing":
        """From the object of a JSON file, which must have each of the fields and nothing else."""
        names = [field.name for field in fields(cls)]
        if not isinstance(row, Mapping) or set(row) != set(names):
            raise ConfigError(f"Preprocessing has exactly the fields {', '.join(names)}; received {row!r}.")
        return cls(**row)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @property
    def resized(self) -> int:
        """Pixels of the shorter side before the crop: rounded down, as in timm."""
        return math.floor(self.size / self.crop + 1e-6)  # 224 / (224 / 232) is a little less than 232

    def normalise(self, pixels: np.ndarray) -> np.ndarray:
        """(..., H, W, C) from 0 to 255, RGB where C is 3 -> (..., H, W, C) float32.

        One channel is grey and takes the grey of mean and std; other numbers of channels than three take the values of
        red, green and blue in turn (`zoo.load_weights` inflates the first kernel so).
        """
        mean, std = self.for_channels(pixels.shape[-1])
        ordered = pixels[..., self.order(pixels.shape[-1])].astype("float32")
        return (ordered * np.float32(self.scale) - mean) / std

    def order(self, channels: int) -> list[int]:
        """Which channel of the image stands at each place of the model's input."""
        if self.colour == "rgb" or channels < 3:
            return list(range(channels))
        return [2, 1, 0, *range(3, channels)]

    def for_channels(self, channels: int) -> tuple[np.ndarray, np.ndarray]:
        """mean and std, (channels,) float32 each."""
        mean, std = np.array(self.mean), np.array(self.std)
        if channels == 1:
            grey = np.array(GREY if self.colour == "rgb" else GREY[::-1])
            return np.float32([mean @ grey]), np.float32([std @ grey])
        turns = np.arange(channels) % 3
        return mean[turns].astype("float32"), std[turns].astype("float32")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
