"""Rows of a JSONL, CSV or TSV file, each with the line where it begins; what is wrong is said in one sentence."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from zoo.errors import DataError

LONGEST_LINE = 16 << 20  # bytes; a longer one is refused before it fills the memory
LONGEST_FIELD = 2_000_000  # characters of a CSV field; Python's own limit is 131,072
MARKS = ",;\t|"  # what may stand between the columns of a file


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


def read_rows(path: Path | str, *, of: str = "posts", suffixes: tuple[str, ...] = (".jsonl", ".csv")) -> list[Row]:
    """All rows of a file that ends in one of `suffixes`, at most .jsonl, .csv and .tsv. Empty lines are skipped.

    Raises `DataError` that calls it a file of what `of` says.
    """
    file = Path(path)
    if file.suffix.lower() not in suffixes:
        listed = " or ".join([", ".join(suffixes[:-1]), suffixes[-1]])
        raise DataError(f"The name of a file of {of} must end in {listed}; received '{file}'.")
    try:
        if not file.is_file():
            raise DataError(f"{file} is {'no plain file' if file.exists() else 'not there'}; expected a file of {of}.")
        rows = []
        with open(file, "rb") as stream:
            for row in scan_rows(stream, str(file), suffix=file.suffix.lower()):
                if row.error is not None:
                    raise row.error
                rows.append(row)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(file)!r} cannot be read: {reason}.") from error
    if not rows:
        raise DataError(f"{file} is empty: it has no row.")
    return rows


def scan_rows(stream: BinaryIO, name: str, *, suffix: str, columns: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of an open file one by one: the memory needed is that of one row. Empty lines are skipped.

    A row that cannot be read has an `error`, and keeps no other from being read. `suffix`: ".jsonl", ".csv", ".tsv".
    Where `columns` are named, the mark between a CSV file's columns is the one by which its header has them all.
    Raises `DataError` for a file whose header cannot be read.
    """
    lines = _lines(stream, name)
    return _jsonl(lines, name) if suffix == ".jsonl" else _csv(lines, name, "\t" if suffix == ".tsv" else ",", columns)


Line = tuple[int, str, DataError | None]  # number, text with its line end, what is wrong with it


def _lines(stream: BinaryIO, file: str) -> Iterator[Line]:
    """Every line, checked for length, encoding and NUL."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        place = f"{file}, line {number}"
        if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DataError(f"{place} is in UTF-16; save the file as UTF-8.")
        if len(line) > LONGEST_LINE:
            while not line.endswith(b"\n") and (line := stream.readline(LONGEST_LINE)):
                pass
            yield number, "\n", DataError(f"{place} is longer than {LONGEST_LINE >> 20} MiB.")
            continue
        encoding = "utf-8-sig" if number == 1 else "utf-8"
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as error:
            wrong = DataError(f"{place} is not in UTF-8 (byte {error.start + 1}); save the file as UTF-8.")
            yield number, line.decode(encoding, errors="replace"), wrong
            continue
        if "\0" in text:
            wrong = DataError(f"{place} holds NUL bytes; it is no text, or not in UTF-8.")
            yield number, text.replace("\0", " "), wrong
            continue
        yield number, text, None


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


def _csv(lines: Iterator[Line], file: str, delimiter: str, columns: Sequence[str]) -> Iterator[Row]:
    first = next((line for line in lines if line[1].strip() or line[2] is not None), None)
    if first is None:
        return
    if first[2] is not None:
        raise first[2]
    if columns:
        delimiter = _mark(first[1], delimiter, columns)
    before, wrong = first[0] - 1, dict[int, DataError]()

    def texts() -> Iterator[str]:
        for number, text, error in chain([first], lines):
            if error is not None:
                wrong[number] = error
            yield text

    with _wide_fields():
        rows = csv.reader(texts(), strict=True, delimiter=delimiter)
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
                header = _header(row, file, delimiter)
            elif wrong:
                yield Row(file, start, error=wrong[min(wrong)])
                wrong.clear()
            elif any(row):
                yield _row(file, start, header, row)


def _row(file: str, line: int, header: Sequence[str], row: Sequence[str]) -> Row:
    if len(row) != len(header):
        found = DataError(f"{file}, line {line} has {len(row)} fields; the header has {len(header)}.")
        return Row(file, line, error=found)
    return Row(file, line, dict(zip(header, row, strict=True)))


def _mark(header: str, usual: str, columns: Sequence[str]) -> str:
    """The mark by which the header has these columns; the usual one where none does."""
    for mark in dict.fromkeys([usual, *MARKS]):
        names = next(csv.reader([header], delimiter=mark), [])
        if set(columns) <= {name.strip() for name in names}:
            return mark
    return usual


def _header(row: list[str], file: str, delimiter: str) -> list[str]:
    names = [name.strip() for name in row]
    wanted = {",": "commas", "\t": "tabs"}.get(delimiter, repr(delimiter))
    if len(names) == 1 and (other := next((mark for mark in ";\t|," if mark != delimiter and mark in names[0]), None)):
        raise DataError(f"{file}, line 1: columns must be separated by {wanted}; the header has {other!r}.")
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
