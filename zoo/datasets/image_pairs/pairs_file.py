"""The user's own pairs of pictures, from a CSV, JSONL or Parquet file: two paths and a label a row.

    left,right,label
    ann/1.png,ann/2.png,same

Pictures that pairs of the same link, at whatever remove, are of one person or thing, who stands in one split alone.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.columns import read_table
from zoo.datasets.image_pairs.build import LABELS, LEAST_CLASSES, SAME, SIDES, pairs_table, require_apart, split_classes
from zoo.datasets.image_pairs.links import Links, person_of, require_consistent
from zoo.datasets.image_pairs.reading import SIZE, damaged_files, digest
from zoo.datasets.joint.guessing import find_pictures
from zoo.datasets.pictures.finding import PICTURE
from zoo.datasets.splits import SPLIT, SPLITS, splits_in_column
from zoo.datasets.table import Table
from zoo.errors import ConfigError, DataError, DataWarning, require_known

KEYS = ("left_key", "right_key")  # columns: what each picture is known by, whatever its file is called
DAMAGED = "damaged"  # column: whether one of both cannot be read
NEGATIVE = ("0", "0.0", "false", "no", "different", "other", "unlike")
POSITIVE = ("1", "1.0", "true", "yes", SAME, "equal", "match")
MOST_TOGETHER = 0.3  # share of all pairs that hang together by their pictures, beyond which some must be left out


def read_image_pairs(
    path: Path | str,
    *,
    left_column: str = SIDES[0],
    right_column: str = SIDES[1],
    label_column: str = "label",
    labels: Sequence[str] = (),
    size: int | Sequence[int] = SIZE,
    channels: int | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
    seed: int = 0,
) -> Table:
    """Pairs to train on, to validate and to test: by a column "split", by files of these splits, or 70:10:20 by person.

    labels  the two of the column, the one of different pictures first; not needed for 0 and 1, truth values, yes and
            no, "different" and "same".
    size, channels, preprocessing  as in `PictureColumn.fit`; left and right are resized to one size.
    whole   every split is the whole file, which is to be judged and not to be learnt from.

    Paths are relative to the file. Pairs of a picture with itself, and those whose pictures cannot be read, are left
    out and told. Raises `DataError` for addresses in the place of paths, labels that contradict each other, and a
    person or picture in two splits.
    """
    columns = {SIDES[0]: left_column, SIDES[1]: right_column, SAME: label_column}
    files = {"train": path, "validation": validation, "test": test}
    frame, given = _joined(path, {name: file for name, file in files.items() if file}, columns, tuple(labels), encoding)
    frame = _without_self(frame, path)
    links = _links(frame)  # of all rows: who is who does not hang on which pictures can be read
    require_consistent(links, frame[list(SIDES)].to_numpy(str), path)
    frame = frame[~frame[DAMAGED]].reset_index(drop=True)
    if not len(frame):
        raise DataError(f"No pair of '{path}' is of two different pictures that can be read.")
    if whole:
        parts = dict.fromkeys(SPLITS, frame)
    else:
        parts = _given(frame, person_of(links)) if given else _by_person(frame, links, path, seed)
    told = tuple(labels) or LABELS
    named = {name: rows[[*SIDES]].assign(**{SAME: rows[SAME].map(dict(zip(LABELS, told, strict=True)))})
             for name, rows in parts.items()}  # fmt: skip
    pictures: dict[str, Any] = {"size": size, "channels": channels, "preprocessing": preprocessing}
    card = {"source": Path(path).name, "rows": len(frame), "seed": seed}
    return pairs_table(Path(path).stem, named, labels=told, card=card, **pictures)


def _joined(
    path: Path | str,
    files: Mapping[str, Path | str],
    columns: Mapping[str, str],
    labels: tuple[str, ...],
    encoding: str | None,
) -> tuple[pd.DataFrame, bool]:
    """The rows of all files, split -> file, and whether their column "split" says in which one each stands."""
    frames = {name: _rows(Path(file), columns, labels, encoding) for name, file in files.items()}
    divided = any(SPLIT in rows.columns for rows in frames.values())
    if divided and len(frames) > 1:
        raise DataError(f"'{path}' has a column '{SPLIT}', and files are given for splits; leave out one of them.")
    if len(frames) == 2:
        raise ConfigError("Of pairs, give files for both the validation and the test split, or for none.")
    if len(frames) > 1:
        frames = {name: rows.assign(**{SPLIT: name}) for name, rows in frames.items()}
    return pd.concat(frames.values(), ignore_index=True), divided or len(frames) > 1


def _rows(path: Path, columns: Mapping[str, str], labels: tuple[str, ...], encoding: str | None) -> pd.DataFrame:
    """left and right as paths from here, same as one of `LABELS`, and the split where there is one."""
    if not path.exists():
        raise DataError(f"There is no folder or file '{path}'.")
    known = read_table(path, encoding=encoding, unasked=None).columns
    for column in columns.values():
        require_known(f"column of '{path}' (which needs {', '.join(columns.values())})", column, known)
    frame = read_table(path, types={columns[side]: PICTURE for side in SIDES}, encoding=encoding, unasked=None)
    found = pd.DataFrame({side: find_pictures(frame[columns[side]], columns[side], path.parent) for side in SIDES})
    for side in SIDES:
        if found[side].isna().any():
            row = int(found[side].isna().to_numpy().argmax()) + 1
            raise DataError(f"The column '{columns[side]}' of {path} has no picture in row {row}.")
    found[SAME] = [_label(value, row, columns[SAME], labels, path) for row, value in enumerate(frame[columns[SAME]], 1)]
    if SPLIT in frame.columns:
        found[SPLIT] = splits_in_column(frame[SPLIT], path)
    unknown = int(found[SAME].isna().sum())
    if unknown:
        warnings.warn(f"{unknown} pairs of '{path}' have no label, and are left out.", DataWarning, stacklevel=4)
    found = found.dropna(subset=[SAME], ignore_index=True)
    if not len(found):
        raise DataError(f"No pair of '{path}' has a value in the column '{columns[SAME]}'.")
    damaged = damaged_files(found, SIDES, path)
    for side, key in zip(SIDES, KEYS, strict=True):  # a page of an error under many names is not one picture
        found[key] = [file if file in damaged else digest(file) for file in found[side]]
    found[DAMAGED] = found[list(SIDES)].isin(damaged).any(axis=1)
    return found


def _label(value: Any, row: int, column: str, labels: tuple[str, ...], path: Path) -> str | None:
    """One of `LABELS`, or None where there is none."""
    if value is None or pd.isna(value):
        return None
    text = str(value).strip()
    known = tuple((each,) for each in labels) if labels else (NEGATIVE, POSITIVE)
    for label, texts in zip(LABELS, known, strict=True):
        if text in texts or (not labels and text.lower() in texts):
            return label
    expected = " or ".join(map(repr, labels)) if labels else "0 or 1, no or yes, different or same"
    raise DataError(
        f"'{column}' of {path} must say whether a pair shows the same: {expected}; row {row} has {text[:40]!r}. Other "
        "words are named as labels=['different', 'same'], the one of different pictures first."
    )


def _links(frame: pd.DataFrame) -> Links:
    return Links.of(frame[KEYS[0]], frame[KEYS[1]], frame[SAME] == LABELS[1])


def _without_self(frame: pd.DataFrame, path: Path | str) -> pd.DataFrame:
    alone = frame[KEYS[0]] == frame[KEYS[1]]
    if not alone.any():
        return frame
    example = frame[SIDES[0]][alone].iloc[0]
    warnings.warn(
        f"{int(alone.sum())} pairs of '{path}' are of a picture with itself, such as '{example}': they tell nothing, "
        "and are left out.",
        DataWarning,
        stacklevel=4,
    )
    return frame[~alone].reset_index(drop=True)


def _given(frame: pd.DataFrame, people: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The splits as they are given in a column, of which no two may have pictures of one person.

    people  key of a picture -> person.
    """
    names: dict[str, str] = {}
    for side, keys in zip(SIDES, KEYS, strict=True):
        for key, file in zip(frame[keys], frame[side], strict=True):
            names.setdefault(people[key], file)
    seen = {
        name: sorted({names[people[key]] for keys in KEYS for key in frame[keys][frame[SPLIT] == name]})
        for name in SPLITS
    }
    require_apart(seen, "person or thing of")
    parts = {name: frame[frame[SPLIT] == name].reset_index(drop=True) for name in SPLITS}
    if lacking := [name for name, rows in parts.items() if not len(rows)]:
        raise DataError(f"There is no pair in the {lacking[0]} split.")
    return parts


