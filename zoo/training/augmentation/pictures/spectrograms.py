"""Changes to sounds as they are seen in training: spectrograms in decibels (B, bands, frames, 1).

There a louder sound is a sum, and a later one a move along the frames; nothing has to be decoded again.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.errors import ConfigError
from zoo.training.augmentation.pictures.transform import Draw, Transform, interval, option


@dataclass(frozen=True)
class OfSounds(Transform):
    """A transform of spectrograms in decibels; it refuses pictures."""

    def apply(self, pictures: np.ndarray, draw: Draw) -> np.ndarray:
        """(B, bands, frames, 1) -> the same shape, a copy. Raises `ConfigError` for pixels."""
        if pictures.dtype.kind != "f" or pictures.shape[-1] != 1:
            raise ConfigError(
                f"The augmentation '{self.name}' is for sounds, decibels (bands, frames, 1); received pictures "
                f"{pictures.shape[1:]} of {pictures.dtype}."
            )
        return self.change(pictures.astype(np.float32), draw)

    def change(self, sounds: np.ndarray, draw: Draw) -> np.ndarray:
        """(B, bands, frames, 1) float32, which may be changed in place."""
        raise NotImplementedError


@dataclass(frozen=True)
class TimeShift(OfSounds):
    """Begin up to a `part` of the length later or earlier; what falls out at one end enters at the other."""

    name: ClassVar[str] = "time_shift"
    part: float = option(0.5)

    def change(self, sounds: np.ndarray, draw: Draw) -> np.ndarray:
        shifts = np.rint(draw.within(-self.part, self.part) * draw.width).astype(int)
        places = (np.arange(draw.width)[None] - shifts[:, None]) % draw.width  # (B, frames)
        return np.take_along_axis(sounds, places[:, None, :, None], axis=2)


@dataclass(frozen=True)
class Gain(OfSounds):
    """Up to so many `decibels` louder or quieter."""

    name: ClassVar[str] = "gain"
    decibels: float = option(6.0, low=0.0, high=60.0)

    def change(self, sounds: np.ndarray, draw: Draw) -> np.ndarray:
        sounds += draw.within(-self.decibels, self.decibels).astype(np.float32)[:, None, None, None]
        return sounds


@dataclass(frozen=True)
class Noise(OfSounds):
    """Add white noise, so many decibels `below` the loudest place of a sound, in a `share` of the sounds."""

    name: ClassVar[str] = "noise"
    below: tuple[float, float] = interval((30.0, 60.0), low=0.0, high=200.0)
    share: float = option(0.5)

    def change(self, sounds: np.ndarray, draw: Draw) -> np.ndarray:
        chosen, below = draw.chosen(self.share), draw.within(*self.below)
        for row in np.flatnonzero(chosen).tolist():
            power = draw.random.exponential(size=sounds.shape[1:]).astype(np.float32)
            noise = sounds[row].max() - np.float32(below[row]) + 10 * np.log10(np.maximum(power, 1e-6))
            sounds[row] = 10 * np.logaddexp(sounds[row] * RATIO, noise * RATIO) / np.float32(np.log(10))
        return sounds


RATIO = np.float32(np.log(10) / 10)  # decibels -> natural logarithm of the power


@dataclass(frozen=True)
class SpecAugment(OfSounds):
    """Hide `masks` stripes of frequencies and as many of time, each up to a part of the bands and of the frames.

    A stripe is filled with the mean of the spectrogram. Park et al. 2019.
    """

    name: ClassVar[str] = "spec_augment"
    bands: float = option(0.2)
    frames: float = option(0.15)
    masks: int = option(2, low=1, high=20, whole=True)

    def change(self, sounds: np.ndarray, draw: Draw) -> np.ndarray:
        means = sounds.mean(axis=(1, 2, 3))
        for _ in range(self.masks):
            for axis, most, size in ((1, self.bands, draw.height), (2, self.frames, draw.width)):
                lengths = np.floor(draw.within(0, most) * size + 0.5).astype(int)
                starts = np.floor(draw.random.random(draw.count) * (size - lengths + 1)).astype(int)
                for row in range(draw.count):
                    part = slice(starts[row], starts[row] + lengths[row])
                    sounds[(row, part) if axis == 1 else (row, slice(None), part)] = means[row]
        return sounds
