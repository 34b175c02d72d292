"""A folder with a folder of pictures for each person or thing: pairs are drawn, of classes that stand in one split."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.datasets.class_folders import LABEL
from zoo.datasets.image_pairs.build import (
    COUNTS,
    LABELS,
    LEAST_CLASSES,
    draw_pairs,
    pairs_table,
    require_apart,
    split_classes,
)
from zoo.datasets.image_pairs.reading import SIZE, digest, readable
from zoo.datasets.pictures.finding import PICTURE, splits_in, unpacked
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
from zoo.errors import ConfigError, DataError, DataWarning

PER_PICTURE = 5  # pairs to train on: each costs two passes through the backbone
LEAST_PICTURES = 2  # of a class, so that pairs can be of it


def read_class_folders(
    path: Path | str,
    *,
    size: int | Sequence[int] = SIZE,
    channels: int | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    count: int | None = None,
    labels: Sequence[str] = LABELS,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
    seed: int = 0,
) -> Table:
    """Pairs of the pictures of a folder or zip file of class folders; or of such folders in "train", "validation" and
    "test". Classes, not pictures, are shared out 70:10:20, so that nobody to judge by is seen in training.

    size, channels, preprocessing  as in `PictureColumn.fit`; pictures are resized to one size.
    count   pairs to train on, at most 5 a picture and 6,000 where it is not given; a sixth of it is to validate, a
            third to test.
    labels  what a pair that differs and one of the same are called.
    whole   every split is pairs of all classes, which are to be judged and not to be learnt from.

    Raises `DataError` for fewer than six classes, or a class or picture in two splits.
    """
    if validation is not None or test is not None:
        raise ConfigError(f"Of pairs from folders, splits are folders in '{path}': train, validation and test.")
    frame, given = _found(Path(path), whole=whole)
    frame = _divided(readable(frame, [PICTURE], path), given, path, whole=whole, seed=seed)
    frame = _without_copies(frame, path)
    shares = dict(zip(SPLITS, (each / COUNTS[0] for each in COUNTS), strict=True))
    most = min(COUNTS[0], PER_PICTURE * len(frame)) if count is None else count
    numbers = {name: max(2, round(share * most)) for name, share in shares.items()}
    pairs = {
        str(name): draw_pairs(rows[LABEL].to_numpy(str), numbers[str(name)], seed=seed).frame(
            list(rows[PICTURE]), labels
        )
        for name, rows in frame.groupby("split")
    }
    parts = dict.fromkeys(SPLITS, pairs["test"]) if whole else pairs
    classes = {str(name): int(rows[LABEL].nunique()) for name, rows in frame.groupby("split")}
    split = "as given" if given else "classes 70:10:20 at random"
    card = {"source": str(path), "split": split, "classes": classes, "seed": seed}
    pictures: dict[str, Any] = {"size": size, "channels": channels, "preprocessing": preprocessing}
    return pairs_table(Path(path).name, parts, labels=labels, card=card, **pictures)


def _found(path: Path, *, whole: bool) -> tuple[pd.DataFrame, list[str]]:
    """The pictures with class and split, and the splits that the folder or zip file is divided into."""
    if not path.exists():
        raise DataError(f"There is no folder or file '{path}'.")
    splits = splits_in(unpacked(path) if path.is_file() else path)
    given = [name for name in SPLITS if name in splits]
    if not whole and given and len(given) < len(SPLITS):
        lacking = next(name for name in SPLITS if name not in given)
        raise DataError(f"'{path}' has a folder {given[0]} and none for {lacking}: give all three, or class folders.")
    return pd.concat([rows.assign(split=name) for name, rows in splits.items()], ignore_index=True), given


def _without_copies(frame: pd.DataFrame, path: Path | str) -> pd.DataFrame:
    """Each picture once in its split. Raises `DataError` for one of two classes, or in two splits."""
    frame = frame.assign(digest=frame[PICTURE].map(digest))
    for _, rows in frame[frame["digest"].duplicated(keep=False)].groupby("digest"):
        if rows[LABEL].nunique() > 1 or rows["split"].nunique() > 1:
            raise DataError(
                f"{rows[PICTURE].iloc[0]} and {rows[PICTURE].iloc[1]} are one picture, in two classes or splits: a "
                "model would be told, or judged by, what is not so. Remove one of them."
            )
    copies = frame.duplicated(["split", "digest"])
    if copies.any():
        example = frame[PICTURE][copies].iloc[0]
        warnings.warn(
            f"{int(copies.sum())} pictures of '{path}' are copies of others of their class, such as {example}: each is "
            "read once.",
            DataWarning,
            stacklevel=4,
        )
    return frame[~copies].reset_index(drop=True)


def _divided(frame: pd.DataFrame, given: list[str], path: Path | str, *, whole: bool, seed: int) -> pd.DataFrame:
    """The frame with the split of each row, a class in one alone; all are "test" of what is judged as a whole."""
    if whole:
        return frame.assign(split="test")
    if given:
        require_apart({str(name): sorted(set(rows[LABEL])) for name, rows in frame.groupby("split")}, "class")
        return frame
    _tell_single(frame[LABEL], path)
    split_of = split_classes(frame[LABEL].tolist(), seed=seed, what="classes")
    return frame.assign(split=frame[LABEL].map(split_of))


def _tell_single(labels: pd.Series, path: Path | str) -> None:
    counts = labels.value_counts()
    if (counts >= LEAST_PICTURES).sum() < LEAST_CLASSES:
        named = f"'{counts.index[0]}' alone" if len(counts) == 1 else f"{len(counts)} classes"
        raise DataError(
            f"'{path}' has pictures of {named}; pairs that are the same or not, of classes never seen, need at least "
            f"{LEAST_CLASSES} classes of two pictures: two each to train on, to validate and to test."
        )
    single = counts[counts < LEAST_PICTURES]
    if len(single):
        warnings.warn(
            f"{len(single)} classes of '{path}' have a single picture, such as '{single.index[0]}': they stand in "
            "pairs that differ only.",
            DataWarning,
            stacklevel=4,
        )
