"""What the sense of sound reaches: the music tagger's published values, and genres of music beside simple models.

    python -m benchmarks.sound --features       what the tagger's lower layers give for GTZAN's 600 spectrograms (once)
    python -m benchmarks.sound --part tagger    four tracks on three backends -> results/sound.json
    python -m benchmarks.sound --part mel       the front end beside librosa, which must be installed
    python -m benchmarks.sound --part genres    five folds, in which repeated excerpts stay together

Of each fold a part of the training rows chooses the epoch; its test rows are read once, in the end.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from zoo.artifacts import fetch
from zoo.artifacts.folders import download_folder
from zoo.records import write_record

RESULT = Path(__file__).resolve().parents[1] / "results" / "sound.json"
BACKENDS = ("tensorflow", "jax", "torch")
LOWER = ("pool1", "pool2", "pool3")  # stages whose outputs are computed once
BATCH = 8


def features_file() -> Path:
    """Where the outputs of the tagger's lower layers are kept."""
    return download_folder("data") / "sound-benchmark-features.npz"


def lower_features() -> None:
    """Means of the first three stages, the third stage itself, the fourth's mean and the 32 features, of all pictures."""
    import keras

    from zoo import create_model
    from zoo.datasets.sounds.genres import decibels_of, read_pictures
    from zoo.sounds import FrontEnd

    pictures, *_ = read_pictures()
    model = create_model("music_tagger_crnn", weights="msd")
    outputs = {name: model.get_layer(name).output for name in (*LOWER, "pool4", "gru2")}
    network = keras.Model(model.inputs, outputs)
    found: dict[str, list[np.ndarray]] = {name: [] for name in (*outputs, "trunk")}
    start = time.perf_counter()
    for first in range(0, len(pictures), BATCH):
        sounds = decibels_of(pictures[first : first + BATCH], FrontEnd()).astype("float32")[..., None]
        part = {name: np.asarray(values) for name, values in network.predict_on_batch([sounds]).items()}
        found["trunk"].append(part["pool3"].astype(np.float16))
        for name in outputs:
            found[name].append(part[name].mean(axis=(1, 2)) if name != "gru2" else part[name])
        print(f"{first + len(sounds)} of {len(pictures)}, {time.perf_counter() - start:.0f} s", flush=True)
    features_file().parent.mkdir(parents=True, exist_ok=True)
    np.savez(features_file(), **{name: np.concatenate(parts) for name, parts in found.items()})


if __name__ == "__main__":
    lower_features()
