"""What the command line and the examples show: progress of a training, tables, predictions, one-sentence errors."""

import faulthandler
import importlib
import logging
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from zoo.errors import ConfigError, DataWarning, UnknownNameError, ZooError
from zoo.files import write_json
from zoo.standard_streams import discard_output, open_standard_streams

if TYPE_CHECKING:
    import argparse

    import keras
    import numpy as np
    from rich.console import Console

    from zoo.columns import OutputColumn
    from zoo.inspection import Inspection
    from zoo.pipeline import Pipeline
    from zoo.tasks import Reading
    from zoo.tasks.task import AnyReport

SEEN = 0.01  # share of a hop's attention from which a sentence is shown
MOST_CLASSES = 3  # classes shown of one answer
HEADLINES = (
    "_mae",
    "_accuracy",
    "_steps_off",
    "_auc",
    "_exp_rmspe",
    "_pearson",
    "_perplexity",
)  # of validation, an epoch
NOTES = re.compile(  # what TensorFlow writes on standard error for its developers
    r"WARNING: All log messages before absl|"  # one of these forms: of absl, of TensorFlow, and what continues them
    r"[IW]\d{4} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+: [IW] |"
    r".*Unable to register cu\w+ factory|.*computation placer already registered|"
    r"To enable the following instructions:|Skipping registering GPU devices"
)
WIDE = 5  # units of an interval from which decimals say nothing


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def run(main: Callable[[], None], wording: Callable[[str], str] = str) -> int:
    """Run a command; a user's mistake is one sentence on standard error and exit code 2, never a traceback.

    wording  what the sentence becomes: one that names the options of this command line.
    """
    open_standard_streams()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            main()
        sys.stdout.flush()  # what cannot be written is told here, not by the interpreter when it ends
    except ZooError as error:
        console(stderr=True).print(f"error: {wording(str(error))}", markup=False, style="red")
        return error.exit_code
    except BrokenPipeError:  # the reader (`head`) has gone
        discard_output()
        return 0
    except OSError as error:  # a full disk, a folder that may not be written
        place = f"'{error.filename}': " if error.filename else ""
        console(stderr=True).print(f"error: {place}{error.strerror or error}.", markup=False, style="red")
        return 2
    except KeyboardInterrupt:
        console(stderr=True).print("interrupted; the same command continues from here", style="yellow")
        return 130
    return 0


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What a user should know as one sentence; other warnings, which are for developers, with their place."""
    incident = category.__name__ == "IncidentWarning"  # by name: its module imports the frameworks
    told = "incident" if incident else "note" if issubclass(category, DataWarning) else ""
    if told:
        console(stderr=True).print(f"{told}: {message}", markup=False, style="yellow")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def import_frameworks() -> None:
    """Import Keras and its backend. What they write meanwhile is shown after, without notes of how they were built.

    Where the import fails all of it is shown, and where it kills the process the place where it did.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for what is said later
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its notes on compiling are for developers
    kept = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        watched = faulthandler.is_enabled()
        if not watched:
            faulthandler.enable(kept)
        shown: Callable[[bytes], bytes] = lines_of_interest
        try:
            importlib.import_module("keras")
        except BaseException:  # a broken installation: say all that was said
            shown = bytes
            raise
        finally:
            if not watched:
                faulthandler.disable()
            os.dup2(kept, 2)
            written.seek(0)
            os.write(kept, shown(written.read()))
            os.close(kept)


def lines_of_interest(written: bytes) -> bytes:
    """What was written without the notes for developers.

    >>> lines_of_interest(b"I0000 00:00:17.0 1 cudart_stub.cc:31] Could not find cuda drivers\\nout of memory\\n")
    b'out of memory\\n'
    """
    lines = written.splitlines(keepends=True)
    return b"".join(line for line in lines if not NOTES.match(line.decode(errors="replace")))


