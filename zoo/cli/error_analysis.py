"""The commands that study errors: `zoo slices`, `zoo label-errors`, `zoo compare`, `zoo drift`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zoo.cli.options import add_data_options, data_options, positive_number, whole_number
from zoo.errors import require_known
from zoo.terminal import console, import_frameworks

if TYPE_CHECKING:
    from zoo.report.page import Page

FORMATS = (".html", ".md", ".json")
RUN = "a run folder, or the file of a trained model"


class Found(Protocol):
    def page(self) -> "Page": ...

    def save(self, path: Path | str) -> Path: ...


def add_slices_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN", help=RUN)
    parser.add_argument("--data", help="a data set's name, or a file (default: the test split of the training's data)")
    parser.add_argument(
        "--group", action="append", metavar="COLUMN", help="show decisions and calibration by this column in full"
    )
    add_data_options(parser)
    _add_out(parser)


def add_label_errors_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN", help=RUN)
    parser.add_argument(
        "--folds", type=whole_number, default=5, help="trainings, each without its own rows (default: 5)"
    )
    parser.add_argument("--epochs", type=positive_number, help="of each (default: those of the run)")
    parser.add_argument("--seed", type=whole_number, default=0)
    _add_out(parser)


def add_compare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN", help=RUN)
    parser.add_argument("other", metavar="RUN", help="the one beside it")
    parser.add_argument("--data", help="a data set's name, or a file (default: the test split that both have)")
    add_data_options(parser)
    _add_out(parser)


def add_drift_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN", help=RUN)
    parser.add_argument("file", metavar="FILE", help="new rows, as for predicting")
    _add_out(parser)


def slices_command(parsed: argparse.Namespace) -> None:
    """Where a model errs: slices, groups, worst rows, labels that may be wrong, near-duplicates."""
    _check_out(parsed.out)
    import_frameworks()
    from zoo.tasks.slices import slices

    _show(slices(parsed.model, data=parsed.data, data_options=data_options(parsed), groups=parsed.group), parsed.out)


def label_errors_command(parsed: argparse.Namespace) -> None:
    """Labels of all rows that may be wrong, by models that were not trained on them."""
    _check_out(parsed.out)
    import_frameworks()
    from zoo.tasks.label_errors import find_label_errors

    def tell(sentence: str) -> None:
        console().print(sentence, markup=False)

    found = find_label_errors(parsed.model, folds=parsed.folds, epochs=parsed.epochs, seed=parsed.seed, tell=tell)
    _show(found, parsed.out)


def compare_command(parsed: argparse.Namespace) -> None:
    """Where two models differ, row by row, and whether by more than chance."""
    _check_out(parsed.out)
    import_frameworks()
    from zoo.tasks.comparison import compare

    found = compare(parsed.model, parsed.other, data=parsed.data, data_options=data_options(parsed))
    _show(found, parsed.out)


def drift_command(parsed: argparse.Namespace) -> None:
    """Whether new rows are like those of the training."""
    _check_out(parsed.out)
    import_frameworks()
    from zoo.tasks.drift import drift

    _show(drift(parsed.model, parsed.file), parsed.out)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", help="also write the page, .html or .md, or all figures, .json")


def _check_out(path: str | None) -> None:
    if path is not None:
        require_known("ending of --out FILE", Path(path).suffix.lower(), FORMATS)


def _show(found: Found, path: str | None) -> None:
    screen, page = console(), found.page()
    screen.print(page.title, markup=False, style="bold")
    for sentence in page.sentences:
        screen.print(sentence, markup=False)
    for table in page.terminal():
        screen.print(table)
    if path is not None:
        screen.print(f"Page: {found.save(path)}", markup=False)
