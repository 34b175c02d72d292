"""What the music tagger gives for GTZAN's 600 spectrograms, computed once: python -m benchmarks.senses.sound_features

In PyTorch, in one memory layout from end to end: a fifth of the time that Keras takes for so large convolutions on a
CPU. The first batch is compared with the model itself.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.artifacts.folders import download_folder

BATCH = 8
STAGES = (1, 2, 3)  # whose outputs are computed here; the rest of the network is small
TOLERANCE = 5e-3  # of their deviation
GENRE = {"genre": {"kind": "classification", "classes": 10}}


def features_file() -> Path:
    """Where they are kept."""
    return download_folder("data") / "sound-benchmark-features.npz"


def main() -> None:
    """Write "trunk" (600, 4, 60, 128) of the third stage, and "statistics" (600, 928): those of the bands' rows, and
    mean and deviation of the first three stages, as the heads of `music_tagger_crnn(statistics=True)` read them.
    """
    from zoo.create import create_model
    from zoo.datasets.sounds.genres import decibels_of, read_pictures
    from zoo.sounds import FrontEnd

    pictures, *_ = read_pictures()
    model = create_model("music_tagger_crnn", weights="msd", statistics=True, outputs=GENRE)
    stages = [_stage(model, number) for number in STAGES]
    trunk: list[np.ndarray] = []
    statistics: list[np.ndarray] = []
    start = time.perf_counter()
    for first in range(0, len(pictures), BATCH):
        sounds = decibels_of(pictures[first : first + BATCH], FrontEnd()).astype("float32")
        found = _through(_padded(model, sounds), stages)
        trunk.append(found[-1].transpose(0, 2, 3, 1).astype(np.float16))
        stages_here = [part for each in found for part in (each.mean(axis=(2, 3)), each.std(axis=(2, 3)))]
        statistics.append(np.concatenate([*_bands(sounds), *stages_here], axis=1))
        if not first:
            _require_same(model, sounds, found[-1], statistics[0])
        print(f"{first + len(sounds)} of {len(pictures)}, {time.perf_counter() - start:.0f} s", flush=True)
    features_file().parent.mkdir(parents=True, exist_ok=True)
    np.savez(features_file(), trunk=np.concatenate(trunk), statistics=np.concatenate(statistics))


def _numbers(layer: Any) -> list[np.ndarray]:
    return [np.asarray(values, "float32") for values in layer.get_weights()]


def _scale(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """(factors, summands) of a batch norm that has learnt."""
    gamma, beta, mean, variance = _numbers(layer)
    factor = gamma / np.sqrt(variance + layer.epsilon)
    return factor, beta - mean * factor


def _stage(model: Any, number: int) -> tuple[Any, Any, tuple[int, int]]:
    """(kernel, bias, pool) of a convolution and its batch norm together."""
    import torch

    kernel, bias = _numbers(model.get_layer(f"conv{number}"))
    factor, summand = _scale(model.get_layer(f"bn{number}"))
    together = torch.from_numpy((kernel * factor).transpose(3, 2, 0, 1).copy())
    pool = model.get_layer(f"pool{number}").pool_size
    return together.contiguous(memory_format=torch.channels_last), torch.from_numpy(bias * factor + summand), pool


def _padded(model: Any, sounds: np.ndarray) -> np.ndarray:
    """(B, bands, frames) -> the same with frames padded, and each brought to its mean and deviation."""
    (_, _), (before, after) = model.get_layer("pad_frames").padding
    factor, summand = _scale(model.get_layer("frames_bn"))
    return np.pad(sounds, ((0, 0), (0, 0), (before, after))) * factor + summand


def _through(sounds: np.ndarray, stages: list[Any]) -> list[np.ndarray]:
    import torch
    from torch.nn import functional

    found = []
    with torch.inference_mode():
        x = torch.from_numpy(sounds.astype("float32"))[:, None].contiguous(memory_format=torch.channels_last)
        for kernel, bias, pool in stages:
            x = functional.max_pool2d(functional.conv2d(x, kernel, bias, padding=1), pool)
            x = functional.elu(x)  # which keeps the order, so that the maximum may come before it
            found.append(x.contiguous().numpy())
    return found


def _bands(sounds: np.ndarray) -> list[np.ndarray]:
    from blocks.statistics import spectrogram_statistics

    return [keras.ops.convert_to_numpy(each) for each in spectrogram_statistics(sounds[..., None])]


def _require_same(model: keras.Model, sounds: np.ndarray, trunk: np.ndarray, statistics: np.ndarray) -> None:
    """The first sound's numbers must be those of the model itself."""
    features = model.get_layer("features").output
    network = keras.Model(model.inputs, [model.get_layer(f"pool{STAGES[-1]}").output, features])
    expected, read = map(keras.ops.convert_to_numpy, network([sounds[:1, ..., None]]))
    for theirs, own in ((expected[0], trunk[0].transpose(1, 2, 0)), (read[0, : statistics.shape[1]], statistics[0])):
        difference = float(np.abs(theirs - own).max() / theirs.std())
        print(f"largest difference to the model itself {difference:.1e} deviations", flush=True)
        if difference > TOLERANCE:
            raise SystemExit("These are not the model's own features.")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
