"""Sounds out of files, bytes and arrays: one channel, resampled, of one length; or one sentence says why not.

Of a file only what is needed is read, in blocks: three hours take no more memory than half a minute.
"""

import io
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DataError, MissingExtraError
from zoo.sounds import SUFFIXES, FrontEnd

try:
    import soundfile
    from scipy.signal import resample_poly
except ImportError as error:
    raise MissingExtraError("Reading and resampling sounds", "soundfile", "sound") from error

BLOCK = 1 << 16  # frames that are read together
RUN_UP = 1 << 14  # frames that are decoded before the first one that counts
RATES = (100, 768_000)  # samples a second that a file may have
MOST_CHANNELS = 64
LARGEST_BYTES = 1 << 30  # of a sound that is given as bytes
ENDINGS = ", ".join(SUFFIXES)


def find_sounds(given: Iterable[Path | str]) -> list[Path]:
    """The files that are named, and those in named folders and below whose names are those of sounds, in order.

    Raises `DataError` for a file that does not exist, a folder without sounds, and where nothing is named.
    """
    found: list[Path] = []
    for each in map(Path, given):
        if each.is_dir():
            inside = sorted(path for path in each.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
            if not inside:
                raise DataError(f"The folder '{each}' holds no sounds: no file that ends in {ENDINGS}.")
            found += inside
        else:
            require_file(each)
            found.append(each)
    if not found:
        raise DataError("Name sounds, or folders of them.")
    return found


def require_file(path: str | os.PathLike[str]) -> None:
    """Raise `DataError` unless there is a plain file."""
    if not os.path.isfile(path):
        told = "is a folder" if os.path.isdir(path) else "is not there"
        raise DataError(f"The sound '{path}' {told}; expected a file ({ENDINGS}).")


def read_sound(source: Any, front: FrontEnd, *, name: str = "The sound") -> np.ndarray:
    """(front.samples,) float32 of a file's path or bytes, or of samples at the front end's rate, (n,) or (n, channels).

    The mean of all channels; of a longer sound the middle, a shorter one repeated. Of a file that ends before it says
    what is there counts. Raises `DataError` for what is no sound, empty, or not finite.
    """
    if isinstance(source, np.ndarray):
        return _fitted(*_middle(_mono(source, name), front), front, name)
    if isinstance(source, bytes | bytearray):
        if len(source) > LARGEST_BYTES:
            raise DataError(f"{name} has more than {LARGEST_BYTES:,} bytes; give the path of its file.")
        return _read(io.BytesIO(bytes(source)), name, front)
    if not isinstance(source, str | os.PathLike):
        raise DataError(f"{name} must be a path, bytes or an array of samples; received {type(source).__name__}.")
    require_file(source)
    if not os.path.getsize(source):
        raise DataError(f"The sound '{source}' is empty: it has no bytes.")
    return _read(os.fspath(source), f"'{source}'", front)


def seconds_of(path: Path | str) -> float:
    """How long a file says that it is."""
    require_file(path)
    try:
        found = soundfile.info(os.fspath(path))
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise DataError(f"'{path}' is no sound that can be read, or is damaged; expected {ENDINGS}.") from error
    return max(found.frames, 0) / max(found.samplerate, 1)


def _read(file: Any, name: str, front: FrontEnd) -> np.ndarray:
    try:
        with soundfile.SoundFile(file) as sound:
            _require_plausible(sound, name)
            wanted = math.ceil(front.seconds * sound.samplerate)
            said = max(sound.frames, 0)
            samples = _part(sound, max(0, (said - wanted) // 2), wanted)
            if len(samples) < min(wanted, said):  # it ends before it says: what is there counts
                there = _count(sound)
                samples = _part(sound, max(0, (there - wanted) // 2), min(wanted, there))
            rate = sound.samplerate
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name} is no sound that can be read, or is damaged; expected {ENDINGS}.") from error
    return _fitted(samples, rate, front, name)


def _require_plausible(sound: Any, name: str) -> None:
    low, high = RATES
    if not low <= sound.samplerate <= high:
        raise DataError(f"{name} says {sound.samplerate:,} samples a second; expected {low:,} to {high:,}.")
    if sound.channels > MOST_CHANNELS:
        raise DataError(f"{name} has {sound.channels} channels; expected {MOST_CHANNELS} at the most.")


def _part(sound: Any, start: int, wanted: int) -> np.ndarray:
    """(at most wanted,) the mean of the channels from frame `start` on.

    One or two channels are read at once: after every read soundfile jumps to where it is already, and after a jump the
    first frames of an mp3 are wrong. For the same reason some frames before the first are decoded with it.
    """
    run_up = min(start, RUN_UP)
    try:
        sound.seek(start - run_up)
    except soundfile.SoundFileError:  # beyond what is there
        return np.empty(0, np.float32)
    left, found = run_up + wanted, []
    while left > 0:
        block = sound.read(left if sound.channels <= 2 else min(BLOCK, left), dtype="float32", always_2d=True)
        if not len(block):
            break
        found.append(block.mean(axis=1))
        left -= len(block)
    return np.concatenate(found)[run_up:] if found else np.empty(0, np.float32)


def _count(sound: Any) -> int:
    """How many frames there really are."""
    sound.seek(0)
    total = 0
    while read := len(sound.read(BLOCK, dtype="float32", always_2d=True)):
        total += read
    return total


def _mono(samples: np.ndarray, name: str) -> np.ndarray:
    """(n,) or (n, channels) integers or floats -> (n,) float32, from -1 to 1."""
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= MOST_CHANNELS):
        raise DataError(
            f"{name} must be samples (n,) or (n, channels) of at most {MOST_CHANNELS} channels; received an array of "
            f"shape {samples.shape}."
        )
    if samples.dtype.kind in "iu":
        info = np.iinfo(samples.dtype)
        middle = (int(info.max) + int(info.min) + 1) / 2
        samples = (samples.astype(np.float64) - middle) / ((int(info.max) - int(info.min) + 1) / 2)
    elif samples.dtype.kind != "f":
        raise DataError(f"{name} must be samples as numbers; received an array of {samples.dtype}.")
    found = samples.mean(axis=1) if samples.ndim == 2 else samples
    return found.astype(np.float32)


def _middle(samples: np.ndarray, front: FrontEnd) -> tuple[np.ndarray, int]:
    start = max(0, (len(samples) - front.samples) // 2)
    return samples[start : start + front.samples], front.rate


def _fitted(samples: np.ndarray, rate: int, front: FrontEnd, name: str) -> np.ndarray:
    if not len(samples):
        raise DataError(f"{name} holds no sound: it has no samples.")
    if not np.isfinite(samples).all():
        raise DataError(f"{name} holds samples that are no numbers (NaN or infinite).")
    if rate != front.rate:
        common = math.gcd(rate, front.rate)
        samples = resample_poly(samples, front.rate // common, rate // common).astype(np.float32)
    return np.resize(samples[: front.samples], front.samples)  # a shorter one is repeated
