"""The user's own table, from a CSV or Parquet file: any columns, some of which are to be predicted."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.category import MOST_VALUES
from zoo.columns.values import labels_in, tag_mark, tag_names
from zoo.columns.written import Written
from zoo.datasets.given_files import Frames, ShareOut, divide, labelled_splits, read_splits, tell_repeated, told
from zoo.datasets.table import Table, split_rows
from zoo.errors import ConfigError, DataWarning, require_known
from zoo.samples import KINDS, Kind, Target

MOST_LABELS = MOST_VALUES  # of a target of classes; `Schema.fit` tells where there are too many
FEW = 20  # whole numbers with at most so many different values are classes


def read_table_file(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str,
    types: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
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

    Where several targets are labelled each in rows of their own, a row teaches the outputs whose labels it has.

    targets  columns to predict, with their kinds or without: texts are classes then, numbers a regression, and it is
             told (`DataWarning`) what whole numbers were taken for.
    validation, test  files of these splits, used as they are; the rest is shared out as before.
    whole    every split is the whole file, which is to be judged and not to be learnt from.

    The others are as in `zoo.columns.read_table` and `zoo.columns.Schema.fit`. Raises `UnknownNameError` for a column
    that is not there, `DataError` for a file that cannot be read.
    """
    how: dict[str, Any] = {"missing": missing, "decimal": decimal, "encoding": encoding, "header": header}
    read = partial(read_table, date_order=date_order, written=written, unasked=ignore, **how)
    rows = LabelledRows.read(read, path, targets, types=types, validation=validation, test=test)
    tell_repeated(rows.frames, [name for name in rows.frames["train"].columns if name not in ignore])
    features = {name: kind for name, kind in (types or {}).items() if name not in rows.kinds and name not in ignore}
    parts = rows.parts(seed, whole=whole)
    return rows.table(parts, {"types": features, "ignore": tuple(ignore), "scaling": scaling}, seed=seed)


