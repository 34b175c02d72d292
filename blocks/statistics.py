"""Means and deviations of maps and spectrograms: the few numbers that a dense layer learns from few sounds."""

import keras
from keras import ops

from blocks.checks import require_rank

FLAT = 1e-6  # a variance below this is none: its root would have no gradient


def mean_and_deviation(x: keras.KerasTensor) -> list[keras.KerasTensor]:
    """(B, H, W, C) -> the mean of each channel over all places, (B, C), and its deviation, (B, C)."""
    require_rank("x", x, (4,), "maps of features, (B, H, W, C)")
    return [ops.mean(x, axis=(1, 2)), _deviation(x, (1, 2))]


def spectrogram_statistics(sound: keras.KerasTensor) -> list[keras.KerasTensor]:
    """(B, bands, frames, 1) -> of each band over the frames its mean, its deviation, and how much it differs from one
    frame to the next, three times (B, bands).

    The first two tell timbre, the third how lively each band is, as spectral flux tells it of all (Tzanetakis and Cook
    2002, Musical genre classification of audio signals).
    """
    require_rank("sound", sound, (4,), "a spectrogram of one channel, (B, bands, frames, 1)")
    if sound.shape[2] is not None and sound.shape[2] < 2:
        raise ValueError(f"'sound' must have two frames at least; received a tensor of shape {tuple(sound.shape)}.")
    bands = ops.squeeze(sound, axis=-1)
    steps = ops.abs(bands[:, :, 1:] - bands[:, :, :-1])
    return [ops.mean(bands, axis=2), _deviation(bands, 2), ops.mean(steps, axis=2)]


def _deviation(x: keras.KerasTensor, axis: int | tuple[int, ...]) -> keras.KerasTensor:
    return ops.sqrt(ops.var(x, axis=axis) + FLAT)