def _by_person(frame: pd.DataFrame, links: Links, path: Path | str, seed: int) -> dict[str, pd.DataFrame]:
    """70:10:20 of the people or things; what hangs together stays together, or pairs across splits are left out.

    The links are those of all rows, also of others than the frame's.
    """
    together = person_of(links, also_different=True)
    clusters = frame[KEYS[0]].map(together)
    if clusters.value_counts().iloc[0] > MOST_TOGETHER * len(frame) or clusters.nunique() < LEAST_CLASSES:
        people = person_of(links)
        shown = {people[key] for keys in KEYS for key in frame[keys]}
        split_of = split_classes(list(shown), seed=seed, what="people or things")
        ends = [[split_of[people[key]] for key in frame[keys]] for keys in KEYS]
        inside = pd.Series([one == other for one, other in zip(*ends, strict=True)])
        warnings.warn(
            f"{int((~inside).sum()):,} of {len(frame):,} pairs of '{path}' are of people or things in two splits, and "
            "are left out: nobody to judge by is seen in training.",
            DataWarning,
            stacklevel=4,
        )
        split = pd.Series(ends[0])
    else:
        split_of = split_classes(clusters.tolist(), seed=seed, what="people or things")
        split, inside = clusters.map(split_of), pd.Series(True, index=range(len(frame)))
    return {name: frame[((split == name) & inside).to_numpy()].reset_index(drop=True) for name in SPLITS}
