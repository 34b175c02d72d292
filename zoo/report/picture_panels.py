"""Thumbnails on a report's page: strips of pictures with a caption each, and bars of the most confused pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.report.examples import Confused
from zoo.report.panels import BLACK, BLUE, RED, entitle, say, shorten

ACROSS = 8  # pictures side by side
GAP = 0.05  # between pictures, of the width of one
CAPTION_POINTS = 8.0
CAPTION_INCHES = 0.36  # of two lines
LONGEST_LINE = 27  # characters


@dataclass(frozen=True)
class Thumbnail:
    """A picture (H, W, 1 or 3) of bytes and the lines below it; `wrong` ones are written in red."""

    pixels: np.ndarray
    caption: str
    wrong: bool = False


def strip_inches(shown: Sequence[Thumbnail], width: float, across: int = ACROSS) -> float:
    """How high a strip of these is, drawn so wide."""
    if not shown:
        return 0.01
    side = width / across
    return -(-len(shown) // across) * (side * (1 - GAP) * _ratio(shown) + CAPTION_INCHES)


def draw_strip(axes: Any, shown: Sequence[Thumbnail], title: str, *, width: float, across: int = ACROSS) -> None:
    """Pictures in rows of `across`, each with its caption below it."""
    axes.set_title(title, fontsize=10.5, loc="left", parse_math=False)
    axes.axis("off")
    axes.title.set_visible(True)
    if not shown:
        return
    text = CAPTION_INCHES / (width / across)  # in widths of a cell
    high = (1 - GAP) * _ratio(shown)
    down = -(-len(shown) // across)
    for place, each in enumerate(shown):
        row, column = divmod(place, across)
        left, top = column, -row * (high + text)
        grey = each.pixels.shape[-1] == 1
        axes.imshow(
            each.pixels[..., 0] if grey else each.pixels,
            extent=(left, left + 1 - GAP, top - high, top),
            cmap="gray" if grey else None,
            vmin=0,
            vmax=255,
            interpolation="nearest" if each.pixels.shape[1] <= 48 else None,
        )
        axes.text(
            left,
            top - high - 0.03,
            "\n".join(_cut(line) for line in each.caption.split("\n")),
            va="top",
            fontsize=CAPTION_POINTS,
            color=RED if each.wrong else BLACK,
            parse_math=False,
        )
    axes.set_xlim(0, across)
    axes.set_ylim(-down * (high + text), 0)
    axes.set_aspect("equal", anchor="NW")


def draw_confused(axes: Any, pairs: Sequence[Confused], name: str) -> None:
    """A bar for each pair of classes that are taken for each other, the most frequent above."""
    entitle(axes, f"{shorten(name)}: most confused (true, taken for)")
    if not pairs:
        say(axes, "no mistakes")
        return
    places = np.arange(len(pairs))
    axes.barh(places, [each.count for each in pairs], color=BLUE)
    for place, each in zip(places, pairs, strict=True):
        axes.text(each.count, place, f" {each.count} ({100 * each.share:.0f} %)", va="center", fontsize=8)
    axes.set_yticks(places, [f"{shorten(each.true)}, {shorten(each.predicted)}" for each in pairs], fontsize=8)
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    axes.set_xlim(0, 1.35 * max(each.count for each in pairs))
    axes.set_xlabel("rows (share of the true class)")
    axes.xaxis.get_major_locator().set_params(integer=True)


def draw_errors(axes: Any, errors: np.ndarray, name: str, unit: str) -> None:
    """How often predictions of a number are how far away."""
    axes.hist(errors, bins=min(40, max(5, len(errors) // 5)), color=BLUE)
    axes.axvline(0, color=BLACK, linewidth=1, linestyle="--")
    axes.set_xlabel("predicted minus true" + (f", {unit}" if unit else ""))
    axes.set_ylabel("rows")
    entitle(axes, f"{shorten(name)}: errors")


def _ratio(shown: Sequence[Thumbnail]) -> float:
    height, width = shown[0].pixels.shape[:2]
    return float(height / width)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 9]}…{line[-8:]}"
