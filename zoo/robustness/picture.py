"""The picture of an attack: accuracy against strength, and samples before and after, as matplotlib draws them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.files import write_figure
from zoo.robustness.words import described, in_words

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ImportError as error:
    raise MissingExtraError("The picture of an attack", "matplotlib", "report") from error

if TYPE_CHECKING:
    from zoo.robustness.fooling import FoolingImages
    from zoo.robustness.result import Attack, Flip

SHOWN = 6  # samples
BLUE, GREY = "#0072B2", "#7F7F7F"
LONGEST = 110  # characters of a text on the page
INCHES = 2.0  # of a picture


def draw_attack(found: "Attack", path: Path | str) -> None:
    """Write the page to `path`."""
    flips = list(found.flips[:SHOWN])
    pictures = bool(flips) and found.kind == "picture"
    lines = 3 if pictures else 1
    figure = Figure(figsize=(13, 4.2 + (INCHES * lines if pictures else 0.5 * len(flips))), layout="constrained")
    FigureCanvasAgg(figure)
    heights = [3.6, *([INCHES] * lines if pictures else [max(0.4, 0.5 * len(flips))])]
    grid = figure.add_gridspec(len(heights), SHOWN, height_ratios=heights)
    _curve(figure.add_subplot(grid[0, :]), found)
    if pictures:
        for column, flip in enumerate(flips):
            _pictures([figure.add_subplot(grid[line + 1, column]) for line in range(lines)], flip, found)
    else:
        _texts(figure.add_subplot(grid[1, :]), found)
    write_figure(figure, path)


def draw_fooling(found: "FoolingImages", path: Path | str) -> None:
    """Write the pictures with what the model says of them."""
    count = len(found.wanted)
    columns = min(count, 5)
    rows = -(-count // columns)
    figure = Figure(figsize=(2.4 * columns, 2.7 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for place in range(count):
        axes = figure.add_subplot(rows, columns, place + 1)
        picture = in_rgb(found.pictures[place], found.colour)
        _show(axes, picture, f"{_plain(found.wanted[place])}: {found.confidence[place]:.1%}")
    write_figure(figure, path)


def _curve(axes: Any, found: "Attack") -> None:
    strengths, shares = zip(*found.accuracy.items(), strict=True)
    axes.plot(range(len(strengths)), [100 * each for each in shares], marker="o", color=BLUE)
    parts = [each * 255 for each in strengths]
    of_255 = found.unit.startswith("of a pixel") and all(abs(each - round(each)) < 1e-6 for each in parts)
    names = [f"{round(each)}/255" if of_255 else f"{each:g}" for each in (parts if of_255 else strengths)]
    axes.set_xticks(range(len(strengths)), names)
    axes.set_ylim(-3, 103)
    axes.set_xlabel(f"strength, {found.unit}")
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="y", alpha=0.3)
    axes.set_title(_plain(found.sentence()), fontsize=10.5)


def _pictures(axes: list[Any], flip: "Flip", found: "Attack") -> None:
    """Before, the change (grey where nothing changed, stretched to the full range), after."""
    before, after = (in_rgb(each, found.colour) for each in (flip.original, flip.changed))
    change = after - before
    most = float(np.abs(change).max()) or 1.0
    _show(axes[0], before, f"{_plain(flip.before[0])} {flip.before[1]:.0%}")
    _show(axes[1], 0.5 + change / (2 * most), f"at {in_words(flip.strength, found.unit.partition(' (')[0])}")
    _show(axes[2], after, f"{_plain(flip.after[0])} {flip.after[1]:.0%}")


def in_rgb(picture: np.ndarray, colour: str) -> np.ndarray:
    """(H, W, C) in the model's order of channels -> red first."""
    return picture[..., [2, 1, 0]] if colour == "bgr" and picture.shape[-1] == 3 else picture


def _show(axes: Any, picture: np.ndarray, title: str) -> None:
    values = picture[..., 0] if picture.shape[-1] == 1 else picture[..., :3]
    axes.imshow(np.clip(values, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title, fontsize=8)
    axes.axis("off")


def _texts(axes: Any, found: "Attack") -> None:
    axes.axis("off")
    lines = [described(flip) for flip in found.flips[:SHOWN]] or ["No prediction changed."]
    text = "\n".join(_plain(line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…") for line in lines)
    axes.text(0, 1, text, va="top", fontsize=9, transform=axes.transAxes)


def _plain(text: str) -> str:
    return text.replace("$", r"\$")
