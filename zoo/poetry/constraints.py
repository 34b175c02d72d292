"""What a user may ask of a poem, and what no poem can be: each is told before anything is written."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.poetry.forms import Form
from zoo.poetry.language import Language

TONES = ("off", "regulated")
NOWHERE = -1  # no character is asked for here


@dataclass(frozen=True)
class Constraints:
    """What a poem must be; all constraints hold at once.

    form      the lengths of its lines.
    first     what the poem begins with.
    acrostic  the first characters of its lines, from the first line on.
    must      words (of one or more characters) that must appear, each within a line.
    rhyme     "on": the even lines rhyme with each other; "off"; or the rhyme itself, by one of its characters.
    tones     "regulated": the tones of regulated verse; or "off".
    repeats   whether a character may stand in the poem twice. The same line never does.
    avoid     lines that must not be written, such as those of the corpus.
    """

    form: Form
    first: str = ""
    acrostic: str = ""
    must: tuple[str, ...] = ()
    rhyme: str = "off"
    tones: str = "off"
    repeats: bool = True
    avoid: Collection[str] = ()

    def __post_init__(self) -> None:
        require_known("tones", self.tones, TONES)

    def spoken(self) -> dict[str, str]:
        """The constraints that were made, beside the form -> how an error names them."""
        said = {
            "first": f"the beginning {self.first}",
            "acrostic": f"the acrostic {self.acrostic}",
            "must": f"the word{'s' * (len(self.must) > 1)} {', '.join(self.must)}",
            "rhyme": "rhyme" if self.rhyme == "on" else f"the rhyme {self.rhyme}",
            "tones": f"{self.tones} tones",
            "repeats": "no character twice",
        }
        nothing = Constraints(self.form)
        return {name: words for name, words in said.items() if getattr(self, name) != getattr(nothing, name)}

    def without(self, name: str) -> "Constraints":
        """The same, but for one wish."""
        made: dict[str, Any] = {each: getattr(self, each) for each in self.spoken() if each != name}
        return Constraints(self.form, **made)


@dataclass(frozen=True)
class Fixed:
    """What must stand in every poem.

    grid   (lines, longest): the id that stands there, `NOWHERE` where any may.
    words  the ids of each word that must appear somewhere.
    """

    grid: np.ndarray
    words: tuple[tuple[int, ...], ...]


def fixed(constraints: Constraints, language: Language) -> Fixed:
    """The characters that the beginning, the acrostic and the words ask for.

    Raises `ConfigError` where one wish alone, or two about the same place, cannot be fulfilled.
    """
    form, unit = constraints.form, language.unit
    ids = {token: number for number, token in enumerate(language.tokens) if token}
    if not ids:
        raise ConfigError("This vocabulary holds nothing that can be written.")
    if not form.exact and language.line_end is None:
        raise ConfigError(f"This model does not end lines by itself: say how many {unit}s they have, as in 7x4.")
    grid = np.full((form.lines, form.longest), NOWHERE)
    first, acrostic = language.split(constraints.first), language.split(constraints.acrostic)
    if len(first) > form.lengths[0]:
        raise ConfigError(
            f"The beginning '{constraints.first}' has {len(first)} {unit}s, and the first line of {form} "
            f"{form.lengths[0]}."
        )
    if len(acrostic) > form.lines:
        raise ConfigError(
            f"The acrostic '{constraints.acrostic}' has {len(acrostic)} {unit}s, and a poem of {form} "
            f"{form.lines} lines."
        )
    for name, token in [("beginning", each) for each in first] + [("acrostic", each) for each in acrostic]:
        _require_token(token, name, ids, unit)
    if first and acrostic and first[0] != acrostic[0]:
        raise ConfigError(
            f"The poem cannot begin with {first[0]}, as 'first' asks, and with {acrostic[0]}, as 'acrostic' does."
        )
    grid[: len(acrostic), 0] = [ids[token] for token in acrostic]
    grid[0, : len(first)] = [ids[token] for token in first]
    words = tuple(tuple(_ids_of(word, constraints, language, ids)) for word in dict.fromkeys(constraints.must))
    if not constraints.repeats:
        _require_no_repeats(constraints, grid, words, language, len(ids))
    return Fixed(grid, words)


def _ids_of(word: str, constraints: Constraints, language: Language, ids: dict[str, int]) -> Iterator[int]:
    tokens = language.split(word)
    if not tokens:
        raise ConfigError("A word that must appear is empty.")
    if len(tokens) > constraints.form.longest:
        raise ConfigError(
            f"'{word}' must appear and has {len(tokens)} {language.unit}s; the longest line of {constraints.form} has"
            f" {constraints.form.longest}."
        )
    for token in tokens:
        _require_token(token, "word", ids, language.unit)
        yield ids[token]


def _require_token(token: str, where: str, ids: Collection[str], unit: str) -> None:
    if token not in ids:
        raise ConfigError(
            f"The {unit} '{token}' of the {where} is not in the vocabulary of this model: it is too rare in its"
            " corpus, or of another script (poems of the Tang are written in traditional characters)."
        )


def _require_no_repeats(
    constraints: Constraints, grid: np.ndarray, words: tuple[tuple[int, ...], ...], language: Language, usable: int
) -> None:
    places = sum(constraints.form.lengths)
    if constraints.form.exact and places > usable:
        raise ConfigError(
            f"A poem of the form {constraints.form} has {places} {language.unit}s, and the vocabulary {usable}: it "
            f"cannot be written with no {language.unit} twice."
        )
    asked = [Counter(grid[grid != NOWHERE].tolist()), *(Counter(word) for word in words)]
    twice = next((number for counts in asked for number, count in counts.items() if count > 1), None)
    if twice is not None:
        raise ConfigError(f"'{language.tokens[twice]}' is asked for twice, and no {language.unit} may stand twice.")
