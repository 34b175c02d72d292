"""The user's own volumes: a folder with a folder for each class, or a table with a column of paths."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from zoo.datasets.labelled_files import Columns, FileKind, FileRows
from zoo.datasets.table import Table
from zoo.datasets.volumes.build import VOLUME, volume_columns
from zoo.datasets.volumes.facts import VolumeFacts, facts_of
from zoo.errors import DataError, DataWarning, require_known
from zoo.samples import Kind
from zoo.volumes import SUFFIXES
from zoo.volumes.files import volumes_below
from zoo.volumes.preparation import crops_of

FILES = FileKind(VOLUME, SUFFIXES, volumes_below)
DAMAGED = ("leave out", "refuse")


def read_volumes(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str | None = None,
    types: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    group: str | None = None,
    points: Sequence[str] | None = None,
    shape: int | Sequence[int] | None = None,
    spacing: float | Sequence[float] | None = None,
    window: Sequence[float] | None = None,
    percentiles: Sequence[float] | None = None,
    damaged: Literal["leave out", "refuse"] = "leave out",
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
    trained_as: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Table:
    """Volumes with labels, shared out 70:10:20 at random, the classes alike; copies of a volume stand in one split.

    `path` is a folder with a folder of volumes for each class, or with such folders in "train", "validation" and
    "test"; or a CSV, JSONL or Parquet file with the paths of volumes, relative to it, and labels; a column "split"
    divides it.

    targets, types, ignore, damaged, validation, test, whole, trained_as: as in `read_sounds`.
    group     of a table: a column whose equal rows stand in one split: the patient.
    points    of a table: its three columns (depth, height, width) of the voxel that each volume is cut about.
    shape, spacing, window, percentiles   as in `VolumeColumn.fit`.

    Raises `DataError` where there are no volumes, or too few; `UnknownNameError` for a column that is not there.
    """
    require_known("way with damaged volumes", damaged, DAMAGED)
    said = Columns(FILES, targets, types or {}, tuple(ignore), group, trained_as, tuple(points or ()))
    rows = FileRows.read(path, said, {"validation": validation, "test": test})
    if points is not None:
        cut = _crops(rows.frame, rows.column, points)
        rows = replace(rows, frame=rows.frame.assign(**{rows.column: cut}))
    rows, known = rows.readable(facts_of(list(rows.frame[rows.column])), refuse=damaged == "refuse")
    _tell(known, rows.path)
    split = np.zeros(len(known), int) if whole else rows.split([each.content for each in known], seed)
    options = {"shape": shape, "spacing": spacing, "window": window, "percentiles": percentiles, "points": points}
    columns = volume_columns(options, column=rows.column, ignore=rows.others)
    orientations = sorted({each.orientation for each in known if each.orientation})
    return rows.table(split, columns, seed=seed, whole=whole, orientations=orientations)


def _crops(frame: pd.DataFrame, column: str, points: Sequence[str]) -> pd.Series:
    """The volumes with the points that they are cut about."""
    if len(points) != 3:
        raise DataError(f"'points' names the three columns of depth, height and width; received {list(points)}.")
    numbers = frame[list(points)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if len(bad):
        raise DataError(f"The point of row {bad[0] + 1} is no three numbers of voxels.")
    return pd.Series(crops_of(list(frame[column]), numbers), index=frame.index, dtype=object)


def _tell(facts: Sequence[VolumeFacts], path: Path) -> None:
    """Warn of volumes that are one number everywhere."""
    if count := sum(each.empty for each in facts):
        warnings.warn(
            f"{count} of {len(facts)} volumes of '{path}' are empty: all their voxels are one number.",
            DataWarning,
            stacklevel=4,
        )
