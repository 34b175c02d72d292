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
        return resized_side(self.size, self.crop)

    def normalise(self, pixels: np.ndarray, channels: int | None = None) -> np.ndarray:
        """(..., C) from 0 to 255, red, green and blue first -> (..., channels) float32, C channels when not given.

        Colours become grey for a model of one channel, and are repeated in turn (red, green, blue, red, ...; "bgr"
        from blue) for one of more than three; grey is repeated. Mean and std follow, as the first kernel does when
        `zoo.load_weights` inflates it. `ConfigError` for other pairs of numbers.
        """
        given = pixels.shape[-1]
        wanted = given if channels is None else channels
        turns = np.arange(wanted) % 3
        mean_std = np.array([self.mean, self.std])
        mean, std = mean_std[:, turns]
        reverse = self.colour == "bgr"
        if wanted == 1:
            weights = np.array(GREY[::-1] if reverse else GREY)
            mean, std = mean_std @ weights
        if given == wanted:
            order = [2, 1, 0, *range(3, given)] if reverse and given >= 3 else list(range(given))
            values = pixels[..., order]
        elif given == 3 and wanted == 1:
            values = (pixels @ np.array(GREY))[..., None]
        elif given == 1:
            values = np.repeat(pixels, wanted, axis=-1)
        elif given == 3:
            values = pixels[..., 2 - turns if reverse else turns]
        else:
            raise ConfigError(f"An image of {given} channels does not fit a model of {wanted}.")
        values = values.astype("float32") * np.float32(self.scale)
        return (values - mean.astype("float32")) / std.astype("float32")


def resized_side(size: int, crop: float) -> int:
    """Pixels of a side of which the share `crop` is `size`, rounded down.

    >>> resized_side(224, 224 / 232)
    232
    """
    return math.floor(size / crop + 1e-6)  # 224 / (224 / 232) is a little less than 232


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
