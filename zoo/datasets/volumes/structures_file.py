"""The user's own labelled volumes: a table of centres, or one with a column of masks."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.paths import beside_file
from zoo.datasets.dataset import Dataset
from zoo.datasets.given_files import GIVEN, shares_left
from zoo.datasets.splits import SPLIT, SPLITS, splits_in_column
from zoo.datasets.volumes.labelled import SIDE, Labelled, LabelledVolumes
from zoo.errors import ConfigError, DataError, DataWarning, require_known
from zoo.structures.structure import Structure
from zoo.volumes import Volume
from zoo.volumes.files import read_volume
from zoo.volumes.preparation import Preparation

PLACE = ("z", "y", "x")  # depth, height, width: as in a volume's array
CENTRES = ("volume", "x", "y", "z", "radius")
LARGEST_LABEL, LARGEST_WINDOW = 20, 64
PURPOSES = {"validation": "to validate", "test": "to test"}


def read_structures(
    path: Path | str,
    *,
    targets: Sequence[str] | Mapping[str, Any] | str | None = None,
    centres: Path | str | None = None,
    volume: str = "volume",
    spacing: float | Sequence[float] | None = None,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
    seed: int = 0,
) -> Dataset:
    """A CSV, JSONL or Parquet file of volumes, shared out 70:10:20 by volume, those with structures and those without
    alike; a column "split" divides it.

    Without `targets` a row is a structure: the path of its volume, the voxel x, y, z of its centre (width, height,
    depth, from 0) and its radius in voxels; a volume without any has one row with empty numbers. Voxels are those of
    `zoo.volumes.files.read_volume`.

    targets  the column with the paths of masks, whole numbers from 0 (background) in the shape of their volumes.
    centres  a file with the rows of structures, where `path` names the volumes alone.
    volume   the column with the paths of volumes; paths stand beside the file.
    spacing  millimetres (depth, height, width) to which volumes are resampled, one number for all axes; else the median
             one of the training volumes, where files say theirs.
    validation, test   files like the first, used as these splits as they are.
    whole    every split is all of it, which is to be judged.

    Raises `DataError` for masks of another shape, points outside their volume, a volume in two splits, and where
    nothing is labelled.
    """
    frame = _tables(path, volume, {"validation": validation, "test": test})
    masks = None if targets is None else _mask_column(targets)
    if masks is not None:
        require_known(f"column of masks in {path}", masks, list(frame.columns))
        if frame[masks].isna().any():
            raise DataError(f"'{masks}' of {path} names no mask in row {int(np.argmax(frame[masks].isna())) + 1}.")
        frame = beside_file(frame, {masks: "volume"}, path)
    items = _masked(frame, volume, masks) if masks else _marked(frame, path, volume, centres)
    parts = _parts(items, frame, path, volume, seed) if not whole else [items] * 3
    labels = _labels(items) if masks else ()
    for purpose, part in (("to train on", parts[0]), ("to test", parts[2])):
        if not masks and not any(each.structures for each in part):
            raise DataError(f"No volume {purpose} in {path} has a structure: there is nothing to learn or to judge by.")
    if masks and len(labels) < 2:
        raise DataError(f"The masks of {path} hold no label above 0: there is nothing to learn or to judge by.")
    side = LARGEST_WINDOW if masks else SIDE
    card = {"source": str(path), "seed": seed}
    first, second, third = parts
    steps = None if spacing is None else Preparation((1, 1, 1), _each_axis(spacing)).spacing
    name = Path(path).name
    return LabelledVolumes(name, first, second, third, labels, side, spacing=steps, seed=seed, card=card).dataset()


def _each_axis(spacing: Any) -> Any:
    """Three numbers, of one for all axes; `Preparation` says what is wrong with others."""
    return (spacing,) * 3 if not isinstance(spacing, Sequence) else tuple(spacing)


def _tables(path: Path | str, volume: str, given: Mapping[str, Path | str | None]) -> pd.DataFrame:
    """The rows of the file, and of those that are given for a split, which a column "split" says."""
    frame, files = _table(path, volume), {name: file for name, file in given.items() if file is not None}
    if not files:
        return frame
    known = splits_in_column(frame[SPLIT], path) if SPLIT in frame.columns else []
    for name, file in files.items():
        if name in known:
            raise DataError(f"'{path}' has the {name} split already; leave '{file}' out.")
    if not known:
        frame = frame.assign(**{SPLIT: "train"})
    others = [_table(file, volume).assign(**{SPLIT: name}) for name, file in files.items()]
    return pd.concat([frame, *others], ignore_index=True)


def _table(path: Path | str, volume: str) -> pd.DataFrame:
    frame = read_table(path)
    require_known(f"column of volumes in {path}", volume, list(frame.columns))
    if frame[volume].isna().any():
        raise DataError(f"'{volume}' of {path} names no volume in row {int(np.argmax(frame[volume].isna())) + 1}.")
    return beside_file(frame, {volume: "volume"}, path)


def _mask_column(targets: Sequence[str] | Mapping[str, Any] | str) -> str:
    names = [targets] if isinstance(targets, str) else list(targets)
    if len(names) != 1:
        raise ConfigError(f"'targets' names the one column with the paths of masks; received {', '.join(names)}.")
    return names[0].partition("=")[0]


def _masked(frame: pd.DataFrame, volume: str, masks: str) -> list[Labelled]:
    found, alone = [], 0
    if len(twice := frame[volume][frame[volume].duplicated()]):
        raise DataError(f"The volume '{twice.iloc[0]}' stands in two rows; each has one mask.")
    for source, mask in zip(frame[volume], frame[masks], strict=True):
        read, marked = read_volume(source), read_volume(mask, name=f"The mask of '{source}'")
        if marked.voxels.shape != read.voxels.shape:
            raise DataError(
                f"The mask '{mask}' has the shape {marked.voxels.shape}; its volume '{source}' has {read.voxels.shape}."
            )
        alone += read.orientation not in ("", "RAS") and not marked.orientation
        numbers = np.rint(marked.voxels)
        if (numbers != marked.voxels).any() or numbers.min() < 0 or numbers.max() > LARGEST_LABEL:
            raise DataError(
                f"The mask '{mask}' must hold whole numbers from 0 (background) to {LARGEST_LABEL}; it holds "
                f"{marked.voxels.min():g} to {marked.voxels.max():g}."
            )
        found.append(Labelled(str(source), read, mask=numbers.astype(np.uint8)))
    if alone:
        warnings.warn(
            f"{alone} of {len(found)} volumes were turned to RAS, as their files say how they lie; their masks do not "
            "say so, and are taken as they are: they must be masks of the volumes as `read_volume` gives them.",
            DataWarning,
            stacklevel=3,
        )
    return found


def _labels(items: Sequence[Labelled]) -> tuple[str, ...]:
    most = max(int(each.mask.max()) for each in items if each.mask is not None)
    return ("background", *(f"label {number}" for number in range(1, most + 1)))


def _marked(frame: pd.DataFrame, path: Path | str, volume: str, centres: Path | str | None) -> list[Labelled]:
    """A volume for each path, with the structures that the rows of `centres`, or of the table itself, say."""
    rows, told = (frame, path) if centres is None else (_table(centres, "volume"), centres)
    column = volume if centres is None else "volume"
    for name in CENTRES[1:]:
        require_known(f"column of {told} with {', '.join(CENTRES)}", name, list(rows.columns))
    known: dict[str, list[Structure]] = {str(each): [] for each in frame[volume]}
    read: dict[str, Volume] = {each: read_volume(each) for each in known}
    for number, row in enumerate(rows.to_dict("records"), start=1):
        source = str(row[column])
        if source not in known:
            raise DataError(f"Row {number} of {told} names the volume '{source}', which {path} does not have.")
        numbers = pd.to_numeric(pd.Series([row[name] for name in (*PLACE, "radius")]), errors="coerce").to_numpy(float)
        if np.isnan(numbers).all():
            continue
        known[source].append(_structure(numbers, read[source], f"Row {number} of {told}"))
    if turned := sum(each.orientation not in ("", "RAS") for each in read.values()):
        warnings.warn(
            f"{turned} of {len(read)} volumes were turned to RAS, as their files say how they lie: x, y and z of "
            f"{told} must count voxels of the volumes as `read_volume` gives them.",
            DataWarning,
            stacklevel=3,
        )
    return [Labelled(name, read[name], tuple(each)) for name, each in known.items()]


def _structure(numbers: np.ndarray, volume: Volume, told: str) -> Structure:
    depth, height, width, radius = numbers.tolist()
    shape = volume.voxels.shape
    if not np.isfinite(numbers).all() or radius <= 0:
        raise DataError(f"{told} needs the numbers x, y, z and a radius above 0; received {numbers[[2, 1, 0, 3]]}.")
    if not all(-0.5 <= at <= side - 0.5 for at, side in zip((depth, height, width), shape, strict=True)):
        raise DataError(
            f"{told} has its centre at x {width:g}, y {height:g}, z {depth:g}, outside of its volume of "
            f"{shape[2]} x {shape[1]} x {shape[0]} voxels."
        )
    return Structure((depth, height, width), radius)


def _parts(
    items: Sequence[Labelled], frame: pd.DataFrame, path: Path | str, volume: str, seed: int
) -> list[list[Labelled]]:
    """Training, validation and test volumes: as a column "split" says; what it does not name is drawn of training."""
    told = _told_splits(frame, path, volume)
    parts = {split: [each for each in items if told[each.name] == split] for split in SPLITS}
    lacking = [split for split in GIVEN if not parts[split]]
    count = len(parts["train"])
    if count <= len(lacking):
        needed = ", ".join(["to train", *(PURPOSES[split] for split in lacking)])
        raise DataError(f"{path} has {count} volumes; {len(lacking) + 1} are needed at least: {needed}.")
    shares = dict(zip(GIVEN, shares_left([split for split in GIVEN if parts[split]]), strict=True))
    # Those with structures first; of them each split has its share, as it is drawn at even steps.
    order = np.random.default_rng(seed).permutation(count)
    left = sorted((parts["train"][place] for place in order), key=lambda each: not each.structures)
    for split in reversed(lacking):
        size = max(round(shares[split] * count), 1)
        drawn = set(np.linspace(0, len(left), size, endpoint=False).astype(int).tolist())
        parts[split] = [each for place, each in enumerate(left) if place in drawn]
        left = [each for place, each in enumerate(left) if place not in drawn]
    parts["train"] = left
    split_of = {each.name: split for split in SPLITS for each in parts[split]}
    return [[each for each in items if split_of[each.name] == split] for split in SPLITS]


def _told_splits(frame: pd.DataFrame, path: Path | str, volume: str) -> dict[str, str]:
    """Volume -> its split; "train" where none is told. Raises `DataError` for a volume in two."""
    names = list(frame[volume].astype(str))
    splits = splits_in_column(frame[SPLIT], path) if SPLIT in frame.columns else ["train"] * len(frame)
    told: dict[str, str] = {}
    for name, split in zip(names, splits, strict=True):
        if told.setdefault(name, split) != split:
            raise DataError(
                f"The volume '{name}' of {path} has rows in the splits {told[name]} and {split}; expected one of them."
            )
    return told
