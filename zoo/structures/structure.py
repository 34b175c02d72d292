"""A round structure in a volume: known from labels, or found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ITSELF = 1.5  # voxels: a centre that lies no further from a known one is always a hit


@dataclass(frozen=True)
class Structure:
    """`centre` and `radius` in voxels of the volume, axes as those of its array; `score` 0 to 1, 1 of a label.

    `millimetres` is the centre in the millimetres of the volume's own spacing, from its first voxel; that of voxels of
    1 mm where the spacing is not known.
    """

    centre: tuple[float, float, float]
    radius: float
    score: float = 1.0
    millimetres: tuple[float, float, float] | None = None

    def with_spacing(self, spacing: Sequence[float] | None) -> "Structure":
        """The same with its centre in millimetres too."""
        x, y, z = (float(place * step) for place, step in zip(self.centre, spacing or (1.0, 1.0, 1.0), strict=True))
        return Structure(self.centre, self.radius, self.score, (x, y, z))


def centres_of(found: Sequence[Structure]) -> np.ndarray:
    """(n, 3) float64."""
    return np.array([each.centre for each in found], dtype=np.float64).reshape(-1, 3)


def radii_of(found: Sequence[Structure]) -> np.ndarray:
    """(n,) float64."""
    return np.array([each.radius for each in found], dtype=np.float64)


def scores_of(found: Sequence[Structure]) -> np.ndarray:
    """(n,) float64."""
    return np.array([each.score for each in found], dtype=np.float64)


def structures_from(centres: np.ndarray, radii: np.ndarray, scores: np.ndarray) -> list[Structure]:
    """(n, 3), (n,), (n,) -> n structures."""
    return [
        Structure((float(x), float(y), float(z)), float(radius), float(score))
        for (x, y, z), radius, score in zip(centres, radii, scores, strict=True)
    ]
