"""Rows to predict, out of a file or a stream, part by part: as they stand there, each with its place in the file."""

import bz2
import csv
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.columns import Schema
from zoo.columns.frames import Frame, extra, pandas, require_columns
from zoo.columns.reading import FORMATS, MISSING, VERBATIM
from zoo.columns.rows import LONGEST_LINE, MARKS, Row, scan_rows
from zoo.errors import ConfigError, DataError, ZooError, require_known

PART = 10_000  # rows that are predicted at once at the most
PART_CHARACTERS = 4 << 20  # and about so many characters of their values
LINES = ".txt"  # a text a line
LONGEST_NAME = 60  # characters of a column, in a first line that may be a text as well
PACKED: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
TEXT = "text"  # the column of a file that is read where the only text of a model is not found by its name


@dataclass(frozen=True)
class Part:
    """Some rows: `given` has all their columns as they stand in the file, `rows` those of the schema.

    places  where each stands: "new.csv, line 7".
    errors  number of a row, which then has no values -> what is wrong with it.
    """

    given: Frame
    rows: Frame
    places: Sequence[str]
    errors: Mapping[int, DataError]


@dataclass(frozen=True)
class RowReader:
    """How rows for a schema are read.

    lines    texts -> the rows that they mean, where a model takes a text a line.
    columns  column of the schema -> that of the file which is read for it.
    missing  the texts of a CSV file that stand for no value.
    """

    schema: Schema
    lines: Callable[[Sequence[str]], Frame] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = MISSING
    part: int = PART

    def __post_init__(self) -> None:
        if type(self.part) is not int or self.part < 1:
            raise ConfigError(f"A part has a whole number of rows, at least 1; received {self.part!r}.")
        for name in self.columns:
            require_known("column of the model", name, self.schema.names)

    def file(self, path: Path | str) -> Iterator[Part]:
        """The rows of a file of one of `zoo.columns.reading.FORMATS`, or of lines of text.

        Raises `DataError` for a file that cannot be read, or that lacks a column of the schema.
        """
        path = Path(path)
        suffix = next((each for each in (*FORMATS, LINES) if path.name.lower().endswith(each)), path.suffix)
        require_known("format of a file of rows", suffix, (*FORMATS, *([LINES] if self.lines else [])))
        if not path.is_file():
            raise DataError(f"{path} is {'no plain file' if path.exists() else 'not there'}; expected a file of rows.")
        with _one_sentence(path):
            if suffix == ".parquet":
                yield from self._parts(_parquet(path, self.part))
            else:
                with _unpacked(path) as stream:
                    yield from self.stream(stream, str(path), suffix)

    def stream(self, stream: Any, name: str = "standard input", suffix: str = "") -> Iterator[Part]:
        """The rows of an open stream of bytes; without a `suffix` its first line says how they are written."""
        if not suffix:
            stream, suffix = self.recognised(stream)
        if suffix == LINES:
            yield from self._of_lines(stream, name)
            return
        kind = next(each for each in (".jsonl", ".tsv", ".csv") if each in suffix)
        rows = scan_rows(stream, name, suffix=kind, columns=self._wanted)
        yield from self._parts(_frames(rows, self.part), marked=kind != ".jsonl")

    def recognised(self, stream: Any) -> "tuple[SeenLines, str]":
        """(the stream, how it is written): ".jsonl", ".csv" where its first line names the columns, else ".txt"."""
        seen: list[bytes] = []
        while line := stream.readline(LONGEST_LINE + 1):
            seen.append(line)
            if line.strip():
                break
        first = seen[-1].decode("utf-8-sig", errors="replace").strip() if seen else ""
        rest = SeenLines(seen, stream)
        if first.startswith("{"):
            return rest, ".jsonl"
        return rest, ".csv" if self.lines is None or _is_header(first, self._wanted) else LINES

    @property
    def _wanted(self) -> list[str]:
        return [self.columns.get(each, each) for each in self.schema.names]

    def _parts(
        self, found: Iterable[tuple[Frame, list[str], dict[int, DataError]]], *, marked: bool = False
    ) -> Iterator[Part]:
        """The parts, their columns named as in the schema; `marked`: missing values have the marks of a CSV file."""
        chosen: dict[str, str] = {}
        for given, places, errors in found:
            if not chosen and len(errors) < len(given):
                chosen = self._chosen(given)
            rows = pandas().DataFrame({name: given.get(source) for name, source in chosen.items()}, index=given.index)
            if marked:
                rows = self._without_marks(rows)
            yield Part(given, rows, places, errors)

    def _chosen(self, given: Frame) -> dict[str, str]:
        """Column of the schema -> that of the file."""
        chosen = {name: self.columns.get(name, name) for name in self.schema.names}
        (first, *others) = chosen
        if not others and not self.columns and first not in given.columns and TEXT in given.columns:
            chosen = {first: TEXT}
        require_columns(given, chosen.values(), "the model was trained with")
        return chosen

    def _without_marks(self, rows: Frame) -> Frame:
        """Missing values in the place of the marks for them; a text may well be "NA"."""
        kinds = self.schema.types
        for name in rows.columns:
            marks = [""] if kinds[name] in VERBATIM else list(self.missing)
            rows[name] = rows[name].where(~rows[name].astype("str").str.strip().isin(marks), None)
        return rows

    def _of_lines(self, stream: Any, name: str) -> Iterator[Part]:
        assert self.lines is not None
        for found in _grouped(_texts(stream, name), self.part):
            texts, places = [row.values[TEXT] for row in found], [row.place for row in found]
            errors = {number: row.error for number, row in enumerate(found) if row.error is not None}
            frames = []
            for number, text in enumerate(texts):
                try:
                    frames.append(self.lines([text]))
                except DataError as error:
                    errors[number] = DataError(f"{places[number]}: {error}")
                    frames.append(pandas().DataFrame({each: [None] for each in self.schema.names}, dtype=object))
            rows = pandas().concat(frames, ignore_index=True)
            yield Part(rows, rows, places, errors)


