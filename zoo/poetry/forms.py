"""Forms of verse: the lengths of the lines, which of them rhyme, and the tones of regulated verse."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zoo.errors import ConfigError

LARGEST = 1_000  # characters of a line, and lines
MOST_PLACES = 10_000  # characters of a poem
LONGEST_FREE = 32  # characters (or words) of a line whose length is free
WORDS_WITHIN = 6  # places of such a line at which a word that must appear may begin
FREE, LEVEL, OBLIQUE = 0, 1, 2  # what a tone pattern asks of a character
_ASKED = {"〇": FREE, "平": LEVEL, "仄": OBLIQUE}

# Wang Li, 詩詞格律 (1977), chapter 2: the four kinds of lines. 〇 is a place where both tones are allowed.
_LINES = {
    5: {"A": "〇仄平平仄", "B": "平平仄仄平", "a": "〇平平仄仄", "b": "〇仄仄平平"},
    7: {"A": "〇平〇仄平平仄", "B": "〇仄平平仄仄平", "a": "〇仄〇平平仄仄", "b": "〇平〇仄仄平平"},
}
_ORDERS = {"ABab": "ABab", "abAB": "abAB", "bBab": "ABab", "BbAB": "abAB"}  # the first four lines -> the next four
_BREAKS = {5: (0, 2), 7: (0, 2, 4)}  # where the parts of a line begin: 2 + 3, and 2 + 2 + 3


@dataclass(frozen=True)
class Form:
    """A poem of lines of these `lengths`, in characters or words; where not `exact`, of at most these lengths.

    >>> Form.parse("7x4").lengths, Form.parse("3,3,7").lengths
    ((7, 7, 7, 7), (3, 3, 7))
    >>> print(Form.parse("*x4"), Form.parse("5x8"))
    *x4 5x8
    """

    lengths: tuple[int, ...]
    exact: bool = True

    def __post_init__(self) -> None:
        sides = (len(self.lengths), *self.lengths)
        if not all(type(side) is int and 1 <= side <= LARGEST for side in sides):
            shown = ", ".join(map(str, self.lengths[:5])) + ", ..." * (self.lines > 5)
            raise ConfigError(f"A form has 1 to {LARGEST} lines of 1 to {LARGEST} characters; received ({shown}).")
        if sum(self.lengths) > MOST_PLACES:
            raise ConfigError(
                f"A form has at most {MOST_PLACES:,} characters; {self} would have {sum(self.lengths):,}."
            )

    @classmethod
    def parse(cls, text: str) -> "Form":
        """What "7x4" (characters x lines), "3,3,7,7" (the lines' lengths) or "*x4" (four lines of any length) mean.

        Raises `ConfigError` for anything else.
        """
        if found := re.fullmatch(r"\s*(\d{1,9}|\*)\s*[xX×]\s*(\d{1,9})\s*", text, re.ASCII):
            length, lines = found.groups()
            if int(lines) > LARGEST:
                raise ConfigError(f"A form has 1 to {LARGEST} lines; received '{text}'.")
            return cls((LONGEST_FREE if length == "*" else int(length),) * int(lines), exact=length != "*")
        if re.fullmatch(r"\s*\d{1,9}(\s*,\s*\d{1,9})+\s*", text, re.ASCII):
            return cls(tuple(int(length) for length in text.split(",")))
        raise ConfigError(
            f"A form is written CHARACTERSxLINES, as in 7x4 for a quatrain, or as the lengths of its lines, as in"
            f" 3,3,7,7; received '{text}'."
        )

    def __str__(self) -> str:
        if not self.exact:
            return f"*x{self.lines}"
        return f"{self.longest}x{self.lines}" if len(set(self.lengths)) == 1 else ",".join(map(str, self.lengths))

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.lengths)

    @property
    def longest(self) -> int:
        """Characters of the longest line."""
        return max(self.lengths)

    @property
    def rhyming_lines(self) -> tuple[int, ...]:
        """The lines that must rhyme, from 0: every second one. The first may."""
        return tuple(range(1, self.lines, 2))

    def word_places(self, length: int) -> list[tuple[int, int]]:
        """(line, place) where a word of so many characters may begin; it crosses no break of a line of 5 or 7."""
        places = [(line, place) for line, size in enumerate(self.lengths) for place in _word_places(size, length)]
        return places if self.exact else [(line, place) for line, place in places if place < WORDS_WITHIN]


def _word_places(size: int, length: int) -> list[int]:
    breaks = (*_BREAKS.get(size, (0,)), size)
    within = [place for start, end in pairwise(breaks) for place in range(start, end - length + 1)]
    return within or list(range(size - length + 1))


@dataclass(frozen=True)
class TonePattern:
    """tones (lines, characters) of FREE, LEVEL and OBLIQUE; rhyming: the lines that rhyme, from 0."""

    tones: np.ndarray
    rhyming: tuple[int, ...]


def regulated_patterns(form: Form) -> list[TonePattern]:
    """The four tone patterns of regulated verse: two beginnings, the first line rhyming or not.

    Raises `ConfigError` for a form other than 4 or 8 lines of 5 or 7 characters.
    """
    if not form.exact or len(set(form.lengths)) > 1 or form.longest not in _LINES or form.lines not in (4, 8):
        raise ConfigError(f"Regulated tones are known for the forms 5x4, 7x4, 5x8 and 7x8; received {form}.")
    patterns = []
    for beginning, rest in _ORDERS.items():
        kinds = (beginning + rest)[: form.lines]
        tones = np.array([[_ASKED[asked] for asked in _LINES[form.longest][kind]] for kind in kinds])
        first = (0,) if tones[0, -1] == LEVEL else ()
        patterns.append(TonePattern(tones, first + form.rhyming_lines))
    return patterns
