"""Rows of the user's own files: a folder with a folder for each class, or a table with a column of paths.

What a file is of, and how its names end, is data (`FileKind`): sounds and volumes are read alike.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.paths import beside_file
from zoo.datasets.checks import require_header, require_labels
from zoo.datasets.class_folders import LABEL, files_by_class, has_suffix, split_folders
from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.given_files import labelled
from zoo.datasets.pictures.splitting import linked, parts_of, split_pictures
from zoo.datasets.splits import SPLIT, SPLITS, splits_in_column
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import kinds_of_targets, with_labels_of
from zoo.errors import ConfigError, DataError, DataWarning, require_known

CLASSES = ("classification", "binary")


@dataclass(frozen=True)
class FileKind:
    """What a column of paths holds.

    kind      of the column, which is also its name where a folder is read: "sound".
    suffixes  of the files.
    find      folder -> the files in it and below; None: those with the suffixes.
    """

    kind: str
    suffixes: tuple[str, ...]
    find: Callable[[Path], list[Path]] | None = None

    @property
    def of(self) -> str:
        """In the plural."""
        return f"{self.kind}s"


@dataclass(frozen=True)
class Columns:
    """What a user, or a trained model, says of the columns of a table; see `read_sounds` and `read_volumes`."""

    files: FileKind
    targets: Any
    types: Mapping[str, str]
    ignore: tuple[str, ...]
    group: str | None
    trained_as: Mapping[str, Any] | None
    points: tuple[str, ...] = ()

    def of_trained(self, names: Sequence[str]) -> "Columns":
        """Those of a trained model as far as the file has them: it finds the others among its own."""
        if self.trained_as is None:
            return self
        column, targets = self.trained_as[self.files.kind], dict(self.trained_as["targets"])
        missing = {column, *targets} - set(names)
        types = {name: kind for name, kind in self.types.items() if name not in missing}
        if column not in missing and self.files.kind not in types.values():
            types[column] = self.files.kind
        if self.targets is None or self.targets == targets:
            return replace(self, types=types, targets=None if missing & set(targets) else targets)
        return replace(self, types=types)


def read_rows(
    path: Path, said: Columns, given: Mapping[str, Path | str | None]
) -> tuple[dict[str, pd.DataFrame], str, Any]:
    """(split -> rows, "" where nothing is split; the column of paths; the targets), with files of splits `given`."""
    splits, column, wanted = _splits(path, said)
    for name, file in given.items():
        if file is not None:
            if name in splits:
                raise DataError(f"'{path}' has the {name} split already; leave '{file}' out.")
            splits[name] = pd.concat(_splits(Path(file), said)[0].values(), ignore_index=True)
    if "" in splits and len(splits) > 1:
        splits["train"] = splits.pop("")
    if said.trained_as is None:
        return splits, column, wanted
    renamed = _as_trained(column, _names(wanted), said.trained_as, said.files)
    twice = set(renamed.values()) - set(renamed)  # other columns of the same name
    splits = {name: frame.drop(columns=list(twice & set(frame.columns))).rename(columns=renamed)
              for name, frame in splits.items()}  # fmt: skip
    for frame in splits.values():
        require_labels(frame, said.trained_as.get("outputs", ()))
    return splits, said.trained_as[said.files.kind], dict(said.trained_as["targets"])


def _splits(path: Path, said: Columns) -> tuple[dict[str, pd.DataFrame], str, Any]:
    """As `read_rows`, of one folder or file, under its own names; paths are those from here."""
    if path.is_dir():
        splits = {
            name: pd.DataFrame(
                [(str(file), label) for file, label in _by_class(folder, said.files)],
                columns=[said.files.kind, LABEL],
            )
            for name, folder in split_folders(path, said.files.suffixes).items()
        }
        frame = next(iter(splits.values()))
        said = said.of_trained(list(frame.columns))
        named = replace(said, types={said.files.kind: said.files.kind, **said.types})  # folders of slices too
        return splits, *_columns(frame, named, path)
    if not path.exists():
        raise DataError(f"There is no folder or file '{path}'.")
    said = said.of_trained(list(read_table(path, unasked=None).columns)) if said.trained_as else said
    frame = read_table(path, types=said.types, unasked=said.ignore)
    require_header(frame.columns, said.files.suffixes, path)
    for what in ("ignore", "points"):
        for name in getattr(said, what):
            require_known(f"column of '{what}'", name, frame.columns)
    column, wanted = _columns(frame, said, path)
    frame = read_table(path, types={**said.types, column: said.files.kind}, unasked=said.ignore)
    missing = np.flatnonzero(frame[column].isna())
    if len(missing):
        raise DataError(f"'{column}' of {path} names no {said.files.kind} in row {missing[0] + 1}.")
    frame = beside_file(frame, {column: said.files.kind}, path)
    if SPLIT not in frame.columns:
        return {"": frame}, column, wanted
    if SPLIT in {str(name).partition("=")[0] for name in _names(wanted)}:
        raise ConfigError(f"The column '{SPLIT}' of {path} divides its rows, and cannot be predicted: rename it.")
    rows = frame.pop(SPLIT)
    if SPLIT in said.ignore:
        return {"": frame}, column, wanted
    names = np.array(splits_in_column(rows, path))
    return {name: frame[names == name] for name in SPLITS if (names == name).any()}, column, wanted


def _by_class(folder: Path, files: FileKind) -> list[tuple[Path, str]]:
    return files_by_class(folder, files.suffixes, of=files.kind, find=files.find)


def _columns(frame: pd.DataFrame, said: Columns, path: Path) -> tuple[str, Any]:
    """(the column of paths, the targets) of a table or a folder."""
    named = [name for name, kind in said.types.items() if kind == said.files.kind]
    for name in named:
        require_known("column of 'types'", name, frame.columns)
    known = [name for name in frame.columns if name not in (*said.ignore, *said.points, said.group, SPLIT)]
    found = named or [name for name in known if _are_names(frame[name], said.files.suffixes)]
    if len(found) != 1:
        kind, of = said.files.kind, said.files.of
        what = f"several columns of {of}: {', '.join(found)}" if found else f"no column with the paths of {of}"
        raise DataError(f"{path} has {what}; say which it is: types={{'COLUMN': '{kind}'}} (--types COLUMN={kind}).")
    if said.targets is not None:
        return found[0], said.targets
    others = [name for name in known if name != found[0]]
    if len(others) != 1:
        raise ConfigError(
            f"'{path}' has the columns {', '.join(others) or f'of {said.files.of} alone'} beside '{found[0]}': "
            "name those that are to be predicted, as in targets=['label']."
        )
    return found[0], others


def _names(targets: Any) -> list[str]:
    return [targets] if isinstance(targets, str) else list(targets)


def _are_names(values: pd.Series, suffixes: Sequence[str]) -> bool:
    """Whether most values end as the names of such files do."""
    texts = [str(value).strip() for value in values.dropna().head(200)]
    return bool(texts) and sum(has_suffix(Path(text).name, suffixes) for text in texts) > len(texts) / 2


def _as_trained(column: str, given: Sequence[str], trained: Mapping[str, Any], files: FileKind) -> dict[str, str]:
    """Column of the file -> what the model calls it. Raises `ConfigError` where that leaves more than one way."""
    names = [str(name).partition("=")[0] for name in given]
    wanted = list(trained["targets"])
    if set(wanted) <= set(names):
        return {column: trained[files.kind]}
    if len(names) == len(wanted) == 1:
        return {column: trained[files.kind], names[0]: wanted[0]}
    raise ConfigError(
        f"The model predicts {', '.join(wanted)}; the columns beside the {files.of} are {', '.join(names) or 'none'}."
    )


@dataclass(frozen=True)
class FileRows:
    """Rows of files, of which a target is known.

    frame     their rows; the column `SPLIT` says in which split each was given, "" where in none.
    column    of the paths.
    kinds     target -> its kind.
    given     the splits that were given.
    left_out  why files cannot be read.
    """

    path: Path
    said: Columns
    frame: pd.DataFrame
    column: str
    kinds: Mapping[str, Any]
    given: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path | str, said: Columns, given: Mapping[str, Path | str | None]) -> "FileRows":
        """The rows of a folder or table, and of the files of splits that are `given`."""
        path = Path(path)
        splits, column, wanted = read_rows(path, said, given)
        frame = pd.concat([rows.assign(**{SPLIT: name}) for name, rows in splits.items()], ignore_index=True)
        kinds: dict[str, Any] = dict(kinds_of_targets(frame.drop(columns=SPLIT), wanted))
        frame = labelled(frame, kinds, path, said.files.of)
        return cls(path, said, frame, column, kinds, tuple(filter(None, splits)))

    @property
    def others(self) -> list[str]:
        """Columns that are neither the files' nor targets."""
        return [name for name in self.frame.columns if name not in (SPLIT, self.column, *self.kinds)]

    def readable(self, facts: Sequence[Any], *, refuse: bool) -> tuple["FileRows", list[Any]]:
        """The rows whose files can be read, and what is known of these: `facts` has a `DataError` for each other."""
        errors = [each for each in facts if isinstance(each, DataError)]
        tell_damaged(errors, len(facts), f"{self.said.files.of} of '{self.path}'", refuse=refuse)
        read = [not isinstance(each, DataError) for each in facts]
        rows = replace(self, frame=self.frame[read].reset_index(drop=True), left_out=tuple(map(str, errors)))
        return rows, [each for each in facts if not isinstance(each, DataError)]

    def table(self, split: np.ndarray, columns: Mapping[str, Any], *, seed: int, whole: bool, **card: Any) -> Table:
        """The rows by their `split`; or all in each, of a `whole`."""
        alone = self.frame.drop(columns=SPLIT)
        parts = (alone,) * 3 if whole else parts_of(alone, split)
        told = "all of it" if whole else ", ".join(self.given) or "none"
        said = {"source": str(self.path), "seed": seed, self.said.files.kind: self.column}
        said |= {"left_out": list(self.left_out), "given_splits": told, **card}
        kinds = with_labels_of(alone, parts[0], self.kinds)
        return Table(self.path.name, *parts, targets=kinds, columns=columns, unit=self.said.files.of, card=said)

    def split(self, contents: Sequence[str], seed: int) -> np.ndarray:
        """(n,) 0 for training, 1 for validation, 2 for test, as given or else at random, copies together; -1 left out.

        contents  (n,) the same for copies.
        """
        frame, files, group = self.frame, self.said.files, self.said.group
        if group is not None:
            require_known("column of 'group'", group, frame.columns)
        copies = np.unique(list(contents), return_inverse=True)[1]
        copies = linked(copies, None if group is None else frame[group])
        classes = next((name for name, kind in self.kinds.items() if kind in CLASSES), None)
        labels = None if classes is None else frame[classes].astype(object).fillna("").astype(str).to_numpy()
        names = frame[SPLIT].to_numpy()
        if labels is not None and len(set(labels) - {""}) < 2:
            raise DataError(f"All {files.of} have the same '{classes}': two are needed at least.")
        if set(names) == {""}:
            return split_pictures(labels, copies, seed=seed, of=files.of)
        split = np.array([SPLITS.index(name) for name in names])
        lost = (split == 0) & np.isin(copies, copies[split > 0])
        if lost.any():
            warnings.warn(
                f"{int(lost.sum())} {files.of} to train on are copies of some that the model is judged by, or of "
                "their group: they are left out of the training.",
                DataWarning,
                stacklevel=4,
            )
        split[lost] = -1
        if not (split == 0).any():
            raise DataError(f"There is no {files.kind} in the train split.")
        for number in (1, 2):
            if not (split == number).any():
                rows = np.flatnonzero(split == 0)
                drawn = split_pictures(None if labels is None else labels[rows], copies[rows], seed=seed, of=files.of)
                split[rows[drawn == number]] = number
        return split
