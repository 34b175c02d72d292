"""Windows to train on: many around known structures, many elsewhere, of which training chooses the hard ones."""

from collections.abc import Sequence

import numpy as np

from zoo.samples import Samples
from zoo.structures.maps import centre_map, radius_map
from zoo.structures.structure import Structure

FLIPS = tuple(np.ndindex(2, 2, 2))


def windows_of(
    volumes: Sequence[np.ndarray],
    known: Sequence[Sequence[Structure]],
    *,
    side: int = 24,
    around: int = 6,
    elsewhere: int = 12,
    stride: int = 2,
    seed: int = 0,
) -> Samples:
    """Volumes (D, H, W) and their structures -> windows with their maps "centre" and "radius", and the group "volume".

    Of each structure `around` windows that hold its centre, of each volume `elsewhere` at random; each is flipped and
    turned by right angles. Which windows an epoch reads is chosen by `Imbalance`: half of them have a centre.
    """
    random = np.random.default_rng(seed)
    parts, centres, radii, owners = [], [], [], []
    for number, (volume, structures) in enumerate(zip(volumes, known, strict=True)):
        for start in _starts(random, volume.shape, structures, side, around, elsewhere):
            part, inside = _cut(volume, structures, start, side)
            part, inside = turned(part, inside, random)
            parts.append(part)
            centres.append(centre_map(inside, part.shape, stride))
            radii.append(radius_map(inside, part.shape, stride)[..., None])
            owners.append(str(number))
    return Samples(
        {"volume": np.stack(parts)[..., None]},
        {"centre": np.stack(centres), "radius": np.stack(radii)},
        groups={"volume": np.array(owners)},
    )


def _starts(
    random: np.random.Generator,
    shape: Sequence[int],
    structures: Sequence[Structure],
    side: int,
    around: int,
    elsewhere: int,
) -> list[np.ndarray]:
    """Where windows begin; beyond the volume by a quarter of a window at the most."""
    margin = side // 4
    low, high = -margin, np.maximum(np.array(shape) - side + margin, 1 - margin)
    found = [random.integers(low, high) for _ in range(elsewhere)]
    for each in structures:
        for _ in range(around):
            offset = random.integers(margin // 2, side - margin // 2, size=3)
            found.append(np.clip(np.rint(each.centre).astype(int) - offset, low, high))
    return found


def _cut(
    volume: np.ndarray, structures: Sequence[Structure], start: np.ndarray, side: int
) -> tuple[np.ndarray, list[Structure]]:
    """The window that begins there, the volume's border going on outside, and the structures whose centre is in it."""
    before, after = np.maximum(-start, 0), np.maximum(start + side - np.array(volume.shape), 0)
    box = tuple(slice(max(at, 0), at + side) for at in start.tolist())
    part = np.pad(volume[box].astype(np.float32), list(zip(before, after, strict=True)), mode="edge")
    moved = [_moved(each, np.array(each.centre) - start) for each in structures]
    return part, [each for each in moved if all(0 <= at <= side - 1 for at in each.centre)]


def turned(
    part: np.ndarray, structures: Sequence[Structure], random: np.random.Generator
) -> tuple[np.ndarray, list[Structure]]:
    """A window flipped along some axes, and its axes exchanged: one of 48 ways to look at a cube."""
    axes = random.permutation(3)
    flips = random.integers(0, 2, size=3)
    part = part.transpose(axes)
    part = part[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    found = []
    for each in structures:
        centre = np.array(each.centre)[axes]
        found.append(_moved(each, np.where(flips == 1, np.array(part.shape) - 1 - centre, centre)))
    return np.ascontiguousarray(part), found


def _moved(structure: Structure, centre: np.ndarray) -> Structure:
    x, y, z = centre.tolist()
    return Structure((x, y, z), structure.radius)
