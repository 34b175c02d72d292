"""The user's own sounds: a folder with a folder for each class, or a table with a column of paths."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from zoo.columns import read_table
from zoo.columns.paths import beside_file
from zoo.datasets.class_folders import LABEL, files_by_class, has_suffix, split_folders
from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.pictures.splitting import linked, parts_of, split_pictures
from zoo.datasets.sounds.build import SOUND, FrontEndOptions, sound_columns
from zoo.datasets.sounds.facts import SoundFacts, facts_of
from zoo.datasets.splits import SPLIT, SPLITS, splits_in_column
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import kinds_of_targets, with_labels_of
from zoo.errors import ConfigError, DataError, DataWarning, require_known
from zoo.samples import Kind
from zoo.sounds import SUFFIXES, FrontEnd

SHORTEST, LONGEST = 0.1, 29.12  # seconds that are read of each sound, where nobody says how many
DAMAGED = ("leave out", "refuse")
CLASSES = ("classification", "binary")


@dataclass(frozen=True)
class Columns:
    """What a user, or a trained model, says of the columns of a table; see `read_sounds`."""

    targets: Any
    types: Mapping[str, str]
    ignore: tuple[str, ...]
    group: str | None
    trained_as: Mapping[str, Any] | None

    def of_trained(self, names: Sequence[str]) -> "Columns":
        """Those of a trained model as far as the file has them: it finds the others among its own."""
        if self.trained_as is None:
            return self
        sound, targets = self.trained_as["sound"], dict(self.trained_as["targets"])
        missing = {sound, *targets} - set(names)
        types = {name: kind for name, kind in self.types.items() if name not in missing}
        if sound not in missing and SOUND not in types.values():
            types[sound] = SOUND
        if self.targets is None or self.targets == targets:
            return replace(self, types=types, targets=None if missing & set(targets) else targets)
        return replace(self, types=types)


def read_sounds(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str | None = None,
    types: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    group: str | None = None,
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
    or a CSV, JSONL or Parquet file with the paths of sounds, relative to it, and labels; a column "split" divides it.

    targets   of a table: columns to predict, with their kinds or without; the only other column where not given.
    types     of a table: which column holds sounds, {"clip": "sound"}; else the only one whose values end as sounds do.
    ignore    of a table: columns that say nothing.
    group     of a table: a column whose equal rows stand in one split: the track that a sound was cut from.
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
    splits, column, wanted = _read(path, Columns(targets, types or {}, tuple(ignore), group, trained_as),
                                   {"validation": validation, "test": test})  # fmt: skip
    frame = pd.concat([rows.assign(**{SPLIT: name}) for name, rows in splits.items()], ignore_index=True)
    kinds: dict[str, Any] = dict(kinds_of_targets(frame, wanted))
    frame = frame.dropna(subset=[*kinds], how="all", ignore_index=True)
    front = FrontEnd(**{name: each for name, each in (front_end or {}).items() if name not in ("mean", "std")})
    frame, facts, left_out = _readable(frame, column, path, damaged, front)
    _tell(facts, path)
    split = np.zeros(len(frame), int) if whole else _shared_out(frame, facts, kinds, group, seed)
    alone = frame.drop(columns=SPLIT)
    parts = (alone,) * 3 if whole else parts_of(alone, split)
    if seconds is None and "seconds" not in (front_end or {}):
        seconds = _usual_seconds(facts, split)
    told = "all of it" if whole else ", ".join(name for name in splits if name) or "none"
    kinds = with_labels_of(frame, parts[0], kinds)
    others = [name for name in parts[0].columns if name not in kinds and name != column]
    return Table(
        path.name,
        *parts,
        targets=kinds,
        columns=sound_columns(front_end or {}, column=column, seconds=seconds, ignore=others),
        unit="sounds",
        card={"source": str(path), "seed": seed, "sound": column, "left_out": left_out, "given_splits": told},
    )


def _read(
    path: Path, said: Columns, given: Mapping[str, Path | str | None]
) -> tuple[dict[str, pd.DataFrame], str, Any]:
    """(split -> rows, "" where nothing is split; the column of sounds; the targets), with files of splits `given`."""
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
    renamed = _as_trained(column, _names(wanted), said.trained_as)
    twice = set(renamed.values()) - set(renamed)  # other columns of the same name
    splits = {name: frame.drop(columns=list(twice & set(frame.columns))).rename(columns=renamed)
              for name, frame in splits.items()}  # fmt: skip
    return splits, said.trained_as["sound"], dict(said.trained_as["targets"])


def _splits(path: Path, said: Columns) -> tuple[dict[str, pd.DataFrame], str, Any]:
    """As `_read`, of one folder or file, under its own names; paths are those from here."""
    if path.is_dir():
        splits = {
            name: pd.DataFrame(
                [(str(file), label) for file, label in files_by_class(folder, SUFFIXES, of="sound")],
                columns=[SOUND, LABEL],
            )
            for name, folder in split_folders(path).items()
        }
        frame = next(iter(splits.values()))
        return splits, *_columns(frame, said.of_trained(list(frame.columns)), path)
    if not path.exists():
        raise DataError(f"There is no folder or file '{path}'.")
    said = said.of_trained(list(read_table(path, unasked=None).columns)) if said.trained_as else said
    frame = read_table(path, types=said.types, unasked=said.ignore)
    for name in said.ignore:
        require_known("column of 'ignore'", name, frame.columns)
    column, wanted = _columns(frame, said, path)
    frame = read_table(path, types={**said.types, column: SOUND}, unasked=said.ignore)
    missing = np.flatnonzero(frame[column].isna())
    if len(missing):
        raise DataError(f"'{column}' of {path} names no sound in row {missing[0] + 1}.")
    frame = beside_file(frame, {column: SOUND}, path)
    if SPLIT not in frame.columns:
        return {"": frame}, column, wanted
    if SPLIT in {str(name).partition("=")[0] for name in _names(wanted)}:
        raise ConfigError(f"The column '{SPLIT}' of {path} divides its rows, and cannot be predicted: rename it.")
    rows = frame.pop(SPLIT)
    if SPLIT in said.ignore:
        return {"": frame}, column, wanted
    names = np.array(splits_in_column(rows, path))
    return {name: frame[names == name] for name in SPLITS if (names == name).any()}, column, wanted


def _columns(frame: pd.DataFrame, said: Columns, path: Path) -> tuple[str, Any]:
    """(the column of sounds, the targets) of a table or a folder."""
    named = [name for name, kind in said.types.items() if kind == SOUND]
    for name in named:
        require_known("column of 'types'", name, frame.columns)
    known = [name for name in frame.columns if name not in (*said.ignore, said.group, SPLIT)]
    found = named or [name for name in known if _names_sounds(frame[name])]
    if len(found) != 1:
        what = f"several columns of sounds: {', '.join(found)}" if found else "no column with the paths of sounds"
        raise DataError(f"{path} has {what}; say which it is: types={{'COLUMN': 'sound'}} (--types COLUMN=sound).")
    if said.targets is not None:
        return found[0], said.targets
    others = [name for name in known if name != found[0]]
    if len(others) != 1:
        raise ConfigError(
            f"'{path}' has the columns {', '.join(others) or 'of sounds alone'} beside '{found[0]}': name those that "
            "are to be predicted, as in targets=['label']."
        )
    return found[0], others


def _names(targets: Any) -> list[str]:
    return [targets] if isinstance(targets, str) else list(targets)


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


def _usual_seconds(facts: Sequence[SoundFacts], split: np.ndarray) -> float:
    """What half of the training sounds have, within what is read at all."""
    trained_on = [each.seconds for each, number in zip(facts, split, strict=True) if number == 0]
    return float(np.clip(round(np.median(trained_on), 2), SHORTEST, LONGEST))


def _tell(facts: Sequence[SoundFacts], path: Path) -> None:
    """Warn of sounds in which nothing is heard, and of those that are cut off at full scale."""
    for kind, what in (("silent", "silent"), ("clipped", "clipped (cut off at full scale)")):
        count = sum(getattr(each, kind) for each in facts)
        if count:
            warnings.warn(f"{count} of {len(facts)} sounds of '{path}' are {what}.", DataWarning, stacklevel=3)


def _shared_out(
    frame: pd.DataFrame, facts: Sequence[SoundFacts], kinds: Mapping[str, Any], group: str | None, seed: int
) -> np.ndarray:
    """(n,) 0 for training, 1 for validation, 2 for test, as given or else at random, copies together; -1 left out."""
    if group is not None:
        require_known("column of 'group'", group, frame.columns)
    copies = np.unique([each.content for each in facts], return_inverse=True)[1]
    copies = linked(copies, None if group is None else frame[group])
    classes = next((name for name, kind in kinds.items() if kind in CLASSES), None)
    labels = None if classes is None else frame[classes].astype(object).fillna("").astype(str).to_numpy()
    names = frame[SPLIT].to_numpy()
    if labels is not None and len(set(labels) - {""}) < 2:
        raise DataError(f"All sounds have the same '{classes}': two are needed at least.")
    if set(names) == {""}:
        return split_pictures(labels, copies, seed=seed, of="sounds")
    split = np.array([SPLITS.index(name) for name in names])
    lost = (split == 0) & np.isin(copies, copies[split > 0])
    if lost.any():
        warnings.warn(
            f"{int(lost.sum())} sounds to train on are copies of some that the model is judged by, or of their group: "
            "they are left out of the training.",
            DataWarning,
            stacklevel=4,
        )
    split[lost] = -1
    if not (split == 0).any():
        raise DataError("There is no sound in the train split.")
    for number in (1, 2):
        if not (split == number).any():
            rows = np.flatnonzero(split == 0)
            drawn = split_pictures(None if labels is None else labels[rows], copies[rows], seed=seed, of="sounds")
            split[rows[drawn == number]] = number
    return split