def _frames(rows: Iterator[Row], most: int) -> Iterator[tuple[Frame, list[str], dict[int, DataError]]]:
    """(columns as they stand there, places, errors) of so many rows at once."""
    for found in _grouped(rows, most):
        frame = pandas().DataFrame([dict(row.values) for row in found], dtype=object)
        errors = {number: row.error for number, row in enumerate(found) if row.error is not None}
        yield frame, [row.place for row in found], errors


def _grouped(rows: Iterator[Row], most: int) -> Iterator[list[Row]]:
    found: list[Row] = []
    size = 0
    for row in rows:
        found.append(row)
        size += sum(len(value) for value in row.values.values() if isinstance(value, str | list))
        if len(found) == most or size > PART_CHARACTERS:
            yield found
            found, size = [], 0
    if found:
        yield found


def _texts(stream: Any, name: str) -> Iterator[Row]:
    """A row for each line that is not blank."""
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").strip()
        if "�" in text and "�".encode() not in line:
            error = DataError(f"{name}, line {number} is not in UTF-8; save the file as UTF-8.")
            yield Row(name, number, {TEXT: text}, error)
        elif text:
            yield Row(name, number, {TEXT: text})


def _parquet(path: Path, most: int) -> Iterator[tuple[Frame, list[str], dict[int, DataError]]]:
    first = 1
    for batch in extra("pyarrow.parquet", "A Parquet file").ParquetFile(path).iter_batches(most):
        frame = batch.to_pandas()
        yield frame, [f"{path}, row {row}" for row in range(first, first + len(frame))], {}
        first += len(frame)


class SeenLines:
    """A stream whose first lines were read already."""

    def __init__(self, lines: list[bytes], stream: Any):
        self.lines, self.rest = lines, stream

    def readline(self, size: int = -1) -> bytes:
        return self.lines.pop(0) if self.lines else bytes(self.rest.readline(size))

    def read(self, size: int) -> bytes:
        start = b"".join(self.lines)
        self.lines = []
        return start + bytes(self.rest.read(size - len(start)))

    def isatty(self) -> bool:
        return bool(self.rest.isatty())


def _is_header(line: str, wanted: Sequence[str]) -> bool:
    """Whether these are the names of columns, those that are wanted among them, and no text."""
    for mark in MARKS:
        names = [name.strip() for name in next(csv.reader([line], delimiter=mark), [])]
        if set(wanted) <= set(names) and len(set(names)) == len(names) and max(map(len, names)) <= LONGEST_NAME:
            return True
    return False


@contextmanager
def _unpacked(path: Path) -> Iterator[Any]:
    """The bytes of a file, out of the archive where it is one."""
    if path.suffix.lower() != ".zip":
        with PACKED.get(path.suffix.lower(), lambda plain: open(plain, "rb"))(path) as stream:
            yield stream
        return
    with zipfile.ZipFile(path) as archive:
        if len(names := archive.namelist()) != 1:
            raise DataError(f"{path} must hold one file of rows; it holds {len(names)}.")
        with archive.open(names[0]) as stream:
            yield io.BufferedReader(stream)


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    """What unpacking raises, as a `DataError` that names the file."""
    try:
        yield
    except ZooError:
        raise
    except (ValueError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{path} cannot be read as a table: {told}.") from error
