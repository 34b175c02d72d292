"""Corpora of poems as data sets for a language model: Tang poems, Song ci, a few sonnets, or any text of yours.

The target is the next character at every step. In classical Chinese verse the lengths of the lines are given and line
ends are no characters; in free text they are predicted like any other.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.columns.characters import RESERVED, Characters
from zoo.columns.verse import fit_characters
from zoo.datasets.dataset import Dataset
from zoo.datasets.poems.chinese import read_chinese
from zoo.datasets.poems.split import split_poems
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
from zoo.errors import ConfigError, DataError

UNITS = ("characters", "words")
VERSE = "verse"  # the column
LARGEST_FILE = 64 * 2**20  # bytes
_STANZA_END = re.compile(r"\n\s*\n")
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
CHINESE_POETRY = {"source": "github.com/chinese-poetry/chinese-poetry", "licence": "MIT; the poems: public domain"}

Poems = Sequence[Sequence[str]]


def tang(
    *, seed: int = 0, least: int = 5, path: Path | str | None = None, characters: Characters | None = None
) -> Dataset:
    """The Complete Tang Poems, 56,486 whole ones in traditional characters.

    Characters that occur less than `least` times in training are unknown; `path` is the archive, which is fetched where
    none is given, `characters` a vocabulary to be used. Splits as `split_poems`; arrays and groups as `samples_of`.
    """
    return poem_dataset(
        "tang",
        read_chinese("tang", path),
        free=False,
        least=least,
        seed=seed,
        card=CHINESE_POETRY,
        characters=characters,
    )


def song_ci(
    *, seed: int = 0, least: int = 5, path: Path | str | None = None, characters: Characters | None = None
) -> Dataset:
    """The ci of the Song, in simplified characters; their tunes fix the lengths of the lines. Options as `tang`."""
    poems = read_chinese("song_ci", path)
    return poem_dataset(
        "song_ci", poems, free=False, least=least, seed=seed, card=CHINESE_POETRY, characters=characters
    )


def sonnets(*, seed: int = 0, least: int = 2, characters: Characters | None = None) -> Dataset:
    """Quatrains and couplets of Shakespeare's sonnets, which the zoo holds itself: a small corpus to try things on."""
    text = files("zoo.datasets.poems").joinpath("sonnets.txt").read_text(encoding="utf-8")
    card = {"source": "William Shakespeare, Sonnets, 1609", "licence": "public domain"}
    return poem_dataset(
        "sonnets", stanzas(text), free=True, separator=" ", least=least, seed=seed, card=card, characters=characters
    )


def read_poems(
    path: Path | str,
    *,
    seed: int = 0,
    least: int = 2,
    unit: str | None = None,
    characters: Characters | None = None,
    whole: bool = False,
) -> Dataset:
    """Any UTF-8 text: poems or stanzas with an empty line between them, or a poem a line where there is none; all of
    them in every split where the file is to be judged as a `whole`.

    `unit` is "characters" or "words"; by default characters where most letters are ideographs, else words. Raises
    `DataError` for a file that cannot be read, or holds too few poems to be split.
    """
    if unit is not None and unit not in UNITS:
        raise ConfigError(f"'unit' must be one of {', '.join(UNITS)}; received {unit!r}.")
    text = _read(Path(path))
    letters = [letter for letter in text if letter.isalpha()]
    by_words = unit == "words" or (unit is None and 2 * len(_IDEOGRAPHS.findall(text)) < len(letters))
    card = {"source": Path(path).name, "licence": "yours"}
    separator = " " if by_words else ""
    return poem_dataset(
        Path(path).stem,
        stanzas(text),
        free=True,
        separator=separator,
        least=least,
        seed=seed,
        card=card,
        characters=characters,
        whole=whole,
    )


def stanzas(text: str) -> list[tuple[str, ...]]:
    """Parts of a text between empty lines, as lines; single lines where there is no empty one.

    >>> stanzas("one\\ntwo\\n\\nthree"), stanzas("one\\ntwo")
    ([('one', 'two'), ('three',)], [('one',), ('two',)])
    """
    parts = _STANZA_END.split(text.strip())
    parts = parts if len(parts) > 1 else text.strip().split("\n")
    found = (tuple(line.strip() for line in part.split("\n") if line.strip()) for part in parts)
    return [lines for lines in found if lines]


def poem_dataset(
    name: str,
    poems: Poems,
    *,
    free: bool,
    separator: str = "",
    least: int,
    seed: int,
    card: Mapping[str, Any],
    characters: Characters | None = None,
    whole: bool = False,
) -> Dataset:
    """Poems as lines of text -> the data set, by a vocabulary of its own or by `characters`.

    The card says "other_characters", how many of the corpus the vocabulary lacks: an honest perplexity shares the
    unknown one's probability among them.
    """
    if not isinstance(least, int) or least < 1:
        raise ConfigError(f"'least' must be a whole number >= 1; received {least!r}.")
    words = Characters((), separator).units if separator else None
    written = [[tuple(words(line)) for line in poem] for poem in poems] if words else poems
    numbers = {split: list(range(len(poems))) for split in SPLITS} if whole else split_poems(written, seed=seed)
    parts = {split: [poems[number] for number in members] for split, members in numbers.items()}
    chosen = tuple(characters.characters) if characters else None
    known = characters or fit_characters(parts["train"], least=least, separator=separator)
    everything = Counter(unit for poem in poems for line in poem for unit in known.units(line))
    others = sum(unit not in known.ids for unit in everything)
    facts = {
        "seed": seed,
        "poems": {part: len(members) for part, members in parts.items()},
        "characters": known.size - RESERVED,
        "other_characters": others,
        "free": free,
    }
    options = {"separator": separator, "free": free, "least": least, "others": others, "characters": chosen}
    train_rows, validation_rows, test_rows = (_frame(parts[split], known) for split in SPLITS)
    return Table(
        name,
        train_rows,
        validation_rows,
        test_rows,
        targets={},
        columns={"types": {VERSE: "verse"}, "options": {VERSE: options}, "ignore": ("poem",)},
        groups=("poem",),
        unit="pieces",
        card={**card, **facts},
    ).dataset()


def _frame(poems: Poems, known: Characters) -> pd.DataFrame:
    """Poems of one form stand together."""
    forms: dict[tuple[int, ...], list[int]] = {}
    for number, poem in enumerate(poems):
        forms.setdefault(tuple(len(known.units(line)) for line in poem), []).append(number)
    order = [number for numbers in forms.values() for number in numbers]
    return pd.DataFrame({VERSE: [tuple(poems[number]) for number in order], "poem": order})


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"{path} is larger than {LARGEST_FILE // 2**20} MB.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"The text {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: byte {error.start} does not fit.") from error
