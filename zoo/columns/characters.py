"""Poems as numbers: a vocabulary, and what a language model is told of the place where the next character stands.

A poem is read character by character, its lines run together. Where its form (the lengths of its lines) is given, as in
classical Chinese verse, line ends are no characters: nothing is spent on predicting them. In free text (lyrics, English
verse) every line ends with the character `LINE_END`, and the lengths are the poet's to choose.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from zoo.columns.tokeniser import words_of
from zoo.errors import ConfigError, DataError

PADDING, UNKNOWN, LINE_END = 0, 1, 2  # LINE_END also stands for what is not there: before a poem, above its first line
RESERVED = 3  # ids before the first character
FREE = ()  # the form of free text
MOST_PLACES, MOST_LINES = 16, 16  # told apart; later ones share the last numbers
STEP_INPUTS: dict[str, int | None] = {
    "character": None,
    "above": None,
    "rhyme": None,
    "place": MOST_PLACES + 1,
    "left": MOST_PLACES + 2,
    "line": MOST_LINES + 1,
    "form": MOST_LINES + 3,
}
"""Inputs of every step -> how many numbers there are of it (None: the vocabulary), 0 being padding.

character  the one before the one to be predicted.
above      the one in the same place of the line above: couplets are parallel.
rhyme      the last one of the latest even line (before line 3: of line 1): what an even line rhymes with.
place      1 for the first place of a line, 2, ...; the last number for all from `MOST_PLACES` on.
left       characters that the line still lacks, likewise; `MOST_PLACES` + 1 in free text.
line       1 for the first line, 2, ...; later than `MOST_LINES` the last two in turn, odd lines and even ones.
form       lines of the poem; `MOST_LINES` + 1 for more, `MOST_LINES` + 2 in free text.
"""


@dataclass(frozen=True)
class Characters:
    """A vocabulary: 0 is padding, 1 an unknown character, 2 the end of a line, and `characters` follow from 3.

    separator  what stands between two of them in a text: "" for characters, " " where words are the characters.

    >>> letters = Characters(tuple("春江花月夜"))
    >>> letters.size, letters.encode("春夜喜雨").tolist(), letters.decode([3, 6, 2, 7])
    (8, [3, 7, 1, 1], '春月\\n夜')
    """

    characters: tuple[str, ...]
    separator: str = ""

    def __post_init__(self) -> None:
        if len(set(self.characters)) < len(self.characters):
            twice = next(each for each in self.characters if self.characters.count(each) > 1)
            raise DataError(f"A vocabulary holds every character once; '{twice}' stands in it twice.")

    @property
    def size(self) -> int:
        """Number of ids: what an embedding must hold."""
        return RESERVED + len(self.characters)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Character -> id."""
        return {character: number for number, character in enumerate(self.characters, RESERVED)}

    def units(self, text: str) -> list[str]:
        """A line of text -> its characters, or its words."""
        return words_of(text) if self.separator else [each for each in text if not each.isspace()]

    def encode(self, text: str) -> np.ndarray:
        """A text -> (L,) int32; its line breaks become `LINE_END`, those at its end are left out."""
        lines = text.rstrip("\n").split("\n")
        found = [self.ids.get(unit, UNKNOWN) for unit in self.units(lines[0])]
        for line in lines[1:]:
            found += [LINE_END, *(self.ids.get(unit, UNKNOWN) for unit in self.units(line))]
        return np.array(found, dtype="int32")

    def decode(self, ids: Iterable[int]) -> str:
        """Ids -> text, padding left out and "□" for an unknown character."""
        shown = ["", "□", "\n", *self.characters]
        text = self.separator.join(shown[number] for number in ids if number != PADDING)
        return text.replace(f"{self.separator}\n{self.separator}", "\n") if self.separator else text


@dataclass(frozen=True)
class Layout:
    """Where each of the L characters of a form stands: numbers (L,) of `STEP_INPUTS`, and places (L,) to look back to.

    above, rhyme  index of the character that stands there, -1 where there is none.
    """

    place: np.ndarray
    left: np.ndarray
    line: np.ndarray
    form: np.ndarray
    above: np.ndarray
    rhyme: np.ndarray


