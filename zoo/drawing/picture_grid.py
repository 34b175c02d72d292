"""Pictures side by side with a text below each, as one file (.png, .svg, .pdf), drawn by matplotlib."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import ConfigError, MissingExtraError
from zoo.files import write_figure

SIDE, LINE, DOTS = 1.35, 0.14, 120  # inches: a picture, a line of text; dots an inch
LONGEST = 26  # characters of a line of text


def write_picture_grid(
    pictures: np.ndarray,
    labels: Sequence[str],
    path: Path | str,
    *,
    columns: int | None = None,
    title: str = "",
    most: int = 64,
) -> Path:
    """Write (n, H, W, C) pictures of 1, 3 or 4 channels and one text for each as a grid; the first `most` of them.

    uint8 is shown as it is, floats from 0 to 1 or to 255 too; others from their least to their largest value.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("A grid of pictures", "matplotlib", "report") from error
    if pictures.ndim != 4 or pictures.shape[-1] not in (1, 3, 4) or not len(pictures):
        raise ConfigError(f"Pictures must be (n, height, width, 1, 3 or 4 channels); received {pictures.shape}.")
    if len(labels) != len(pictures):
        raise ConfigError(f"There are {len(pictures)} pictures and {len(labels)} labels; give one for each.")
    shown, texts = as_bytes(pictures[:most]), [_shortened(each) for each in labels[:most]]
    across = columns or min(8, max(1, math.ceil(math.sqrt(len(shown)))))
    down = math.ceil(len(shown) / across)
    ratio = pictures.shape[1] / pictures.shape[2]
    text = LINE * max(each.count("\n") + 1 for each in texts) + 0.06
    top = 0.3 if title else 0.05
    width, height = across * SIDE, top + down * (SIDE * ratio + text)
    figure = Figure(figsize=(width, height), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    if title:
        figure.text(0.5, 1 - 0.12 / height, title, ha="center", va="center", fontsize=9, parse_math=False)
    for place, (picture, label) in enumerate(zip(shown, texts, strict=True)):
        row, column = divmod(place, across)
        bottom = height - top - (row + 1) * (SIDE * ratio + text) + text
        axes = figure.add_axes(
            (column * SIDE / width + 0.004, bottom / height, (SIDE - 0.06) / width, SIDE * ratio / height)
        )
        grey = picture.shape[-1] == 1
        axes.imshow(picture[..., 0] if grey else picture, cmap="gray" if grey else None, vmin=0, vmax=255)
        axes.axis("off")
        middle = (column * SIDE + (SIDE - 0.06) / 2) / width + 0.004
        figure.text(middle, (bottom - 0.02) / height, label, ha="center", va="top", fontsize=6.5, parse_math=False)
    write_figure(figure, path)
    return Path(path)


def as_bytes(pictures: np.ndarray) -> np.ndarray:
    """Pictures of any scale as uint8, all by the same scale."""
    if pictures.dtype == np.uint8:
        return pictures
    values = pictures.astype(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low < 0 or high > 255:
        values = (values - low) * (255.0 / max(high - low, 1e-12))
    elif high <= 1:
        values = values * 255.0
    return np.clip(np.rint(np.nan_to_num(values)), 0, 255).astype(np.uint8)


def _shortened(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…" for line in lines)
