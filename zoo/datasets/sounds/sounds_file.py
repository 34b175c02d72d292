"""The user's own sounds: a folder with a folder for each class, or a table with a column of paths."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zoo.datasets.labelled_files import Columns, FileKind, FileRows
from zoo.datasets.sounds.build import SOUND, FrontEndOptions, sound_columns
from zoo.datasets.sounds.facts import SoundFacts, facts_of
from zoo.datasets.table import Table
from zoo.errors import DataWarning, require_known
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
    said = Columns(FILES, targets, types or {}, tuple(ignore), group, trained_as)
    rows = FileRows.read(path, said, {"validation": validation, "test": test})
    options = dict(front_end or {})
    front = FrontEnd(**{name: each for name, each in options.items() if name not in ("mean", "std")})
    rows, facts = rows.readable(facts_of(list(rows.frame[rows.column]), front), refuse=damaged == "refuse")
    _tell(facts, rows.path)
    split = np.zeros(len(facts), int) if whole else rows.split([each.content for each in facts], seed)
    if seconds is None and "seconds" not in options:
        seconds = _usual_seconds(facts, split)
    columns = sound_columns(options, column=rows.column, seconds=seconds, ignore=rows.others)
    return rows.table(split, columns, seed=seed, whole=whole)


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
