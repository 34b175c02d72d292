"""The lines of a table's file, looked at before it is read: one that is too long, cut short, or no JSON is told.

What reads tables takes a line of any length, and a row that ends early for one whose last values are missing.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from zoo.errors import DataError

LONGEST_LINE = 16 << 20  # bytes; a longer one is refused before it fills the memory
LONGEST_FIELD = 2_000_000  # characters of a CSV field; Python's own limit is 131,072
MOST_COLUMNS = 100_000
PART = 1 << 20  # bytes that are looked at together
SPARSE = 10  # cells for each value, from which a table of keys is mostly empty
MANY_CELLS = 100_000_000


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, of a compressed one what it holds."""
    name = path.name.lower()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
            yield file
        return
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    with openers.get(Path(name).suffix, open)(path, "rb") as file:
        yield file


def require_short_lines(path: Path) -> None:
    """Raise `DataError` for a line of more than `LONGEST_LINE` bytes; no more than that is ever held of it."""
    number, length = 1, 0
    with opened(path) as file:
        while part := file.read(PART).replace(b"\r", b"\n"):
            length += part.find(b"\n") if b"\n" in part else len(part)
            if length > LONGEST_LINE:
                raise DataError(f"{path}, line {number} is longer than {LONGEST_LINE >> 20} MiB.")
            if b"\n" in part:  # what lies between two ends of lines within one part is shorter than the part
                number += part.count(b"\n")
                length = len(part) - part.rfind(b"\n") - 1


def require_few_columns(path: Path, count: int) -> None:
    """Raise `DataError` for more than `MOST_COLUMNS`."""
    if count > MOST_COLUMNS:
        raise DataError(f"{path} has {count:,} columns; at most {MOST_COLUMNS:,} are read.")


def require_full_rows(path: Path, columns: int, *, delimiter: str = ",", encoding: str = "utf-8") -> None:
    """Raise `DataError` for the first row of a CSV file that has fewer fields than its header, with its line."""
    with opened(path) as file, wide_fields(), io.TextIOWrapper(file, encoding, "replace", newline="") as text:
        rows, start = csv.reader(text, delimiter=delimiter, skipinitialspace=True), 1
        for row in rows:
            if any(row) and len(row) < columns:
                raise DataError(f"{path}, line {start} has {len(row)} fields; the header has {columns}.")
            start = rows.line_num + 1


def require_objects(path: Path) -> None:
    """Raise `DataError` unless every line of a JSONL file is an object, and all together make a table that is filled.

    Of rows with keys of their own, the table has rows x keys cells.
    """
    keys: set[str] = set()
    rows = values = 0
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            found = _object(line, f"{path}, line {number}")
            keys.update(found)
            rows, values = rows + 1, values + len(found)
            require_few_columns(path, len(keys))
    if rows * len(keys) > max(MANY_CELLS, SPARSE * values):
        raise DataError(
            f"{path} has {len(keys):,} different keys in {rows:,} rows, of which a row has {values / rows:.0f} in the "
            "mean: a table of them is nearly empty. Write the keys as values."
        )


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not in UTF-8; save the file as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{place} is not JSON: {error.msg} at column {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is not JSON that can be read: {str(error).partition(';')[0]}.") from error
    if not isinstance(found, dict):
        raise DataError(f'{place} must be a JSON object such as {{"x": 1}}; it is a {type(found).__name__}.')
    return found


@contextmanager
def wide_fields() -> Iterator[None]:
    """Python's limit on the length of a CSV field is one for the whole process: raised, and put back."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
