"""The part of a report on pictures that a terminal shows."""

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from zoo.report.examples import percent
from zoo.report.table import WIDTH

if TYPE_CHECKING:
    from zoo.tasks.picture_report import PictureReport

NAMED = 5  # pairs of classes and pictures that are named


def picture_tables(report: "PictureReport") -> list[Table]:
    """Of each output the classes that are taken for each other and the pictures predicted worst; and what is alike."""
    found = []
    for name, part in report.outputs.items():
        if part.confused:
            table = _table(f"{name}: most often confused", ("true", "taken for"), ("pictures", "of the class"))
            for pair in part.confused[:NAMED]:
                table.add_row(escape(pair.true), escape(pair.predicted), str(pair.count), percent(pair.share))
            found.append(table)
        wrong = [each for each in part.worst if not each.right][:NAMED]
        if wrong:
            table = _table(f"{name}: predicted worst", ("picture", "true", "predicted"), ("of true", "of predicted"))
            for each in wrong:
                shares = map(percent, each.probability) if each.probability else (f"{each.error:+.4g}", "")
                cells = map(escape, (report.names[("test", each.row)], each.true, each.predicted))
                table.add_row(*cells, *shares)
            if wrong[0].probability is None:
                table.columns[3].header, table.columns[4].header = "error", ""
            found.append(table)
    if found and (said := report.said()):
        found[-1].caption = escape("\n".join(said))
    return found


def _table(title: str, texts: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, width=WIDTH, caption_justify="left")
    for heading in texts:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
