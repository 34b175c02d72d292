"""The user's own pairs, from a JSONL, CSV or TSV file: two texts and a score a row.

    {"left": "A man plays a guitar", "right": "Someone is playing music", "score": 4.2}

A column `split` (train, validation, test) divides the rows; without it, pairs that share a text stand in one split.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.columns.rows import Row, read_rows
from zoo.columns.text import spelled
from zoo.datasets.dataset import Dataset
from zoo.datasets.given_files import shares_left, tell_repeated
from zoo.datasets.pairs.build import SIDES, WORDS, Pair, Scale, build_pairs
from zoo.datasets.splits import LEAST_PEOPLE, SPLIT_OF, SPLITS, split_people
from zoo.errors import DataError, DataWarning, nearest

LONGEST_TEXT = 1_000_000  # characters
LONGEST_LABEL = 60  # characters of one of two labels
MOST_TOGETHER = 0.5  # share of all pairs that hang together by their texts, beyond which they cannot be divided
SPLIT_COLUMN = "split"


def read_pairs(
    path: Path | str,
    *,
    left_column: str = "left",
    right_column: str = "right",
    score_column: str = "score",
    low: float | None = None,
    high: float | None = None,
    labels: Sequence[str] = (),
    encoding: str | None = None,
    seed: int = 0,
    words: int = WORDS,
    vocabulary_size: int = 20_000,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
) -> Dataset:
    """A data set out of a .jsonl, .csv, .tsv or .parquet file (UTF-8 or in the `encoding`, with a header).

    `validation` and `test` are files of these splits, used as they are; `whole` makes every split the whole file, which
    is to be judged and not to be learnt from.

    `low` and `high` are the ends of the scale; without them, the whole numbers around the scores found. Where the
    scores are 0 and 1, truth values or two texts, and no end is given, they are labels: the pairs are classified, and a
    warning says so. `labels` names the two, the positive one last, of a file that may lack one. A score may be missing
    in any row. Raises `DataError` with the file and the line of anything that is not as described.
    """
    columns = {"left": left_column, "right": right_column, "score": score_column}
    files = {"train": path, "validation": validation, "test": test}
    rows = {split: read_rows(file, of="pairs", encoding=encoding) for split, file in files.items() if file is not None}
    for row in chain.from_iterable(rows.values()):
        _require_columns(row, columns)
    scaled = bool(labels) or low is not None or high is not None
    told = tuple(labels) if scaled else labels_in([row.values[score_column] for row in rows["train"]])
    if told:
        if told != tuple(labels):
            _tell_labels(told, score_column)
        rows = {split: [_with_place(row, score_column, told) for row in part] for split, part in rows.items()}
    found = {split: [_pair(row, columns) for row in part] for split, part in rows.items()}
    scores = [pair.score for pair in found["train"] if pair.score is not None]
    scale = Scale(0, 1, told) if told else _scale(scores, low, high, path)
    for split, part in rows.items():
        _require_scale(part, found[split], scale, score_column)
    _tell_repeated(found)
    splits = _splits(rows["train"], found, path, seed, whole=whole)
    if not any(pair.score is not None for pair in splits["train"]):
        raise DataError(f"{path}: no pair to train on has a value in the column '{score_column}'.")
    card = {"source": Path(path).name, "rows": sum(map(len, rows.values())), "seed": seed}
    name = Path(path).stem
    least = 1 if labels else 2
    return build_pairs(name, splits, scale, words=words, vocabulary_size=vocabulary_size, card=card, least_labels=least)


def _require_scale(rows: Sequence[Row], pairs: Sequence[Pair], scale: Scale, column: str) -> None:
    for row, pair in zip(rows, pairs, strict=True):
        if pair.score is not None and not scale.low <= pair.score <= scale.high:
            raise DataError(
                f"{row.place}: the {column} must lie in {scale.low:g} to {scale.high:g}; received {pair.score:g}."
            )


def _tell_repeated(found: Mapping[str, Sequence[Pair]]) -> None:
    """Warn of pairs that stand in two of the files, in either order of their texts."""
    frames = {}
    for split, pairs in found.items():
        texts = [sorted((spelled(pair.left), spelled(pair.right))) for pair in pairs]
        frames[split] = pd.DataFrame(texts, columns=["one", "other"])
    tell_repeated(frames, ["one", "other"], of="pairs")


def labels_in(scores: Sequence[Any]) -> tuple[str, ...]:
    """The two labels that the scores are, the positive one last; () where they are numbers of a scale.

    >>> labels_in(["1", "0", ""]), labels_in([True, False]), labels_in(["same", "other"]), labels_in([0, 5])
    (('0', '1'), ('False', 'True'), ('other', 'same'), ())
    """
    found = sorted({label for score in scores if (label := _label(score))})
    if len(found) != 2 or any(len(label) > LONGEST_LABEL for label in found):
        return ()
    numbers = [label for label in found if _is_numeral(label)]
    return tuple(found) if not numbers or found == ["0", "1"] else ()


def _label(score: Any) -> str:
    """ "1" of 1, 1.0 and "1.0"; "" where there is none."""
    if isinstance(score, str | bool):
        text = str(score).strip()
        return {"0.0": "0", "1.0": "1"}.get(text, text)
    if isinstance(score, int | float):
        return f"{score:g}"
    return ""


def _is_numeral(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _with_place(row: Row, column: str, labels: Sequence[str]) -> Row:
    """The row with the place of its label, which must be one of those of the training file."""
    label = _label(row.values[column])
    if label and label not in labels:
        raise DataError(f"{row.place}: the {column} must be '{labels[0]}' or '{labels[1]}'; received {_short(label)}.")
    return replace(row, values={**row.values, column: labels.index(label) if label else None})


def _tell_labels(labels: Sequence[str], column: str) -> None:
    warnings.warn(
        f"'{column}' holds {labels[0]} and {labels[1]}: the pairs are classified, '{labels[1]}' being the positive "
        "label; with low=0 and high=1 among the data's options they are scores of a regression.",
        DataWarning,
        stacklevel=4,
    )


def check_text(text: Any, what: str) -> None:
    """Raise `DataError` unless `text` is a string that holds a word."""
    if text is None or (isinstance(text, str) and not text.strip()):
        raise DataError(f"{what} is empty.")
    if not isinstance(text, str):
        raise DataError(f"{what} must be a string; received {_short(text)}.")
    if len(text) > LONGEST_TEXT:
        raise DataError(f"{what} has {len(text):,} characters; at most {LONGEST_TEXT:,} are read.")
    if not spelled(text):
        raise DataError(f"{what} has no word: {_short(text)}.")


def _require_columns(row: Row, columns: Mapping[str, str]) -> None:
    for column in columns.values():
        if column not in row.values:
            guess = nearest(column, set(row.values) - set(columns.values()))
            listed = ", ".join(sorted(row.values)) or "none"
            hint = f"did you mean '{guess}'?" if guess else f"found: {listed[:60]}."
            raise DataError(f"{row.place}: the column '{column}' is missing; {hint}")


def _pair(row: Row, columns: Mapping[str, str]) -> Pair:
    for side in SIDES:
        check_text(row.values[columns[side]], f"{row.place}: the {columns[side]} text")
    left, right = (row.values[columns[side]] for side in SIDES)
    return Pair(left, right, _number(row.values[columns["score"]], f"{row.place}: the {columns['score']}"))


def _number(given: Any, what: str) -> float | None:
    """A score, or None where there is none."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    try:
        value = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        value = float("nan")
    if not math.isfinite(value):
        raise DataError(f"{what} must be a number; received {_short(given)}.")
    return value


