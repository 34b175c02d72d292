"""`zoo predict`: for texts, for the rows of a file or of standard input, for photos."""

import argparse
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalogue import describe, list_models
from zoo.cli.options import format_options
from zoo.cli.photos import is_photo_model, predict_photos, show_predictable
from zoo.errors import ConfigError, DataError, RowsError, WeightsError, require_known
from zoo.files import is_trained_place
from zoo.terminal import console, import_frameworks, show_rows

if TYPE_CHECKING:
    from zoo.pipeline import Pipeline
    from zoo.pipeline.row_parts import Part, RowReader
    from zoo.tasks.task import Task

LARGEST_INPUT = 64 * 2**20  # bytes of standard input that are shown on a terminal at the most
STANDARD_INPUT = "-"
TEXTS_A_LINE = ".txt"
VERBATIM = ("text", "story", "verse")  # kinds of columns that are texts


@dataclass(frozen=True)
class Output:
    """Where predictions of rows go, and what stands beside them: the options of the command, None where not given."""

    out: str | None
    format: str | None
    keep: Sequence[str] | None
    text: str | None

    @classmethod
    def of(cls, parsed: argparse.Namespace) -> "Output":
        """Of a command line, which need not have these options."""
        found = cls(*(getattr(parsed, each.name, None) for each in fields(cls)))
        if found.format is not None:
            require_known("value of --format", found.format, ("csv", "jsonl"))
        elif found.out is not None and Path(found.out).suffix.lower() not in (".csv", ".jsonl"):
            raise ConfigError(f"--out FILE ends in .csv or .jsonl, or --format says which; received '{found.out}'.")
        return found

    @property
    def given(self) -> list[str]:
        """The options that were given: any of them asks for rows, not for lines that people read."""
        return [f"--{each.name}" for each in fields(self) if getattr(self, each.name) is not None]


@dataclass(frozen=True)
class Reading:
    """How rows are read, and whether they may have little in common with those of training."""

    options: Mapping[str, Any] = field(default_factory=dict)
    allow_unseen: bool = False

    @classmethod
    def of(cls, parsed: argparse.Namespace) -> "Reading":
        """Of a command line, which need not have these options."""
        given = {"missing": None, "encoding": None, "no_header": False, "allow_unseen": False, **vars(parsed)}
        return cls(format_options(argparse.Namespace(**given)), given["allow_unseen"])


def predict_command(parsed: argparse.Namespace) -> None:
    """Predict for texts given as arguments, or one a line on standard input; for the rows of a file; for photos."""
    output = Output.of(parsed)
    if parsed.model in list_models(for_tests=True) and is_photo_model(parsed.model) and is_official(parsed):
        if output.given:
            raise ConfigError(f"{output.given[0]} is for rows; of photos a line each is printed: redirect it.")
        if getattr(parsed, "views", None):
            raise ConfigError("--views is for models that were trained here: name a run folder with --weights.")
        if getattr(parsed, "threshold", None) is not None:
            raise ConfigError("--threshold is for models that were trained here: name a run folder with --weights.")
        predict_photos(parsed.model, parsed.texts, weights=parsed.weights)
        return
    source = trained_source(parsed)  # a wrong model or option is told before texts are typed
    entry = "" if source == parsed.model else parsed.model
    tabular = bool(entry) and describe(entry).task.startswith("tabular")
    if tabular and (len(parsed.texts) > 1 or (not parsed.texts and standard_input().isatty())):
        raise ConfigError(f"'{entry}' predicts for a table: name one CSV, JSONL or Parquet file of rows.")
    file = file_of_rows(parsed.texts, tabular)
    texts = None if file else list(parsed.texts) or None
    if file is None and texts is None and standard_input().isatty() and not output.given:
        texts = read_texts(standard_input())
    import_frameworks()
    from zoo.pipeline import load_pipeline

    pipeline = load_pipeline(source)
    require_model(entry, parsed.weights, pipeline.entry)
    if views := getattr(parsed, "views", None):
        pipeline = replace(pipeline, views=views[0] if len(views) == 1 else views)
    if (threshold := getattr(parsed, "threshold", None)) is not None:
        from zoo.pipeline.thresholds import with_threshold

        pipeline = with_threshold(pipeline, threshold)
    predict_with(pipeline, output, file, texts, Reading.of(parsed))


def is_official(parsed: argparse.Namespace) -> bool:
    """Whether the weights are published ones, or a file that no training here made: their classes are named."""
    weights = parsed.weights
    if weights is None or weights in describe(parsed.model).weights or not Path(weights).exists():
        return True
    import_frameworks()
    from zoo.tasks.task import task_of

    return Path(weights).suffix != ".onnx" and task_of(parsed.model).is_base(parsed.model, weights)


