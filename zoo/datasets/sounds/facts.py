"""What is known of every sound of a data set before training: whether it can be read, whether it is silent, a hash."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from zoo.errors import DataError
from zoo.sounds.mel import FrontEnd

THREADS = min(4, os.cpu_count() or 1)
QUIET = 1e-5  # largest sample of what counts as silence: -100 dB
LOUD = 0.999  # samples from which on count as cut off
MOST_LOUD = 0.01  # share of such samples from which on a sound counts as clipped


@dataclass(frozen=True)
class SoundFacts:
    """Of one sound. `content` is the same for files whose samples are the same; `seconds` those of the whole file."""

    seconds: float
    silent: bool
    clipped: bool
    content: str


def facts_of(sounds: Sequence[Any], front: FrontEnd) -> list[SoundFacts | DataError]:
    """The facts of each file, in order; where it cannot be read, the error that says why."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda each: _facts(each, front), sounds))


def _facts(sound: Any, front: FrontEnd) -> SoundFacts | DataError:
    from zoo.sounds.files import read_sound, seconds_of

    try:
        samples, seconds = read_sound(sound, front), seconds_of(sound)
    except DataError as error:
        return error
    loudness = np.abs(samples)
    return SoundFacts(
        seconds,
        bool(loudness.max() < QUIET),
        bool((loudness >= LOUD).mean() > MOST_LOUD),
        sha256(np.rint(samples * 2**12).astype(np.int16).tobytes()).hexdigest(),
    )