def _scale(scores: Sequence[float], low: float | None, high: float | None, path: Path | str) -> Scale:
    if not scores:
        raise DataError(f"{path}: all scores are missing; at least one row must have one.")
    bottom = math.floor(min(scores)) if low is None else low
    top = math.ceil(max(scores)) if high is None else high
    if low is None and high is None and bottom == top:
        raise DataError(f"{path}: all scores are {bottom:g}; there is nothing to learn.")
    return Scale(bottom, top)


def _splits(
    rows: Sequence[Row], found: Mapping[str, Sequence[Pair]], path: Path | str, seed: int, *, whole: bool
) -> Mapping[str, Sequence[Pair]]:
    """The pairs of each split: as files or the column of the training `rows` say, else by their texts."""
    divided = any(SPLIT_COLUMN in row.values for row in rows)
    if divided and len(found) > 1:
        raise DataError(f"{path} has a column '{SPLIT_COLUMN}', and files are given for splits; leave out one of them.")
    if whole:
        return dict.fromkeys(SPLITS, found["train"])
    if len(found) == len(SPLITS):
        return found
    shared_out = _given_splits(rows, found["train"]) if divided else _by_text(found, seed, path)
    return {**shared_out, **{split: part for split, part in found.items() if split != "train"}}


def _given_splits(rows: Sequence[Row], pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    splits: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    for row, pair in zip(rows, pairs, strict=True):
        given = str(row.values.get(SPLIT_COLUMN, "")).strip().casefold()
        if given not in SPLIT_OF:
            raise DataError(f"{row.place}: the split must be train, validation or test; received '{given[:40]}'.")
        splits[SPLIT_OF[given]].append(pair)
    return splits


def _by_text(given: Mapping[str, Sequence[Pair]], seed: int, path: Path | str) -> dict[str, list[Pair]]:
    """70:10:20, or without a split that is given; pairs that share a text, or hang together by others that do, stay
    together.
    """
    pairs = given["train"]
    leader: dict[str, str] = {}

    def first(text: str) -> str:
        while leader.setdefault(text, text) != text:
            leader[text] = leader[leader[text]]
            text = leader[text]
        return text

    for pair in pairs:
        leader[first(spelled(pair.left))] = first(spelled(pair.right))
    members: dict[str, list[Pair]] = {}
    for pair in pairs:
        members.setdefault(first(spelled(pair.left)), []).append(pair)
    together = max(map(len, members.values()))
    if len(members) < LEAST_PEOPLE or together > MOST_TOGETHER * len(pairs):
        raise DataError(
            f"{path} cannot be divided into training, validation and test without a text in two of them: {together} of "
            f"{len(pairs)} pairs hang together by the texts they share. Give a column '{SPLIT_COLUMN}'."
        )
    strata = {name: _band(found[0].score) for name, found in members.items()}
    split_of = split_people(strata, seed=seed, shares=shares_left(given))
    splits: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    for name, found in members.items():
        splits[split_of[name]] += found
    return splits


def _band(score: float | None) -> int:
    return -1 if score is None else round(score)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
