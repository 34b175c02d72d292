"""The best possible detector of round structures of a known size in white noise: correlate, and take the maximum.

Turin 1960, "An introduction to matched filters": of all linear filters it has the largest ratio of signal to noise.
"""

from collections.abc import Sequence

import numpy as np

from zoo.structures.structure import Structure, structures_from
from zoo.structures.suppression import peaks, suppress_near


def ball(radius: float, side: int) -> np.ndarray:
    """(side, side, side) float32: a ball around the middle voxel, its border as soft as voxels are large."""
    axis = np.square(np.arange(side) - side // 2, dtype=np.float64)
    distance = np.sqrt(axis[:, None, None] + axis[None, :, None] + axis[None, None, :])
    return np.clip(radius + 0.5 - distance, 0.0, 1.0).astype(np.float32)


def template(radius: float) -> np.ndarray:
    """The ball of a filter less its mean, of length 1: what is constant around gives 0, and noise of 1 gives 1."""
    side = 2 * int(np.ceil(1.6 * radius + 1.0)) + 1
    axis = np.square(np.arange(side) - side // 2, dtype=np.float64)
    inside = np.sqrt(axis[:, None, None] + axis[None, :, None] + axis[None, None, :]) <= 1.6 * radius + 1.0
    shape = ball(radius, side) * inside
    shape = np.where(inside, shape - shape[inside].mean(), 0.0)
    return np.asarray(shape / np.linalg.norm(shape), dtype=np.float64)


def matched_filter(
    volume: np.ndarray, radii: Sequence[float], *, noise: float = 1.0, threshold: float = 2.0, most: int = 60
) -> list[Structure]:
    """Structures by the filters of all true sizes: at each voxel the largest of their answers, in deviations of noise.

    The `most` highest peaks, those of a place suppressed as those of a network are.
    """
    from scipy.signal import fftconvolve

    answers = np.stack([fftconvolve(volume, template(radius), mode="same") for radius in radii]) / noise
    best = answers.max(axis=0)
    places, heights = peaks(best, threshold)
    places, heights = places[: 4 * most], heights[: 4 * most]
    at = tuple(np.clip(np.rint(places).astype(int).T, 0, np.array(best.shape)[:, None] - 1))
    sizes = np.asarray(radii)[answers.argmax(axis=0)[at]]
    return suppress_near(structures_from(places, sizes, heights))[:most]
