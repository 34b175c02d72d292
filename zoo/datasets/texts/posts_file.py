"""The user's own posts, from a JSONL or a CSV file: a text a row, and any of age, income (or industry) and gender.

    {"text": "Off to the match with my lads", "age": 34, "gender": "m", "person": "ann"}
    {"text": "Exams are over!", "income": "under 10k"}

Any label may be missing in any row; rows with the same `person` stay in one split. See `read_file` for the columns.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.columns.rows import Row, read_rows
from zoo.columns.text import is_encodable
from zoo.columns.tokeniser import Tokeniser, words_of
from zoo.datasets.dataset import Dataset
from zoo.datasets.given_files import tell_repeated
from zoo.datasets.splits import LEAST_PEOPLE, SPLITS
from zoo.datasets.texts.build import Label, Post, build
from zoo.errors import DataError, nearest
from zoo.samples import Target

LONGEST_POST = 1_000_000  # characters
LONGEST_NAME = 200  # characters of a person or of a class
AGES = (0, 120)  # years
MOST_CLASSES = 100  # more different labels than that are numbers or free text, not groups
GENDERS = ("man", "woman")
_SPELLINGS = {
    "man": ("man", "m", "male", "men", "boy", "masculine"),
    "woman": ("woman", "f", "female", "w", "women", "girl", "feminine"),
}
GENDER_OF = {spelling: gender for gender, spellings in _SPELLINGS.items() for spelling in spellings}
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]*)?")
_ALIKE = 0.9  # share of equal letters from which a column's name is a slip of the pen


def read_file(
    path: Path | str,
    *,
    text_column: str = "text",
    age_column: str = "age",
    income_column: str | None = None,
    gender_column: str = "gender",
    person_column: str = "person",
    encoding: str | None = None,
    seed: int = 0,
    words: int = 500,
    vocabulary_size: int = 50_000,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    whole: bool = False,
) -> Dataset:
    """A data set out of a .jsonl, .csv, .tsv or .parquet file (UTF-8 or the `encoding`, with a header).

    Long posts are cut into pieces.

    `validation` and `test` are files of these splits, used as they are; `whole` makes every split the whole file, which
    is to be judged and not to be learnt from.

    The income column holds a group's name, or "industry" stands in its place; the class names are those found. Targets
    without a label in the file are left out. `Samples.groups["person"]` holds the person, or "row N" where none is
    given. Raises `DataError` with the file and the line of anything that is not as described.
    """
    rows = read_rows(path, encoding=encoding)
    columns = {"text": text_column, "age": age_column, "gender": gender_column, "person": person_column}
    columns |= _income_column(rows, income_column)
    chosen = {age_column, gender_column, person_column, income_column} - {"age", "gender", "person", None}
    posts = _posts(rows, columns, chosen, path)
    targets = _targets(posts, columns, path)
    files = {split: file for split, file in (("validation", validation), ("test", test)) if file is not None}
    given = {split: _posts(read_rows(file), columns, chosen, file, f"{split} row") for split, file in files.items()}
    _tell_repeated({"train": posts, **given})
    people = len({post.person for post in posts})
    if people < LEAST_PEOPLE and len(given) < 2 and not whole:
        raise DataError(
            f"{path} holds texts of {people} people; a split into training, validation and test needs {LEAST_PEOPLE}."
        )
    return build(
        Path(path).stem,
        posts,
        targets,
        words=words,
        vocabulary_size=vocabulary_size,
        seed=seed,
        given=dict.fromkeys(SPLITS, posts) if whole else given,
        card={"source": Path(path).name, "rows": len(rows)},
    )


def _posts(
    rows: list[Row], columns: Mapping[str, str], chosen: set[str | None], path: Path | str, own: str = "row"
) -> list[Post]:
    """The rows of a file, checked; `own` names whoever has no name."""
    _require_columns(rows, columns, chosen, path)
    return [_post(row, columns, own) for row in rows]


def check_text(text: str, tokeniser: Tokeniser) -> None:
    """Raise `DataError` unless a model with this vocabulary can say anything about the text."""
    _require_text(text, "The text")
    if not tokeniser.known_share(text):
        raise DataError(
            f"The text '{_shortened(text)}' has no word that the model knows; it may be in another language or script."
        )


def _income_column(rows: list[Row], given: str | None) -> dict[str, str]:
    """{"income" or "industry": its column}. A column of the user's choice is called income unless it says industry."""
    if given is not None:
        return {"industry" if given.casefold() == "industry" else "income": given}
    industry = any("industry" in row.values for row in rows)
    if industry and any("income" in row.values for row in rows):
        raise DataError(f"{rows[0].file} has a column 'income' and a column 'industry'; say which with income_column.")
    return {"industry": "industry"} if industry else {"income": "income"}


def _require_columns(rows: list[Row], columns: Mapping[str, str], chosen: set[str | None], path: Path | str) -> None:
    """Every row has a text; columns that the user chose are there; no row has a misspelt one in its place."""
    for row in rows:
        if columns["text"] not in row.values:
            guess = nearest(columns["text"], row.values)
            hint = f"did you mean '{_shortened(guess)}'?" if guess else f"found: {_listed(row.values)}."
            raise DataError(f"{row.place}: the column '{columns['text']}' is missing; {hint}")
    found = {column for row in rows for column in row.values}
    for column in columns.values():
        if column in chosen and column not in found:
            raise DataError(f"{path} has no column '{column}'; found: {_listed(found)}.")
        for other in sorted(found - set(columns.values())):
            if not get_close_matches(column, [other.casefold()], cutoff=_ALIKE):
                continue
            having = next(row for row in rows if other in row.values)
            if not any(column in row.values and other in row.values for row in rows):
                raise DataError(f"{having.place} has a column '{_shortened(other)}'; did you mean '{column}'?")


