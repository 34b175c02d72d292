"""Boxes as a picture, .svg or .png, drawn by matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.drawing.boxes import Box
from zoo.drawing.layout import Ranks, layout
from zoo.errors import MissingExtraError
from zoo.files import write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHARACTER = 0.078  # inches across, in the size of the small text
ROW, BETWEEN, MARGIN = 0.62, 0.34, 0.2  # inches: a box, the space to the next rank, around all
GAP = 3  # characters between two boxes
FILLS = {"input": "#dcebf7", "block": "#f4f4f2", "output": "#ddf0dc", "shared": "#fdebd0"}
EDGES = {"input": "#4878a8", "block": "#8a8a85", "output": "#4f9a54", "shared": "#c98a2b"}
INK, PALE = "#222222", "#666666"


def write_picture(boxes: Sequence[Box], path: Path, *, title: str) -> None:
    """Write the picture; `MissingExtraError` without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("A drawing in a file", "matplotlib", "report") from error
    ranks = layout(
        boxes, lambda box, beside: max(len(box.title), round(0.9 * len(box.content)), len(box.size)) + 3, gap=GAP
    )
    width = max(slot.x + slot.width / 2 for row in ranks for slot in row) * CHARACTER + 2 * MARGIN
    height = len(ranks) * (ROW + BETWEEN) - BETWEEN + 2 * MARGIN + 0.3  # the title
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "zoo"}):  # text as text, the same bytes on every run
        figure = Figure(figsize=(max(width, 3.0), height), dpi=120, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-(max(width, 3.0) - width) / 2, width + (max(width, 3.0) - width) / 2), ylim=(height, 0))
        axes.axis("off")
        axes.text(width / 2, MARGIN + 0.05, title, ha="center", va="center", fontsize=11, weight="bold", color=INK)
        _edges(axes, ranks)
        for number, row in enumerate(ranks):
            for slot in row:
                if slot.box is not None:
                    _box(axes, slot.box, _across(slot.x), _top(number), slot.width * CHARACTER)
        write_figure(figure, path)


def _across(x: float) -> float:
    """A column of the layout in inches."""
    return MARGIN + x * CHARACTER


def _top(rank: int) -> float:
    return MARGIN + 0.3 + rank * (ROW + BETWEEN)


def _box(axes: "Axes", box: Box, x: float, top: float, width: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    kind = "input" if box.is_input else "output" if box.outputs else "shared" if box.shared else "block"
    style: dict[str, Any] = {"facecolor": FILLS[kind], "edgecolor": EDGES[kind], "linewidth": 1.1, "zorder": 2}
    shape = f"round,pad=0,rounding_size={ROW / 2 if box.is_input else 0.06}"
    if box.count > 1:  # another sheet behind
        behind = (x - width / 2 + 0.05, top + 0.05)
        axes.add_patch(FancyBboxPatch(behind, width, ROW, boxstyle=shape, **{**style, "zorder": 1.5}))
    axes.add_patch(FancyBboxPatch((x - width / 2, top), width, ROW, boxstyle=shape, **style))
    lines = ((box.title, 8.5, INK, "bold"), (box.content, 7.5, INK, "normal"), (box.size, 7.5, PALE, "normal"))
    for number, (text, size, color, weight) in enumerate(lines):
        at = top + ROW * (0.2 + 0.3 * number)
        axes.text(x, at, text, ha="center", va="center", fontsize=size, color=color, weight=weight, zorder=3)


def _edges(axes: "Axes", ranks: Ranks) -> None:
    """A curve from each box to what reads it; through a rank that it passes it leads straight."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    for number, row in enumerate(ranks):
        for slot in row:
            start, bottom = _across(slot.x), _top(number) + ROW
            curves: list[list[tuple[float, float]]] = []
            if slot.box is None:
                curves.append([(start, _top(number)), (start, bottom)])
            for below in slot.below:
                end, top, middle = _across(below.x), _top(number + 1), bottom + BETWEEN / 2
                curves.append([(start, bottom), (start, middle), (end, middle), (end, top)])
            for points in curves:
                codes = [Curve.MOVETO, *([Curve.CURVE4] * 3 if len(points) == 4 else [Curve.LINETO])]
                axes.add_patch(
                    PathPatch(Curve(points, codes), fill=False, edgecolor="#777777", linewidth=1.0, zorder=1)
                )
