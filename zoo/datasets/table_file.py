"""The user's own table, from a CSV or Parquet file: any columns, some of which are to be predicted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from zoo.datasets.table import Table, split_rows
from zoo.errors import ConfigError, require_known
from zoo.samples import Kind
from zoo.tables import read_table

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
    The others are as in `zoo.tables.Schema.fit`. Raises `UnknownNameError` for a column that is not there, `DataError`
    for a file that cannot be read.
    """
    frame = read_table(path, types=types)
    kinds = _kinds(frame, targets)
    frame = frame.dropna(subset=list(kinds), how="all", ignore_index=True)
    features = {name: kind for name, kind in (types or {}).items() if name not in kinds and name not in ignore}
    classes = [name for name, kind in kinds.items() if kind != "regression"]
    strata = frame[classes].astype(object).fillna("").astype(str).to_numpy() if classes else None
    train, validation, test = split_rows(frame, seed=seed, strata=strata)
    return Table(
        Path(path).name,
        train,
        validation,
        test,
        targets=kinds,
        columns={"types": features, "ignore": tuple(ignore), "scaling": scaling},
        card={"source": str(path), "split": "70:10:20 at random", "seed": seed},
    )


def _kinds(frame: pd.DataFrame, targets: Mapping[str, Kind] | Sequence[str] | str) -> dict[str, Kind]:
    named = [targets] if isinstance(targets, str) else list(targets) if isinstance(targets, Iterable) else []
    if not named:
        raise ConfigError("Name at least one column of the table that is to be predicted.")
    for name in named:
        require_known("column", name, frame.columns)
    if isinstance(targets, Mapping):
        return dict(targets)
    return {name: _kind(frame[name].dropna()) for name in named}


def _kind(values: pd.Series) -> Kind:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        different = values.unique()
        if len(different) > FEW or (different % 1 != 0).any():
            return "regression"
    return "binary" if values.nunique() == 2 else "classification"
