"""Verse: a poem read character by character; the inputs of every step, and as its target the character itself."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.characters import LINE_END, STEP_INPUTS, Characters, inputs_of
from zoo.columns.column import Column, InputSpec, Values, register
from zoo.errors import ConfigError, DataError
from zoo.samples import MISSING_CLASS, Target

LONGEST = 64  # steps of a piece: longer poems are cut after a line
TARGET = "next"
RESERVED_LABELS = ("<padding>", "<unknown>", "\n")

Poem = Sequence[str]  # lines


@dataclass(frozen=True)
class Piece:
    """The steps from `start` up to `end` of a poem."""

    poem: tuple[str, ...]
    start: int
    end: int


@register
@dataclass(frozen=True)
class VerseColumn(Column):
    """A vocabulary of characters (words, with a separator). A value is a poem: its lines, or a text with line breaks.

    free    whether line ends are characters, as in lyrics, or the form is given, as in classical Chinese verse.
    others  characters of the corpus that the vocabulary lacks.
    """

    characters: tuple[str, ...] = ()
    separator: str = ""
    free: bool = True
    others: int = 0

    kind: ClassVar[str] = "verse"

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        separator: str = "",
        free: bool = True,
        least: int = 1,
        others: int = 0,
        characters: Sequence[str] | None = None,
    ) -> Self:
        """The characters that occur `least` times in the training rows; or those given, of a trained model."""
        poems = [lines_in(value) for value in values]
        found = characters or fit_characters(poems, least=least, separator=separator).characters
        return cls(name, characters=tuple(found), separator=separator, free=free, others=others)

    def require_options(self, options: Mapping[str, Any]) -> None:
        if options.get("free", self.free) != self.free:
            taught, given = ("free text" if free else "poems of given forms" for free in (self.free, options["free"]))
            raise ConfigError(f"The model was taught {taught}, and the data is a corpus of {given}.")

    @cached_property
    def vocabulary(self) -> Characters:
        return Characters(self.characters, self.separator)

    @property
    def spec(self) -> InputSpec:
        return InputSpec((None,), "int32")

    @property
    def inputs(self) -> dict[str, InputSpec]:
        return dict.fromkeys(STEP_INPUTS, self.spec)

    @property
    def own_targets(self) -> dict[str, Target]:
        return {TARGET: Target("classification", (*RESERVED_LABELS, *self.characters))}

    def pieces(self, values: Values) -> list[list[Piece]]:
        """The pieces of each poem, of whole lines."""
        found = []
        for value in values:
            poem = lines_in(value)
            found.append([Piece(poem, start, end) for start, end in pairwise(cuts(self._form(poem)))])
        return found

    def encode(self, values: Values) -> dict[str, np.ndarray]:
        """Pieces -> name -> (n, `LONGEST`) int32, 0 behind the end."""
        pieces = self._cut_or_whole(values)
        found = {name: np.zeros((len(pieces), LONGEST), "int32") for name in STEP_INPUTS}
        by_form: dict[tuple[int, ...], list[int]] = defaultdict(list)  # whose poems have the same places
        for row, piece in enumerate(pieces):
            by_form[self._form(piece.poem)].append(row)
        for form, rows in by_form.items():
            steps = inputs_of(np.stack([self._steps(pieces[row].poem) for row in rows]), form, free=self.free)
            for place, row in enumerate(rows):
                start, end = pieces[row].start, pieces[row].end
                for name, array in steps.items():
                    found[name][row, : end - start] = array[place, start:end]
        return found

    def encode_targets(self, values: Values) -> dict[str, np.ndarray]:
        """Pieces -> "next" (n, `LONGEST`) int32, `MISSING_CLASS` behind the end."""
        pieces = self._cut_or_whole(values)
        found = np.full((len(pieces), LONGEST), MISSING_CLASS, "int32")
        for row, piece in enumerate(pieces):
            found[row, : piece.end - piece.start] = self._steps(piece.poem)[piece.start : piece.end]
        return {TARGET: found}

    def groups(self, values: Values) -> dict[str, np.ndarray]:
        poems = [piece.poem if isinstance(piece, Piece) else lines_in(piece) for piece in values]
        forms = [form_name(self._form(poem), free=self.free) for poem in poems]
        return {"form": np.array(forms, dtype=str)}

    def _form(self, poem: Poem) -> tuple[int, ...]:
        return tuple(len(self._ids(line)) for line in poem)

    def _ids(self, line: str) -> np.ndarray:
        ids = self.vocabulary.encode(line)
        return np.append(ids, LINE_END) if self.free else ids

    def _steps(self, poem: Poem) -> np.ndarray:
        return np.concatenate([self._ids(line) for line in poem])

    def _cut_or_whole(self, values: Values) -> list[Piece]:
        return [each if isinstance(each, Piece) else _whole(lines_in(each), self._form) for each in values]

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        return {"vocabulary_size": columns[0].vocabulary.size} if columns else {}

    def describe(self) -> str:
        return f"{len(self.characters):,} {'words' if self.separator else 'characters'}"


def _whole(poem: tuple[str, ...], form: Any) -> Piece:
    length = sum(form(poem))
    if length > LONGEST:
        raise ConfigError(f"A poem of {length} steps is read in pieces: `Schema.cut` makes them.")
    return Piece(poem, 0, length)


def lines_in(value: Any) -> tuple[str, ...]:
    """A cell -> the lines of a poem. Raises `DataError` for one that is none."""
    lines = value.split("\n") if isinstance(value, str) else value
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines) or not lines:
        raise DataError(f"A poem is a text, or a list of lines; received {str(value)[:60]!r}.")
    if not any(line.strip() for line in lines):
        raise DataError("A poem is empty: it has no line with a character.")
    return tuple(lines)


def fit_characters(
    poems: Sequence[Poem], *, least: int = 1, most: int | None = None, separator: str = ""
) -> Characters:
    """The characters (words, with a separator) that occur `least` times, the most frequent first, ties in order."""
    empty = Characters((), separator)
    counts = Counter(unit for poem in poems for line in poem for unit in empty.units(line))
    ranked = sorted((unit for unit, count in counts.items() if count >= least), key=lambda unit: (-counts[unit], unit))
    if not ranked:
        raise DataError(f"No character occurs {least} times in these {len(poems)} poems.")
    return Characters(tuple(ranked[:most]), separator)


def form_name(form: Sequence[int], *, free: bool = False) -> str:
    """Lengths of lines -> "7x4", "mixed" or "free".

    >>> form_name((7, 7, 7, 7)), form_name((3, 3, 7)), form_name((8, 9), free=True)
    ('7x4', 'mixed', 'free')
    """
    if free:
        return "free"
    return f"{form[0]}x{len(form)}" if len(set(form)) == 1 else "mixed"


def cuts(form: Sequence[int]) -> list[int]:
    """Where a poem of this form is cut: pieces of whole lines, about equally long, of `LONGEST` steps at the most.

    >>> cuts((7,) * 12), cuts((30, 30, 30)), cuts((150,))
    ([0, 42, 84], [0, 60, 90], [0, 64, 128, 150])
    """
    total = sum(form)
    goal = total / -(-total // LONGEST)
    bounds, start, at = [0], 0, 0
    for length in form:
        if at > start and (at + length - start > LONGEST or at + length / 2 - start > goal):
            bounds.append(at)
            start = at
        at += length
        while at - start > LONGEST:  # one line alone
            start += LONGEST
            bounds.append(start)
    return [*bounds, at]
