"""One volume: checked voxels, the size of a voxel, and how its axes lay in the file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from zoo.errors import DataError

MOST_VOXELS = 1 << 28  # 512 x 512 x 1,024: a gigabyte of float32
COLOURS = (3, 4)  # channels of what is a colour picture at each place
LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))  # where an axis of the patient points to


@dataclass(frozen=True)
class Volume:
    """`voxels` (depth, height, width), real numbers without NaN.

    spacing      millimetres from voxel to voxel along each axis; None where nothing says so.
    orientation  where the axes of the file pointed to, in its order, as "LPI"; "" where nothing says so.
    """

    voxels: np.ndarray
    spacing: tuple[float, float, float] | None = None
    orientation: str = ""


def require_size(shape: Sequence[int], name: str) -> None:
    """Raise `DataError` unless this is the shape of one volume that fits into memory; called before it is read."""
    shape = tuple(int(side) for side in shape)
    if len(shape) == 4 and shape[-1] in COLOURS:
        raise DataError(
            f"{name} has {shape[-1]} channels, as colours have, shape {shape}; expected one number a voxel, "
            "(depth, height, width)."
        )
    if len(shape) != 3 and not (len(shape) == 4 and shape[-1] == 1):
        told = "a picture" if len(shape) == 2 else f"{len(shape)} axes"
        raise DataError(f"{name} is {told} of shape {shape}; expected a volume (depth, height, width).")
    if min(shape) < 1:
        raise DataError(f"{name} holds no voxel: its shape is {shape}.")
    if math.prod(shape) > MOST_VOXELS:
        raise DataError(
            f"{name} says it has {math.prod(shape):,} voxels, shape {shape}; at most {MOST_VOXELS:,} are read. Cut it "
            "into parts or store it coarser."
        )


def require_numbers(dtype: Any, name: str) -> None:
    """Raise `DataError` unless voxels of this type are real numbers."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        raise DataError(f"{name} holds Python objects, which are not read; store an array of numbers.")
    if dtype.names:
        raise DataError(
            f"{name} has the fields {', '.join(dtype.names)} a voxel, as colours have; expected one number."
        )
    if dtype.kind not in "biuf":
        raise DataError(f"{name} holds voxels of {dtype}; expected whole or floating numbers.")


def checked(voxels: np.ndarray, name: str) -> np.ndarray:
    """(D, H, W) or (D, H, W, 1) -> (D, H, W), all but small integers as float32. Raises `DataError` for others."""
    require_size(voxels.shape, name)
    require_numbers(voxels.dtype, name)
    found = voxels[..., 0] if voxels.ndim == 4 else voxels
    if found.dtype.kind == "f":
        found = found.astype(np.float32, copy=False)
        bad = int(found.size - np.isfinite(found).sum())
        if bad:
            raise DataError(f"{name} holds {bad:,} voxels that are no numbers (NaN or infinite); replace them first.")
    elif found.dtype.kind == "b":
        found = found.astype(np.uint8)
    elif found.dtype.itemsize > 2:
        found = found.astype(np.float32)
    return found.astype(found.dtype.newbyteorder("="), copy=False)


def checked_spacing(given: Any, name: str) -> tuple[float, float, float] | None:
    """Three lengths above 0 of what a file says; None where it says nothing that can be one."""
    try:
        numbers = np.asarray(given, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None
    if numbers.size == 1:
        numbers = np.repeat(numbers, 3)
    if numbers.size != 3 or not np.isfinite(numbers).all() or not (numbers > 0).all():
        return None
    depth, height, width = (round(float(each), 6) for each in numbers)
    return depth, height, width


def upright(voxels: np.ndarray, affine: np.ndarray, name: str) -> Volume:
    """Voxels (i, j, k), and the affine (4, 4) that gives their places in RAS millimetres -> the volume.

    Axes are exchanged and turned, never resampled: of an oblique scan each goes to the nearest axis of the patient.
    """
    directions = np.asarray(affine, np.float64)[:3, :3]
    lengths = np.sqrt((directions**2).sum(axis=0))
    spacing = checked_spacing(lengths, name)
    if spacing is None:
        return Volume(checked(voxels, name).transpose(2, 1, 0))
    shares = directions / lengths  # [axis of the patient, axis of the file]
    order = max(
        permutations(range(3)), key=lambda axes: sum(abs(shares[place, axis]) for place, axis in enumerate(axes))
    )
    signs = [shares[place, axis] < 0 for place, axis in enumerate(order)]
    letters = {axis: LETTERS[place][not signs[place]] for place, axis in enumerate(order)}
    found = checked(voxels, name).transpose(order)  # (x, y, z)
    found = found[tuple(slice(None, None, -1) if sign else slice(None) for sign in signs)]
    turned = (spacing[order[2]], spacing[order[1]], spacing[order[0]])
    return Volume(found.transpose(2, 1, 0), turned, "".join(letters[axis] for axis in range(3)))
