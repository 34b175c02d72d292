"""The user's own volumes: a folder with a folder for each class, or a table with a column of paths."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.given_files import labelled
from zoo.datasets.labelled_files import Columns, FileKind, read_rows, share_out
from zoo.datasets.pictures.splitting import parts_of
from zoo.datasets.splits import SPLIT
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import kinds_of_targets, with_labels_of
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
    path = Path(path)
    said = Columns(FILES, targets, types or {}, tuple(ignore), group, trained_as, tuple(points or ()))
    splits, column, wanted = read_rows(path, said, {"validation": validation, "test": test})
    frame = pd.concat([rows.assign(**{SPLIT: name}) for name, rows in splits.items()], ignore_index=True)
    kinds: dict[str, Any] = dict(kinds_of_targets(frame, wanted))
    frame = labelled(frame, kinds, path, "volumes")
    if points is not None:
        frame[column] = _crops(frame, column, points)
    frame, known, errors = _readable(frame, column, path, refuse=damaged == "refuse")
    contents = [each.content for each in known]
    split = np.zeros(len(frame), int) if whole else share_out(frame, contents, kinds, group, seed, files=FILES)
    alone = frame.drop(columns=SPLIT)
    parts = (alone,) * 3 if whole else parts_of(alone, split)
    kinds = with_labels_of(frame, parts[0], kinds)
    options = {"shape": shape, "spacing": spacing, "window": window, "percentiles": percentiles, "points": points}
    others = [name for name in parts[0].columns if name not in kinds and name != column]
    told = "all of it" if whole else ", ".join(name for name in splits if name) or "none"
    return Table(
        path.name,
        *parts,
        targets=kinds,
        columns=volume_columns(options, column=column, ignore=others),
        unit="volumes",
        card={
            "source": str(path),
            "seed": seed,
            "volume": column,
            "left_out": list(map(str, errors)),
            "given_splits": told,
            "orientations": sorted({each.orientation for each in known if each.orientation}),
        },
    )


def _readable(
    frame: pd.DataFrame, column: str, path: Path, *, refuse: bool
) -> tuple[pd.DataFrame, list[VolumeFacts], list[DataError]]:
    """The rows whose volumes can be read, what is known of these, and why others cannot; warns of both."""
    facts = facts_of(list(frame[column]))
    errors = [each for each in facts if isinstance(each, DataError)]
    tell_damaged(errors, len(facts), f"volumes of '{path}'", refuse=refuse)
    known = [each for each in facts if isinstance(each, VolumeFacts)]
    _tell(known, path)
    return frame[[isinstance(each, VolumeFacts) for each in facts]].reset_index(drop=True), known, errors


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
