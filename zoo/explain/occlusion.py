"""Explanations by what a model says when a part of the picture is hidden: sliding windows, and RISE's random masks.

Zeiler and Fergus 2014; Petsiuk et al. 2018 (RISE).
"""

from typing import Any

import numpy as np

from zoo.errors import ConfigError
from zoo.explain.fills import filled
from zoo.explain.heat_maps import resized
from zoo.explain.subject import BATCH, Subject


def occlusion(
    subject: Subject, *, window: int | None = None, stride: int | None = None, fill: Any = "mean"
) -> tuple[np.ndarray, dict[str, Any]]:
    """(H, W): what the score loses where a pixel is hidden, the mean over all windows that hide it; and the settings.

    window  pixels a side that are hidden at once: by default an eighth of the shorter side.
    stride  between two windows: by default half a window.
    """
    value = subject.value[0]
    height, width = value.shape[:2]
    side = _pixels("window", window, max(1, min(height, width) // 8), min(height, width))
    step = _pixels("stride", stride, max(1, side // 2), min(height, width))
    tops, lefts = _starts(height, side, step), _starts(width, side, step)
    boxes = [(top, left) for top in tops for left in lefts]
    hidden, whole = filled(value, fill), subject.score
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for first in range(0, len(boxes), BATCH):
        part = boxes[first : first + BATCH]
        samples = np.repeat(value[None], len(part), axis=0)
        for sample, (top, left) in zip(samples, part, strict=True):
            sample[top : top + side, left : left + side] = hidden[top : top + side, left : left + side]
        for (top, left), score in zip(part, subject.scores_of(samples), strict=True):
            total[top : top + side, left : left + side] += whole - score
            count[top : top + side, left : left + side] += 1
    return total / np.maximum(count, 1), {"window": side, "stride": step, "fill": _told(fill), "windows": len(boxes)}


def rise(
    subject: Subject, *, masks: int = 512, cells: int = 7, share: float = 0.5, fill: Any = "zero", seed: int = 0
) -> tuple[np.ndarray, dict[str, Any]]:
    """(H, W): the mean score of pictures of which a random `share` is seen, over those in which the pixel is.

    masks  random masks of `cells` x `cells`, enlarged bilinearly and shifted by less than a cell.
    """
    value = subject.value[0]
    height, width = value.shape[:2]
    random, hidden = np.random.default_rng(seed), filled(value, fill)
    total, seen = np.zeros((height, width)), np.zeros((height, width))
    high, wide = -(-height // cells), -(-width // cells)
    for first in range(0, masks, BATCH):
        found = []
        for _ in range(min(BATCH, masks - first)):
            grid = (random.random((cells, cells)) < share).astype(np.float64)
            large = resized(np.pad(grid, ((0, 1), (0, 1)), mode="edge"), (cells + 1) * high, (cells + 1) * wide)
            top, left = random.integers(high), random.integers(wide)
            found.append(large[top : top + height, left : left + width])
        part = np.stack(found)
        samples = (part[..., None] * value + (1 - part[..., None]) * hidden).astype(value.dtype)
        total += np.tensordot(subject.scores_of(samples), part, axes=1)
        seen += part.sum(axis=0)
    settings = {"masks": masks, "cells": cells, "share": share, "fill": _told(fill), "seed": seed}
    return total / np.maximum(seen, 1e-9), settings


def _starts(length: int, side: int, step: int) -> list[int]:
    """Where windows begin, the last at the end."""
    return sorted({*range(0, length - side + 1, step), length - side})


def _pixels(name: str, given: Any, usual: int, most: int) -> int:
    if given is None:
        return usual
    if type(given) is not int or not 1 <= given <= most:
        raise ConfigError(f"'{name}' must be a number of pixels from 1 to {most}; received {given!r}.")
    return given


def _told(fill: Any) -> Any:
    return fill if isinstance(fill, str | int | float) else "array"