def parse(parser: "argparse.ArgumentParser", arguments: Sequence[str] | None) -> "argparse.Namespace":
    """Parse the command line; a mistake is one sentence, an unknown option is answered with the nearest right one."""
    for word in sys.argv[1:] if arguments is None else arguments:
        if any("\udc80" <= letter <= "\udcff" for letter in word):
            raise ConfigError(f"'{ascii(word)[1:-1]}' is not in UTF-8: rename the file, or give it another way.")
    for each in (parser, *_commands(parser).values()):
        each.__dict__["error"] = partial(_refuse, each.prog)  # instead of the usage, a second line, and an exit
    known, surplus = parser.parse_known_args(arguments)
    for word in surplus:
        if word.startswith("-"):
            options = {option for action in _chosen(parser, arguments)._actions for option in action.option_strings}
            raise UnknownNameError("option", word.partition("=")[0], options)
        if not hasattr(known, "texts"):
            raise ConfigError(f"'{word}' was not expected here; see --help.")
        known.texts = [*known.texts, word]  # argparse takes no text behind an option when it found none before it
    return known


def _chosen(parser: "argparse.ArgumentParser", arguments: Sequence[str] | None) -> "argparse.ArgumentParser":
    """The parser of the command that the first word names, or `parser` where it has no commands."""
    return _commands(parser).get(arguments[0], parser) if arguments else parser


def _commands(parser: "argparse.ArgumentParser") -> dict[str, "argparse.ArgumentParser"]:
    """The parsers of its commands, by name."""
    return next((action.choices for action in parser._actions if isinstance(action.choices, dict)), {})


def _refuse(command: str, message: str) -> NoReturn:
    raise ConfigError(f"{message[0].upper()}{message[1:]}; see '{command} --help'.")


