"""Pictures taken apart and put together again: each output pixel is read where a matrix says, between four pixels.

Outside of the picture lies its reflection (without its edge twice). Values of uint8 are weighed in steps of 1/256, all
channels of a pixel in one 64-bit number, which takes a third of the time of float32. A picture that is only mirrored
and moved by whole pixels is copied, not weighed. Every picture is computed by itself: the number of threads, and which
others are in the batch, change no bit.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

PIXELS = 1 << 16  # that are computed together: arrays of this size stay in the cache
THREADS = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
BITS, ONE = 8, 256  # of the fixed point numbers that places in the picture are


def warp(pictures: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """(B, H, W, C) uint8 or float32, (B, 3, 3) output -> input pixel from the middle; gives (B, H, W, C)."""
    height, width = pictures.shape[1:3]
    matrices = _from_corner(matrices, height, width)
    whole = _is_whole(matrices)
    if whole.all():
        return _moved(pictures, matrices)
    found = np.empty_like(pictures)
    if whole.any():
        found[whole] = _moved(pictures[whole], matrices[whole])
    flat = (matrices[:, 2] == [0, 0, 1]).all(axis=1)
    sample = _sample_bytes if pictures.dtype == np.uint8 else _sample_floats

    def part(places: np.ndarray) -> None:
        found[places] = sample(pictures[places], matrices[places])

    together = max(PIXELS // (height * width), 1)
    # Places in pictures seen from aside are rounded in another way: what a picture becomes must not depend on others.
    in_threads(
        part, [*parts(np.flatnonzero(~whole & flat), together), *parts(np.flatnonzero(~whole & ~flat), together)]
    )
    return found


def parts(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Row numbers in parts of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def in_threads(part: Callable[[np.ndarray], None], rows: list[np.ndarray]) -> None:
    """Call `part` with each of `rows`, in threads where there are several."""
    if len(rows) > 1 and THREADS > 1:
        with ThreadPoolExecutor(min(THREADS, len(rows))) as pool:
            list(pool.map(part, rows))
    else:
        for each in rows:
            part(each)


def _from_corner(matrices: np.ndarray, height: int, width: int) -> np.ndarray:
    """Matrices for pixels from the middle -> for pixels from the upper left corner."""
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2] = -(width - 1) / 2, -(height - 1) / 2
    back[:2, 2] = -to_middle[:2, 2]
    return back @ matrices @ to_middle


def _is_whole(matrices: np.ndarray) -> np.ndarray:
    """(B,) whether pixels are only mirrored and moved by whole numbers."""
    straight = (matrices[:, 0, 1] == 0) & (matrices[:, 1, 0] == 0) & (matrices[:, 2] == [0, 0, 1]).all(axis=1)
    sizes = (np.abs(matrices[:, 0, 0]) == 1) & (np.abs(matrices[:, 1, 1]) == 1)
    return straight & sizes & (matrices[:, :2, 2] == np.round(matrices[:, :2, 2])).all(axis=1)


def _moved(pictures: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Mirrored and moved by whole pixels: a window of the padded picture."""
    height, width = pictures.shape[1:3]
    flips = matrices[:, [0, 1], [0, 1]] < 0  # (B, 2) across, down
    # A mirrored picture is read from its other end; what is left is by how much the window lies beside the picture.
    starts = (matrices[:, :2, 2] - np.where(flips, [width - 1, height - 1], 0)).astype(int)
    pad = np.abs(starts).max(axis=0, initial=0)
    padded = np.pad(pictures, ((0, 0), (pad[1],) * 2, (pad[0],) * 2, (0, 0)), mode="reflect") if pad.any() else pictures
    found = np.empty_like(pictures)
    for row, ((x, y), (across, down)) in enumerate(zip((starts + pad).tolist(), flips.tolist(), strict=True)):
        window = padded[row, y : y + height, x : x + width]
        found[row] = window[:: -1 if down else 1, :: -1 if across else 1]
    return found


