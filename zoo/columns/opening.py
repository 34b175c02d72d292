"""A table of any format -> the kind of each column, how its texts are written, and its rows in untyped parts."""

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from zoo.columns.csv_file import LONGEST_LINE, csv_file, encoding_of, open_bytes
from zoo.columns.date_texts import order_for
from zoo.columns.dates import date_order
from zoo.columns.frames import Frame, exact_integers, extra, frame_of, is_path, pandas, require_columns
from zoo.columns.kinds import kinds_of, number_formats, require_types
from zoo.columns.lines import require_few_columns, require_filled
from zoo.columns.values import MISSING
from zoo.columns.written import Written, written
from zoo.errors import ConfigError, DataError, ZooError, require_known

CHUNK_ROWS = 100_000
PACKED = ("", ".gz", ".bz2", ".xz", ".zip")
FORMATS = (*(f"{each}{packed}" for each in (".csv", ".tsv", ".jsonl") for packed in PACKED), ".parquet")
LISTS = "lists"  # of tags; no kind of column, so that they are used as targets alone
VERBATIM = ("text", "story", "verse")  # kinds in which no word stands for a missing value


@dataclass(frozen=True)
class Way:
    """How a table is to be read: the options of `read_table`."""

    columns: Sequence[str] | None
    types: Mapping[str, str]
    missing: Sequence[str] = ()
    date_order: str | Mapping[str, str] | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool = True
    written: Written | None = None
    chunk_rows: int = CHUNK_ROWS
    unasked: Sequence[str] | None = ()

    def check(self) -> None:
        """Raise `ConfigError` for a value that does not fit."""
        if type(self.chunk_rows) is not int or self.chunk_rows < 1:
            raise ConfigError(f"'chunk_rows' must be a whole number of at least 1; received {self.chunk_rows!r}.")
        for option, what in (("columns", "names"), ("missing", "texts"), ("unasked", "names")):
            if isinstance(value := getattr(self, option), str):
                raise ConfigError(f"'{option}' must be a list of {what}; received {value!r}.")

    @property
    def marks(self) -> tuple[str, ...]:
        """The user's own marks of missing values."""
        return (*self.missing, *(self.written.missing if self.written else ()))


@dataclass(frozen=True)
class Opened:
    """kinds of the chosen columns, how they are written, and the untyped parts of the table."""

    kinds: Mapping[str, str]
    chunks: Iterator[Frame]
    written: Written = field(default_factory=Written)


def opened(source: Any, way: Way) -> Opened:
    """A file by its path, or a DataFrame."""
    way.check()
    if not is_path(source):
        return _opened_frame(frame_of(source), way)
    path = Path(source)
    suffix = next((each for each in FORMATS if path.name.lower().endswith(each)), path.suffix)
    if path.is_dir():
        raise DataError(f"'{path}' is a folder; expected the file of a table: .csv, .tsv, .jsonl or .parquet.")
    require_known("format of a table", suffix, FORMATS)
    if not path.is_file():
        raise DataError(f"There is no file of a table at {path}.")
    readers = {"parquet": _opened_parquet, "jsonl": _opened_jsonl}
    with one_sentence(path):
        found = readers.get(suffix.split(".")[1], _opened_csv)(path, way)
    return Opened(found.kinds, _guarded(path, found.chunks), found.written)


def _opened_frame(frame: Frame, way: Way) -> Opened:
    frame = frame[_chosen(frame, way)]
    require_types(way.types, frame.columns)
    kinds = _kinds(frame, list(frame.columns), way)
    rows = way.chunk_rows
    chunks = (frame.iloc[start : start + rows] for start in range(0, len(frame), rows))
    return Opened(kinds, chunks, _written(frame, kinds, way))


