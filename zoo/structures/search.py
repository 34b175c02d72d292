"""A large volume is searched window by window; what windows say of the same place is blended."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.structures.maps import in_volume, map_shape
from zoo.structures.structure import Structure, structures_from
from zoo.structures.suppression import peaks, suppress_near

WINDOW = 64  # voxels a side: how far a small network sees is little beside it
OVERLAP = 16  # voxels
TRIED = 32  # voxels a side of a volume whose map's size is asked for


def find_structures(
    model: Any,
    volume: np.ndarray,
    *,
    threshold: float = 0.1,
    spacing: Sequence[float] | None = None,
    window: int = WINDOW,
    overlap: int = OVERLAP,
    heat: str = "centre",
    radius: str = "radius",
) -> list[Structure]:
    """volume (D, H, W) as the model was trained on it -> structures of at least this score, the highest first.

    model    a `keras.Model` of volumes (B, d, h, w, 1) of any size to dicts with a heat map and a map of radii.
    spacing  millimetres of a voxel along each axis, for centres in millimetres.

    Memory is that of one window, the volume and two maps of it. Raises `DataError` for what is no volume.
    """
    maps = blended_maps(model, volume, window=window, overlap=overlap, outputs=(heat, radius))
    stride = stride_of(model, heat)
    places, heights = peaks(maps[heat][..., 0], threshold)
    nearest = tuple(np.rint(places).astype(int).T)
    radii = maps[radius][..., 0][nearest]
    found = structures_from(in_volume(places, stride), np.maximum(radii, 0.5), heights)
    inside = [each for each in found if _is_in(each, volume.shape)]
    return [each.with_spacing(spacing) for each in suppress_near(inside)]


def _is_in(structure: Structure, shape: Sequence[int]) -> bool:
    return all(-0.5 <= at <= side - 0.5 for at, side in zip(structure.centre, shape, strict=True))


def stride_of(model: Any, output: str) -> int:
    """How many voxels of the volume, along each axis, one of the map stands for."""
    shape = model.compute_output_shape([(1, TRIED, TRIED, TRIED, 1)])[output]
    return TRIED // int(shape[1])


def blended_maps(
    model: Any,
    volume: np.ndarray,
    *,
    window: int | Sequence[int] = WINDOW,
    overlap: int = OVERLAP,
    outputs: Sequence[str],
) -> dict[str, np.ndarray]:
    """volume (D, H, W) -> output -> (D/stride, H/stride, W/stride, channels) float32.

    Each voxel is the mean of what its windows say, weighted by how far it lies from the windows' borders.

    window  voxels: a side, and less where the volume is smaller; or the three sides of the windows that the model was
            trained on, where it has learnt how far a place lies from their borders.
    """
    require_volume(volume)
    strides = {name: stride_of(model, name) for name in outputs}
    step = max(strides.values())
    if isinstance(window, int):
        sides, least = tuple(min(window, -(-side // 8) * 8) for side in volume.shape), window
    else:
        sides, least = tuple(window), min(window)
        overlap = min(overlap, least // 2 // (2 * step) * (2 * step))  # windows of few voxels along one axis
    if least % 8 or any(side % 8 for side in sides) or overlap % (2 * step) or not 0 <= overlap < least:
        raise ConfigError(
            f"'window' must be a multiple of 8 and 'overlap' one of {2 * step} below it; received {window} and "
            f"{overlap}."
        )
    sums: dict[str, np.ndarray] = {}
    weights = {name: np.zeros(map_shape(volume.shape, strides[name]), np.float32) for name in outputs}
    for start in starts_of(volume.shape, sides, overlap):
        found = model.predict_on_batch({model.inputs[0].name: _cut(volume, start, sides)[None, ..., None]})
        for name in outputs:
            stride, part = strides[name], np.asarray(found[name], np.float32)[0]
            weight = _weight(part.shape[:3], max(overlap // stride, 1))
            box = tuple(
                slice(at // stride, at // stride + side) for at, side in zip(start, part.shape[:3], strict=True)
            )
            total = sums.setdefault(name, np.zeros((*weights[name].shape, part.shape[-1]), np.float32))
            room = tuple(min(part.shape[axis], total.shape[axis] - box[axis].start) for axis in range(3))
            kept = tuple(slice(0, side) for side in room)
            total[box] += (part * weight[..., None])[kept]
            weights[name][box] += weight[kept]
    return {name: total / weights[name][..., None] for name, total in sums.items()}


def require_volume(volume: Any) -> None:
    """Raise `DataError` unless this is one channel of finite numbers in three dimensions."""
    if not isinstance(volume, np.ndarray) or volume.ndim != 3 or volume.dtype.kind not in "fiub" or not volume.size:
        given = f"{volume.dtype} of shape {volume.shape}" if isinstance(volume, np.ndarray) else type(volume).__name__
        raise DataError(f"A volume must be an array of numbers (D, H, W); received {given}.")
    if volume.dtype.kind == "f" and not np.isfinite(volume).all():
        place = tuple(int(each) for each in np.argwhere(~np.isfinite(volume))[0])
        raise DataError(f"A volume must hold finite numbers; voxel {place} is {volume[place]}.")


def starts_of(shape: Sequence[int], sides: Sequence[int], overlap: int) -> Iterator[tuple[int, int, int]]:
    """Where windows begin that cover the volume; the last of each axis ends with it, on a multiple of 8.

    >>> list(starts_of((80, 64, 64), (64, 64, 64), 16))
    [(0, 0, 0), (16, 0, 0)]
    """
    axes = []
    for length, side in zip(shape, sides, strict=True):
        last = max(-(-length // 8) * 8 - side, 0)
        steps = list(range(0, last, max(side - overlap, 8)))
        axes.append([*steps, last])
    for first in axes[0]:
        for second in axes[1]:
            for third in axes[2]:
                yield first, second, third


def _cut(volume: np.ndarray, start: Sequence[int], sides: Sequence[int]) -> np.ndarray:
    """A window in float32; beyond the volume its border goes on."""
    box = tuple(slice(at, at + side) for at, side in zip(start, sides, strict=True))
    part = volume[box].astype(np.float32)
    missing = [(0, side - given) for side, given in zip(sides, part.shape, strict=True)]
    return np.pad(part, missing, mode="edge") if any(after for _, after in missing) else part


def _weight(shape: Sequence[int], ramp: int) -> np.ndarray:
    """A weight for each voxel of a window: rises from its borders over `ramp` voxels to 1."""
    sides = [np.minimum((np.minimum(np.arange(side), np.arange(side)[::-1]) + 1) / (ramp + 1), 1.0) for side in shape]
    first, second, third = (each.astype(np.float32) for each in sides)
    return np.asarray(first[:, None, None] * second[None, :, None] * third[None, None, :])
