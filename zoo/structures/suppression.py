"""Peaks of a map, and of those that lie near each other the highest."""

from collections.abc import Sequence

import numpy as np

from zoo.structures.structure import Structure, centres_of, radii_of, scores_of

MOST = 2_000  # peaks of one map that are looked at, the highest


def peaks(heat: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """A map (D, H, W) -> (n, 3) float64 places and (n,) heights of voxels that none of their 26 neighbours exceeds.

    The highest first; a place is moved by less than a voxel, to where a parabola through its neighbours has its top.
    """
    padded = np.pad(heat, 1, constant_values=-np.inf)
    chosen = heat >= threshold
    around = [
        tuple(slice(step, step + side) for step, side in zip(steps, heat.shape, strict=True))
        for steps in np.ndindex(3, 3, 3)
        if steps != (1, 1, 1)
    ]
    for number, box in enumerate(around):  # of equal neighbours the first in order is the peak
        chosen &= (heat > padded[box]) if number < len(around) // 2 else (heat >= padded[box])
    places = np.argwhere(chosen)
    heights = heat[chosen]
    order = np.argsort(-heights, kind="stable")[:MOST]
    places, heights = places[order], heights[order]
    return places + _shifts(padded, places), heights.astype(np.float64)


def _shifts(padded: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(n, 3), each from -1/2 to 1/2; 0 at the border of the map."""
    found = np.zeros(places.shape, np.float64)
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        before, here, after = (padded[tuple((places + 1 + move * step).T)].astype(np.float64) for move in (-1, 0, 1))
        inside = np.isfinite(before) & np.isfinite(after)
        before, after = np.where(inside, before, here), np.where(inside, after, here)
        bend = before - 2.0 * here + after
        found[:, axis] = np.where(bend < 0, np.clip((before - after) / np.minimum(2.0 * bend, -1e-12), -0.5, 0.5), 0.0)
    return found


def suppress_near(found: Sequence[Structure], *, least_distance: float = 2.0) -> list[Structure]:
    """Of structures that lie in each other the one of the highest score: non-maximum suppression by distance.

    Two are one where their centres are nearer than the larger radius, or than `least_distance` voxels.
    """
    order = np.argsort(-scores_of(found), kind="stable")
    centres, radii = centres_of(found)[order], radii_of(found)[order]
    kept: list[int] = []
    for place, centre in enumerate(centres):
        others = np.linalg.norm(centres[kept] - centre, axis=1)
        if not (others < np.maximum(np.maximum(radii[kept], radii[place]), least_distance)).any():
            kept.append(place)
    return [found[order[place]] for place in kept]
