"""Files given are the splits that they are: columns checked against the first, rows that stand in two of them told.

What a schema learns, it learns of the training rows alone: nothing of a file that is given for validation or for the
test goes into it.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns.frames import shown
from zoo.columns.kinds import kinds_of
from zoo.columns.values import texts_of
from zoo.columns.written import written
from zoo.errors import DataError, DataWarning

GIVEN = ("validation", "test")
NAMES = {"train": "the training file", "validation": "the validation file", "test": "the test file"}
SHARES = {"validation": 0.1, "test": 0.2}  # of all rows, of a split that no file gives

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
ShareOut = Callable[[pd.DataFrame, tuple[float, float]], Frames]


def read_splits(
    read: Callable[..., pd.DataFrame],
    path: Path | str,
    *,
    types: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    validation: Path | str | None = None,
    test: Path | str | None = None,
) -> dict[str, pd.DataFrame]:
    """ "train" -> the rows of the first file, and those of the files given, read with the kinds of its columns.

    Raises `DataError` for a file that lacks a column of the first, or cannot be read as it.
    """
    found = {"train": read(path, columns=columns, types=types)}
    first = found["train"]
    plain = [name for name in first.columns if not first[name].map(type).isin((list, dict)).any()]
    kinds = kinds_of(first, plain, types or {})
    for split, file in zip(GIVEN, (validation, test), strict=True):
        if file is None:
            continue
        try:
            found[split] = read(file, columns=list(first.columns), types=kinds, written=written(first))
        except DataError as error:
            raise DataError(f"The file of the {split} split, {file}, is not read as {path} is: {error}") from error
    return found


def divide(frames: Mapping[str, pd.DataFrame], share_out: ShareOut) -> Frames:
    """Training, validation and test rows: the files given as they are, the first one shared out to the other splits.

    share_out  (rows, shares of validation and test) -> the rows of the three splits; a share of 0 has none.
    """
    for split in frames:
        if not len(frames[split]):
            raise DataError(f"The file of the {split} split has no row with a label.")
    if all(split in frames for split in GIVEN):
        return frames["train"], frames["validation"], frames["test"]
    parts = dict(zip(("train", *GIVEN), share_out(frames["train"], shares_left(frames)), strict=True))
    train, validation, test = ({**parts, **{split: frames[split] for split in GIVEN if split in frames}}).values()
    return train, validation, test


def shares_left(given: Collection[str]) -> tuple[float, float]:
    """Shares of the first file's rows for validation and test: those of a whole table, without the splits given.

    >>> shares_left({}), shares_left({"test": "a.csv"})
    ((0.1, 0.2), (0.125, 0.0))
    """
    left = 1.0 - sum(SHARES[split] for split in GIVEN if split in given)
    validation, test = (0.0 if split in given else round(SHARES[split] / left, 6) for split in GIVEN)
    return validation, test


def told(given: Mapping[str, Any]) -> str:
    """How the rows were divided, for a card.

    >>> told({"train": "a.csv", "test": "b.csv"})
    'test as given, the rest at random'
    """
    named = [split for split in GIVEN if split in given]
    if not named:
        return "70:10:20 at random"
    return f"{' and '.join(named)} as given" + ("" if named == list(GIVEN) else ", the rest at random")


def labelled(frame: pd.DataFrame, targets: Iterable[str], path: Path | str, of: str = "rows") -> pd.DataFrame:
    """The rows of which a target is known; how many are left out is told."""
    names = list(targets)
    known = frame[names].notna().any(axis=1)
    lacking = int((~known).sum())
    if lacking:
        warnings.warn(
            f"{lacking:,} of the {len(frame):,} {of} of '{path}' have no label of {', '.join(map(shown, names))}, and "
            "are left out.",
            DataWarning,
            stacklevel=3,
        )
    return frame[known].reset_index(drop=True)


def labelled_splits(
    frames: Mapping[str, pd.DataFrame],
    targets: Iterable[str],
    path: Path | str,
    *,
    validation: Path | str | None = None,
    test: Path | str | None = None,
) -> dict[str, pd.DataFrame]:
    """`labelled` rows of each split, which the file of the split names."""
    files = {"validation": validation, "test": test}
    return {split: labelled(frame, targets, files.get(split) or path) for split, frame in frames.items()}


def tell_repeated(frames: Mapping[str, pd.DataFrame], columns: Sequence[str], *, of: str = "rows") -> None:
    """Warn of rows whose `columns` stand in two of the files: scores of rows that were trained on tell little.

    frames  split, or what to call a file -> its rows.
    """
    keys = {split: _keys(frame, columns) for split, frame in frames.items()} if len(frames) > 1 else {}
    for first, second in combinations(keys, 2):
        twice = int(np.isin(keys[second], keys[first]).sum())
        if twice:
            one, other = (NAMES.get(each, each) for each in (first, second))
            warnings.warn(
                f"{twice:,} of the {len(keys[second]):,} {of} of {other} stand in {one} too: scores on them tell "
                "little of new ones.",
                DataWarning,
                stacklevel=3,
            )


def _keys(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """(n,) a number for each row, equal where all values are: as numbers, or as texts, of which none is like ""."""
    parts = {}
    for name in columns:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values.dtype):
            parts[name] = values.to_numpy(np.float32)
        elif values.map(type).isin((list, dict, tuple)).any():
            parts[name] = values.map(str).to_numpy()
        else:
            codes, texts = texts_of(values, name)
            parts[name] = pd.util.hash_array(np.array([*(text or "" for text in texts), ""], dtype=object))[codes]
    return pd.util.hash_pandas_object(pd.DataFrame(parts), index=False).to_numpy()