def _places(matrices: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(b, 3, 3) -> (b, H, W) columns and rows to read at, in 1/256 pixels, reflected into the picture."""
    x, y = np.arange(width), np.arange(height)
    projective = bool((matrices[:, 2] != [0, 0, 1]).any())
    found = []
    for axis, size in ((0, width), (1, height)):
        across = matrices[:, axis, 0, None] * x + matrices[:, axis, 2, None]  # (b, W)
        down = matrices[:, axis, 1, None] * y  # (b, H)
        if projective:
            depth = (matrices[:, 2, 0, None] * x + matrices[:, 2, 2, None])[:, None].astype(np.float32)
            depth = depth + (matrices[:, 2, 1, None] * y)[:, :, None].astype(np.float32)
            exact = (across[:, None].astype(np.float32) + down[:, :, None].astype(np.float32)) / depth
            fixed = np.rint(exact * np.float32(ONE)).astype(np.int32)
        else:
            fixed = np.rint(across * ONE).astype(np.int32)[:, None] + np.rint(down * ONE).astype(np.int32)[:, :, None]
        found.append(_reflected(fixed, size))
    return found[0], found[1]


def _reflected(fixed: np.ndarray, size: int) -> np.ndarray:
    """Places in 1/256 pixels -> within 0..size - 1, as in mirrors at the first and the last pixel."""
    period = 2 * (size - 1) * ONE
    if not period:
        return np.zeros_like(fixed)
    np.abs(fixed, out=fixed)
    if fixed.max(initial=0) > period:
        fixed %= period
    return np.minimum(fixed, period - fixed, out=fixed)


def _four(matrices: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index of the upper left one of four pixels in all pixels (b * H * W), and how far from it to read, in 1/256."""
    columns, rows = _places(matrices, height, width)
    across, down = (columns & (ONE - 1)).reshape(-1), (rows & (ONE - 1)).reshape(-1)
    rows >>= BITS
    columns >>= BITS
    rows *= width
    rows += columns
    rows += (np.arange(len(matrices), dtype=np.int32) * (height * width))[:, None, None]
    return rows.reshape(-1).astype(np.intp), across, down


def _sample_bytes(pictures: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """uint8: the channels of a pixel lie in one number, 16 bits each, and are weighed together."""
    count, height, width, channels = pictures.shape
    pixels: Any
    lanes: Any
    if channels == 1:
        pixels, lanes, ones = pictures.reshape(-1).astype(np.uint32), np.uint32, 1
    else:
        wide = np.zeros((count * height * width, 4), np.uint16)
        for channel in range(channels):  # one long copy each; rows of three are copied one by one
            wide[:, channel] = pictures[..., channel].reshape(-1)
        pixels, lanes, ones = wide.view(np.uint64)[:, 0], np.uint64, 0x0001000100010001
    mask, half, bits = lanes(0xFF * ones), lanes(0x80 * ones), lanes(BITS)

    def between(first: np.ndarray, second: np.ndarray, near: np.ndarray, far: np.ndarray) -> np.ndarray:
        first *= near
        second *= far
        first += second
        first += half
        first >>= bits
        first &= mask
        return first

    index, across, down = _four(matrices, height, width)
    far = across.astype(lanes)
    near = lanes(ONE) - far
    top = between(pixels.take(index, mode="clip"), pixels.take(index + 1, mode="clip"), near, far)
    index += width
    bottom = between(pixels.take(index, mode="clip"), pixels.take(index + 1, mode="clip"), near, far)
    far = down.astype(lanes)
    found = between(top, bottom, lanes(ONE) - far, far)
    if channels == 1:
        return found.astype(np.uint8).reshape(pictures.shape)
    wide, narrow = found.view(np.uint16).reshape(-1, 4), np.empty((len(found), channels), np.uint8)
    for channel in range(channels):
        narrow[:, channel] = wide[:, channel]
    return narrow.reshape(pictures.shape)


def _sample_floats(pictures: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Any float type, channel by channel."""
    height, width = pictures.shape[1:3]
    index, across, down = _four(matrices, height, width)
    right = across.astype(pictures.dtype) / pictures.dtype.type(ONE)
    below = down.astype(pictures.dtype) / pictures.dtype.type(ONE)
    found = np.empty_like(pictures)
    for channel in range(pictures.shape[-1]):
        pixels = np.ascontiguousarray(pictures[..., channel]).reshape(-1)
        top = _between(pixels.take(index, mode="clip"), pixels.take(index + 1, mode="clip"), right)
        under = index + width
        bottom = _between(pixels.take(under, mode="clip"), pixels.take(under + 1, mode="clip"), right)
        found[..., channel] = _between(top, bottom, below).reshape(pictures.shape[:3])
    return found


def _between(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    second -= first
    second *= share
    second += first
    return second
