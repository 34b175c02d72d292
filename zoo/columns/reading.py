"""CSV and Parquet files -> DataFrames of compact, typed columns. They are read in parts: no text stands in memory."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns.dates import dates_of
from zoo.columns.frames import Frame, extra, frame_of, pandas, require_columns, shown
from zoo.columns.kinds import kinds_of, require_types
from zoo.columns.lines import require_few_columns, require_full_rows, require_objects, require_short_lines
from zoo.columns.values import numbers_of, texts_of
from zoo.errors import ConfigError, DataError, ZooError, require_known

CHUNK_ROWS = 100_000
GROWTH = 1.1  # of an array that has become too small
MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "?")  # what stands for no value in a CSV file
FORMATS = (".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip", ".tsv", ".jsonl", ".parquet")
LISTS = "lists"  # of tags; no kind of column, so that they are used as targets alone
VERBATIM = ("text", "story", "verse")  # kinds in which no word stands for a missing value
MOST_TEXTS = 1_000_000  # different ones in a category: more are no categories


def read_table(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, str] | None = None,
    missing: Sequence[str] = MISSING,
    chunk_rows: int = CHUNK_ROWS,
) -> Frame:
    """A CSV or Parquet file, or a DataFrame -> a DataFrame of typed columns.

    Numbers are float32, or float64 where they are larger than float32 has whole numbers; categories are pandas
    categories of text; dates are datetimes. `columns` chooses some, `types` forces "number", "category" or "date"; else
    the first part of the file decides. `missing` are the texts that stand for no value.

    The file is read in parts of `chunk_rows`: the memory needed is that of the compact columns and of one part.
    Raises `DataError` with the column and the row of a value that does not fit.
    """
    kinds, chunks = _opened(source, columns, types or {}, missing, chunk_rows)
    parts = _Parts(kinds)
    for chunk in chunks:
        parts.add(chunk)
    return parts.frame()


def scan_table(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, str] | None = None,
    missing: Sequence[str] = MISSING,
    chunk_rows: int = CHUNK_ROWS,
) -> Iterator[Frame]:
    """The same in parts, one DataFrame each: the memory needed does not grow with the file.

    The kinds are those of the first part. What a schema learnt once can so encode, and a pipeline answer for, a file of
    any size.
    """
    kinds, chunks = _opened(source, columns, types or {}, missing, chunk_rows)
    first = 1
    for chunk in chunks:
        yield pandas().DataFrame(
            {name: _typed(chunk[name], name, kind, first) for name, kind in kinds.items()}, index=chunk.index
        )
        first += len(chunk)


def rows_of(source: Any, *, columns: Sequence[str], types: Mapping[str, str]) -> Frame:
    """A DataFrame, a mapping of columns, a list of rows with named values, or the path of a file -> a DataFrame.

    Of a file the `columns` are read, each as its kind: 007 stays the category that it was.
    """
    if isinstance(source, str | Path):
        return read_table(source, columns=columns, types=types)
    return frame_of(source)


class _Parts:
    """Typed parts of each column, put together as they come."""

    def __init__(self, kinds: Mapping[str, str]):
        self.kinds = kinds
        self.values = {name: _Growing() for name in kinds}
        self.texts: dict[str, dict[str, int]] = {name: {} for name, kind in kinds.items() if kind == "category"}
        self.rows = 0

    def add(self, chunk: Frame) -> None:
        """One part of the file."""
        for name, kind in self.kinds.items():
            column = chunk[name]
            if kind == "category":
                self.values[name].add(self._codes(column, name))
            else:
                self.values[name].add(_typed(column, name, kind, self.rows + 1).to_numpy())
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
        return pd.DataFrame(found, copy=False)


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


def _typed(column: Any, name: str, kind: str, first: int) -> Any:
    """One column of one part; `first` is the number of its first row in the file."""
    pd = pandas()
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
        return dates_of(column, name, first=first).astype("datetime64[s]")
    values = numbers_of(column, name, first=first)
    exact = np.nanmax(np.abs(values), initial=0.0) <= 2**24  # the whole numbers that float32 has
    return pd.Series(values.astype(np.float32) if exact else values, index=column.index)


def _opened(
    source: Any, columns: Sequence[str] | None, types: Mapping[str, str], missing: Sequence[str], rows: int
) -> tuple[dict[str, str], Iterator[Frame]]:
    """The kind of each chosen column, and the untyped parts of the table."""
    if type(rows) is not int or rows < 1:
        raise ConfigError(f"'chunk_rows' must be a whole number of at least 1; received {rows!r}.")
    if isinstance(columns, str):
        raise ConfigError(f"'columns' must be a list of names; received {columns!r}.")
    if not isinstance(source, str | Path):
        return _opened_frame(frame_of(source), columns, types, rows)
    path = Path(source)
    suffix = next((each for each in FORMATS if path.name.lower().endswith(each)), path.suffix)
    require_known("format of a table", suffix, FORMATS)
    if not path.is_file():
        raise DataError(f"There is no file of a table at {path}.")
    with _one_sentence(path):
        if suffix != ".parquet":
            require_short_lines(path)
        opened = {".parquet": _opened_parquet, ".jsonl": _opened_jsonl}.get(suffix, _opened_csv)
        kinds, chunks = opened(path, columns, types, missing, rows)
    return kinds, _guarded(path, chunks)


def _opened_frame(
    frame: Frame, columns: Sequence[str] | None, types: Mapping[str, str], rows: int
) -> tuple[dict[str, str], Iterator[Frame]]:
    frame = frame[_chosen(frame, columns)]
    require_types(types, frame.columns)
    kinds = kinds_of(frame, frame.columns, types)
    return kinds, (frame.iloc[start : start + rows] for start in range(0, len(frame), rows))


def _opened_csv(
    path: Path, columns: Sequence[str] | None, types: Mapping[str, str], missing: Sequence[str], rows: int
) -> tuple[dict[str, str], Iterator[Frame]]:
    """The first rows say what is a number; all is then read so, and everything else as text: 007 stays 007."""
    pd = pandas()
    mark, other_marks = ("\t", ",;|") if path.name.lower().endswith(".tsv") else (",", ";\t|")
    options = {"keep_default_na": False, "skipinitialspace": True, "low_memory": False, "sep": mark}
    # two lines: a first row that is longer than the header would else be taken to begin with the row's name
    header = pd.read_csv(path, header=None, nrows=2, dtype=str, keep_default_na=False, skipinitialspace=True, sep=mark)
    names = [str(name).strip() for name in header.iloc[0]]
    if len(names) == 1 and (other := next((each for each in other_marks if each in names[0]), None)):
        raise DataError(
            f"{path}: columns must be separated by {'tabs' if mark == chr(9) else 'commas'}; the header has {other!r}."
        )
    require_few_columns(path, len(names))
    chosen = _chosen(frame_of(header.set_axis(names, axis="columns")), columns)
    # A text may well be "NA"; and no "usecols": what it leaves out it does not count either.
    require_types(types, chosen)
    absent = {name: [""] if types.get(name) in VERBATIM else list(missing) for name in names}
    options |= {"names": names, "header": 0, "na_values": absent}
    sample = frame_of(pd.read_csv(path, nrows=rows, **options))
    kinds = kinds_of(sample, chosen, types)
    text = {name: str for name, kind in kinds.items() if kind != "number"}
    chunks = _parts(pd.read_csv(path, chunksize=rows, dtype=text, **options))
    return kinds, _full(chunks, names[-1], lambda: require_full_rows(path, len(names), delimiter=mark))


def _full(chunks: Iterator[Frame], last: str, require_full: Callable[[], None]) -> Iterator[Frame]:
    """The parts. A gap in the last column may be a row that ends early: the first one has the fields of all counted."""
    looked_at = False
    for chunk in chunks:
        if not looked_at and chunk[last].isna().any():
            require_full()
            looked_at = True
        yield chunk


def _opened_jsonl(
    path: Path, columns: Sequence[str] | None, types: Mapping[str, str], missing: Sequence[str], rows: int
) -> tuple[dict[str, str], Iterator[Frame]]:
    """An object a line; what a line lacks, or has as null, is missing."""
    pd = pandas()
    require_objects(path)
    options = {"lines": True, "dtype": False, "convert_dates": False, "convert_axes": False}
    with pd.read_json(path, chunksize=rows, **options) as chunks:
        sample = frame_of(next(iter(chunks), pd.DataFrame()))
    chosen = _chosen(sample, columns)
    require_types(types, chosen)
    nested = [name for name in chosen if sample[name].map(lambda value: isinstance(value, list | dict)).any()]
    kinds = dict.fromkeys(nested, LISTS) | kinds_of(sample, [name for name in chosen if name not in nested], types)
    kinds = {name: kinds[name] for name in chosen}
    chunks = pd.read_json(path, chunksize=rows, **options)
    return kinds, (chunk.reindex(columns=chosen) for chunk in _parts(chunks))


def _parts(chunks: Any) -> Iterator[Frame]:
    with chunks:
        yield from chunks


def _opened_parquet(
    path: Path, columns: Sequence[str] | None, types: Mapping[str, str], missing: Sequence[str], rows: int
) -> tuple[dict[str, str], Iterator[Frame]]:
    """Parquet files have types of their own, and say themselves what is missing."""
    file = extra("pyarrow.parquet", "A Parquet file").ParquetFile(path)
    chosen = _chosen(frame_of({name: [0] for name in file.schema_arrow.names}), columns)
    first = frame_of(next(file.iter_batches(rows, columns=chosen), file.schema_arrow.empty_table()).to_pandas())
    require_types(types, chosen)
    kinds = kinds_of(first, chosen, types)
    return kinds, (batch.to_pandas() for batch in file.iter_batches(rows, columns=chosen))


def _chosen(frame: Frame, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        return list(frame.columns)
    require_columns(frame, columns, "is to be read")
    return list(dict.fromkeys(columns))


def _guarded(path: Path, chunks: Iterator[Frame]) -> Iterator[Frame]:
    with _one_sentence(path):
        yield from chunks


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    """What the readers of pandas and pyarrow raise, as a `DataError` that names the file."""
    try:
        yield
    except ZooError:
        raise
    except (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{path} cannot be read as a table: {told}.") from error
