"""CSV, JSONL and Parquet files -> DataFrames of compact, typed columns, read in parts: no text stands in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from zoo.columns.dates import dates_of
from zoo.columns.frames import Frame, frame_of, is_path, pandas, shown
from zoo.columns.opening import CHUNK_ROWS, FORMATS, LISTS, Opened, Way, opened, without_marks
from zoo.columns.paths import beside_file
from zoo.columns.values import numbers_of, texts_of
from zoo.columns.written import Written
from zoo.errors import DataError, require_known

__all__ = ["FORMATS", "LISTS", "read_table", "rows_of", "scan_table"]

OPTIONS = tuple(each.name for each in fields(Way))
GROWTH = 1.1  # of an array that has become too small
MOST_TEXTS = 1_000_000  # different ones in a category: more are no categories


def read_table(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    date_order: str | Mapping[str, str] | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool = True,
    written: Written | None = None,
    chunk_rows: int = CHUNK_ROWS,
    unasked: Sequence[str] | None = (),
) -> Frame:
    """A CSV, JSONL or Parquet file, or a DataFrame -> a DataFrame of typed columns.

    Numbers are float32, or float64 where they are larger than float32 has whole numbers; categories are pandas
    categories of text; dates are datetimes. The first part of the file decides, where nothing else is said:

    columns     some of them.
    types       column -> "number", "category", "date", "text", ...
    missing     further texts that stand for no value, beside the usual ones (nothing, NA, n/a, null, None, ?, ...).
    date_order  "dmy", "mdy" or "ymd" of dates as 05/03/2021, or column -> order.
    decimal     "." or ",": the mark before the fraction of numbers as 1,234.
    encoding    of a CSV file that is neither UTF-8 nor UTF-16: "cp1252", "latin-1", ...
    header      whether the first row of a CSV file has the names of its columns; else they are column1, column2, ...
    unasked     columns that nobody needs, or None for all: one that may mean two things is a category.
    written     `Schema.written`: formats, orders and marks that a schema has learnt, in place of the file's own.

    Columns of a CSV file are parted by commas, semicolons, tabs or "|". The file is read in parts of `chunk_rows`: the
    memory needed is that of the compact columns and of one part. How its texts are written stands in the attributes of
    the DataFrame, from which `Schema.fit` learns it.
    Raises `DataError` with the column and the row of a value that does not fit, or the line of a row that is too short.
    """
    way = Way(columns, types or {}, missing, date_order, decimal, encoding, header, written, chunk_rows, unasked)
    found = opened(source, way)
    parts = _Parts(found)
    for chunk in found.chunks:
        parts.add(chunk)
    return parts.frame()


def scan_table(source: Any, **options: Any) -> Iterator[Frame]:
    """The same in parts, one DataFrame each: the memory needed does not grow with the file. Options of `read_table`.

    The kinds are those of the first part. What a schema learnt once can so encode, and a pipeline predict for, a file
    of any size.
    """
    for option in options:
        require_known("option of 'scan_table'", option, OPTIONS)
    chosen = {"columns": None, "chunk_rows": CHUNK_ROWS, **options, "types": options.get("types") or {}}
    found = opened(source, Way(**chosen))
    first = 1
    for chunk in found.chunks:
        part = pandas().DataFrame(
            {name: _typed(chunk[name], name, found, first) for name in found.kinds}, index=chunk.index
        )
        found.written.note(part)
        yield part
        first += len(chunk)


def rows_of(source: Any, *, columns: Sequence[str], types: Mapping[str, str], written: Written) -> Frame:
    """A DataFrame, a mapping of columns, a list of rows with named values, or the path of a file -> a DataFrame.

    Of a file the `columns` are read, each as its kind and as it was `written`: 007 stays the category that it was.
    """
    if is_path(source):
        return beside_file(read_table(source, columns=columns, types=types, written=written), types, source)
    return without_marks(frame_of(source), written.missing)


class _Parts:
    """Typed parts of each column, put together as they come."""

    def __init__(self, opened: Opened):
        self.opened = opened
        self.values = {name: _Growing() for name in opened.kinds}
        self.texts: dict[str, dict[str, int]] = {name: {} for name, kind in opened.kinds.items() if kind == "category"}
        self.rows = 0

    def add(self, chunk: Frame) -> None:
        """One part of the file."""
        for name, kind in self.opened.kinds.items():
            column = chunk[name]
            if kind == "category":
                self.values[name].add(self._codes(column, name))
            else:
                self.values[name].add(_typed(column, name, self.opened, self.rows + 1).to_numpy())
        self.rows += len(chunk)

    def _codes(self, column: Any, name: str) -> np.ndarray:
        """(n,) numbers of texts in the order in which the file brought them, in as few bytes as they need."""
        known = self.texts[name]
        codes, texts = texts_of(column, name)
        table = [-1 if text is None else known.setdefault(text, len(known)) for text in texts]
        if len(known) > MOST_TEXTS:
            raise DataError(
                f"The column {shown(name)} has more than {MOST_TEXTS:,} different texts: leave it out of 'columns'."
            )
        return np.array([*table, -1], dtype=_smallest(len(known)))[codes]

    def frame(self) -> Frame:
        """The whole table."""
        pd = pandas()
        found = {}
        for name, column in self.values.items():
            values = column.whole()
            if name in self.texts:
                categories = pd.Index([*self.texts[name]], dtype="str")
                found[name] = pd.Categorical.from_codes(values, categories=categories)
            else:
                found[name] = values
        frame = pd.DataFrame(found, copy=False)
        self.opened.written.note(frame)
        return frame


class _Growing:
    """The values of one column in one array that grows in place.

    Parts of their own, put together in the end, would need twice the memory: that of small arrays is seldom given back.
    """

    def __init__(self) -> None:
        self.array = np.empty(0, dtype=np.int8)
        self.rows = 0

    def add(self, values: np.ndarray) -> None:
        """More rows; the type becomes one that holds them too."""
        dtype = np.result_type(self.array, values) if self.rows else values.dtype
        if dtype != self.array.dtype:
            self.array = self.array.astype(dtype)
        needed = self.rows + len(values)
        if needed > len(self.array):
            self.array.resize(max(needed, int(GROWTH * len(self.array))), refcheck=False)
        self.array[self.rows : needed] = values
        self.rows = needed

    def whole(self) -> np.ndarray:
        """(rows,) the values."""
        self.array.resize(self.rows, refcheck=False)
        return self.array


def _smallest(count: int) -> type[np.signedinteger[Any]]:
    return np.int8 if count < 2**7 else np.int16 if count < 2**15 else np.int32


def _typed(column: Any, name: str, opened: Opened, first: int) -> Any:
    """One column of one part; `first` is the number of its first row in the file."""
    pd = pandas()
    kind, written = opened.kinds[name], opened.written
    if kind not in ("number", "category", "date"):
        return column  # a text, or what another kind makes of it
    if kind == "category":
        codes, texts = texts_of(column, name)
        kept = [text for text in dict.fromkeys(texts) if text is not None]
        places = {text: place for place, text in enumerate(kept)}
        table = np.array([*(-1 if text is None else places[text] for text in texts), -1])
        return pd.Series(
            pd.Categorical.from_codes(table[codes], categories=pd.Index(kept, dtype="str")), index=column.index
        )
    if kind == "date":
        return dates_of(column, name, first=first, order=written.orders.get(name, "")).astype("datetime64[s]")
    values = numbers_of(column, name, first=first, written_as=written.formats.get(name, ""))
    exact = np.nanmax(np.abs(values), initial=0.0) <= 2**24  # the whole numbers that float32 has
    return pd.Series(values.astype(np.float32) if exact else values, index=column.index)
