"""A cost report as one PNG, 1600 pixels wide: the table in money, and its panels."""

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import MissingExtraError
from zoo.files import write_figure
from zoo.report.cost_report_panels import (
    draw_cost_by_threshold,
    draw_cost_curve,
    draw_decisions,
    draw_precision_recall,
    draw_reliability,
)
from zoo.report.panels import say
from zoo.report.picture import DOTS, INCHES, LINE_INCHES, ROW_INCHES, TEXT_POINTS, plain_text
from zoo.report.table import WIDTH

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
except ImportError as error:
    raise MissingExtraError("A report's picture", "matplotlib", "report") from error

if TYPE_CHECKING:
    from zoo.report.cost_report import CostReport


def draw_costs(report: "CostReport", path: Path) -> None:
    """Write the page to `path`."""
    text = plain_text(report.table(), width=WIDTH)
    heights = [max(ROW_INCHES, (text.count("\n") + 2) * LINE_INCHES), ROW_INCHES]
    figure = Figure(
        figsize=(INCHES, sum(heights) + 0.4),
        dpi=DOTS,
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12),
        facecolor="white",
    )
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 12, height_ratios=heights)
    words = figure.text(0.01, 0.97, text.replace("$", r"\$"), family="monospace", fontsize=TEXT_POINTS, va="top")
    words.set_in_layout(False)  # it would squeeze the panels
    names, unit = report.target.labels, report.costs.unit
    table = report.costs.table(names)
    labels, chosen = report.labels, report.cheapest("model")
    draw_decisions(figure.add_subplot(grid[0, 8:]), labels, chosen, names, table, unit)
    what = f"'{names[-1]}'" if report.target.kind == "binary" else "the chosen class"
    panels = [figure.add_subplot(grid[1, 3 * place : 3 * place + 3]) for place in range(4)]
    draw_reliability(panels[0], labels, report.answers["model"], report.before, what)
    if report.target.kind == "binary":
        marks = {who: report.cheapest(who) for who in report.answers}
        draw_precision_recall(panels[1], labels, report.answers, marks, names[-1])
        threshold = report.costs.threshold(names)
        draw_cost_by_threshold(panels[2], labels, report.answers, table, threshold, unit)
        draw_cost_curve(panels[3], labels, report.answers, table)
    else:
        for panel in panels[1:]:
            say(panel, "curves over a threshold\nare for two labels")
    write_figure(figure, path)
