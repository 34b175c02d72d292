"""Pictures whose deciding region is known, on which explanations can be marked: one small pattern in noise decides.

Beside it stands a brighter square that says nothing, as a trap for maps that show what is conspicuous.
"""

from dataclasses import dataclass

import numpy as np

SIDE, PATCH = 48, 12  # pixels: a picture, its pattern
PATTERNS = ("rows", "columns", "chequers", "rings")


@dataclass(frozen=True)
class Planted:
    """pictures (n, 48, 48, 3) float32 from 0 to 1; labels (n,) places in `PATTERNS`; boxes (n, 4) of the patterns, as
    (top, left, bottom, right), bottom and right outside."""

    pictures: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray


def planted(count: int, *, seed: int = 0) -> Planted:
    """`count` pictures, each with a pattern at a random place and a trap elsewhere.

    >>> planted(2).pictures.shape
    (2, 48, 48, 3)
    """
    random = np.random.default_rng(seed)
    pictures = 0.45 + 0.12 * random.normal(size=(count, SIDE, SIDE, 3))
    labels = random.integers(len(PATTERNS), size=count)
    boxes = np.zeros((count, 4), int)
    for picture, label, box in zip(pictures, labels, boxes, strict=True):
        top, left = random.integers(0, SIDE - PATCH, 2)
        while True:
            row, column = random.integers(0, SIDE - PATCH, 2)
            if abs(row - top) >= PATCH or abs(column - left) >= PATCH:
                break
        picture[row : row + PATCH, column : column + PATCH] = random.uniform(0.7, 1.0, 3)
        strength = random.uniform(0.25, 0.4) * (1 if random.random() < 0.5 else -1)
        picture[top : top + PATCH, left : left + PATCH] += strength * _pattern(int(label))[..., None]
        box[:] = top, left, top + PATCH, left + PATCH
    return Planted(np.clip(pictures, 0, 1).astype("float32"), labels, boxes)


def _pattern(label: int) -> np.ndarray:
    """(12, 12) of -1 and 1."""
    rows, columns = np.mgrid[:PATCH, :PATCH] // 2
    middle = (PATCH // 2 - 1) // 2
    rings = np.maximum(abs(rows - middle), abs(columns - middle))
    return np.asarray([rows, columns, rows + columns, rings][label] % 2 * 2.0 - 1.0)
