"""The user's own labelled volumes: a table of centres, or one with a column of masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.paths import beside_file
from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import SPLIT, SPLITS, splits_in_column
from zoo.datasets.volumes.labelled import SIDE, Labelled, LabelledVolumes
from zoo.errors import ConfigError, DataError, require_known
from zoo.structures.structure import Structure
from zoo.volumes import Volume
from zoo.volumes.files import read_volume

PLACE = ("z", "y", "x")  # depth, height, width: as in a volume's array
CENTRES = ("volume", "x", "y", "z", "radius")
LARGEST_LABEL, LARGEST_WINDOW = 20, 64


def read_structures(
    path: Path | str,
    *,
    targets: Sequence[str] | Mapping[str, Any] | str | None = None,
    centres: Path | str | None = None,
    volume: str = "volume",
    whole: bool = False,
    seed: int = 0,
) -> Dataset:
    """A CSV, JSONL or Parquet file of volumes, shared out 70:10:20 by volume; a column "split" divides it.

    Without `targets` a row is a structure: the path of its volume, the voxel x, y, z of its centre (width, height,
    depth, from 0) and its radius in voxels; a volume without any has one row with empty numbers. Voxels are those of
    `zoo.volumes.files.read_volume`.

    targets  the column with the paths of masks, whole numbers from 0 (background) in the shape of their volumes.
    centres  a file with the rows of structures, where `path` names the volumes alone.
    volume   the column with the paths of volumes; paths stand beside the file.
    whole    every split is all of it, which is to be judged.

    Raises `DataError` for masks of another shape, points outside their volume, and where nothing is labelled.
    """
    frame = _table(path, volume)
    masks = None if targets is None else _mask_column(targets)
    if masks is not None:
        require_known(f"column of masks in {path}", masks, list(frame.columns))
        frame = beside_file(frame, {masks: "volume"}, path)
    items = _masked(frame, volume, masks) if masks else _marked(frame, path, volume, centres)
    parts = _parts(items, frame, path, volume, seed) if not whole else [items] * 3
    labels = _labels(items) if masks else ()
    if not masks and not any(each.structures for each in parts[0]):
        raise DataError(f"No volume to train on in {path} has a structure: there is nothing to learn or to judge by.")
    if masks and len(labels) < 2:
        raise DataError(f"The masks of {path} hold no label above 0: there is nothing to learn or to judge by.")
    side = LARGEST_WINDOW if masks else SIDE
    card = {"source": str(path), "seed": seed}
    train, validation, test = parts
    found = LabelledVolumes(Path(path).name, train, validation, test, labels, side, seed=seed, card=card)
    return found.dataset()


def _table(path: Path | str, volume: str) -> pd.DataFrame:
    frame = read_table(path)
    require_known(f"column of volumes in {path}", volume, list(frame.columns))
    return beside_file(frame, {volume: "volume"}, path)


def _mask_column(targets: Sequence[str] | Mapping[str, Any] | str) -> str:
    names = [targets] if isinstance(targets, str) else list(targets)
    if len(names) != 1:
        raise ConfigError(f"'targets' names the one column with the paths of masks; received {', '.join(names)}.")
    return names[0].partition("=")[0]


def _masked(frame: pd.DataFrame, volume: str, masks: str) -> list[Labelled]:
    found = []
    for source, mask in zip(frame[volume], frame[masks], strict=True):
        read, marked = read_volume(source), read_volume(mask, name=f"The mask of '{source}'")
        if marked.voxels.shape != read.voxels.shape:
            raise DataError(
                f"The mask '{mask}' has the shape {marked.voxels.shape}; its volume '{source}' has {read.voxels.shape}."
            )
        numbers = np.rint(marked.voxels)
        if (numbers != marked.voxels).any() or numbers.min() < 0 or numbers.max() > LARGEST_LABEL:
            raise DataError(
                f"The mask '{mask}' must hold whole numbers from 0 (background) to {LARGEST_LABEL}; it holds "
                f"{marked.voxels.min():g} to {marked.voxels.max():g}."
            )
        found.append(Labelled(str(source), read, mask=numbers.astype(np.uint8)))
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
    """Training, validation and test volumes: as a column "split" says, else at random."""
    if SPLIT in frame.columns:
        told = dict(zip(frame[volume].astype(str), splits_in_column(frame[SPLIT], path), strict=True))
        parts = [[each for each in items if told[each.name] == split] for split in SPLITS]
    else:
        count = len(items)
        if count < 3:
            raise DataError(f"{path} has {count} volumes; three are needed at least: to train, to validate, to test.")
        order = np.random.default_rng(seed).permutation(count)
        held, judged = max(round(0.1 * count), 1), max(round(0.2 * count), 1)
        places = (order[held + judged :], order[:held], order[held : held + judged])
        parts = [[items[place] for place in sorted(part)] for part in places]
    for split, part in zip(SPLITS, parts, strict=True):
        if not part:
            raise DataError(f"{path} has no volume in the {split} split.")
    return parts
