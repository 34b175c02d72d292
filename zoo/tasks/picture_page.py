"""pictures.png of a report: confusion, errors by group, pictures predicted worst and best, pictures that look alike."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.files import write_figure
from zoo.report.confusion import confusion
from zoo.report.examples import Example
from zoo.report.panels import draw_confusion, draw_groups, draw_regression, say, shorten
from zoo.report.picture_panels import Thumbnail, draw_confused, draw_errors, draw_strip, strip_inches
from zoo.samples import present

if TYPE_CHECKING:
    from zoo.tasks.picture_report import OutputPart, PictureReport

INCHES, DOTS = 16.0, 100  # 1600 pixels
MARGIN, TITLE = 0.25, 0.35  # inches
PANELS = 4.6  # inches high
ALONE = 24  # classes of a confusion; of more, those that are confused most often
GROUPS = ("brightness", "original's size", "class size")
MOST_OUTPUTS = 6
SHORT = 3  # characters of a label
WHERE = {"train": "to train on", "validation": "to validate"}


def draw_page(report: "PictureReport", path: Path) -> None:
    """Write the page to `path`. Drawn without pyplot: no window, no global state, safe in any thread."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = INCHES - 2 * MARGIN
    shown = dict(list(report.outputs.items())[:MOST_OUTPUTS])
    strips: list[tuple[str, str, list[Thumbnail]]] = []  # output, title, pictures
    for name, part in shown.items():
        for what, rows in (("worst", part.worst), ("best", part.best)):
            strips.append((name, f"{name}: predicted {what}, as the model sees them", _thumbnails(report, rows)))
    alike = _alike(report)
    heights = [PANELS * len(shown), *(strip_inches(each, width) + TITLE for _, _, each in strips)]
    heights += [strip_inches(alike, width) + TITLE] if report.compared else []
    total = sum(heights) + MARGIN + TITLE
    figure = Figure(figsize=(INCHES, total), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    title = f"{report.report.title} ({report.report.sizes['test']} test pictures)"
    if len(shown) < len(report.outputs):
        title += f"; the first {len(shown)} of {len(report.outputs)} outputs"
    figure.text(0.5, 1 - 0.18 / total, title, ha="center", va="center", fontsize=12, parse_math=False)
    top = total - TITLE

    def strip(text: str, pictures: list[Thumbnail], top: float) -> float:
        high = strip_inches(pictures, width)
        bottom = top - TITLE - high
        axes = figure.add_axes((MARGIN / INCHES, bottom / total, width / INCHES, high / total))
        draw_strip(axes, pictures, text, width=width)
        return bottom

    for name, part in shown.items():
        _panels(figure, report, name, part, (top - PANELS) / total, PANELS / total)
        top -= PANELS
        for output, text, pictures in strips:
            if output == name:
                top = strip(text, pictures, top)
    if report.compared:
        strip(" ".join(report.said()).removesuffix("; pictures.png shows the closest."), alike, top)
    write_figure(figure, path)


def _panels(figure: Any, report: "PictureReport", name: str, part: "OutputPart", bottom: float, high: float) -> None:
    """Three panels of one output side by side."""
    long = max(map(len, report.report.targets[name].labels), default=0) > SHORT
    low = 0.34 if long else 0.14  # names of classes stand upright below the confusion
    first, second, third = (
        figure.add_axes((left, bottom + low * high, wide, (0.87 - low) * high))
        for left, wide in ((0.11, 0.2), (0.46, 0.18), (0.815, 0.17))
    )
    whole = report.report
    target, labels, predicted = whole.targets[name], whole.labels[name], whole.predictions[name]
    known = present(labels)
    if not known.any():
        say(first, f"{shorten(name)}: no labels in test")
        say(second, "no labels in test")
    elif target.kind == "regression":
        draw_regression(first, labels, predicted, name, target.unit)
        draw_errors(second, predicted[known] - labels[known], name, target.unit)
    else:
        alone = _most_confused(part, target.labels)
        counts, names = confusion(labels, predicted, target.labels, most=ALONE, alone=alone)
        draw_confusion(first, counts, names, name, whole.calibration[name])
        draw_confused(second, part.confused, name)
    rows = [row for row in whole.groups if row["output"] == name and row["column"].startswith(GROUPS)]
    if rows:
        draw_groups(third, rows, target)
    else:
        say(third, f"{shorten(name)}: no groups to compare")


def _most_confused(part: "OutputPart", labels: tuple[str, ...]) -> list[int] | None:
    """The numbers of the classes of the most confused pairs; None for all of a few, or without any mistake."""
    if len(labels) <= ALONE or not part.confused:
        return None
    named = dict.fromkeys(label for pair in part.confused for label in (pair.true, pair.predicted))
    return [labels.index(label) for label in list(named)[: ALONE - 1]]


def _thumbnails(report: "PictureReport", rows: "list[Example] | Any") -> list[Thumbnail]:
    return [
        Thumbnail(
            report.thumbnails[("test", each.row)],
            each.caption(),
            wrong=each.probability is not None and not each.right,
        )
        for each in rows
    ]


def _alike(report: "PictureReport") -> list[Thumbnail]:
    """Pairs side by side: a test picture, and the one of another split that it looks like."""
    found = []
    for pair in report.closest:
        how = "a copy" if pair.found.copy else f"{100 * pair.found.correlation:.0f} % alike"
        found.append(Thumbnail(report.thumbnails[("test", pair.found.row)], f"test\n{how}"))
        found.append(Thumbnail(report.thumbnails[(pair.split, pair.found.other)], f"of those {WHERE[pair.split]}"))
    return found
