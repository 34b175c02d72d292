"""Changes of a picture's values that depend on the value alone: one table of 256 entries for each channel.

Several of them become one table: what the next one must know of the picture, it reads from the histogram of the last.
"""

from collections.abc import Sequence

import numpy as np

VALUES = np.arange(256)


def posterize(table: np.ndarray, counts: np.ndarray, strength: float) -> np.ndarray:
    """Keep 8 - 4 * `strength` bits of a value."""
    dropped = round(4 * strength)
    return table >> dropped << dropped


def solarize(table: np.ndarray, counts: np.ndarray, strength: float) -> np.ndarray:
    """Turn values of 256 * (1 - `strength`) and more into their negative."""
    return np.where(table >= 256 * (1.0 - strength), 255 - table, table)


def autocontrast(table: np.ndarray, counts: np.ndarray, strength: float) -> np.ndarray:
    """Stretch the values that occur to 0..255."""
    found = table[counts > 0]
    low, high = int(found.min()), int(found.max())
    if high == low:
        return table
    return np.clip(np.rint((table - low) * (255.0 / (high - low))), 0, 255).astype(np.int64)


def equalize(table: np.ndarray, counts: np.ndarray, strength: float) -> np.ndarray:
    """Make all values about equally frequent, as Pillow does."""
    histogram = np.bincount(table, weights=counts, minlength=256)
    step = int(histogram.sum() - histogram[histogram > 0][-1]) // 255
    if not step:
        return table
    before = np.concatenate([[0], np.cumsum(histogram)[:-1]])
    return np.minimum((step // 2 + before) // step, 255).astype(np.int64)[table]


TABLES = {"posterize": posterize, "solarize": solarize, "autocontrast": autocontrast, "equalize": equalize}


def change_values(picture: np.ndarray, changes: Sequence[tuple[str, float]], top: float) -> None:
    """Apply the named changes, one after the other, to (H, W, C) in place.

    A picture of floats from 0 to `top` is brought to 256 values before. A fourth channel (alpha) stays.
    """
    whole = picture.dtype == np.uint8
    for channel in range(min(picture.shape[-1], 3)):
        values = np.ascontiguousarray(picture[..., channel])
        if not whole:
            values = np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8)
        counts, table = np.bincount(values.reshape(-1), minlength=256), VALUES
        for name, strength in changes:
            table = TABLES[name](table, counts, strength)
        found = np.frombuffer(values.tobytes().translate(table.astype(np.uint8).tobytes()), np.uint8)
        found = found.reshape(values.shape)
        picture[..., channel] = found if whole else found * (top / 255.0)


def sharpen(picture: np.ndarray, factor: float, top: float) -> None:
    """Multiply the distance from the smoothed picture (Pillow's filter SMOOTH), in place; the edge stays."""
    values = picture.astype(np.float32)
    height, width = values.shape[:2]
    if min(height, width) < 3:
        return
    rows = values[:-2] + values[1:-1] + values[2:]
    middle = values[1:-1, 1:-1]
    smooth = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4.0 * middle) / np.float32(13.0)
    found = np.clip(smooth + np.float32(factor) * (middle - smooth), 0.0, np.float32(top))
    picture[1:-1, 1:-1] = np.rint(found) if picture.dtype == np.uint8 else found
