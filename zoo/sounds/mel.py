"""The front end of a network for sounds: a mel spectrogram in decibels, in NumPy alone.

Bands, normalisation, window and edges are librosa's (McFee et al. 2015; Slaney 1998, Auditory Toolbox), whose values it
gives to rounding (benchmarks/senses/sound.py measures both).
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from zoo.errors import ConfigError, is_number

LEAST_POWER = 1e-10  # what has less is shown as -100 dB
LINEAR_STEP, LINEAR_TO = 200.0 / 3, 1000.0  # Hz a mel below, and where the logarithm begins
LOG_STEP = np.log(6.4) / 27.0  # of frequencies, a mel above
LIMITS = {
    "rate": (1_000, 192_000),
    "window": (16, 65_536),
    "hop": (1, 65_536),
    "bands": (1, 1_024),
    "seconds": (0.01, 600.0),
    "exponent": (0.1, 4.0),
    "range": (1.0, 400.0),
}
WHOLE = ("rate", "window", "hop", "bands")


@dataclass(frozen=True)
class FrontEnd:
    """How a sound becomes (bands, frames) decibels.

    rate          samples a second; other sounds are resampled.
    seconds       read of each sound: of a longer one the middle, a shorter one is repeated.
    window, hop   samples of a frame, and from one to the next.
    bands         mel bands from 0 to half the rate.
    exponent      of the power before the logarithm: 2 doubles all decibels.
    range         decibels below the loudest place of a sound, at which quieter ones are cut.
    """

    rate: int = 12_000
    seconds: float = 29.12
    window: int = 512
    hop: int = 256
    bands: int = 96
    exponent: float = 1.0
    range: float = 80.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value, (low, high) = getattr(self, each.name), LIMITS[each.name]
            whole = each.name in WHOLE
            if not is_number(value) or (whole and type(value) is not int) or not low <= value <= high:
                kind = "a whole number" if whole else "a number"
                raise ConfigError(
                    f"'{each.name}' of a sound's front end must be {kind} from {low:,g} to {high:,g}; received "
                    f"{value!r}."
                )

    @property
    def samples(self) -> int:
        """How many are read of each sound."""
        return max(1, round(self.seconds * self.rate))

    @property
    def frames(self) -> int:
        """Of a spectrogram: each is centred on its place, so that the first and the last stand at the ends."""
        return 1 + self.samples // self.hop

    def decibels(self, samples: np.ndarray) -> np.ndarray:
        """(samples,) from -1 to 1 -> (bands, frames) float32.

        >>> FrontEnd(seconds=1.0).decibels(np.zeros(12_000, "float32")).shape
        (96, 47)
        """
        half = self.window // 2
        padded = np.pad(np.asarray(samples, np.float32), (half, self.window - half))
        framed = np.lib.stride_tricks.sliding_window_view(padded, self.window)[:: self.hop]
        spectrum = np.fft.rfft(framed * _hann(self.window), axis=1)
        power = mel_filters(self.rate, self.window, self.bands) @ (spectrum.real**2 + spectrum.imag**2).T
        found = 10.0 * np.log10(np.maximum(power.astype(np.float64) ** self.exponent, LEAST_POWER))
        return np.maximum(found, found.max() - self.range).astype(np.float32)


@cache
def _hann(window: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)  # periodic


@cache
def mel_filters(rate: int, window: int, bands: int) -> np.ndarray:
    """(bands, window / 2 + 1) triangles of equal area, whose middles lie a mel's equal steps apart."""
    edges = hertz(np.linspace(0.0, float(mel(rate / 2)), bands + 2))
    bins = np.fft.rfftfreq(window, 1.0 / rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def mel(frequency: Any) -> np.ndarray:
    """Hz -> mel, after Slaney: linear below 1,000 Hz and logarithmic above."""
    frequency = np.asarray(frequency, np.float64)
    above = LINEAR_TO / LINEAR_STEP + np.log(np.maximum(frequency, LINEAR_TO) / LINEAR_TO) / LOG_STEP
    return np.where(frequency < LINEAR_TO, frequency / LINEAR_STEP, above)


def hertz(mels: Any) -> np.ndarray:
    """Mel -> Hz: the inverse of `mel`."""
    mels = np.asarray(mels, np.float64)
    above = LINEAR_TO * np.exp(LOG_STEP * (mels - LINEAR_TO / LINEAR_STEP))
    return np.where(mels < LINEAR_TO / LINEAR_STEP, mels * LINEAR_STEP, above)
