"""How a CSV file is written: its encoding, what stands between its columns, whether it has a header; rows counted."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from zoo.columns.date_texts import readings
from zoo.columns.frames import shown
from zoo.columns.number_texts import is_time, read_cell
from zoo.errors import ConfigError, DataError

HEAD = 1 << 16  # bytes that say how a file is written
HEAD_ROWS = 50
LONGEST_LINE = 16 << 20  # characters; a longer one is refused before it fills the memory
DELIMITERS = (",", ";", "\t", "|")
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
YEARS = range(1900, 2101)


@dataclass(frozen=True)
class CsvFile:
    """delimiter, encoding and names of the columns; header: whether the first row has them."""

    path: Path
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    header: bool
    lead: int  # lines before the first row
    newline: str | None = ""  # None: lines end in a carriage return alone, which is translated

    def open(self) -> "CountedRows":
        """The text from the first row on. Reading it raises `DataError` for a row that is longer or shorter."""
        handle = io.TextIOWrapper(open_bytes(self.path), encoding=self.encoding, newline=self.newline)
        for _ in range(self.lead):
            handle.readline()
        return CountedRows(handle, self)


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a file, decompressed as its name says."""
    ending = path.suffix.lower()
    if ending != ".zip":
        return OPENERS.get(ending, open)(path, "rb")
    archive = zipfile.ZipFile(path)
    if len(archive.namelist()) != 1:
        raise DataError(f"{path} must hold one file; it holds {len(archive.namelist())}.")
    return archive.open(archive.namelist()[0])


def encoding_of(head: bytes, given: str | None = None) -> str:
    """The encoding of a file that begins so: as given, as its byte order mark says, UTF-16 without one, else UTF-8."""
    if given is not None:
        try:
            return codecs.lookup(given).name
        except (LookupError, TypeError) as error:
            raise ConfigError(f"Unknown encoding {given!r}; usual are utf-8, cp1252, latin-1 and utf-16.") from error
    for mark, name in BOMS.items():
        if head.startswith(mark):
            return name
    pairs = len(head) // 2
    for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if pairs > 1 and head[place::2].count(0) > 0.4 * pairs and not head[1 - place :: 2].count(0):
            return name
    return "utf-8"


def csv_file(path: Path, *, encoding: str | None = None, header: bool = True) -> CsvFile:
    """How the file is written. Raises `DataError` for an empty one, and where the first row looks like data.

    header  False: the first row is data, and the columns are called column1, column2, ...
    """
    with open_bytes(path) as stream:
        head = stream.read(HEAD)
    found = encoding_of(head, encoding)
    text = codecs.getincrementaldecoder(found)().decode(head)  # a wrong encoding is told before wrong names are
    delimiter, rows, lead = parted(text, path, whole=len(head) < HEAD)
    if not rows:
        raise DataError(f"{path} cannot be read as a table: it is empty.")
    names = tuple(name.strip() for name in rows[0])
    if not header:
        names = tuple(f"column{number}" for number in range(1, len(names) + 1))
    elif (value := data_in_header(names, rows[1:])) is not None:
        raise DataError(
            f"The first row of {path} looks like data, as {shown(value)}: where the file has no header, write one, or "
            f"give header=False (--no-header), and its columns are column1 to column{len(names)}."
        )
    return CsvFile(path, found, delimiter, names, header, lead, "" if "\n" in text else None)


def parted(text: str, path: Path, *, whole: bool) -> tuple[str, list[list[str]], int]:
    """(what parts the columns of a CSV file that begins so, its first rows, lines before them that say so)."""
    lines = io.StringIO(text, newline="").readlines()
    lines = lines if whole or len(lines) < 2 else lines[:-1]
    told = re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE) if lines else None
    lines = lines[1:] if told else lines
    rows_by = {mark: _rows(lines, mark) for mark in ((told[1],) if told else DELIMITERS)}
    usual = "\t" if ".tsv" in path.name.lower() else ","
    delimiter = max(rows_by, key=lambda mark: _alike(rows_by[mark], mark == usual))
    return delimiter, rows_by[delimiter], 1 if told else 0


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t"):
            if any(cell.strip() for cell in row):
                found.append(row)
            if len(found) > HEAD_ROWS:
                break
    except csv.Error:
        pass
    return found


