"""Rows of a JSONL, CSV or TSV file, each with the line where it begins; what is wrong is said in one sentence."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from zoo.columns.lines import LONGEST_LINE, wide_fields
from zoo.errors import DataError


@dataclass(frozen=True)
class Row:
    """Column -> value: strings out of CSV, any JSON value out of JSONL."""

    file: str
    line: int
    values: Mapping[str, Any]

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
    readers: Mapping[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": _jsonl,
        ".csv": _csv,
        ".tsv": partial(_csv, delimiter="\t"),
    }
    try:
        if not file.is_file():
            raise DataError(f"{file} is {'no plain file' if file.exists() else 'not there'}; expected a file of {of}.")
        rows = list(readers[file.suffix.lower()](file))
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(file)!r} cannot be read: {reason}.") from error
    if not rows:
        raise DataError(f"{file} is empty: it has no row.")
    return rows


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """(number, text with its line end) of each line, checked for length, encoding and NUL."""
    with open(file, "rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            place = f"{file}, line {number}"
            if len(line) > LONGEST_LINE:
                raise DataError(f"{place} is longer than {LONGEST_LINE >> 20} MiB.")
            if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise DataError(f"{place} is in UTF-16; save the file as UTF-8.")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"{place} is not in UTF-8 (byte {error.start + 1}); save the file as UTF-8.") from error
            if "\0" in text:
                raise DataError(f"{place} holds NUL bytes; it is no text, or not in UTF-8.")
            yield number, text


def _jsonl(file: Path) -> Iterator[Row]:
    for number, line in _lines(file):
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


def _csv(file: Path, delimiter: str = ",") -> Iterator[Row]:
    with wide_fields():
        rows = csv.reader((line for _, line in _lines(file)), strict=True, delimiter=delimiter)
        start = 1
        header: list[str] | None = None
        try:
            for row in rows:
                if not any(row):
                    pass
                elif header is None:
                    header = _header(row, file, delimiter)
                elif len(row) != len(header):
                    raise DataError(f"{file}, line {start} has {len(row)} fields; the header has {len(header)}.")
                else:
                    yield Row(str(file), start, dict(zip(header, row, strict=True)))
                start = rows.line_num + 1
        except csv.Error as error:
            raise DataError(f"{file}, line {start} is not CSV: {str(error).partition(' - ')[0]}.") from error


def _header(row: list[str], file: Path, delimiter: str) -> list[str]:
    names = [name.strip() for name in row]
    wanted = "commas" if delimiter == "," else "tabs"
    if len(names) == 1 and (other := next((mark for mark in ";\t|," if mark != delimiter and mark in names[0]), None)):
        raise DataError(f"{file}, line 1: columns must be separated by {wanted}; the header has {other!r}.")
    if len(set(names)) < len(names):
        raise DataError(f"{file}, line 1: a column's name stands twice in the header.")
    return names