@dataclass(frozen=True)
class LabelledRows:
    """The rows of the user's files of which a target is known.

    path    the first file.
    frames  "train" -> its rows, and split -> those of the files that are given for one.
    kinds   target -> its kind.
    """

    path: Path | str
    frames: Mapping[str, pd.DataFrame]
    kinds: Mapping[str, Any]

    @classmethod
    def read(
        cls,
        read: Callable[..., pd.DataFrame],
        path: Path | str,
        targets: Mapping[str, Kind] | Sequence[str] | str,
        *,
        validation: Path | str | None,
        test: Path | str | None,
        **how: Any,
    ) -> "LabelledRows":
        """Files read by `read`; `how` are the other arguments of `read_splits`."""
        frames = read_splits(read, path, validation=validation, test=test, **how)
        kinds = kinds_of_targets(frames["train"], targets)
        tell_blank_tags(frames["train"], kinds)
        return cls(path, labelled_splits(frames, kinds, path, validation=validation, test=test), kinds)

    def parts(self, seed: int, *, whole: bool, share_out: ShareOut | None = None) -> Frames:
        """Training, validation and test rows; at random, the classes alike, where nothing else shares them out.

        whole  each is the whole first file.
        """
        if whole:
            return (self.frames["train"],) * 3

        def at_random(rows: pd.DataFrame, shares: tuple[float, float]) -> Frames:
            return split_rows(rows, seed=seed, strata=strata_of(rows, self.kinds), shares=shares)

        return divide(self.frames, share_out or at_random)

    def table(
        self,
        parts: Frames,
        columns: Mapping[str, Any],
        *,
        seed: int,
        card: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Table:
        """The parts as a table, whose card also says how they were divided; `facts` are other fields of `Table`."""
        kinds = with_labels_of(self.frames["train"], parts[0], self.kinds)
        said = {"source": str(self.path), "split": told(self.frames), "seed": seed, **(card or {})}
        return Table(Path(self.path).name, *parts, targets=kinds, columns=columns, card=said, **facts)


def strata_of(frame: pd.DataFrame, kinds: Mapping[str, str]) -> np.ndarray | None:
    """(n, classes) labels that a split shares out alike; None where there is no target of classes."""
    classes = [name for name, kind in kinds.items() if kind not in ("regression", "tags")]
    return frame[classes].astype(object).fillna("").astype(str).to_numpy() if classes else None


def with_labels_of(frame: pd.DataFrame, train: pd.DataFrame, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The kinds of targets; where the training rows lack labels of the file, the target with all of them."""
    found = dict(kinds)
    for name, kind in kinds.items():
        if kind not in ("classification", "binary", "tags"):
            continue
        if kind == "tags":
            labels, seen = tag_names(frame[name], name), tag_names(train[name], name)
        else:
            labels, seen = (labels_in(rows[name], name) for rows in (frame, train))
        if set(labels) - set(seen) and len(labels) <= MOST_LABELS:
            found[name] = Target(kind, labels)
    return found


def tell_blank_tags(frame: pd.DataFrame, kinds: Mapping[str, str]) -> None:
    """Say how many cells of tags are empty: no label, as in every other column."""
    for name in (name for name, kind in kinds.items() if kind == "tags"):
        if blank := int(frame[name].isna().sum()):
            warnings.warn(
                f"{blank:,} rows have an empty cell in '{name}', and so no label; where none of the tags holds, write "
                f"'{tag_mark(frame[name])}' there, or an empty list.",
                DataWarning,
                stacklevel=3,
            )


def kinds_of_targets(frame: pd.DataFrame, targets: Mapping[str, Kind] | Sequence[str] | str) -> dict[str, Kind]:
    """Target -> its kind, as given or as its values say. "name=kind", or "name:kind", names both,
    "name=low<middle<high" ordered labels.

    Raises `ConfigError` for none, `UnknownNameError` for a column or a kind that is not there.
    """
    named = [targets] if isinstance(targets, str) else list(targets) if isinstance(targets, Iterable) else []
    if not named:
        raise ConfigError("Name at least one column of the table that is to be predicted.")
    chosen: dict[str, Any] = dict(targets) if isinstance(targets, Mapping) else {}
    for each in () if chosen else named:
        name, kind = _parted(each, frame.columns)
        if kind:
            if "<" not in kind:
                require_known("kind of target", kind, KINDS)
            chosen[name] = kind.split("<") if "<" in kind else kind
        else:
            chosen[each] = None
    for name in chosen:
        require_known("column", name, frame.columns)
    return {name: kind or _guessed(frame[name], name) for name, kind in chosen.items()}


def _parted(given: str, columns: Iterable[str]) -> tuple[str, str]:
    """(column, kind) of "column=kind" or "column:kind", which no column is called; else the whole, and ""."""
    parts = [(name, kind) for name, found, kind in (given.rpartition(mark) for mark in "=:") if found]
    if given in columns or not parts or ("=" not in given and parts[0][0] not in columns):
        return given, ""
    return next((part for part in parts if part[0] in columns), parts[0])


def _guessed(column: pd.Series, name: str) -> Kind:
    """The kind that the values say; of whole numbers, which may be either, it is told."""
    values = column.dropna()
    kind = _kind(values)
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if number and not (values % 1 != 0).any():
        taken, other = ("classes", "regression") if kind != "regression" else ("a regression", "classification")
        warnings.warn(
            f"The target '{name}' has {values.nunique():,} different whole numbers and is taken for {taken}; for the "
            f"other, give targets={{'{name}': '{other}'}} (--target {name}={other}).",
            DataWarning,
            stacklevel=4,
        )
    return kind


def _kind(values: pd.Series) -> Kind:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        different = values.unique()
        if len(different) > FEW or (different % 1 != 0).any():
            return "regression"
    return "binary" if values.nunique() == 2 else "classification"
