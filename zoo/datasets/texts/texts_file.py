"""The user's own texts with any labels: a column of text in a CSV, Parquet or JSONL file, and columns to predict; or a
folder with a folder of texts for each class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.text import texts_in
from zoo.columns.tokeniser import words_of
from zoo.columns.written import Written
from zoo.datasets.class_folders import LABEL, split_folders
from zoo.datasets.given_files import Frames, tell_repeated
from zoo.datasets.splits import LEAST_PEOPLE, SPLITS, split_people
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import LabelledRows, kinds_of_targets, strata_of
from zoo.datasets.texts.build import TEXT
from zoo.datasets.texts.text_folders import TEXT as FOLDER_TEXT
from zoo.datasets.texts.text_folders import table_of_folder
from zoo.errors import ConfigError, DataError, require_known
from zoo.samples import Kind

USUAL = ("text", "posts", "post", "review", "review_text", "message", "body", "content", "comment", "sentence")
LEAST_WORDS = 4  # of a value, in the mean, from which a column is taken for texts
SAMPLE = 1_000  # rows that are looked at


def read_texts_file(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str | None = None,
    text: str | None = None,
    person: str | None = None,
    missing: Sequence[str] = (),
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool = True,
    written: Written | None = None,
    seed: int = 0,
    words: int = 500,
    vocabulary_size: int = 20_000,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
) -> Table:
    """The rows with a text and at least one label, shared out 70:10:20 at random, the classes of every target alike.

    `path` is a file, or a folder with a folder of .txt files for each class, or with such folders in "train",
    "validation" and "test"; its columns are "text", "label" and "file".

    targets  columns to predict, with their kinds or without: texts are classes then, numbers a regression. Of a folder
             its classes.
    text     the column of texts; without it the only one that reads like texts.
    person   a column whose equal rows stand in one split: who wrote them.
    missing, decimal, encoding, header, written   as in `zoo.columns.read_table`.
    validation, test  files of these splits, used as they are; the rest is shared out as before.
    whole    every split is the whole file, which is to be judged and not to be learnt from.

    Long texts become several samples of `words` words each. Raises `UnknownNameError` for a column that is not there,
    `DataError` for a file that cannot be read, or whose texts are not to be told from its other columns.
    """
    if Path(path).is_dir():
        path, validation, test = _split_files(Path(path), validation, test)
        targets, text = targets or [LABEL], text or FOLDER_TEXT
    how: dict[str, Any] = {"missing": missing, "decimal": decimal, "encoding": encoding, "header": header}
    read = partial(_read, written=written, **how)
    text, kinds = _text_and_targets(read, path, targets, text, person)
    group = (person,) if person else ()
    types = {text: "text", **dict.fromkeys(group, "category")}
    asked = {"columns": [text, *kinds, *group], "types": types}
    rows = LabelledRows.read(read, path, kinds, validation=validation, test=test, **asked)
    rows, without = _with_texts(rows, text)
    rows = _with_people(rows, person) if person else rows
    by_person = partial(_by_person, rows.kinds, person, seed) if person else None
    options = {"words": words, "vocabulary_size": vocabulary_size, "cut": True}
    said = {"types": {text: "text"}, "options": {text: options}, "inputs": {text: TEXT}, "ignore": group}
    parts = rows.parts(seed, whole=whole, share_out=by_person)
    return rows.table(parts, said, seed=seed, card={"text": text, "without_text": without}, groups=group, unit="texts")


def _text_and_targets(
    read: Callable[..., pd.DataFrame],
    path: Path | str,
    targets: Mapping[str, Kind] | Sequence[str] | str | None,
    text: str | None,
    person: str | None,
) -> tuple[str, dict[str, Kind]]:
    """The column of texts, and target -> its kind. Raises a `ZooError` for what the file does not have."""
    if targets is None:
        raise ConfigError(f"Say which columns of {path} are to be predicted, as in targets=['label'].")
    frame = read(path, types={text: "text"} if text else None, unasked=None)
    kinds = kinds_of_targets(frame, targets)
    for option, name in (("text", text), ("person", person)):
        if name is not None:
            require_known(f"column of '{option}'", name, frame.columns)
    chosen = text or _text_column(frame, kinds, path)
    if chosen in kinds:
        raise ConfigError(f"'{chosen}' cannot be the text and a target at once.")
    return chosen, kinds


def _split_files(
    path: Path, validation: Path | str | None, test: Path | str | None
) -> tuple[Path, Path | str | None, Path | str | None]:
    """The folder of the training rows, and those of the other splits, of a folder that may be split already."""
    inside = split_folders(path)
    found = {"train": inside.get("", inside.get("train", path)), "validation": validation, "test": test}
    for split in ("validation", "test"):
        if split in inside and found[split] is not None:
            raise DataError(f"'{path}' has a folder for the {split} split already; leave '{found[split]}' out.")
        found[split] = inside.get(split, found[split])
    return Path(str(found["train"])), found["validation"], found["test"]


def _read(
    source: Path | str, *, types: Mapping[str, str] | None = None, encoding: str | None = None, **how: Any
) -> pd.DataFrame:
    """A file, or a folder with a folder for each class, whose names are never numbers."""
    if not Path(source).is_dir():
        return read_table(source, types=types, encoding=encoding, **how)
    return read_table(table_of_folder(Path(source), encoding), types={LABEL: "category", **(types or {})}, **how)


def _text_column(frame: pd.DataFrame, targets: Mapping[str, str], path: Path | str) -> str:
    """The only column that reads like texts. Raises `DataError` where there is none, or more than one."""
    found = {}
    for name in frame.columns:
        if name in targets or pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        values = [str(value) for value in frame[name].dropna().head(SAMPLE)]
        mean = float(np.mean([len(words_of(value)) for value in values])) if values else 0.0
        if mean >= LEAST_WORDS:
            found[name] = mean
    usual = [name for name in found if name.casefold() in USUAL]
    if len(found) == 1 or len(usual) == 1:
        return usual[0] if len(usual) == 1 else next(iter(found))
    if not found:
        raise DataError(f"{path} has no column of texts; say which it is: text='COLUMN'.")
    raise DataError(f"{path} has several columns of texts: {', '.join(found)}; say which: text='{next(iter(found))}'.")


def _with_texts(rows: LabelledRows, text: str) -> tuple[LabelledRows, int]:
    """The rows that have a text, and how many have none. Tells of texts in two files."""
    empty = {
        split: np.array([not each.strip() for each in texts_in(frame[text], text)], dtype=bool)
        for split, frame in rows.frames.items()
    }
    frames = {split: frame[~empty[split]].reset_index(drop=True) for split, frame in rows.frames.items()}
    if not len(frames["train"]):
        raise DataError(f"{rows.path}: no row has a text in '{text}' and a label.")
    tell_repeated(frames, [text], of="texts")
    return replace(rows, frames=frames), int(sum(each.sum() for each in empty.values()))


def _with_people(rows: LabelledRows, person: str) -> LabelledRows:
    """The rows with a name for everybody: rows without one are each by itself. Tells of people in two files."""
    named = {}
    for split, frame in rows.frames.items():
        own = "row" if split == "train" else f"{split} row"
        names = enumerate(frame[person].astype(object))
        people = [str(name) if not pd.isna(name) else f"{own} {row}" for row, name in names]
        named[split] = frame.assign(**{person: people})
    tell_repeated({split: frame[[person]].drop_duplicates() for split, frame in named.items()}, [person], of="people")
    return replace(rows, frames=named)


def _by_person(
    kinds: Mapping[str, str], person: str, seed: int, frame: pd.DataFrame, shares: tuple[float, float]
) -> Frames:
    """All rows of a person in one split."""
    people = frame[person].tolist()
    if len(set(people)) < LEAST_PEOPLE:
        raise DataError(f"The rows are of {len(set(people))} people; a split needs at least {LEAST_PEOPLE}.")
    strata = strata_of(frame, kinds)
    of = {name: "" if strata is None else "|".join(strata[row]) for row, name in enumerate(people)}
    split = split_people(of, seed=seed, shares=shares)
    where = np.array([split[name] for name in people])
    train, validation, test = (frame[where == name].reset_index(drop=True) for name in SPLITS)
    return train, validation, test