def _tell_repeated(posts: Mapping[str, Sequence[Post]]) -> None:
    """Warn of texts, and of people, that stand in two of the files."""
    frames = {
        split: pd.DataFrame({"text": [each.text for each in part], "person": [each.person for each in part]})
        for split, part in posts.items()
    }
    tell_repeated(frames, ["text"], of="texts")
    people = {split: frame[["person"]].drop_duplicates() for split, frame in frames.items()}
    tell_repeated(people, ["person"], of="people")


def _post(row: Row, columns: Mapping[str, str], own: str) -> Post:
    """Checked values of one row, missing ones as None; `own` names whoever has no name."""
    value = {name: row.values.get(column) for name, column in columns.items()}
    _require_text(value.pop("text"), f"{row.place}: the {columns['text']}")
    person = _name(value.pop("person"), f"{row.place}: the {columns['person']}")
    labels: dict[str, Label] = {}
    for name, given in value.items():
        what = f"{row.place}: the {columns[name]}"
        labels[name] = (
            _age(given, what) if name == "age" else _gender(given, what) if name == "gender" else _name(given, what)
        )
    return Post(person or f"{own} {row.line}", row.values[columns["text"]], labels)


def _require_text(text: Any, what: str) -> None:
    if text is None or (isinstance(text, str) and not text.strip()):
        raise DataError(f"{what} is empty.")
    if not isinstance(text, str):
        raise DataError(f"{what} must be a string; received {_shown(text)}.")
    if len(text) > LONGEST_POST:
        raise DataError(f"{what} has {len(text):,} characters; at most {LONGEST_POST:,} are read.")
    if "\0" in text or not is_encodable(text):
        raise DataError(f"{what} holds NUL characters or halves of surrogate pairs, which are no text.")
    if not words_of(text):
        raise DataError(f"{what} is empty: it has no word and no punctuation mark.")


def _age(given: Any, what: str) -> float | None:
    if _missing(given):
        return None
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number and not (isinstance(given, str) and _NUMBER.fullmatch(given.strip())):
        raise DataError(f"{what} must be a number of years; received {_shown(given)}.")
    if isinstance(given, str):
        given = float(given)
    if not AGES[0] <= given <= AGES[1]:
        raise DataError(f"{what} must lie in {AGES[0]} to {AGES[1]} years; received {_shown(given)}.")
    return float(given)


def _gender(given: Any, what: str) -> str | None:
    if _missing(given):
        return None
    found = GENDER_OF.get(given.strip().casefold()) if isinstance(given, str) else None
    if found is None:
        raise DataError(
            f"{what} {_shown(given)} is unknown; write 'man' or 'woman' (or m, f, male, female), or nothing."
        )
    return found


def _name(given: Any, what: str) -> str | None:
    """The name of a person or a class: a string, or a number read as one."""
    if _missing(given):
        return None
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise DataError(f"{what} must be a name or a number; received {_shown(given)}.")
    if isinstance(given, str) and not given.strip().isprintable():
        raise DataError(f"{what} holds characters that cannot be shown: {_shown(given)}.")
    name = given.strip() if isinstance(given, str) else repr(given)
    if len(name) > LONGEST_NAME:
        raise DataError(f"{what} must be a short name; received one of {len(name):,} characters.")
    return name


def _missing(given: Any) -> bool:
    return given is None or (isinstance(given, str) and not given.strip())


def _targets(posts: Iterable[Post], columns: Mapping[str, str], path: Path | str) -> dict[str, Target]:
    """The targets that have labels, in the order age, income or industry, gender."""
    names = ["age", "industry" if "industry" in columns else "income", "gender"]
    found: dict[str, set[Label]] = {name: {post.labels[name] for post in posts} - {None} for name in names}
    if not any(found.values()):
        wanted = ", ".join(f"'{columns[name]}'" for name in names)
        raise DataError(f"{path}: all labels are missing; at least one of the columns {wanted} must have values.")
    targets = {}
    for name, labels in found.items():
        if name == "age" and labels:
            targets[name] = Target("regression", unit="years")
        elif name == "gender" and labels:
            targets[name] = Target("binary", GENDERS)
        elif labels:
            targets[name] = _classes({str(label) for label in labels}, columns[name], path)
    return targets


def _classes(labels: set[str], column: str, path: Path | str) -> Target:
    if not 2 <= len(labels) <= MOST_CLASSES:
        raise DataError(
            f"{path}: the column '{column}' must have 2 to {MOST_CLASSES} different groups; it has {len(labels):,}, "
            f"such as '{_shortened(min(labels))}'."
        )
    return Target("classification", tuple(sorted(labels, key=lambda label: (_natural(label), label))))


def _natural(label: str) -> list[tuple[int, int, str]]:
    """Sorts "9k" before "10k"."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]+", label.casefold())
    return [
        (0, int(part), "") if part.isascii() and part.isdigit() and len(part) < 19 else (1, 0, part) for part in parts
    ]


def _shown(value: Any) -> str:
    """A user's value, strings in quotes."""
    return f"'{_shortened(value)}'" if isinstance(value, str) else _shortened(repr(value))


def _shortened(text: str) -> str:
    """At most 60 printable characters."""
    shown = text if text.isprintable() else repr(text)[1:-1]
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _listed(columns: Iterable[str]) -> str:
    return _shortened(", ".join(sorted(columns)) or "none")
