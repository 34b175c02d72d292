"""The user's own sounds: a folder with a folder for each class, or a table with a column of paths."""

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
from zoo.datasets.sounds.build import SOUND, FrontEndOptions, sound_columns
from zoo.datasets.sounds.facts import SoundFacts, facts_of
from zoo.datasets.splits import SPLIT
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import kinds_of_targets, with_labels_of
from zoo.errors import DataError, DataWarning, require_known
from zoo.samples import Kind
from zoo.sounds import SUFFIXES, FrontEnd

FILES = FileKind(SOUND, SUFFIXES)
SHORTEST, LONGEST = 0.1, 29.12  # seconds that are read of each sound, where nobody says how many
DAMAGED = ("leave out", "refuse")


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
    splits, column, wanted = read_rows(path, Columns(FILES, targets, types or {}, tuple(ignore), group, trained_as),
                                   {"validation": validation, "test": test})  # fmt: skip
    frame = pd.concat([rows.assign(**{SPLIT: name}) for name, rows in splits.items()], ignore_index=True)
    kinds: dict[str, Any] = dict(kinds_of_targets(frame, wanted))
    frame = labelled(frame, kinds, path, "sounds")
    front = FrontEnd(**{name: each for name, each in (front_end or {}).items() if name not in ("mean", "std")})
    frame, facts, left_out = _readable(frame, column, path, damaged, front)
    _tell(facts, path)
    split = (
        np.zeros(len(frame), int)
        if whole
        else share_out(frame, [each.content for each in facts], kinds, group, seed, files=FILES)
    )
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
