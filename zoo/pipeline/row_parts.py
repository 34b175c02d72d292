"""Rows to predict, out of a file or a stream, part by part: as they stand there, each with its place in the file."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zoo.columns import Schema
from zoo.columns.csv_file import DELIMITERS, LONGEST_LINE, encoding_of, open_bytes
from zoo.columns.frames import Frame, exact_integers, extra, pandas, require_columns
from zoo.columns.lines import require_few_columns, require_filled
from zoo.columns.opening import FORMATS, VERBATIM, compact, one_sentence, without_marks
from zoo.columns.paths import beside_file
from zoo.columns.rows import Row, TextFormat, lines_of, scan_rows
from zoo.columns.values import MISSING
from zoo.errors import ConfigError, DataError, require_known

PART = 10_000  # rows that are predicted at once at the most
PART_CHARACTERS = 4 << 20  # and about so many characters of their values
LINES = ".txt"  # a text a line
LONGEST_NAME = 60  # characters of a column, in a first line that may be a text as well
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
    missing  further texts that stand for no value, beside the usual ones of CSV and those that the schema has learnt.
    encoding, header: as in `read_table`.
    """

    schema: Schema
    lines: Callable[[Sequence[str]], Frame] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    encoding: str | None = None
    header: bool = True
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
        with one_sentence(path):
            if suffix == ".parquet":
                yield from self._beside(path, self._parts(_parquet(path, self.part)))
            else:
                with open_bytes(path) as stream:
                    yield from self._beside(path, self.stream(stream, str(path), suffix))

    def _beside(self, path: Path, parts: Iterable[Part]) -> Iterator[Part]:
        """The parts with paths of pictures from here, and with the points that volumes are cut about."""
        for part in parts:
            rows = beside_file(part.rows, self.schema.types, path)
            yield replace(part, rows=self.schema.with_beside(rows, part.given))

    def stream(self, stream: Any, name: str = "standard input", suffix: str = "") -> Iterator[Part]:
        """The rows of an open stream of bytes; without a `suffix` its first line says how they are written."""
        if not suffix:
            stream, suffix = self.recognised(stream)
        if suffix == LINES:
            yield from self._of_lines(stream, name)
            return
        kind = next(each for each in (".jsonl", ".tsv", ".csv") if each in suffix)
        rows = scan_rows(stream, name, TextFormat(kind, self.encoding, self.header, self._wanted))
        yield from self._parts(_frames(rows, self.part), marked=kind != ".jsonl")

    def table(self, rows: Frame, places: Sequence[str]) -> Iterator[Part]:
        """The rows of a DataFrame, with the place of each."""
        starts = range(0, len(rows), self.part)
        parts = ((rows.iloc[start : start + self.part].reset_index(drop=True), start) for start in starts)
        yield from self._parts((part, list(places[start : start + len(part)]), {}) for part, start in parts)

    def recognised(self, stream: Any) -> "tuple[SeenLines, str]":
        """(the stream, how it is written): ".jsonl", ".csv" where its first line names the columns, else ".txt"."""
        seen: list[bytes] = []
        while line := stream.readline(LONGEST_LINE + 1):
            seen.append(line)
            if line.strip():
                break
        found = encoding_of(seen[-1] if seen else b"", self.encoding)
        first = b"".join(seen).decode("utf-8-sig" if found == "utf-8" else found, errors="replace").strip()
        rest = SeenLines(seen, stream)
        if first.startswith("{"):
            return rest, ".jsonl"
        named = self.lines is None or not self.header or _is_header(first, self._wanted)
        return rest, ".csv" if named else LINES

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
            yield Part(given, self._without_marks(rows, marked), places, errors)

    def _chosen(self, given: Frame) -> dict[str, str]:
        """Column of the schema -> that of the file."""
        chosen = {name: self.columns.get(name, name) for name in self.schema.names}
        (first, *others) = chosen
        if not others and not self.columns and first not in given.columns and TEXT in given.columns:
            chosen = {first: TEXT}
        require_columns(given, chosen.values(), "the model was trained with")
        return chosen

    def _without_marks(self, rows: Frame, marked: bool) -> Frame:
        """Missing values in the place of the marks for them; in CSV a text may well be "NA"."""
        if not marked:
            typed = pandas().DataFrame({name: compact(rows[name]) for name in rows.columns}, index=rows.index)
            return without_marks(typed, self.missing)
        kinds, own = self.schema.types, (*self.missing, *self.schema.missing)
        for name in rows.columns:
            marks = [""] if kinds[name] in VERBATIM else [*MISSING, *own]
            rows[name] = rows[name].where(~rows[name].astype("str").str.strip().isin(marks), None)
        return rows

    def _of_lines(self, stream: Any, name: str) -> Iterator[Part]:
        assert self.lines is not None
        for found in _grouped(_texts(stream, name, self.encoding), self.part):
            frames: list[Frame] = []
            places: list[str] = []
            errors: dict[int, DataError] = {}
            for row in found:
                wrong = row.error
                try:
                    frame = self.lines([row.values.get(TEXT, "")])
                except DataError as error:
                    wrong = wrong or DataError(f"{row.place}: {error}")
                    frame = pandas().DataFrame({each: [None] for each in self.schema.names}, dtype=object)
                if wrong is not None:
                    errors |= dict.fromkeys(range(len(places), len(places) + len(frame)), wrong)
                frames.append(frame)
                places += [row.place] * len(frame)  # a folder is a row for each of its pictures
            rows = pandas().concat(frames, ignore_index=True)
            yield Part(rows, rows, places, errors)


def _frames(rows: Iterator[Row], most: int) -> Iterator[tuple[Frame, list[str], dict[int, DataError]]]:
    """(columns as they stand there, places, errors) of so many rows at once."""
    for found in _grouped(rows, most):
        file, keys = Path(found[0].file), {key for row in found for key in row.values}
        require_few_columns(file, len(keys))
        require_filled(file, len(found), len(keys), sum(len(row.values) for row in found))
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


def _texts(stream: Any, name: str, encoding: str | None) -> Iterator[Row]:
    """A row for each line that is not blank."""
    for number, line, error in lines_of(stream, name, encoding):
        if (text := line.strip()) or error is not None:
            yield Row(name, number, {TEXT: text}, error)


def _parquet(path: Path, most: int) -> Iterator[tuple[Frame, list[str], dict[int, DataError]]]:
    first = 1
    for batch in extra("pyarrow.parquet", "A Parquet file").ParquetFile(path).iter_batches(most):
        frame = batch.to_pandas(types_mapper=exact_integers)
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
    for mark in DELIMITERS:
        names = [name.strip() for name in next(csv.reader([line], delimiter=mark), [])]
        if set(wanted) <= set(names) and len(set(names)) == len(names) and max(map(len, names)) <= LONGEST_NAME:
            return True
    return False
