"""The user's own pictures: a folder with a folder for each class, a zip file of one, or a table with their paths."""

import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from zoo.columns.frames import shown
from zoo.datasets.class_folders import LABEL
from zoo.datasets.damaged_files import tell_damaged
from zoo.datasets.given_files import labelled
from zoo.datasets.pictures.as_trained import as_trained
from zoo.datasets.pictures.build import IMAGE
from zoo.datasets.pictures.facts import LOOKS, Facts, clusters_of, facts_of
from zoo.datasets.pictures.finding import PICTURE, rows_of_table, splits_in, unpacked
from zoo.datasets.pictures.splitting import linked, parts_of, split_pictures
from zoo.datasets.splits import SPLIT, SPLITS, splits_in_column
from zoo.datasets.table import Table
from zoo.datasets.tables.table_file import kinds_of_targets, with_labels_of
from zoo.errors import ConfigError, DataError, DataWarning, require_known
from zoo.samples import Kind, Target

Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]  # training, validation and test rows
COPIES = "copies"  # column: which pictures are copies of each other
DAMAGED = ("leave out", "refuse")
LEAST_OF_CLASS = 3  # pictures, one for each split


def read_pictures(
    path: Path | str,
    *,
    targets: Mapping[str, Kind] | Sequence[str] | str | None = None,
    picture: str | None = None,
    group: str | None = None,
    types: Mapping[str, str] | None = None,
    damaged: Literal["leave out", "refuse"] = "leave out",
    size: int | Sequence[int] | None = None,
    channels: int | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
    trained_as: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Table:
    """Pictures with labels, shared out 70:10:20 at random, the classes alike; copies of a picture stand in one split.

    `path` is a folder with a folder of pictures for each class, or with such folders in "train", "validation" and
    "test"; a zip file of one; or a CSV, JSONL or Parquet file with the paths of pictures, relative to it, and labels;
    a column "split" divides it.

    targets   of a table: columns to predict, with their kinds or without; the only other column where not given.
    picture   of a table: the column of paths; else the only one whose values end as pictures do.
    group     of a table: a column whose equal rows stand in one split: who is shown.
    damaged   what is done about files that cannot be read: they are left out and named, or refused.
    size, channels, preprocessing   as in `PictureColumn.fit`.
    validation, test   folders or files of these splits, used as they are; the rest is shared out as before.
    whole     every split is the whole of it, which is to be judged and not to be learnt from.
    trained_as  columns of a trained model, to which those of the file are brought, see `as_trained`.

    Raises `DataError` where there are no pictures, or too few; `UnknownNameError` for a column that is not there.
    """
    require_known("way with damaged pictures", damaged, DAMAGED)
    path = Path(path)
    splits, column, targets = _with_files(path, {"validation": validation, "test": test}, targets, picture, types)
    if trained_as is not None:
        splits, column, targets = as_trained(splits, column, targets, trained_as)
    frame, kinds = _labelled(splits, targets, group, path)
    frame, facts, left_out = _readable(frame, column, path, damaged)
    frame = frame.assign(**{COPIES: clusters_of(facts), LOOKS: pd.Series(facts)})
    classes = [name for name, kind in kinds.items() if _has_classes(kind)]
    _tell_contradictions(frame, column, classes, path)
    if whole:
        parts, told = (frame.drop(columns=SPLIT),) * 3, {"split": "all of it"}
    else:
        parts, told = _shared_out(frame, classes, group, list(splits), path, seed)
        _tell_labels(frame, parts[0], classes, path)
    said = {
        "types": {column: PICTURE},
        "options": {column: {"size": size, "channels": channels, "preprocessing": preprocessing}},
        "inputs": {column: IMAGE},
        "ignore": tuple(name for name in parts[0].columns if name not in kinds and name != column),
    }
    kinds, groups = with_labels_of(frame, parts[0], kinds), (group,) if group else ()
    card = {"source": str(path), "seed": seed, "picture": column, "left_out": left_out, **told}
    return Table(path.name, *parts, targets=kinds, columns=said, groups=groups, unit="pictures", card=card)


def _with_files(
    path: Path, given: Mapping[str, Path | str | None], targets: Any, picture: str | None, types: Any
) -> tuple[dict[str, pd.DataFrame], str, Any]:
    """As `_splits`, with the rows of the files that are `given` for validation and test."""
    splits, column, targets = _splits(path, targets, picture, types)
    for name, file in given.items():
        if file is not None:
            if name in splits:
                raise DataError(f"'{path}' has a folder for the {name} split already; leave '{file}' out.")
            others, _, _ = _splits(Path(file), targets, column if column != PICTURE else picture, types)
            splits = {"train": splits.pop(""), **splits} if "" in splits else splits
            splits[name] = pd.concat(others.values(), ignore_index=True).rename(columns={PICTURE: column})
    return splits, column, targets


def _labelled(
    splits: Mapping[str, pd.DataFrame], targets: Any, group: str | None, path: Path
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of all splits that have a label, with the column `SPLIT`; and target -> its kind."""
    frame = pd.concat([rows.assign(**{SPLIT: name}) for name, rows in splits.items()], ignore_index=True)
    kinds: dict[str, Any] = dict(kinds_of_targets(frame.drop(columns=SPLIT), targets))
    if group is not None:
        require_known("column of 'group'", group, frame.columns)
    return labelled(frame, kinds, path, "pictures"), kinds


def _splits(
    path: Path, targets: Any, picture: str | None, types: Mapping[str, str] | None
) -> tuple[dict[str, pd.DataFrame], str, Any]:
    """(split -> rows, "" where nothing is split yet; the column of pictures; the targets) of a folder or file."""
    source = unpacked(path) if path.suffix.lower() == ".zip" and path.is_file() else path
    if source.is_dir():
        return splits_in(source), PICTURE, targets or [LABEL]
    if not source.exists():
        raise DataError(f"There is no folder or file '{path}'.")
    frame, column, targets = rows_of_table(source, targets, picture, types)
    if SPLIT not in frame.columns:
        return {"": frame}, column, targets
    if SPLIT in {str(name).partition("=")[0] for name in ([targets] if isinstance(targets, str) else targets)}:
        raise ConfigError(f"The column '{SPLIT}' of {path} divides its rows, and cannot be predicted: rename it.")
    names = np.array(splits_in_column(frame.pop(SPLIT), path))
    return {name: frame[names == name] for name in SPLITS if (names == name).any()}, column, targets


def _readable(
    frame: pd.DataFrame, column: str, path: Path, damaged: str
) -> tuple[pd.DataFrame, list[Facts], list[str]]:
    """The rows whose pictures can be read, what is known of them, and why the others cannot."""
    named = frame[column].notna().to_numpy()
    found: list[Facts | DataError] = [DataError(f"a row has no path in '{column}'")] * len(frame)
    for row, each in zip(np.flatnonzero(named), facts_of(list(frame[column][named])), strict=True):
        found[row] = each
    errors = [each for each in found if isinstance(each, DataError)]
    tell_damaged(errors, len(found), f"pictures of '{path}'", refuse=damaged == "refuse")
    rows = np.array([not isinstance(each, DataError) for each in found])
    facts = [each for each in found if isinstance(each, Facts)]
    if notes := [each.note for each in facts if each.note]:
        said = f"{len(notes)} files of '{path}' are not read as a whole: {notes[0]}"
        warnings.warn(said, DataWarning, stacklevel=4)
    return frame[rows].reset_index(drop=True), facts, list(map(str, errors))


def _shared_out(
    frame: pd.DataFrame, targets: Sequence[str], group: str | None, given: list[str], path: Path, seed: int
) -> tuple[Parts, dict[str, Any]]:
    """Training, validation and test rows, the classes of the first of the targets alike, and what the card says."""
    classes = next(iter(targets), None)
    if classes is not None:
        _require_classes(frame[classes], classes, path)
    names = frame[SPLIT].to_numpy()
    frame = frame.drop(columns=SPLIT)
    groups = linked(frame[COPIES].to_numpy(), None if group is None else frame[group])
    if given == [""]:
        labels = _labels(frame[classes]) if classes else None
        split = split_pictures(labels, groups, seed=seed)
        return parts_of(frame, split), {"split": "70:10:20 at random"}
    split = np.array([SPLITS.index(name) for name in names])
    lost = _without_copies(split, groups)
    if lost.any():
        warnings.warn(
            f"{int(lost.sum())} pictures of '{path}' to train on are copies of some that the model is judged by: "
            "they are left out of the training.",
            DataWarning,
            stacklevel=4,
        )
    frame, split, groups = frame[~lost].reset_index(drop=True), split[~lost], groups[~lost]
    if not (split == 0).any():
        raise DataError(f"'{path}' has no picture in the train split.")
    labels = _labels(frame[classes]) if classes else None
    for number, name in enumerate(SPLITS):
        if name not in given:
            split = _taken_from_training(split, labels, groups, number, seed)
    return parts_of(frame, split), {"split": f"as given: {', '.join(given)}", "copies_left_out": int(lost.sum())}


def _has_classes(kind: Any) -> bool:
    return (kind.kind if isinstance(kind, Target) else kind) in ("classification", "binary")


def _labels(values: pd.Series) -> np.ndarray:
    """(n,) texts; a missing label is one of its own."""
    return np.array(["" if missing else str(each) for each, missing in zip(values, values.isna(), strict=True)])


def _require_classes(labels: pd.Series, name: str, path: Path) -> None:
    counts = labels.dropna().astype(str).value_counts()
    if not len(counts):
        raise DataError(f"No picture of '{path}' has a label '{name}'.")
    if len(counts) < 2:
        raise DataError(
            f"All pictures of '{path}' have the same '{name}', {counts.index[0]!r}: two are needed at least."
        )
    few = counts[counts < LEAST_OF_CLASS]
    if len(few) == len(counts):
        raise DataError(
            f"No class of '{path}' has more than {int(counts.max())} pictures; {LEAST_OF_CLASS} are needed at least, "
            "one each to train on, to validate and to test."
        )
    if len(few):
        warnings.warn(
            f"{len(few)} of {len(counts)} classes of '{path}' have fewer than {LEAST_OF_CLASS} pictures, such as "
            f"'{few.index[0]}': they stand in one or two splits only.",
            DataWarning,
            stacklevel=5,
        )


def _tell_labels(frame: pd.DataFrame, trained: pd.DataFrame, names: Sequence[str], path: Path) -> None:
    """Warn of labels that no training picture has, and of those that differ in case alone."""
    for name in names:
        labels = [str(label) for label in frame[name].dropna().unique()]
        known = {str(label) for label in trained[name].dropna().unique()}
        lacking = [label for label in labels if label not in known]
        if lacking:
            more = f" and {len(lacking) - 1} more" if lacking[1:] else ""
            said = f"no picture to train on has the label {lacking[0]!r}{more} of '{name}': it cannot be learnt."
            warnings.warn(f"'{path}': {said}", DataWarning, stacklevel=4)
        spelled: dict[str, str] = {}
        for label in sorted(labels):
            other = spelled.setdefault(unicodedata.normalize("NFKC", label).casefold(), label)
            if other != label:
                how = "in case" if other.casefold() == label.casefold() else "in how their letters are encoded"
                said = f"the labels {other!r} and {label!r} of '{name}' differ {how} alone, and are taken for two."
                warnings.warn(f"'{path}': {said}", DataWarning, stacklevel=4)
                break


def _tell_contradictions(frame: pd.DataFrame, column: str, names: Sequence[str], path: Path) -> None:
    """Warn of copies of a picture that have different labels."""
    for name in names:
        known = frame[frame[name].notna()]
        labels = known[name].astype(str)
        differ = known[labels.groupby(known[COPIES]).transform("nunique") > 1]
        if len(differ):
            alike = differ[differ[COPIES] == differ[COPIES].iloc[0]].drop_duplicates(name)
            one, other = (f"{row[column]} ({shown(str(row[name]))})" for _, row in alike.head(2).iterrows())
            warnings.warn(
                f"{len(differ):,} pictures of '{path}' are copies of others with another label of '{name}', or nearly, "
                f"such as {one} and {other}: a picture with two labels cannot be learnt; where a small part tells such "
                "pictures apart, they must be read large enough to show it.",
                DataWarning,
                stacklevel=4,
            )


def _without_copies(split: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(n,) bool: training pictures of which a copy is to judge by."""
    judged = np.unique(groups[split > 0])
    return (split == 0) & np.isin(groups, judged)


def _taken_from_training(
    split: np.ndarray, labels: np.ndarray | None, groups: np.ndarray, number: int, seed: int
) -> np.ndarray:
    """The split, with the usual share of the training pictures in the split `number`, which was not given."""
    rows = np.flatnonzero(split == 0)
    found = split_pictures(None if labels is None else labels[rows], groups[rows], seed=seed)
    split = split.copy()
    split[rows[found == number]] = number
    return split