def epoch_printer() -> "keras.callbacks.Callback":
    """A callback that prints one line an epoch: the loss as the sum of its terms, and the validation scores."""
    import keras

    screen = console()

    class EpochPrinter(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            row = logs or {}
            terms = [
                f"{key.removeprefix('term_')} {value:.3f}"
                for key, value in row.items()
                if key.startswith("term_") and value
            ]
            scores = [f"{key.removeprefix('val_')} {value:.3f}" for key, value in row.items() if _is_headline(key)]
            screen.print(
                f"epoch {epoch + 1:>2}  loss {row['loss']:.3f} = {' + '.join(terms)}"
                f"  [bold]{', '.join(scores)}[/]  {row['seconds']:.0f} s"
            )

    return EpochPrinter()


def _is_headline(key: str) -> bool:
    return key.startswith("val_") and key.endswith(HEADLINES)


def show_report(report: "AnyReport", folder: Path | str | None = None) -> None:
    """The tables of a report, and where its files are."""
    screen = console()
    screen.print(report.table())
    screen.print(report.groups_table())
    for costs in getattr(report, "costs", {}).values():
        screen.print(costs.table())
    supplement = getattr(report, "supplement", None)
    for table in supplement.tables() if supplement is not None else ():
        screen.print(table)
    if folder is not None:
        names = [
            path.name for ending in ("*.png", "scores.json", "model.*") for path in sorted(Path(folder).glob(ending))
        ]
        screen.print(f"Pictures, scores and model: {folder}/{', '.join(names)}", markup=False)
    if report.training:
        screen.print(report.training, markup=False)


def show_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), for_scripts: str = ""
) -> None:
    """A table on a terminal, the first column whole; elsewhere a line a row, with tabs, which scripts can cut.

    Written without rich, whose import would take as long as all else that `zoo list` does.

    right  headings of columns of numbers; for_scripts  one of a column that stands in lines alone, for want of room.
    """
    if not sys.stdout.isatty():
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
        return
    shown = [place for place, heading in enumerate(headings) if heading != for_scripts]
    widths = {place: max(len(row[place]) for row in (headings, *rows)) for place in shown}
    room = shutil.get_terminal_size().columns - 2 * (len(shown) - 1)
    while sum(widths.values()) > room and (widest := max(shown[1:], key=widths.__getitem__)) and widths[widest] > 4:
        widths[widest] -= 1
    for row in (headings, *rows):
        cells = [
            f"{_cut(row[place], width):{'>' if headings[place] in right else '<'}{width}}"
            for place, width in widths.items()
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def show_inspection(found: "Inspection", *, json: str | None = None, tensorboard: str | None = None) -> None:
    """The table of an inspection, what looks wrong in it, and where else it was written."""
    from zoo.inspection import inspection_table, write_tensorboard

    screen = console()
    screen.print(inspection_table(found))
    if found.loss is not None:
        screen.print(f"loss {found.loss:.4g}")
    for sentence in found.findings() or ["Nothing looks wrong."]:
        screen.print(sentence, markup=False, style="yellow" if found.findings() else None)
    if json is not None:
        write_json(json, found.to_json())
        screen.print(f"All figures: {json}", markup=False)
    if tensorboard is not None:
        write_tensorboard(found, tensorboard)
        screen.print(f"For TensorBoard: {tensorboard}", markup=False)


def show_predictions(pipeline: "Pipeline", rows: Any, titles: Sequence[str], *, allow_unseen: bool = False) -> None:
    """For every row what the model says of it, and how sure it is: plain lines, for ten thousand rows too."""
    found = pipeline.predictions(rows, allow_unseen=allow_unseen)
    columns = {column.name: _cells(pipeline, column, found[column.output]) for column in pipeline.schema.outputs}
    names = max(map(len, columns))
    wide = {name: max(len(value) for value, _ in cells) for name, cells in columns.items()}
    width = max(wide.values())
    lines = []
    for row, title in enumerate(titles):
        lines.append(_shortened(title))
        for name, cells in columns.items():
            value, rest = cells[row]
            lines.append(f"  {name:<{names}}  {value:<{width}}  {rest}".rstrip())
    sys.stdout.write("\n".join([*lines, ""]))


def _cells(pipeline: "Pipeline", column: "OutputColumn", values: "np.ndarray") -> list[tuple[str, str]]:
    """(what is predicted, how sure that is) of every row, in words."""
    import numpy as np

    from zoo.pipeline.pipeline import COVERAGE

    target = column.target
    if target.kind == "regression":
        half = pipeline.intervals.get(column.output)
        digits = 0 if half is not None and 2 * half >= WIDE else 1
        said = [f"{value:.{digits}f} {target.unit}".rstrip() for value in values]
        if half is None:
            return [(each, "how sure is not known: no label to validate with") for each in said]
        low, high = (np.clip(values + sign * half, *column.scale) for sign in (-1, 1))
        of = pipeline.origin.get("of", "rows")
        return [
            (each, f"{COVERAGE:.0%} of {of} lie within {a:.{digits}f} to {b:.{digits}f}")
            for each, a, b in zip(said, low, high, strict=True)
        ]
    labels = list(target.labels)
    shares = np.stack([1.0 - values, values], axis=1) if target.kind == "binary" else values
    if target.kind == "tags":
        kept = [np.flatnonzero(row) for row in pipeline.decisions(column, values)]
        given = [
            [f"{labels[place]} {row[place]:.0%}" for place in places] for row, places in zip(shares, kept, strict=True)
        ]
        return [(", ".join(each) or "(none)", "") for each in given]
    decided = pipeline.decisions(column, values)
    order = np.argsort(-shares, axis=1, kind="stable")
    cells = []
    for row, first, places in zip(shares, decided, order, strict=True):
        known = [place for place in places if labels[place] != column.other]  # which stands for no one label
        first = known[0] if labels[first] == column.other else first
        others = [place for place in known if place != first][: MOST_CLASSES - 1]
        rest = ", ".join(f"{labels[place]} {row[place]:.0%}" for place in others)
        cells.append((f"{labels[first]} ({row[first]:.0%})", rest))
    return cells


def show_reading(reading: "Reading") -> None:
    """An answer to a question, what should be known of it, and how much each hop looked at each sentence."""
    from rich.table import Table
    from rich.text import Text

    screen = console()
    screen.print(Text(reading.question, style="bold"))
    (label, share), *others = reading.answers[:MOST_CLASSES]
    rest = ", ".join(f"{other} {part:.0%}" for other, part in others)
    screen.print(Text(f"{label} ({share:.0%})  {rest}"))
    for note in reading.notes:
        screen.print(note, markup=False, style="yellow")
    if reading.attention is None:
        return
    table = Table(box=None, padding=(0, 2))
    table.add_column("sentence")
    for hop in range(1, len(reading.attention) + 1):
        table.add_column(f"hop {hop}", justify="right")
    looked = reading.attention.max(axis=0)
    for row in range(len(reading.sentences)):
        if looked[row] >= SEEN:
            shares = [f"{share:.0%}" if share >= SEEN else "" for share in reading.attention[:, row]]
            table.add_row(Text(_shortened(reading.sentences[row])), *shares)
    screen.print(table)


def _shortened(text: str) -> str:
    text = " | ".join(" ".join(part.split()) for part in text.split("\t"))  # two texts of a pair
    return text if len(text) <= 90 else text[:87] + "..."
