"""The user's own rows of several senses: a table's file whose columns may be texts and paths of pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.columns import read_table
from zoo.columns.kinds import kinds_of
from zoo.columns.paths import beside_file
from zoo.columns.written import Written
from zoo.datasets.given_files import tell_repeated
from zoo.datasets.joint.guessing import find_pictures, guess_senses, tell_kinds, without_damaged
from zoo.datasets.joint.same_pictures import tell_same_pictures
from zoo.datasets.joint.senses import column_options
from zoo.datasets.pictures.facts import Facts, facts_of
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import LabelledRows
from zoo.errors import ConfigError, UnknownNameError, require_known
from zoo.samples import Kind

SIZE = 96  # pixels a side of pictures, where it is not given
VOCABULARY = 20_000


def read_joint_file(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str,
    types: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    size: int | Sequence[int] = SIZE,
    words: int = 200,
    preprocessing: Mapping[str, Any] | None = None,
    scaling: str | None = "z-score",
    missing: Sequence[str] = (),
    date_order: str | Mapping[str, str] | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool = True,
    written: Written | None = None,
    seed: int = 0,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
) -> Table:
    """The rows of which a target is known, shared out 70:10:20 at random, the classes of every target alike.

    Columns whose values end as the names of pictures do are pictures, columns of long values that differ are texts;
    `types` decides otherwise, and what is taken for what is told (`DataWarning`). Paths are relative to the file. Rows
    may lack texts and pictures; a picture that cannot be read is told, and counts as none.

    size, preprocessing  of all pictures, as in `PictureColumn.fit`; words: how many of a text are read.

    The others are as in `zoo.datasets.tables.table_file.read_table_file`. Raises `DataError` for addresses in the place
    of paths, several pictures in a cell, a column without any picture, or most of whose pictures cannot be read.
    """
    path, types, files = Path(path), types or {}, {"train": path, "validation": validation, "test": test}
    how: dict[str, Any] = {"missing": missing, "decimal": decimal, "encoding": encoding, "header": header}
    read: Callable[..., pd.DataFrame] = partial(read_table, date_order=date_order, written=written, **how)
    first = read(path, types=types, unasked=None)
    senses, guessed = _senses(first, _target_names(targets, first), types, ignore, guess=written is None)
    asked: dict[str, Any] = {"types": {**types, **senses}, "validation": validation, "test": test}
    rows = LabelledRows.read(partial(read, unasked=[*ignore, *guessed]), path, targets, **asked)
    rows, looks = _with_files(rows, senses, files)
    pictures, texts = ([name for name, kind in senses.items() if kind == sense] for sense in ("picture", "text"))
    features = [name for name in rows.frames["train"].columns if name not in rows.kinds and name not in ignore]
    tell_repeated(rows.frames, [name for name in features if name not in pictures])
    parts = rows.parts(seed, whole=whole)
    if not whole:
        columns = kinds_of(rows.frames["train"], features, senses, orders=date_order)
        tell_kinds(path.name, columns, rows.kinds, list(guessed))
        tell_same_pictures(parts[0], pd.concat(parts[1:]), pictures, looks)
    options = column_options(
        pictures, texts, size=size, preprocessing=preprocessing, words=words, vocabulary_size=VOCABULARY
    )
    said = {"types": senses, "ignore": tuple(ignore), "scaling": scaling, "options": options}
    return rows.table(parts, said, seed=seed)


def _senses(
    frame: pd.DataFrame, targets: Sequence[str], types: Mapping[str, str], ignore: Sequence[str], *, guess: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Column -> its kind, as its values (where they may) or `types` say; and what of that was guessed."""
    for name in [*types, *ignore]:
        require_known("column of 'types'" if name in types else "column of 'ignore'", name, frame.columns)
    free = [name for name in frame.columns if name not in (*targets, *ignore, *types)]
    guessed = guess_senses(frame, free) if guess else {}
    return {**guessed, **{name: kind for name, kind in types.items() if name not in (*targets, *ignore)}}, guessed


def _target_names(targets: Any, frame: pd.DataFrame) -> list[str]:
    """The columns that are to be predicted, before anything is known of their kinds."""
    given = [targets] if isinstance(targets, str) else list(targets or ())
    if not given:
        raise ConfigError("Name at least one column of the table that is to be predicted.")
    found = []
    for each in given:
        parts = [each, *(each.rpartition(mark)[0] for mark in "=:" if mark in each)]
        name = next((part for part in parts if part in frame.columns), None)
        if name is None:
            raise UnknownNameError("column", parts[-1], list(frame.columns))
        found.append(name)
    return found


def _with_files(
    rows: LabelledRows, senses: Mapping[str, str], files: Mapping[str, Path | str | None]
) -> tuple[LabelledRows, dict[str, Facts]]:
    """The rows with paths from here, in place of those beside the file of each split; and what is known of pictures."""
    pictures = [name for name, kind in senses.items() if kind == "picture"]
    others = {name: kind for name, kind in senses.items() if kind != "picture"}
    looks: dict[str, Facts] = {}
    frames = {}
    for split, frame in rows.frames.items():
        file = files[split] or rows.path
        frames[split] = beside_file(_with_pictures(frame, pictures, Path(file), looks), others, file)
    return replace(rows, frames=frames), looks


def _with_pictures(frame: pd.DataFrame, pictures: Sequence[str], file: Path, looks: dict[str, Facts]) -> pd.DataFrame:
    """The frame with paths from here, and nothing in the place of a picture that cannot be read; `looks` gets what is
    known of the pictures in files."""
    frame = frame.copy()
    for name in pictures:
        values = find_pictures(frame[name], name, file.parent)
        there = values.notna().to_numpy()
        facts: list[Any] = [None] * len(values)
        for row, found in zip(there.nonzero()[0], facts_of(list(values[there])), strict=True):
            facts[row] = found
            if isinstance(found, Facts) and isinstance(values.iloc[row], str):
                looks[values.iloc[row]] = found
        frame[name] = without_damaged(values, name, facts)
    return frame