def _opened_csv(path: Path, way: Way) -> Opened:
    """The first rows say what is a number; all is then read so, and everything else as text: 007 stays 007."""
    pd = pandas()
    file = csv_file(path, encoding=way.encoding, header=way.header)
    require_few_columns(path, len(file.names))
    chosen = _chosen(frame_of({name: [""] for name in _different(file.names)}), way)
    require_types(way.types, chosen)
    marks = list(dict.fromkeys([*MISSING, *way.marks]))
    # A text may well be "NA"; and no "usecols": what it leaves out it does not count either.
    absent = {name: [""] if way.types.get(name) in VERBATIM else marks for name in file.names}
    options = {
        "keep_default_na": False,
        "skipinitialspace": True,
        "low_memory": False,
        "sep": file.delimiter,
        "names": list(file.names),
        "header": 0 if file.header else None,
        "index_col": False,
        "na_values": absent,
    }
    with file.open() as text:
        sample = frame_of(pd.read_csv(text, nrows=way.chunk_rows, dtype=str, **options))
    kinds = _kinds(sample, chosen, way, numerals=True)
    how = _written(sample, kinds, way, doubtful=file.delimiter == ";")
    texts = {name: str for name, kind in kinds.items() if kind != "number" or name in how.formats}
    return Opened(kinds, _parts(pd.read_csv(file.open(), chunksize=way.chunk_rows, dtype=texts, **options)), how)


def _different(names: Sequence[str]) -> Sequence[str]:
    frame_of(pandas().DataFrame([[""] * len(names)], columns=list(names)))  # tells a name that stands twice
    return names


def _kinds(sample: Frame, chosen: Sequence[str], way: Way, *, numerals: bool = False) -> dict[str, str]:
    """The kinds of the columns; of those that nobody is asked about, one that may mean two things is a category."""
    unasked = [name for name in chosen if way.unasked is None or name in way.unasked]
    asked = [name for name in chosen if name not in unasked]
    found = kinds_of(sample, asked, way.types, numerals=numerals, orders=way.date_order)
    for name in unasked:
        try:
            found |= kinds_of(sample, [name], way.types, numerals=numerals, orders=way.date_order)
            number_formats(sample, [name] if found[name] == "number" else [], way.decimal)
        except DataError:
            found[name] = "category"
    return {name: found[name] for name in chosen}


def _written(sample: Frame, kinds: Mapping[str, str], way: Way, *, doubtful: bool = False) -> Written:
    """How the first part is written, or what a schema says of it."""
    before, is_numeric = written(sample), pandas().api.types.is_numeric_dtype
    numbers = tuple(name for name, kind in kinds.items() if kind == "category" and is_numeric(sample[name].dtype))
    if way.written is not None:
        return replace(way.written, missing=way.marks, numerals=numbers)
    numeric = [name for name, kind in kinds.items() if kind == "number"]
    orders = {
        name: date_order(sample[name], name, order_for(way.date_order, name) or before.orders.get(name, ""))
        for name, kind in kinds.items()
        if kind == "date"
    }
    return Written(
        number_formats(sample, numeric, way.decimal, doubtful=doubtful),
        {name: order for name, order in orders.items() if order},
        tuple(dict.fromkeys([*way.missing, *before.missing])),
        (*numbers, *before.numerals),
    )


def _opened_jsonl(path: Path, way: Way) -> Opened:
    """An object a line; what a line lacks, or has as null, is missing."""
    sample = frame_of(next(_json_parts(path, way), pandas().DataFrame()))
    chosen = _chosen(sample, way)
    require_types(way.types, chosen)
    nested = [name for name in chosen if sample[name].map(lambda value: isinstance(value, list | dict)).any()]
    flat = [name for name in chosen if name not in nested]
    kinds = dict.fromkeys(nested, LISTS) | _kinds(sample, flat, way)
    kinds = {name: kinds[name] for name in chosen}
    chunks = (part.reindex(columns=chosen) for part in _json_parts(path, way))
    return Opened(kinds, chunks, _written(sample, kinds, way))


