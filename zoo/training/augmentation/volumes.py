"""Changes to volumes as they are seen in training, (B, D, H, W, 1): mirrored, turned, moved a little, with noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.pictures.views import AXES
from zoo.training.augmentation.pictures.transform import Draw, Transform, interval, option


@dataclass(frozen=True)
class OfVolumes(Transform):
    """A transform of volumes; pictures are refused."""

    def change(self, volumes: np.ndarray, draw: Draw) -> np.ndarray:
        """(B, D, H, W, 1), which may be changed in place -> the same shape."""
        raise NotImplementedError

    def _check_axes(self, axes: Any) -> None:
        given = (axes,) if isinstance(axes, str) else tuple(axes) if isinstance(axes, list | tuple) else (axes,)
        for each in given:
            require_known(f"axis of the augmentation '{self.name}'", each, AXES)
        object.__setattr__(self, "axes", given)


@dataclass(frozen=True)
class FlipAxes(OfVolumes):
    """Mirror along each of the `axes`, in a `share` of the volumes. Leave out axes whose two sides mean something."""

    name: ClassVar[str] = "flip_axes"
    axes: tuple[str, ...] = AXES
    share: float = option(0.5)

    def __post_init__(self) -> None:
        self._check_axes(self.axes)
        super().__post_init__()

    def change(self, volumes: np.ndarray, draw: Draw) -> np.ndarray:
        for axis in self.axes:
            place = AXES.index(axis)
            for row in np.flatnonzero(draw.chosen(self.share)).tolist():
                volumes[row] = np.flip(volumes[row], place).copy()
        return volumes


@dataclass(frozen=True)
class QuarterTurns(OfVolumes):
    """Turn by 0, 90, 180 or 270 degrees about each of the `axes`; by half turns where the two sides differ."""

    name: ClassVar[str] = "quarter_turns"
    axes: tuple[str, ...] = ("depth",)

    def __post_init__(self) -> None:
        self._check_axes(self.axes)
        super().__post_init__()

    def change(self, volumes: np.ndarray, draw: Draw) -> np.ndarray:
        for axis in self.axes:
            one, other = (place for place in range(3) if place != AXES.index(axis))
            turns = draw.random.integers(0, 4, draw.count)
            if volumes.shape[1 + one] != volumes.shape[1 + other]:
                turns = turns // 2 * 2
            for row in np.flatnonzero(turns).tolist():
                volumes[row] = np.rot90(volumes[row], int(turns[row]), (one, other)).copy()
        return volumes


@dataclass(frozen=True)
class Affine(OfVolumes):
    """Turn by up to so many `degrees` about each axis, scale, and shift by up to a part of each side; linearly sampled.

    What lies outside holds the lowest value of the volume.
    """

    name: ClassVar[str] = "affine"
    degrees: float = option(10.0, low=0.0, high=180.0)
    scale: tuple[float, float] = interval((0.9, 1.1), low=0.1, high=10.0)
    shift: float = option(0.05)
    share: float = option(1.0)

    def change(self, volumes: np.ndarray, draw: Draw) -> np.ndarray:
        chosen, sides = draw.chosen(self.share), np.array(volumes.shape[1:4])
        angles = np.radians(draw.random.uniform(-self.degrees, self.degrees, (draw.count, 3)))
        scales = draw.within(*self.scale)
        shifts = draw.random.uniform(-self.shift, self.shift, (draw.count, 3)) * sides
        for row in np.flatnonzero(chosen).tolist():
            volumes[row, ..., 0] = sampled(volumes[row, ..., 0], _turned(angles[row]) / scales[row], shifts[row])
        return volumes


@dataclass(frozen=True)
class VoxelNoise(OfVolumes):
    """Add Gaussian noise to a `share` of the volumes, its deviation up to a `part` of that of the volume."""

    name: ClassVar[str] = "voxel_noise"
    part: float = option(0.1)
    share: float = option(0.5)

    def change(self, volumes: np.ndarray, draw: Draw) -> np.ndarray:
        chosen, parts = draw.chosen(self.share), draw.within(0.0, self.part)
        for row in np.flatnonzero(chosen).tolist():
            deviation = np.float32(parts[row] * volumes[row].std())
            volumes[row] += deviation * draw.random.standard_normal(volumes.shape[1:], np.float32)
        return volumes


VOLUME_TRANSFORMS: tuple[type[OfVolumes], ...] = (FlipAxes, QuarterTurns, Affine, VoxelNoise)


def augment_volumes(volumes: np.ndarray, transforms: Sequence[Transform], draw: Draw) -> np.ndarray:
    """(B, D, H, W, 1) -> the same shape, a copy; float32 where values are changed; the same bits for the same draw."""
    mine = [each for each in transforms if isinstance(each, OfVolumes)]
    exact = all(isinstance(each, FlipAxes | QuarterTurns) for each in mine)
    found = volumes.copy() if exact else volumes.astype(np.float32)
    for each in mine:
        found = each.change(found, draw)
    return found


def require_fitting(transforms: Sequence[Transform], volumes: bool, mixing: tuple[type[Transform], ...]) -> None:
    """Raise `ConfigError` for a transform of pictures on volumes, or the other way round; `mixing` ones fit both."""
    for each in transforms:
        if isinstance(each, OfVolumes) != volumes and not isinstance(each, mixing):
            known = ", ".join(kind.name for kind in VOLUME_TRANSFORMS)
            told = f"; those of volumes are {known} and mixup" if volumes else ", (depth, height, width, 1)"
            kind = "pictures or sounds, and the input is volumes" if volumes else "volumes"
            raise ConfigError(f"The augmentation '{each.name}' is for {kind}{told}.")


def sampled(volume: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(D, H, W) -> the same shape: each voxel from where `matrix` (3, 3) about the middle, and then `shift`, say."""
    sides = np.array(volume.shape)
    middle = (sides - 1) / 2
    grid = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), -1).reshape(-1, 3) - middle
    places = (grid @ matrix.T + shift + middle).astype(np.float32)  # (voxels, 3)
    outside = ((places < -0.5) | (places > sides - 0.5)).any(axis=1)
    places = np.clip(places, 0, sides - 1).astype(np.float32)
    low = np.minimum(np.floor(places).astype(np.int64), np.maximum(sides - 2, 0))
    share = places - low.astype(np.float32)
    flat, found = volume.reshape(-1), np.zeros(len(places), np.float32)
    for corner in product((0, 1), repeat=3):
        at = np.minimum(low + np.array(corner), sides - 1)
        weight = np.prod(np.where(np.array(corner) == 1, share, 1 - share), axis=1)
        found += weight * flat[(at[:, 0] * sides[1] + at[:, 1]) * sides[2] + at[:, 2]]
    found[outside] = volume.min()
    return found.reshape(volume.shape)


def _turned(angles: np.ndarray) -> np.ndarray:
    """The rotation about the three axes, one after the other."""
    found = np.eye(3)
    for axis, angle in enumerate(angles):
        one, other = (place for place in range(3) if place != axis)
        turn = np.eye(3)
        turn[one, one] = turn[other, other] = np.cos(angle)
        turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
        found = turn @ found
    return found
