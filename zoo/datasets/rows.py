"""Rows of a JSONL, CSV, TSV or Parquet file, each with the line where it begins; errors are one sentence."""

import csv
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from zoo.columns.csv_file import HEAD, HEAD_ROWS, LONGEST_LINE, encoding_of, open_bytes, parted
from zoo.columns.frames import extra
from zoo.columns.opening import FORMATS
from zoo.errors import DataError

LONGEST_FIELD = 2_000_000  # characters of a CSV field; Python's own limit is 131,072


@dataclass(frozen=True)
class Row:
    """Column -> value: strings out of CSV, any JSON value out of JSONL."""

    file: str
    line: int
    values: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


def read_rows(path: Path | str, *, of: str = "posts", encoding: str | None = None) -> list[Row]:
    """All rows of a file in one of `FORMATS`. Empty lines are skipped.

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
    reader = {"jsonl": _jsonl, "parquet": _parquet}.get(suffix.split(".")[1], _csv)
    try:
        if not file.is_file():
            raise DataError(f"{file} is {'no plain file' if file.exists() else 'not there'}; expected a file of {of}.")
        rows = list(reader(file, encoding))
    except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(file)!r} cannot be read: {reason}.") from error
    if not rows:
        raise DataError(f"{file} is empty: it has no row.")
    return rows


def _lines(file: Path, encoding: str | None) -> Iterator[tuple[int, str]]:
    """(number, text with its line end) of each line, checked for length, encoding and NUL."""
    with open_bytes(file) as stream:
        found = encoding_of(stream.read(HEAD), encoding)
    if not found.startswith("utf-8"):
        yield from _other_lines(file, found)
        return
    with open_bytes(file) as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            place = f"{file}, line {number}"
            if len(line) > LONGEST_LINE:
                raise DataError(f"{place} is longer than {LONGEST_LINE >> 20} MiB.")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{place} is not in UTF-8 (byte {error.start + 1}); save the file as UTF-8, or give its encoding, "
                    "as encoding='cp1252' (--encoding cp1252)."
                ) from error
            if "\0" in text:
                raise DataError(f"{place} holds NUL bytes; it is no text, or not in UTF-8.")
            yield number, text


def _other_lines(file: Path, encoding: str) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with io.TextIOWrapper(open_bytes(file), encoding=encoding, newline="\n") as stream:
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE or "\0" in line:
                    raise DataError(f"{file}, line {number} is too long, holds NUL, or is not in {encoding.upper()}.")
                yield number, line
    except UnicodeDecodeError as error:
        raise DataError(f"{file}, line {number + 1} is not in {encoding.upper()}: {error.reason}.") from error


def _parquet(file: Path, encoding: str | None) -> Iterator[Row]:
    """A row has the number that its line would have in a file with a header."""
    number = 1
    for batch in extra("pyarrow.parquet", "A Parquet file").ParquetFile(file).iter_batches(1_000):
        for values in batch.to_pylist():
            number += 1
            yield Row(str(file), number, values)


def _jsonl(file: Path, encoding: str | None) -> Iterator[Row]:
    for number, line in _lines(file, encoding):
        if not line.strip():
            continue
        place = f"{file}, line {number}"
        try:
            values = json.loads(line, parse_constant=_refuse, object_pairs_hook=_distinct)
        except json.JSONDecodeError as error:
            raise DataError(f"{place} is not JSON: {error.msg} at column {error.colno}.") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{place} is not JSON that can be read: {str(error).partition(';')[0]}.") from error
        if not isinstance(values, dict):
            raise DataError(
                f'{place} must be a JSON object such as {{"text": "..."}}; it is a {type(values).__name__}.'
            )
        yield Row(str(file), number, values)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands in it twice")
    return values


def _csv(file: Path, encoding: str | None) -> Iterator[Row]:
    with _wide_fields():
        head = "".join(line for _, line in islice(_lines(file, encoding), HEAD_ROWS))
        delimiter, _, lead = parted(head, file, whole=True)
        rows = csv.reader((line for n, line in _lines(file, encoding) if n > lead), strict=True, delimiter=delimiter)
        start = 1 + lead
        header: list[str] | None = None
        try:
            for row in rows:
                if not any(row):
                    pass
                elif header is None:
                    header = _header(row, file)
                elif len(row) != len(header):
                    raise DataError(f"{file}, line {start} has {len(row)} fields; the header has {len(header)}.")
                else:
                    yield Row(str(file), start, dict(zip(header, row, strict=True)))
                start = rows.line_num + 1 + lead
        except csv.Error as error:
            raise DataError(f"{file}, line {start} is not CSV: {str(error).partition(' - ')[0]}.") from error


def _header(row: list[str], file: Path) -> list[str]:
    names = [name.strip() for name in row]
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
