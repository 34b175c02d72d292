"""An explanation as a picture (.png, .svg): a map over the photo, words on their colours, bars of columns."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.explain.subject import ARRAY, PICTURE, TEXT
from zoo.files import write_figure

if TYPE_CHECKING:
    from zoo.explain.explanation import Explanation

SIDE, DOTS = 3.0, 120  # inches: a picture; dots an inch
MOST_BARS = 30
LINE_WIDTH, LINE_HEIGHT = 78, 0.24  # characters of a line of text; inches
FOR, AGAINST, INK = "#c0392b", "#2471a3", "#222222"


def write_explanation(found: "Explanation", path: Path) -> None:
    """Write the picture; `MissingExtraError` without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("A picture of an explanation", "matplotlib", "report") from error
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "zoo"}):
        figure = Figure(dpi=DOTS, facecolor="white")
        FigureCanvasAgg(figure)
        draw = _map if found.sense in (PICTURE, ARRAY) else _words if found.sense == TEXT else _bars
        draw(figure, found)
        write_figure(figure, path)


def _title(found: "Explanation") -> str:
    label = f" = {found.label} ({found.score_text})" if found.label else f" = {found.score_text}"
    return f"{found.output}{label}    {found.method}"


def overlaid(found: "Explanation", opacity: float = 0.55) -> np.ndarray:
    """(H, W, 3) from 0 to 1: the picture in grey, and over it in colours what speaks for (and against) the label."""
    from matplotlib import colormaps

    grey = np.asarray(found.shown, np.float64)
    grey = grey.mean(axis=-1, keepdims=True) if grey.shape[-1] in (1, 3) else grey[..., :3].mean(axis=-1, keepdims=True)
    scaled = scaled_values(found)
    colours = colormaps["RdBu_r" if found.signed else "jet"]((scaled + 1) / 2 if found.signed else scaled)[..., :3]
    share = opacity * (np.abs(scaled)[..., None] ** 0.7 if found.signed else 1.0)
    return np.clip(grey / 255 * (1 - share) + colours * share, 0, 1)


def scaled_values(found: "Explanation") -> np.ndarray:
    """The map from -1 (or 0) to 1; the largest hundredth is cut off, which would leave all others pale."""
    values = np.asarray(found.values, np.float64)
    most = np.quantile(np.abs(values), 0.995) or np.abs(values).max() or 1.0
    return np.clip(values / most, -1 if found.signed else 0, 1)


def _map(figure: Any, found: "Explanation") -> None:
    if found.sense == ARRAY:
        flat = found.values if found.values.ndim > 1 else found.values[None]
        images = [flat.reshape(flat.shape[0], -1)]
    else:
        images = [found.shown, overlaid(found)]
    height, width = images[0].shape[:2]
    tall = SIDE * min(max(height / width, 0.2), 3.0)
    figure.set_size_inches(SIDE * len(images), tall + 0.35)
    for place, image in enumerate(images):
        axes = figure.add_axes((place / len(images) + 0.004, 0, 1 / len(images) - 0.008, tall / (tall + 0.35)))
        flat = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
        limit = float(np.abs(flat).max()) or 1.0
        options = {"cmap": "gray", "vmin": 0, "vmax": 255} if found.sense == PICTURE else {
            "cmap": "RdBu_r", "vmin": -limit, "vmax": limit}  # fmt: skip
        axes.imshow(flat, aspect="auto", interpolation="nearest", **options)
        axes.axis("off")
    figure.text(0.5, 1 - 0.17 / (tall + 0.35), _title(found), ha="center", va="center", fontsize=9, parse_math=False)


def _words(figure: Any, found: "Explanation") -> None:
    most = float(np.abs(found.values).max()) or 1.0
    lines: list[list[tuple[str, float]]] = [[]]
    room = LINE_WIDTH
    for part, value in zip(found.parts, found.values, strict=True):
        for word in part.split() or [part]:
            if len(word) + 1 > room and lines[-1]:
                lines.append([])
                room = LINE_WIDTH
            lines[-1].append((word[:LINE_WIDTH], float(value)))
            room -= len(word) + 1
    high = LINE_HEIGHT * len(lines) + 0.45
    wide = 0.085 * LINE_WIDTH + 0.2
    figure.set_size_inches(wide, high)
    figure.text(0.1 / wide, 1 - 0.2 / high, _title(found), va="center", fontsize=9, parse_math=False)
    for row, line in enumerate(lines):
        at = 0.1
        for word, value in line:
            share = abs(value) / most
            box = {
                "boxstyle": "round,pad=0.12",
                "facecolor": _tint(FOR if value > 0 else AGAINST, share),
                "linewidth": 0,
            }
            figure.text(at / wide, 1 - (0.5 + LINE_HEIGHT * row) / high, word, va="center", fontsize=8.5, color=INK,
                        family="monospace", bbox=box, parse_math=False)  # fmt: skip
            at += 0.085 * (len(word) + 1)


def _bars(figure: Any, found: "Explanation") -> None:
    order = np.argsort(-np.abs(found.values))[:MOST_BARS][::-1]
    names = [found.part(int(row)) for row in order]
    figure.set_size_inches(6.0, 0.26 * len(order) + 0.7)
    axes = figure.add_subplot()
    values = np.asarray(found.values)[order]
    axes.barh(range(len(order)), values, color=[FOR if each > 0 else AGAINST for each in values])
    axes.set_yticks(range(len(order)), [each if len(each) <= 40 else f"{each[:37]}..." for each in names], fontsize=8,
                    parse_math=False)  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.tick_params(axis="x", labelsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(_title(found), fontsize=9, parse_math=False)
    figure.tight_layout()


def _tint(colour: str, share: float) -> tuple[float, float, float]:
    """From white (0) to the colour (1), pale enough to be read on."""
    full = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    mixed = 1 - 0.75 * share * (1 - full)
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]))
