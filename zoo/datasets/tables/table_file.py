"""The user's own table, from a CSV or Parquet file: any columns, some of which are to be predicted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.category import MOST_VALUES
from zoo.columns.values import labels_in, tag_names
from zoo.datasets.table import Table, split_rows
from zoo.errors import ConfigError, require_known
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
    seed: int = 0,
) -> Table:
    """The rows of which a target is known, shared out 70:10:20 at random, the classes of every target alike.

    Where several targets are labelled each in rows of their own, a row teaches the outputs whose labels it has.

    targets  columns to predict, with their kinds or without: texts are classes then, numbers a regression.
    The others are as in `zoo.columns.Schema.fit`. Raises `UnknownNameError` for a column that is not there, `DataError`
    for a file that cannot be read.
    """
    frame = read_table(path, types=types)
    kinds = kinds_of_targets(frame, targets)
    frame = frame.dropna(subset=list(kinds), how="all", ignore_index=True)
    features = {name: kind for name, kind in (types or {}).items() if name not in kinds and name not in ignore}
    train, validation, test = split_rows(frame, seed=seed, strata=strata_of(frame, kinds))
    kinds = with_labels_of(frame, train, kinds)
    return Table(
        Path(path).name,
        train,
        validation,
        test,
        targets=kinds,
        columns={"types": features, "ignore": tuple(ignore), "scaling": scaling},
        card={"source": str(path), "split": "70:10:20 at random", "seed": seed},
    )


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


def kinds_of_targets(frame: pd.DataFrame, targets: Mapping[str, Kind] | Sequence[str] | str) -> dict[str, Kind]:
    """Target -> its kind, as given or as its values say. "name=kind" names both, "name=low<middle<high" ordered labels.

    Raises `ConfigError` for none, `UnknownNameError` for a column or a kind that is not there.
    """
    named = [targets] if isinstance(targets, str) else list(targets) if isinstance(targets, Iterable) else []
    if not named:
        raise ConfigError("Name at least one column of the table that is to be predicted.")
    chosen: dict[str, Any] = dict(targets) if isinstance(targets, Mapping) else {}
    for each in () if chosen else named:
        name, equals, kind = each.rpartition("=")
        if equals and each not in frame.columns:
            if "<" not in kind:
                require_known("kind of target", kind, KINDS)
            chosen[name] = kind.split("<") if "<" in kind else kind
        else:
            chosen[each] = None
    for name in chosen:
        require_known("column", name, frame.columns)
    return {name: kind or _kind(frame[name].dropna()) for name, kind in chosen.items()}


def _kind(values: pd.Series) -> Kind:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        different = values.unique()
        if len(different) > FEW or (different % 1 != 0).any():
            return "regression"
    return "binary" if values.nunique() == 2 else "classification"