@lru_cache(maxsize=4096)
def layout(lengths: tuple[int, ...], *, free: bool = False) -> Layout:
    """The layout of lines of these lengths; of free text they count the `LINE_END` of each line.

    >>> layout((5, 5)).left.tolist(), layout((5, 5)).above.tolist()
    ([5, 4, 3, 2, 1, 5, 4, 3, 2, 1], [-1, -1, -1, -1, -1, 0, 1, 2, 3, 4])
    """
    if not lengths or not all(isinstance(length, int) and length >= 1 for length in lengths):
        raise ConfigError(f"A form is the lengths of its lines, each at least 1; received {lengths}.")
    size = np.array(lengths)
    start = np.cumsum(size) - size
    line = np.repeat(np.arange(len(size)), size)  # (L,), from 0
    place = np.arange(size.sum()) - start[line]
    end = start + size - (2 if free else 1)  # the last character of each line, before its LINE_END
    previous = np.where(line > 0, line - 1, 0)
    above = np.where((line > 0) & (place < size[previous]), start[previous] + place, -1)
    rhyming = np.where(line >= 2, 2 * (line // 2) - 1, 0)  # the latest even line counted from 1; at first line 1
    rhyme = np.where(line > 0, np.maximum(end, -1)[rhyming], -1)
    late = MOST_LINES - 1 + line % 2
    return Layout(
        place=np.minimum(place + 1, MOST_PLACES).astype("int32"),
        left=_numbers(MOST_PLACES + 1, line) if free else np.minimum(size[line] - place, MOST_PLACES).astype("int32"),
        line=np.where(line < MOST_LINES, line + 1, late).astype("int32"),
        form=_numbers(MOST_LINES + 2 if free else min(len(size), MOST_LINES + 1), line),
        above=above,
        rhyme=rhyme,
    )


def inputs_of(ids: np.ndarray, form: Sequence[int], *, free: bool = False) -> dict[str, np.ndarray]:
    """Poems (B, L) of one form, or of free text with these lengths of lines -> every step's inputs, (B, L) int32 each.

    Step t is what is known when character t is to be predicted.
    """
    where = layout(tuple(form), free=free)
    places = {"character": np.arange(ids.shape[1]) - 1, "above": where.above, "rhyme": where.rhyme}
    found = {name: _looked_up(ids, behind) for name, behind in places.items()}
    for name in ("place", "left", "line", "form"):
        found[name] = np.broadcast_to(getattr(where, name), ids.shape)
    return {name: np.ascontiguousarray(values, dtype="int32") for name, values in found.items()}


def step_inputs(so_far: np.ndarray, form: Sequence[int] = FREE, *, at: int | None = None) -> dict[str, np.ndarray]:
    """Beginnings of poems -> the inputs (B,) int32 of `zoo.models.poem.step_model` for their next character.

    so_far  (B, T) ids of the characters so far, lines run together; of free text with a `LINE_END` after each line.
    form    lengths of all lines of the poem, such as (7, 7, 7, 7); `FREE` for free text.
    at      place of the next character where it is not T: `so_far` may be wider than what is written of it.

    >>> {name: values.tolist() for name, values in step_inputs(np.array([[9, 8, 7]]), (2, 2)).items()}
    {'character': [7], 'above': [8], 'rhyme': [8], 'place': [2], 'left': [1], 'line': [2], 'form': [2]}
    """
    place = so_far.shape[1] if at is None else at
    if not form:
        rows = [_free_step(row[:place]) for row in so_far]
        return {name: np.array([row[name] for row in rows], dtype="int32") for name in STEP_INPUTS}
    where = layout(tuple(form))
    if place >= len(where.place):
        raise ConfigError(f"A poem of the form {tuple(form)} is complete with {len(where.place)} characters.")
    behind = {"character": place - 1, "above": where.above[place], "rhyme": where.rhyme[place]}
    found = {name: _looked_up(so_far, np.array([back]))[:, 0] for name, back in behind.items()}
    for name in ("place", "left", "line", "form"):
        found[name] = np.full(len(so_far), getattr(where, name)[place])
    return {name: values.astype("int32") for name, values in found.items()}


def _free_step(row: np.ndarray) -> dict[str, int]:
    """The inputs of the character after the end of `row`, (T,) ids of free text."""
    ends = np.flatnonzero(row == LINE_END) + 1
    lengths = np.diff(np.concatenate([[0], ends, [len(row) + 2]]))  # the open line: the next character and LINE_END
    inputs = inputs_of(np.append(row, [UNKNOWN, LINE_END])[None], tuple(lengths.tolist()), free=True)
    return {name: int(values[0, len(row)]) for name, values in inputs.items()}


def _looked_up(ids: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(B, L) ids and (K,) places -> (B, K): what stands there, `LINE_END` at place -1."""
    before = np.full((len(ids), 1), LINE_END, ids.dtype)
    return np.concatenate([before, ids], axis=1)[:, places + 1]


def _numbers(number: int, like: np.ndarray) -> np.ndarray:
    return np.full(like.shape, number, dtype="int32")
