"""Rows of a JSONL, CSV, TSV or Parquet file, each with the line where it begins; errors are one sentence."""

import codecs
import csv
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from zoo.columns.csv_file import (
    DELIMITERS,
    HEAD,
    HEAD_ROWS,
    LONGEST_LINE,
    data_in_header,
    encoding_of,
    open_bytes,
    parted,
)
from zoo.columns.frames import extra, shown
from zoo.columns.lines import require_few_columns
from zoo.columns.opening import FORMATS
from zoo.errors import DataError

LONGEST_FIELD = 2_000_000  # characters of a CSV field; Python's own limit is 131,072


@dataclass(frozen=True)
class Row:
    """Column -> value: strings out of CSV, any JSON value out of JSONL; none where the row has an `error`."""

    file: str
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    error: DataError | None = None

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class TextFormat:
    """How a file of text is written, as far as it is told.

    suffix    ".jsonl", ".csv" or ".tsv".
    encoding  None: UTF-8, or UTF-16 where the bytes say so.
    header    False: the first row of CSV is data, and the columns are called column1, column2, ...
    columns   those that a CSV file should have: what parts them is that by which its header has them all.
    """

    suffix: str = ".csv"
    encoding: str | None = None
    header: bool = True
    columns: Sequence[str] = ()


def read_rows(path: Path | str, *, of: str = "posts", encoding: str | None = None) -> list[Row]:
    """All rows of a file in one of `FORMATS`. Empty lines, and rows of CSV whose cells are all empty, are skipped.

    Columns of CSV are parted by commas, semicolons, tabs or "|"; text is UTF-8 or UTF-16, or in the `encoding`. Raises
    `DataError` that calls it a file of what `of` says.
    """
    file = Path(path)
    suffix = next((each for each in FORMATS if file.name.lower().endswith(each)), "")
    if not suffix:
        raise DataError(
            f"The name of a file of {of} must end in .jsonl or .csv, .tsv or .parquet, or in these and one of .gz, "
            f".bz2, .xz and .zip; received '{file}'."
        )
    try:
        if not file.is_file():
            raise DataError(f"{file} is {'no plain file' if file.exists() else 'not there'}; expected a file of {of}.")
        rows = list(_parquet(file) if suffix == ".parquet" else _of_text(file, suffix, encoding))
    except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(file)!r} cannot be read: {reason}.") from error
    if not rows:
        raise DataError(f"{file} is empty: it has no row.")
    return rows


def _of_text(file: Path, suffix: str, encoding: str | None) -> Iterator[Row]:
    with open_bytes(file) as stream:
        for row in scan_rows(stream, str(file), TextFormat(f".{suffix.split('.')[1]}", encoding)):
            if row.error is not None:
                raise row.error
            if any(value != "" for value in row.values.values()) or suffix.startswith(".jsonl"):
                yield row  # else one of nothing but commas, as spreadsheets write them behind the last


def _parquet(file: Path) -> Iterator[Row]:
    """A row has the number that its line would have in a file with a header."""
    number = 1
    for batch in extra("pyarrow.parquet", "A Parquet file").ParquetFile(file).iter_batches(1_000):
        for values in batch.to_pylist():
            number += 1
            yield Row(str(file), number, values)


def scan_rows(stream: Any, name: str, written: TextFormat) -> Iterator[Row]:
    """The rows of an open file of bytes one by one: the memory needed is that of one row. Empty lines are skipped,
    rows of empty cells are not: what is said of rows has one for each.

    A row that cannot be read has an `error`, and keeps no other from being read. Raises `DataError` for a file whose
    header cannot be read.
    """
    seen = _head(stream)
    lines = scan_lines(chain(seen, _pieces(stream)), name, encoding_of(b"".join(seen), written.encoding))
    return _jsonl(lines, name) if written.suffix == ".jsonl" else _csv(lines, b"".join(seen), name, written)


def _head(stream: Any) -> list[bytes]:
    """The first lines, which say how the file is written."""
    seen: list[bytes] = []
    while len(seen) <= HEAD_ROWS and sum(map(len, seen)) < HEAD and (line := stream.readline(LONGEST_LINE + 1)):
        seen.append(line)
    return seen


def _pieces(stream: Any) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE + 1):
        yield line


Line = tuple[int, str, DataError | None]  # number, text with its line end, what is wrong with it


def lines_of(stream: Any, name: str, encoding: str | None = None) -> Iterator[Line]:
    """Every line of an open file of bytes."""
    seen = _head(stream)
    return scan_lines(chain(seen, _pieces(stream)), name, encoding_of(b"".join(seen), encoding))


def scan_lines(pieces: Iterator[bytes], file: str, encoding: str) -> Iterator[Line]:
    """Every line, checked for length, encoding and NUL; lines may end in a carriage return alone.

    pieces  the lines as bytes, of which too long a one is in several pieces.
    """
    first = next(pieces, b"")
    pieces = chain([first], pieces)
    ends = b"\n" in first or b"\r" not in first
    found = _utf8_lines(pieces, file) if encoding.startswith("utf-8") and ends else _other_lines(
        pieces, file, encoding, "\n" if ends else "\r"
    )  # fmt: skip
    for number, text, wrong in found:
        if wrong is None and "\0" in text:
            wrong = DataError(f"{file}, line {number} holds NUL bytes; it is no text, or not in {encoding.upper()}.")
        yield number, text.replace("\0", " ") if wrong is not None else text, wrong