def _alike(rows: list[list[str]], usual: bool) -> tuple[bool, float, int, bool]:
    """How well the rows are parted: into several columns, all rows alike, into many; then the usual mark."""
    columns = len(rows[0]) if rows else 0
    same = sum(len(row) == columns for row in rows) / len(rows) if rows else 0.0
    return (columns > 1, same, columns, usual)


def data_in_header(names: tuple[str, ...], rows: list[list[str]]) -> str | None:
    """A value of the first row that says that it is no header: a number or a date over others of its kind.

    Whole numbers in a row (years, places) may be names.
    """
    numerals = [name for name in names if name.isdecimal()]
    numbers = [int(name) for name in numerals]
    if numbers and (
        numbers == [*range(numbers[0], numbers[0] + len(numbers))] or all(each in YEARS for each in numbers)
    ):
        numerals_are_names = len(numbers) > 1 or numbers[0] in YEARS
    else:
        numerals_are_names = False
    for place, name in enumerate(names):
        below = [row[place] for row in rows if len(row) > place and row[place].strip()]
        if not below or (numerals_are_names and name in numerals):
            continue
        for is_one in (_is_number, is_time, lambda text: bool(readings(text))):
            if is_one(name) and all(map(is_one, below)):
                return name
    return None


def _is_number(text: str) -> bool:
    """Hours (8:00) are none: over numbers they are names."""
    return read_cell(text) is not None and not is_time(text)


class CountedRows(io.TextIOBase):
    """Text that is passed on as it is read, its rows counted: a short one would else be filled up without a word."""

    def __init__(self, handle: io.TextIOWrapper, file: CsvFile):
        self._handle, self._file = handle, file
        self._rest = ""  # the beginning of a line
        self._pending: list[str] = []  # lines of a row whose quotes are still open
        self._line = file.lead  # the last one that was counted

    def read(self, size: int | None = -1) -> str:
        """The next characters."""
        text = self._handle.read(-1 if size is None else size)
        *lines, self._rest = (self._rest + text).split("\n")
        if not text and self._rest:
            lines, self._rest = [*lines, self._rest], ""
        if len(self._rest) + sum(map(len, self._pending)) > LONGEST_LINE:
            raise DataError(f"{self._file.path}, line {self._line + 1} is longer than {LONGEST_LINE >> 20} MiB.")
        if self._pending or any('"' in line for line in lines):
            self._count_quoted(lines, last=not text)
        else:
            self._count_plain(lines)
        return text

    def _count_plain(self, lines: list[str]) -> None:
        mark, marks = self._file.delimiter, len(self._file.names) - 1
        for number, line in enumerate(lines, start=self._line + 1):
            if line.count(mark) != marks and line.strip(" \r"):
                self._refuse(number, line.count(mark) + 1)
        self._line += len(lines)

    def _count_quoted(self, lines: list[str], last: bool) -> None:
        """The rows, but for the last one, whose quotes may still be open."""
        lines = [*self._pending, *lines]
        rows = csv.reader((f"{line}\n" for line in lines), delimiter=self._file.delimiter, skipinitialspace=True)
        done = 0
        try:
            for row in rows:
                if rows.line_num == len(lines) and not last and any('"' in line for line in lines[done:]):
                    break
                if len(row) != len(self._file.names) and any(cell.strip() for cell in row):
                    self._refuse(self._line + rows.line_num, len(row))
                done = rows.line_num
        except csv.Error:  # a cell that is longer than Python's own reader takes
            done = len(lines)
        self._pending = lines[done:]
        self._line += done

    def _refuse(self, line: int, fields: int) -> NoReturn:
        raise DataError(
            f"{self._file.path} cannot be read as a table: Expected {len(self._file.names)} fields in line {line}, saw "
            f"{fields}."
        )

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._handle.close()
        super().close()
