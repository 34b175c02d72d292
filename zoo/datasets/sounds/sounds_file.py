"""The user's own sounds: a folder with a folder for each class, or a table with a column of paths."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.paths import beside_file
from zoo.datasets.class_folders import LABEL, files_by_class, has_suffix, split_folders
from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.pictures.splitting import parts_of, split_pictures
from zoo.datasets.sounds.build import SOUND, FrontEndOptions, sound_columns
from zoo.datasets.sounds.facts import SoundFacts, facts_of
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import kinds_of_targets, with_labels_of
from zoo.errors import ConfigError, DataError, DataWarning, require_known
from zoo.samples import Kind
from zoo.sounds import SUFFIXES, FrontEnd

SHORTEST, LONGEST = 0.1, 29.12  # seconds that are read of each sound, where nobody says how many
DAMAGED = ("leave out", "refuse")
CLASSES = ("classification", "binary")


def read_sounds(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str | None = None,
    types: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    seconds: float | None = None,
    front_end: FrontEndOptions = None,
    damaged: Literal["leave out", "refuse"] = "leave out",
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
    trained_as: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Table:
    """Sounds with labels, shared out 70:10:20 at random, the classes alike; copies of a sound stand in one split.

    `path` is a folder with a folder of sounds for each class, or with such folders in "train", "validation" and "test";
    or a CSV, JSONL or Parquet file with the paths of sounds, relative to it, and labels.

    targets   of a table: columns to predict, with their kinds or without; the only other column where not given.
    types     of a table: which column holds sounds, {"clip": "sound"}; else the only one whose values end as sounds do.
    ignore    of a table: columns that say nothing; all but the sound and the targets are left out anyway.
    seconds   read of each sound; else what half of the training sounds have, 29.12 at the most.
    front_end   as in `SoundColumn.fit`.
    damaged   what is done about files that cannot be read: they are left out and named, or refused.
    validation, test   folders or files of these splits, used as they are; the rest is shared out as before.
    whole     every split is the whole of it, which is to be judged and not to be learnt from.
    trained_as  columns of a trained model, {"sound": "clip", "targets": {...}}: those of the file are taken for them.

    Raises `DataError` where there are no sounds, or too few; `UnknownNameError` for a column that is not there.
    """
    require_known("way with damaged sounds", damaged, DAMAGED)
    path = Path(path)
    splits = _splits(path, targets, types)
    for name, file in (("validation", validation), ("test", test)):
        if file is not None:
            if name in splits:
                raise DataError(f"'{path}' has a folder for the {name} split already; leave '{file}' out.")
            (splits[name],) = _splits(Path(file), targets, types).values()
    if "" in splits and len(splits) > 1:
        splits["train"] = splits.pop("")
    column, wanted = _columns(next(iter(splits.values())), targets, types, path)
    if trained_as is not None:
        renamed = _as_trained(column, list(wanted), trained_as)
        splits = {name: frame.rename(columns=renamed) for name, frame in splits.items()}
        column, wanted = trained_as["sound"], dict(trained_as["targets"])
    frame = pd.concat([rows.assign(split=name) for name, rows in splits.items()], ignore_index=True)
    kinds: dict[str, Any] = dict(kinds_of_targets(frame, wanted))
    frame = frame.dropna(subset=[*kinds], how="all", ignore_index=True)
    front = FrontEnd(**{name: each for name, each in (front_end or {}).items() if name not in ("mean", "std")})
    frame, facts, left_out = _readable(frame, column, path, damaged, front)
    _tell(facts, path)
    if whole:
        parts, told = (frame.drop(columns="split"),) * 3, "all of it"
    else:
        classes = next((name for name, kind in kinds.items() if kind in CLASSES), None)
        parts, told = (
            _shared_out(frame, facts, classes, seed),
            f"{', '.join(name for name in splits if name) or 'none'}",
        )
    if seconds is None and "seconds" not in (front_end or {}):
        seconds = float(np.clip(round(np.median([each.seconds for each in facts]), 2), SHORTEST, LONGEST))
    kinds = with_labels_of(frame, parts[0], kinds)
    return Table(
        path.name,
        *parts,
        targets=kinds,
        columns=sound_columns(
            front_end or {},
            column=column,
            seconds=seconds,
            ignore=[name for name in parts[0].columns if name not in kinds and name != column],
        ),
        unit="sounds",
        card={"source": str(path), "seed": seed, "sound": column, "left_out": left_out, "given_splits": told},
    )


def _splits(path: Path, targets: Any, types: Mapping[str, str] | None) -> dict[str, pd.DataFrame]:
    """Split -> rows, "" where nothing is split yet; paths are those from here."""
    if path.is_dir():
        return {
            name: pd.DataFrame(
                [(str(file), label) for file, label in files_by_class(folder, SUFFIXES, of="sound")],
                columns=[SOUND, LABEL],
            )
            for name, folder in split_folders(path).items()
        }
    if not path.exists():
        raise DataError(f"There is no folder or file '{path}'.")
    frame = read_table(path, types=types)
    column, _ = _columns(frame, targets, types, path)
    frame = read_table(path, types={**(types or {}), column: SOUND})
    missing = np.flatnonzero(frame[column].isna())
    if len(missing):
        raise DataError(f"'{column}' of {path} names no sound in row {missing[0] + 1}.")
    return {"": beside_file(frame, {column: SOUND}, path)}


def _columns(frame: pd.DataFrame, targets: Any, types: Mapping[str, str] | None, path: Path) -> tuple[str, Any]:
    """(the column of sounds, the targets) of a table or a folder."""
    named = [name for name, kind in (types or {}).items() if kind == SOUND]
    for name in named:
        require_known("column of 'types'", name, frame.columns)
    found = named or [name for name in frame.columns if _names_sounds(frame[name])]
    if len(found) != 1:
        what = f"several columns of sounds: {', '.join(found)}" if found else "no column with the paths of sounds"
        raise DataError(f"{path} has {what}; say which it is: types={{'COLUMN': 'sound'}} (--types COLUMN=sound).")
    if targets is not None:
        return found[0], targets
    others = [name for name in frame.columns if name != found[0]]
    if len(others) != 1:
        raise ConfigError(
            f"'{path}' has the columns {', '.join(others) or 'of sounds alone'} beside '{found[0]}': name those that "
            "are to be predicted, as in targets=['label']."
        )
    return found[0], others


def _names_sounds(values: pd.Series) -> bool:
    """Whether most values end as the names of sounds do."""
    texts = [str(value).strip() for value in values.dropna().head(200)]
    return bool(texts) and sum(has_suffix(Path(text).name, SUFFIXES) for text in texts) > len(texts) / 2


def _as_trained(column: str, given: Sequence[str], trained: Mapping[str, Any]) -> dict[str, str]:
    """Column of the file -> what the model calls it. Raises `ConfigError` where that leaves more than one way."""
    names = [str(name).partition("=")[0] for name in given]
    wanted = list(trained["targets"])
    if set(wanted) <= set(names):
        return {column: trained["sound"]}
    if len(names) == len(wanted) == 1:
        return {column: trained["sound"], names[0]: wanted[0]}
    raise ConfigError(
        f"The model predicts {', '.join(wanted)}; the columns beside the sounds are {', '.join(names) or 'none'}."
    )


def _readable(
    frame: pd.DataFrame, column: str, path: Path, damaged: str, front: FrontEnd
) -> tuple[pd.DataFrame, list[SoundFacts], list[str]]:
    """The rows whose sounds can be read, what is known of them, and why the others cannot."""
    found = facts_of(list(frame[column]), front)
    errors = [each for each in found if isinstance(each, DataError)]
    tell_damaged(errors, len(found), f"sounds of '{path}'", refuse=damaged == "refuse")
    rows = np.array([not isinstance(each, DataError) for each in found])
    known = [each for each in found if isinstance(each, SoundFacts)]
    return frame[rows].reset_index(drop=True), known, list(map(str, errors))


def _tell(facts: Sequence[SoundFacts], path: Path) -> None:
    """Warn of sounds in which nothing is heard, and of those that are cut off at full scale."""
    for kind, what in (("silent", "silent"), ("clipped", "clipped (cut off at full scale)")):
        count = sum(getattr(each, kind) for each in facts)
        if count:
            warnings.warn(f"{count} of {len(facts)} sounds of '{path}' are {what}.", DataWarning, stacklevel=3)


def _shared_out(
    frame: pd.DataFrame, facts: Sequence[SoundFacts], classes: str | None, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Training, validation and test rows: as given, and what is not given at random, copies together."""
    copies = np.unique([each.content for each in facts], return_inverse=True)[1]
    labels = None if classes is None else frame[classes].astype(object).fillna("").astype(str).to_numpy()
    names = frame["split"].to_numpy()
    frame = frame.drop(columns="split")
    if labels is not None and len(set(labels) - {""}) < 2:
        raise DataError(f"All sounds have the same '{classes}': two are needed at least.")
    if set(names) == {""}:
        return parts_of(frame, split_pictures(labels, copies, seed=seed, of="sounds"))
    split = np.array([SPLITS.index(name) for name in names])
    lost = (split == 0) & np.isin(copies, copies[split > 0])
    if lost.any():
        warnings.warn(
            f"{int(lost.sum())} sounds to train on are copies of some that the model is judged by: they are left out "
            "of the training.",
            DataWarning,
            stacklevel=4,
        )
    for number in (1, 2):
        if not (split == number).any():
            rows = np.flatnonzero((split == 0) & ~lost)
            drawn = split_pictures(None if labels is None else labels[rows], copies[rows], seed=seed, of="sounds")
            split[rows[drawn == number]] = number
    return parts_of(frame[~lost].reset_index(drop=True), split[~lost])
