"""The user's own rows of several senses: a table's file whose columns may be texts and paths of pictures."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.columns import read_table
from zoo.columns.kinds import kinds_of
from zoo.columns.paths import beside_file
from zoo.columns.written import Written
from zoo.datasets.given_files import Frames, divide, labelled_splits, read_splits, tell_repeated, told
from zoo.datasets.joint.guessing import find_pictures, guess_senses, tell_kinds, without_damaged
from zoo.datasets.joint.same_pictures import tell_same_pictures
from zoo.datasets.joint.senses import column_options
from zoo.datasets.pictures.facts import Facts, facts_of
from zoo.datasets.table import Table, split_rows
from zoo.datasets.tables.table_file import kinds_of_targets, strata_of, tell_blank_tags, with_labels_of
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
    path = Path(path)
    marks: dict[str, Any] = {
        "missing": missing,
        "encoding": encoding,
        "header": header,
        "decimal": decimal,
        "date_order": date_order,
    }
    first = read_table(path, types=types, unasked=None, written=written, **marks)
    named = _target_names(targets, first)
    for name in [*(types or {}), *ignore]:
        require_known("column of 'types'" if types and name in types else "column of 'ignore'", name, first.columns)
    free = [name for name in first.columns if name not in (*named, *ignore) and name not in (types or {})]
    guessed = {} if written is not None else guess_senses(first, free)
    senses = {**guessed, **{name: kind for name, kind in (types or {}).items() if name not in (*named, *ignore)}}
    read = partial(read_table, written=written, unasked=[*ignore, *guessed], **marks)
    frames = read_splits(read, path, types={**(types or {}), **senses}, validation=validation, test=test)
    kinds = kinds_of_targets(frames["train"], targets)
    tell_blank_tags(frames["train"], kinds)
    frames = labelled_splits(frames, kinds, path, validation=validation, test=test)
    files = {"train": path, "validation": validation, "test": test}
    pictures = [name for name, kind in senses.items() if kind == "picture"]
    looks: dict[str, Facts] = {}
    frames = {
        split: _with_pictures(frame, pictures, Path(files[split] or path), looks) for split, frame in frames.items()
    }
    others = {name: kind for name, kind in senses.items() if kind != "picture"}
    frames = {split: beside_file(frame, others, files[split] or path) for split, frame in frames.items()}
    features = [name for name in frames["train"].columns if name not in kinds and name not in ignore]
    tell_repeated(frames, [name for name in features if name not in pictures])
    if not whole:
        columns = kinds_of(frames["train"], features, senses, orders=date_order)
        tell_kinds(path.name, columns, kinds, list(guessed))
    train, held_out, tested = (frames["train"],) * 3 if whole else _divided(frames, kinds, seed)
    if not whole:
        tell_same_pictures(train, pd.concat([held_out, tested]), pictures, looks)
    texts = [name for name, kind in senses.items() if kind == "text"]
    return Table(
        path.name,
        train,
        held_out,
        tested,
        targets=with_labels_of(frames["train"], train, kinds),
        columns={
            "types": senses,
            "ignore": tuple(ignore),
            "scaling": scaling,
            "options": column_options(
                pictures, texts, size=size, preprocessing=preprocessing, words=words, vocabulary_size=VOCABULARY
            ),
        },
        card={"source": str(path), "split": told(frames), "seed": seed},
    )


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


def _divided(frames: Mapping[str, pd.DataFrame], kinds: Mapping[str, str], seed: int) -> Frames:
    def share_out(rows: pd.DataFrame, shares: tuple[float, float]) -> Frames:
        return split_rows(rows, seed=seed, strata=strata_of(rows, kinds), shares=shares)

    return divide(frames, share_out)