def predict_with(
    pipeline: "Pipeline", output: Output, file: str | None, texts: list[str] | None, reading: Reading
) -> None:
    """Predict for the rows of a file, for texts, or for what stands on standard input."""
    from zoo.columns.paths import KINDS
    from zoo.pipeline.row_parts import LINES
    from zoo.tasks import task_of

    task = task_of(pipeline.entry) if pipeline.entry else None
    if task is not None and task.find is not None:
        write_found(task.find(pipeline, texts or ([file] if file else [])), output)
        return
    reader = reader_of(pipeline, task, output, reading)
    if file and file != STANDARD_INPUT:
        write_rows(pipeline, output, reader.file(file), file, allow_unseen=reading.allow_unseen)
        return
    if texts and len(texts) == 1 and task is not None and task.folder_rows is not None and is_folder(texts[0]):
        found = task.folder_rows(Path(texts[0]))
        parts = reader.table(found, [f"{texts[0]}/{name}" for name in found["file"]])
        write_rows(pipeline, output, parts, allow_unseen=reading.allow_unseen)
        return
    shown = task is not None and bool(task.show or task.rows) and not output.given
    stream: Any = None
    suffix = LINES
    if not texts:
        stream, suffix = reader.recognised(standard_input())
    if suffix == LINES and shown:
        what = "file" if set(pipeline.schema.types.values()) & set(KINDS) else "text"
        show_texts(pipeline, task, texts or read_texts(stream, what), allow_unseen=reading.allow_unseen)
        return
    if texts:
        if reader.lines is None:
            read = ", ".join(pipeline.schema.names)
            raise ConfigError(f"The model predicts for rows of a table ({read}): name a CSV, JSONL or Parquet file.")
        stream = io.BytesIO("\n".join(" ".join(text.splitlines()) for text in texts).encode())
    parts = reader.stream(stream, "the command line" if texts else "standard input", suffix)
    write_rows(pipeline, output, parts, allow_unseen=reading.allow_unseen)


def write_found(rows: Any, output: Output) -> None:
    """Rows of what was found: into the file of `--out`, else on standard output, as CSV where nothing else is said."""
    from zoo.files import atomic_path
    from zoo.pipeline.prediction_writer import WRITERS, format_of

    if output.out is None:
        WRITERS[output.format or "csv"](sys.stdout, [rows])
        return
    write = WRITERS[format_of(output.out, output.format)]
    with atomic_path(output.out) as scratch, open(scratch, "w", encoding="utf-8", newline="") as file:
        write(file, [rows])
    console(stderr=True).print(f"{len(rows):,} rows: {output.out}", markup=False, style="dim")


def show_texts(pipeline: "Pipeline", task: Any, texts: list[str], *, allow_unseen: bool = False) -> None:
    """Lines for people: of each text what the model says, and how sure it is."""
    if task.show is not None:
        sys.stdout.write("\n".join([*task.show(pipeline, texts), ""]))
        return
    rows = task.rows(texts, pipeline.schema)
    titles = texts if len(texts) == len(rows) else [" | ".join(map(str, row)) for row in rows.to_numpy()]
    show_predictable(pipeline, rows, titles, allow_unseen=allow_unseen)


def file_of_rows(given: Sequence[str], tabular: bool) -> str | None:
    """The only text of a command line where it is the path of a file with rows, or "-" for standard input."""
    from zoo.columns.opening import FORMATS

    if len(given) != 1:
        return None
    (path,) = given
    named = path.lower().endswith((*FORMATS, TEXTS_A_LINE)) and not any(mark.isspace() for mark in path)
    if path == STANDARD_INPUT or tabular or (named and not Path(path).is_file()) or is_file_of_rows(path):
        if path != STANDARD_INPUT and not Path(path).is_file():
            told = "is no plain file" if os.path.exists(path) else "is not there"
            raise DataError(f"The file '{path}' {told}.")
        return path
    return None


def is_file_of_rows(given: str) -> bool:
    """Whether a text of the command line is the path of a file with rows."""
    from zoo.columns.opening import FORMATS

    try:
        return given.lower().endswith((*FORMATS, TEXTS_A_LINE)) and Path(given).is_file()
    except OSError:  # a text longer than a name may be
        return False


def is_folder(given: str) -> bool:
    """Whether a text of the command line is the path of a folder."""
    try:
        return bool(given) and Path(given).is_dir()
    except (OSError, ValueError):  # a text longer than a name may be, or with a NUL
        return False


