"""The report as one PNG, 1600 pixels wide: the table, the loss terms, and a row of three panels for every output."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import MissingExtraError
from zoo.files import write_figure
from zoo.report.confusion import confusion
from zoo.report.panels import (
    MOST_CLASSES,
    draw_confusion,
    draw_groups,
    draw_learning,
    draw_regression,
    draw_terms,
    say,
)
from zoo.report.table import WIDTH, score_table
from zoo.samples import present

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
except ImportError as error:
    raise MissingExtraError("A report's picture", "matplotlib", "report") from error

if TYPE_CHECKING:
    from rich.table import Table

    from zoo.report.report import Report

INCHES, DOTS = 16.0, 100  # 1600 pixels
TEXT_POINTS = 10.5
LINE_INCHES = TEXT_POINTS * 1.25 / 72
ROW_INCHES, TALLEST_ROW = 4.4, 9.0
LINE_OF_LABEL = 0.17  # inches that one class or group needs


def draw(report: "Report", path: Path) -> None:
    """Write the page to `path`. Drawn without pyplot: no window, no global state, safe in any thread."""
    text = table_text(report)
    heights = [max(3.6, (text.count("\n") + 2) * LINE_INCHES), *(_row_height(report, name) for name in report.targets)]
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    figure = Figure(figsize=(INCHES, sum(heights) + 0.4), dpi=DOTS, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(heights), 3, height_ratios=heights)
    _text_panel(figure.add_subplot(grid[0, :2]), text)
    draw_terms(figure.add_subplot(grid[0, 2]), report.history)
    for line, name in enumerate(report.targets, start=1):
        _output_row(report, name, [figure.add_subplot(grid[line, column]) for column in range(3)])
    write_figure(figure, path)


def table_text(report: "Report") -> str:
    """The score table as plain text."""
    return plain_text(score_table(report), width=WIDTH)


def plain_text(table: "Table", *, width: int) -> str:
    """A table as a terminal without colours shows it."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, force_terminal=False).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _row_height(report: "Report", name: str) -> float:
    groups = sum(row["output"] == name for row in report.groups)
    longest = max(len(report.targets[name].labels), min(groups, 30))
    return min(TALLEST_ROW, max(ROW_INCHES, 1.2 + LINE_OF_LABEL * longest))


def _text_panel(axes: Any, text: str) -> None:
    axes.axis("off")
    # "$" would start a formula.
    axes.text(
        0, 1, text.replace("$", r"\$"), family="monospace", fontsize=TEXT_POINTS, va="top", transform=axes.transAxes
    )


def _output_row(report: "Report", name: str, panels: list[Any]) -> None:
    target, labels = report.targets[name], report.labels[name]
    if not present(labels).any():
        say(panels[0], f"{name}: no labels in test")
    elif target.kind == "regression":
        draw_regression(panels[0], labels, report.predictions[name], name, target.unit)
    else:
        counts, names = confusion(labels, report.predictions[name], target.labels, most=MOST_CLASSES)
        draw_confusion(panels[0], counts, names, name, report.calibration[name])
    draw_learning(panels[1], report.history, name)
    rows = [row for row in report.groups if row["output"] == name]
    if rows:
        draw_groups(panels[2], rows, target)
    else:
        say(panels[2], f"{name}: no groups to compare")
