"""Labels of structures as a network learns them: where a centre is, and how large the structure there.

Zhou et al. 2019, "Objects as Points", section 3; Law and Deng 2018, "CornerNet", section 3.2.
"""

from collections.abc import Sequence

import numpy as np

from zoo.structures.structure import Structure

REACH = 3.0  # deviations of a peak that are drawn
LEAST_DEVIATION = 0.7  # in voxels of the map: a peak is wider than one voxel


def map_shape(shape: Sequence[int], stride: int) -> tuple[int, int, int]:
    """The shape of a map of a volume of this shape; sides that do not divide are rounded up."""
    first, second, third = (-(-side // stride) for side in shape)
    return first, second, third


def centre_map(structures: Sequence[Structure], shape: Sequence[int], stride: int = 1) -> np.ndarray:
    """Structures in a volume of `shape` -> float32 map of 1/stride of it: 1 at the voxel of each centre, and around it
    a bell whose deviation is a third of the radius; the larger of two that overlap. What lies outside is left out.
    """
    found = np.zeros(map_shape(shape, stride), np.float32)
    for each in structures:
        place = on_map(each, stride)
        if place is None or any(not 0 <= at < side for at, side in zip(place, found.shape, strict=True)):
            continue
        deviation = max(each.radius / stride / 3.0, LEAST_DEVIATION)
        box, distance = _around(place, REACH * deviation, found.shape)
        found[box] = np.maximum(found[box], np.exp(-np.square(distance) / (2.0 * deviation**2)))
        found[place] = 1.0
    return found


def radius_map(structures: Sequence[Structure], shape: Sequence[int], stride: int = 1) -> np.ndarray:
    """The radii in voxels of the volume, at the centres' voxels of the map and next to them; elsewhere NaN."""
    found = np.full(map_shape(shape, stride), np.nan, np.float32)
    for each in structures:
        place = on_map(each, stride)
        if place is not None and all(0 <= at < side for at, side in zip(place, found.shape, strict=True)):
            box, distance = _around(place, 1.0, found.shape)
            found[box] = np.where(distance <= 1.0, np.float32(each.radius), found[box])
    return found


def on_map(structure: Structure, stride: int) -> tuple[int, int, int]:
    """The voxel of the map in which a centre lies: voxel m holds the volume's m * stride to m * stride + stride - 1."""
    first, second, third = (int(np.floor((at + 0.5) / stride)) for at in structure.centre)
    return first, second, third


def in_volume(places: np.ndarray, stride: int) -> np.ndarray:
    """(n, 3) places on a map -> (n, 3) in the volume's voxels, middle to middle.

    >>> in_volume(np.array([[0.0, 1.0, 2.0]]), 2).tolist()
    [[0.5, 2.5, 4.5]]
    """
    return (places + 0.5) * stride - 0.5


def _around(
    place: tuple[int, int, int], reach: float, shape: Sequence[int]
) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """The box within `reach` of a voxel, as far as the map has it, and the distance of its voxels from that one."""
    size = int(np.ceil(reach))
    first, second, third = (
        slice(max(at - size, 0), min(at + size + 1, side)) for at, side in zip(place, shape, strict=True)
    )
    box = (first, second, third)
    axes = [np.arange(part.start, part.stop) - at for part, at in zip(box, place, strict=True)]
    squares = [np.square(axis.astype(np.float32)) for axis in axes]
    return box, np.sqrt(squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :])
