"""Tags of music by the published weights of MusicTaggerCRNN, as they are."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.artifacts import fetch
from zoo.columns import SoundColumn
from zoo.create import create_model
from zoo.errors import DataWarning
from zoo.tasks.sounds import TAGGER

MODEL, WEIGHTS = "music_tagger_crnn", "msd"
BATCH = 8


def tags_of_weights() -> tuple[str, ...]:
    """The 50 tags in the order of the output; they are fetched with the published values."""
    return tuple(json.loads(fetch("music_tagger.published").read_text(encoding="utf-8"))["tags_in_order"])


def tag_music(sounds: Sequence[Any], *, best: int = 10) -> list[list[tuple[str, float]]]:
    """Of each sound (a path, bytes, samples at 12,000 Hz or a spectrogram (96, 1366) in decibels) the likeliest tags.

    Raises `DataError` for what is no sound, `ArtifactError` where the weights cannot be fetched.
    """
    tags = tags_of_weights()
    sounds = list(sounds)
    encoded = SoundColumn("track", **TAGGER).encode(sounds)
    model = create_model(MODEL, weights=WEIGHTS)
    found = []
    for first in range(0, len(encoded), BATCH):
        batch = encoded[np.arange(first, min(first + BATCH, len(encoded)))]
        for sound, spectrogram in zip(sounds[first:], batch, strict=False):
            if np.ptp(spectrogram) == 0:  # the same in every band at every time: nothing is heard
                named = f"'{sound}'" if isinstance(sound, str | Path) else "A sound"
                warnings.warn(f"{named} is silent: its tags say nothing.", DataWarning, stacklevel=2)
        for probabilities in np.asarray(model.predict_on_batch([batch])["tags"]):
            order = np.argsort(-probabilities, kind="stable")[:best]
            found.append([(tags[place], float(probabilities[place])) for place in order])
    return found