def _json_parts(path: Path, way: Way) -> Iterator[Frame]:
    """Parts of rows. Python reads the numbers: pandas would make floats of whole ones where one is missing."""
    rows: list[dict[str, Any]] = []
    with open_bytes(path) as stream:
        encoding = encoding_of(stream.read(4), way.encoding)
    with io.TextIOWrapper(open_bytes(path), encoding=encoding, newline="\n") as lines:
        number = values = 0
        keys: set[str] = set()
        while line := lines.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise DataError(f"{path}, line {number} is longer than {LONGEST_LINE >> 20} MiB.")
            if not line.strip():
                continue
            rows.append(_json_row(line, f"{path}, line {number}"))
            keys.update(rows[-1])
            values += len(rows[-1])
            require_few_columns(path, len(keys))
            if len(rows) == way.chunk_rows:
                require_filled(path, len(rows), len(keys), values)
                yield _json_frame(rows, way.marks)
                rows, keys, values = [], set(), 0
    if rows:
        require_filled(path, len(rows), len(keys), values)
        yield _json_frame(rows, way.marks)


def _json_row(line: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{place} cannot be read as a table: it is not JSON ({str(error) or 'nested too deep'})."
        ) from error
    if not isinstance(found, dict):
        raise DataError(f"{place} cannot be read as a table: it must be an object; it is a {type(found).__name__}.")
    return found


def _json_frame(rows: list[dict[str, Any]], marks: Sequence[str]) -> Frame:
    pd = pandas()
    names = dict.fromkeys(name for row in rows for name in row)
    found = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names}
    found = {name: column.mask(column.astype(str).isin(marks)) if marks else column for name, column in found.items()}
    return pd.DataFrame({name: compact(column) for name, column in found.items()})


def compact(column: Any) -> Any:
    """Python's values as an array of one type, whole numbers exact also where some are missing."""
    kind = pandas().api.types.infer_dtype(column, skipna=True)
    try:
        if kind == "integer":
            return column.astype("Int64")
        return column.astype("float64") if kind in ("floating", "mixed-integer-float") else column
    except (OverflowError, TypeError, ValueError):  # more than 64 bits
        return column


def _parts(chunks: Any) -> Iterator[Frame]:
    with chunks:
        yield from chunks


def _opened_parquet(path: Path, way: Way) -> Opened:
    """Parquet files have types of their own, and say themselves what is missing."""
    file = extra("pyarrow.parquet", "A Parquet file").ParquetFile(path)
    chosen = _chosen(frame_of({name: [0] for name in file.schema_arrow.names}), way)
    batches = (
        without_marks(batch.to_pandas(types_mapper=exact_integers), way.marks)
        for batch in file.iter_batches(way.chunk_rows, columns=chosen)
    )
    empty = file.schema_arrow.empty_table().to_pandas()
    first = frame_of(next(batches, empty))
    require_types(way.types, chosen)
    kinds = _kinds(first, chosen, way)
    return Opened(kinds, chain([first], batches), _written(first, kinds, way))


def without_marks(frame: Frame, marks: Sequence[str]) -> Frame:
    """The frame with nothing in the place of each of the user's marks of missing values."""
    return frame.mask(frame.astype(str).isin([*marks])) if marks else frame


def _chosen(frame: Frame, way: Way) -> list[str]:
    if way.columns is None:
        return list(frame.columns)
    require_columns(frame, way.columns, "is to be read")
    return list(dict.fromkeys(way.columns))


def _guarded(path: Path, chunks: Iterator[Frame]) -> Iterator[Frame]:
    with one_sentence(path):
        yield from chunks


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """What the readers of pandas and pyarrow raise, as a `DataError` that names the file."""
    try:
        yield
    except ZooError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} cannot be read as a table: it is not in {error.encoding.upper()}; save it as UTF-8, or give its "
            f"encoding, as encoding='cp1252' (--encoding cp1252) of Western Europe."
        ) from error
    except (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{path} cannot be read as a table: {told}.") from error