def _utf8_lines(pieces: Iterator[bytes], file: str) -> Iterator[Line]:
    for number, line in enumerate(pieces, start=1):
        place = f"{file}, line {number}"
        if len(line) > LONGEST_LINE:
            while not line.endswith(b"\n") and (line := next(pieces, b"")):
                pass
            yield number, "\n", DataError(f"{place} is longer than {LONGEST_LINE >> 20} MiB.")
            continue
        encoding = "utf-8-sig" if number == 1 else "utf-8"
        try:
            yield number, line.decode(encoding), None
        except UnicodeDecodeError as error:
            wrong = DataError(
                f"{place} is not in UTF-8 (byte {error.start + 1}); save the file as UTF-8, or give its encoding, as "
                "encoding='cp1252' (--encoding cp1252)."
            )
            yield number, line.decode(encoding, errors="replace"), wrong


def _other_lines(pieces: Iterator[bytes], file: str, encoding: str, end: str) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    number, rest, told = 0, "", ""
    for piece in chain(pieces, [b""]):
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            told = f"{encoding.upper()}: {error.reason}"
            if encoding.startswith("utf-"):  # what follows cannot be told apart any more
                raise DataError(f"{file}, line {number + 1} is not in {told}.") from error
            text = piece.decode(encoding, errors="replace")
            decoder.reset()
        *lines, rest = (rest + text).split(end)
        if len(rest) > LONGEST_LINE:
            raise DataError(f"{file}, line {number + len(lines) + 1} is longer than {LONGEST_LINE >> 20} MiB.")
        for line in [*lines, *([rest] if rest and not piece else [])]:
            number += 1
            wrong = DataError(f"{file}, line {number} is not in {told}.") if told and "\ufffd" in line else None
            yield number, f"{line}\n", wrong


def _jsonl(lines: Iterator[Line], file: str) -> Iterator[Row]:
    for number, line, wrong in lines:
        if not line.strip() and wrong is None:
            continue
        try:
            yield Row(file, number, _object(line, f"{file}, line {number}", wrong))
        except DataError as error:
            yield Row(file, number, error=error)


def _object(line: str, place: str, wrong: DataError | None) -> dict[str, Any]:
    """The values of a line of JSON."""
    if wrong is not None:
        raise wrong
    try:
        values = json.loads(line, parse_constant=_refuse, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        raise DataError(f"{place} is not JSON: {error.msg} at column {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is not JSON that can be read: {str(error).partition(';')[0]}.") from error
    if not isinstance(values, dict):
        raise DataError(f'{place} must be a JSON object such as {{"text": "..."}}; it is a {type(values).__name__}.')
    return values


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands in it twice")
    return values


def _csv(lines: Iterator[Line], head: bytes, file: str, written: TextFormat) -> Iterator[Row]:
    text = codecs.getincrementaldecoder(encoding_of(head, written.encoding))(errors="replace").decode(head)
    # the last line may be there in part only, but is one of more than are looked at
    delimiter, sample, lead = parted(text, Path(f"rows{written.suffix}"), whole=len(head) < HEAD)
    lines = (line for line in lines if line[0] > lead)
    first = next((line for line in lines if line[1].strip() or line[2] is not None), None)
    if first is None:
        return
    if first[2] is not None:
        raise first[2]
    delimiter = _mark(first[1], delimiter, written.columns)
    before, wrong = first[0] - 1, dict[int, DataError]()

    def texts() -> Iterator[str]:
        for number, text, error in chain([first], lines):
            if error is not None:
                wrong[number] = error
            yield text

    with _wide_fields():
        rows = csv.reader(texts(), strict=True, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        header: list[str] | None = None
        while True:
            start = before + rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                found = DataError(f"{file}, line {start} is not CSV: {str(error).partition(' - ')[0]}.")
                if header is None:
                    raise found from error
                yield Row(file, start, error=found)
                continue
            if header is None:
                header = _header(row, sample, file, written)
                if written.header:
                    continue
            if wrong:
                yield Row(file, start, error=wrong[min(wrong)])
                wrong.clear()
            elif any(row) or len(row) == len(header):
                yield _row(file, start, header, row)


def _row(file: str, line: int, header: Sequence[str], row: Sequence[str]) -> Row:
    if len(row) != len(header):
        found = DataError(f"{file}, line {line} has {len(row)} fields; the header has {len(header)}.")
        return Row(file, line, error=found)
    return Row(file, line, dict(zip(header, row, strict=True)))


def _mark(header: str, usual: str, columns: Sequence[str]) -> str:
    """The mark by which the header has these columns; the usual one where none does."""
    for mark in dict.fromkeys([usual, *DELIMITERS]):
        names = next(csv.reader([header], delimiter=mark), [])
        if set(columns) <= {name.strip() for name in names}:
            return mark
    return usual


def _header(row: list[str], sample: list[list[str]], file: str, written: TextFormat) -> list[str]:
    """The names of the columns. Raises `DataError` where the first row lacks those that it should have, being data."""
    require_few_columns(Path(file), len(row))
    if not written.header:
        return [f"column{number}" for number in range(1, len(row) + 1)]
    names = [name.strip() for name in row]
    if not set(written.columns) <= set(names) and (value := data_in_header(tuple(names), sample[1:])) is not None:
        raise DataError(
            f"The first row of {file} looks like data, as {shown(value)}: where the file has no header, give "
            f"header=False (--no-header), and its columns are column1 to column{len(names)}."
        )
    if len(set(names)) < len(names):
        raise DataError(f"{file}, line 1: a column's name stands twice in the header.")
    return names


@contextmanager
def _wide_fields() -> Iterator[None]:
    """Python's limit on the length of a CSV field is one for the whole process: raised, and put back."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
