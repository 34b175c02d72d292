"""Volumes of any size and spacing -> voxels of one size and one shape, about the middle or about a point."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError, DataWarning, is_number
from zoo.volumes.volume import MOST_VOXELS, Volume

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Crop:
    """A value of a volume column: the part of a `source` (a path or an array) about a `point`.

    point  (depth, height, width) in voxels of the source as `read_volume` gives it, counted from 0.
    """

    source: Any
    point: tuple[float, float, float]


def crops_of(sources: Sequence[Any], points: np.ndarray) -> list[Any]:
    """Sources and (n, 3) points -> crops; a source stays as it is where its point is no three numbers."""
    known = np.isfinite(points).all(axis=1)
    rows = zip(sources, points.tolist(), known.tolist(), strict=True)
    return [Crop(source, tuple(point)) if has and not isinstance(source, Crop) else source
            for source, point, has in rows]  # fmt: skip


@dataclass(frozen=True)
class Preparation:
    """The voxels that a model sees.

    shape    (depth, height, width) in voxels: larger volumes are cut, smaller ones padded with their lowest value.
    spacing  millimetres to which volumes are resampled, linearly (a coarser one is the mean of what it covers); None:
             voxels are taken as they are.
    """

    shape: tuple[int, int, int]
    spacing: Three | None = None

    def __post_init__(self) -> None:
        whole = len(self.shape) == 3 and all(type(side) is int and side >= 1 for side in self.shape)
        if not whole or np.prod([float(side) for side in self.shape]) > MOST_VOXELS:
            raise ConfigError(
                "'shape' of volumes must be three whole numbers of voxels, (depth, height, width), together at most "
                f"{MOST_VOXELS:,}; received {self.shape!r}."
            )
        if self.spacing is not None and not (
            len(self.spacing) == 3 and all(is_number(each) and each > 0 for each in self.spacing)
        ):
            raise ConfigError(
                "'spacing' of volumes must be three lengths in millimetres above 0, (depth, height, width); received "
                f"{self.spacing!r}."
            )

    def factors(self, volume: Volume) -> Three:
        """Voxels of the volume for one of the result; a spacing that is not known is taken as 1 mm."""
        if self.spacing is None:
            return (1.0, 1.0, 1.0)
        depth, height, width = np.divide(self.spacing, volume.spacing or (1.0, 1.0, 1.0)).tolist()
        return depth, height, width

    def fitted(self, volume: Volume, point: Sequence[float] | None = None) -> np.ndarray:
        """`shape` voxels about the middle of the volume or about a point of it; resampled ones are float32.

        >>> Preparation((2, 2, 2)).fitted(Volume(np.arange(64).reshape(4, 4, 4)))[0].tolist()
        [[21, 22], [25, 26]]
        """
        factors, found = self.factors(volume), volume.voxels
        if point is not None:
            require_point(point, found.shape)
        fill = found.min()
        for axis, (side, factor) in enumerate(zip(self.shape, factors, strict=True)):
            if factor == 1:  # whole voxels are taken: nothing is smoothed
                first = (found.shape[axis] - side) // 2 if point is None else int(np.rint(point[axis])) - side // 2
                edges = first + np.arange(side + 1.0)
            else:
                middle = found.shape[axis] / 2 if point is None else point[axis] + 0.5
                edges = middle + (np.arange(side + 1) - side / 2) * factor
            found = _along(found, axis, edges, factor, fill)
        return found


def median_spacing(volumes: Sequence[Volume]) -> Three | None:
    """The median spacing of those that say theirs; None where none does."""
    said = [volume.spacing for volume in volumes if volume.spacing is not None]
    if not said:
        return None
    depth, height, width = (round(float(each), 6) for each in np.median(said, axis=0))
    return depth, height, width


def warn_of_unknown_spacings(volumes: Sequence[Volume], name: str) -> None:
    """Warn where some volumes that are to be resampled do not say their spacing."""
    if unknown := sum(volume.spacing is None for volume in volumes):
        warnings.warn(
            f"{unknown} of {len(volumes)} {name} do not say their spacing: 1 mm is taken.", DataWarning, stacklevel=4
        )


def require_point(point: Sequence[float], shape: Sequence[int]) -> None:
    """Raise `DataError` unless the point lies in a volume of this shape."""
    inside = len(point) == 3 and all(
        is_number(each) and -0.5 <= each <= side - 0.5 for each, side in zip(point, shape, strict=True)
    )
    if not inside:
        raise DataError(
            f"A point of a volume must be three numbers of voxels within its shape {tuple(shape)}; received "
            f"{tuple(point)!r}."
        )


def crops_at(voxels: np.ndarray, points: Sequence[Sequence[float]], shape: Sequence[int]) -> np.ndarray:
    """(D, H, W), (n, 3) points in voxels -> (n, *shape), each with its point in the middle.

    >>> crops_at(np.arange(27).reshape(3, 3, 3), [(0, 0, 0)], (1, 1, 2)).tolist()
    [[[[0, 0]]]]
    """
    size = (int(shape[0]), int(shape[1]), int(shape[2]))
    found = [Preparation(size).fitted(Volume(voxels), point) for point in points]
    return np.stack(found) if found else np.empty((0, *size), voxels.dtype)


def _along(values: np.ndarray, axis: int, edges: np.ndarray, factor: float, fill: Any) -> np.ndarray:
    """New voxels along one axis, between `edges` in old voxels; those whose middle lies outside hold `fill`."""
    count = values.shape[axis]
    middles = (edges[:-1] + edges[1:]) / 2
    outside = (middles < 0) | (middles > count)
    if factor == 1:
        found = np.take(values, np.clip(edges[:-1], 0, count - 1).astype(int), axis)
    elif factor > 1:
        found = _averaged(values, axis, np.clip(edges, 0, count))
    else:
        places = np.clip(middles - 0.5, 0, count - 1)
        low = np.floor(places).astype(int)
        share = _beside(places - low, axis, values.ndim)
        found = np.take(values, low, axis).astype(np.float32) * (1 - share)
        found += np.take(values, np.minimum(low + 1, count - 1), axis) * share
    if outside.any():
        found[(slice(None),) * axis + (outside,)] = fill
    return found


def _averaged(values: np.ndarray, axis: int, edges: np.ndarray) -> np.ndarray:
    """The mean of the old voxels between two edges, each by its share."""
    first, last = int(np.floor(edges[0])), int(np.ceil(edges[-1]))
    inner = np.take(values, np.arange(first, max(last, first + 1)).clip(0, values.shape[axis] - 1), axis)
    zero = np.zeros_like(np.take(inner, [0], axis), dtype=np.float64)
    sums = np.concatenate([zero, np.cumsum(inner, axis=axis, dtype=np.float64)], axis=axis)
    low = np.clip(np.floor(edges - first).astype(int), 0, inner.shape[axis] - 1)
    share = _beside(edges - first - low, axis, values.ndim)
    at_edges = np.take(sums, low, axis) * (1 - share) + np.take(sums, low + 1, axis) * share
    widths = np.maximum(np.diff(edges), 1e-9)
    return (np.diff(at_edges, axis=axis) / _beside(widths, axis, values.ndim)).astype(np.float32)


def _beside(numbers: np.ndarray, axis: int, rank: int) -> np.ndarray:
    """(n,) -> an array of the rank, along one axis."""
    return numbers.astype(np.float32).reshape([-1 if each == axis else 1 for each in range(rank)])
