"""Volumes with masks: samples of one size, what a network says of a whole volume, and the mean shape beside it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.samples import MISSING_CLASS, Samples
from zoo.structures.search import WINDOW, blended_maps

MULTIPLE = 8  # sides of what a network with three halvings takes


def window_shape(volumes: Sequence[np.ndarray], side: int) -> tuple[int, ...]:
    """The shape of windows that hold the largest volume, in multiples of 8 voxels, at most `side`."""
    largest = np.max([each.shape for each in volumes], axis=0)
    return tuple(int(min(-(-length // MULTIPLE) * MULTIPLE, side)) for length in largest)


def mask_windows(volumes: Sequence[np.ndarray], masks: Sequence[np.ndarray | None], shape: tuple[int, ...]) -> Samples:
    """Volumes and masks of any shapes -> samples of one: cut into windows, padded at the end.

    What is padded has no label.
    """
    parts, labels, owners = [], [], []
    for number, (volume, mask) in enumerate(zip(volumes, masks, strict=True)):
        for start in np.ndindex(*(-(-length // window) for length, window in zip(volume.shape, shape, strict=True))):
            box = tuple(slice(at * window, (at + 1) * window) for at, window in zip(start, shape, strict=True))
            part = volume[box]
            missing = [(0, window - given) for window, given in zip(shape, part.shape, strict=True)]
            parts.append(np.pad(part, missing, mode="edge"))
            known = np.full(part.shape, MISSING_CLASS) if mask is None else mask[box]
            labels.append(np.pad(known.astype(np.int32), missing, constant_values=MISSING_CLASS))
            owners.append(str(number))
    return Samples(
        {"volume": np.stack(parts).astype(np.float32)[..., None]},
        {"mask": np.stack(labels)},
        groups={"volume": np.array(owners)},
    )


def find_mask(
    model: Any, volume: np.ndarray, *, window: int | Sequence[int] = WINDOW, output: str = "mask"
) -> np.ndarray:
    """volume (D, H, W) as the model takes it -> (D, H, W) the likeliest label of each voxel.

    window  the shape of the windows that the model was trained on: at other sizes it may be far worse.
    """
    maps = blended_maps(model, volume, window=window, outputs=(output,))
    return np.argmax(maps[output], axis=-1).astype(np.int32)


def centroid(mask: np.ndarray, label: int | None = None) -> np.ndarray | None:
    """(3,) the mean place of a label, of all but the background where none is named; None where there is none."""
    places = np.argwhere(mask > 0 if label is None else mask == label)
    return places.mean(axis=0) if len(places) else None


def mean_shape(masks: Sequence[np.ndarray], shape: Sequence[int], labels: int) -> np.ndarray:
    """The likeliest label of each voxel of `shape`, of masks whose middles lie on its middle."""
    votes = np.zeros((labels, *shape), np.int32)
    for mask in masks:
        ours, theirs = [], []
        for side, given in zip(shape, mask.shape, strict=True):
            shift = (side - given) // 2
            ours.append(slice(max(shift, 0), max(shift, 0) + min(given, side)))
            theirs.append(slice(max(-shift, 0), max(-shift, 0) + min(given, side)))
        for label in range(1, labels):
            votes[label][tuple(ours)] += mask[tuple(theirs)] == label
    votes[0] = len(masks) - votes[1:].sum(axis=0)
    return np.argmax(votes, axis=0).astype(np.int32)