def reader_of(pipeline: "Pipeline", task: "Task | None", output: Output, reading: Reading) -> "RowReader":
    """What reads rows for the model; `--text` names the column of its only text."""
    from zoo.pipeline.row_parts import PART, RowReader

    schema = pipeline.schema
    rows = None if task is None else task.rows
    columns = {}
    if output.text is not None:
        read = [name for name in schema.names if schema.types[name] in VERBATIM]
        if len(read) != 1:
            raise ConfigError(f"--text is for a model that reads one text; this one reads {', '.join(schema.names)}.")
        columns = {read[0]: output.text}
    lines = None if rows is None else lambda texts: rows(texts, schema)
    part = min(PART, pipeline.rows_at_once)
    return RowReader(schema, lines=lines, columns=columns, part=part, **reading.options)


def write_rows(
    pipeline: "Pipeline", output: Output, parts: "Iterator[Part]", file: str = "", *, allow_unseen: bool = False
) -> None:
    """Predict for every row, part by part, into `--out`, or on standard output: as a table where that is a terminal."""
    from zoo.pipeline.predicted_parts import Outcome, predicted
    from zoo.pipeline.prediction_writer import WRITERS

    if output.out is not None:
        if file and os.path.exists(output.out) and os.path.samefile(output.out, file):
            raise ConfigError(f"--out '{output.out}' is the file of the rows themselves; name another.")
        outcome = pipeline.write_predictions(
            parts, output.out, format=output.format, keep=output.keep, allow_unseen=allow_unseen
        )
        console(stderr=True).print(f"{outcome.rows:,} rows: {output.out}", markup=False, style="dim")
    else:
        require_standard_output()
        outcome = Outcome()
        frames = predicted(pipeline, parts, outcome, output.keep, allow_unseen=allow_unseen)
        if sys.stdout.isatty() and output.format is None:
            for frame in frames:
                show_frame(frame)
        else:
            WRITERS[output.format or "csv"](sys.stdout, frames)
    if outcome.failed:
        raise RowsError(
            f"{outcome.failed:,} of {outcome.rows:,} rows have no prediction (column 'error'); the first: "
            f"{outcome.first}"
        )


def require_standard_output() -> None:
    """Raise where standard output is closed."""
    if getattr(sys.stdout, "name", None) == os.devnull:
        raise ConfigError("Standard output is closed: name a file for the predictions with --out.")


def show_frame(frame: Any) -> None:
    """Rows and their predictions as a table."""
    numbers = [name for name in frame.columns if frame[name].dtype.kind == "f"]
    shown = frame.drop(columns=[name for name in frame.columns if frame[name].isna().all()])
    cells = [list(map(_cell, row)) for row in shown.astype(object).itertuples(index=False)]
    show_rows(list(map(str, shown.columns)), cells, right=list(map(str, numbers)))


def _cell(value: Any) -> str:
    if value is None or value != value:  # None, NaN
        return ""
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())


def require_model(entry: str, weights: str | None, found: str) -> None:
    """Raise where the weights are of another model than the one that was named."""
    if entry and found != entry:
        raise WeightsError(f"'{weights}' holds weights of {found}, not of {entry}.")


def trained_source(parsed: argparse.Namespace) -> str:
    """What MODEL and `--weights` mean: a run folder or a file in the place of MODEL; a tag of the model, else a file or
    a run folder; without it the model's own weights."""
    if not parsed.model and parsed.weights:
        return str(parsed.weights)
    name = str(parsed.model)
    if name not in list_models(for_tests=True) and is_trained_place(name):
        if parsed.weights:
            raise ConfigError(f"'{name}' is a trained model itself: leave --weights out.")
        return name
    tags = describe(name).weights
    if parsed.weights is None and not tags:
        raise ConfigError(f"'{name}' has no trained weights here; give --weights RUN_FOLDER or a file.")
    chosen = parsed.weights or next(iter(tags))
    return f"{name}.{chosen}" if chosen in tags else str(chosen)


def standard_input() -> Any:
    """The bytes of standard input. Raises `DataError` where it is closed."""
    if sys.stdin is None or sys.stdin.closed:
        raise DataError("Standard input is closed: write texts behind the command, or name a file.")
    return sys.stdin.buffer


def read_texts(source: Any, what: str = "text") -> list[str]:
    """The lines of a stream, all of which are shown; `what` each line is, in words."""
    if source.isatty():
        console(stderr=True).print(f"One {what} a line; end with Ctrl-D.", style="dim")
    raw = source.read(LARGEST_INPUT + 1)
    if len(raw) > LARGEST_INPUT:
        raise DataError(
            f"Standard input holds more than {LARGEST_INPUT // 2**20} MB; at most that is shown: --out FILE takes all."
        )
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"Standard input is not UTF-8 text: byte {error.start} does not fit.") from error
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise DataError(f"No {what} was given: write it behind the command, or one a line on standard input.")
    return texts
