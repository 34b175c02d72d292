"""From constraints to masks: which characters may stand at a place, given what stands before it.

All that rhyme and tones allow is a list of hypotheses, each one tone pattern with one rhyme. A hypothesis asks for a
class of characters at every place. A poem keeps those that its characters have left open; what any of them allows may
stand. So a poem finds its rhyme and its pattern while it is written, and cannot get lost between two of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import ConfigError
from zoo.poetry.constraints import NOWHERE, Constraints, Fixed, fixed
from zoo.poetry.forms import FREE, Form, TonePattern, regulated_patterns
from zoo.poetry.language import Language
from zoo.poetry.prosody import Prosody

FIRST_RHYME = 3  # classes: FREE, LEVEL, OBLIQUE, and the rhymes
MOST_TRIES = 20_000  # places of words that are tried before they count as impossible


@dataclass(frozen=True)
class Placed:
    """What must stand where in one poem: grid (lines, longest) of ids or `NOWHERE`; open (H,) hypotheses."""

    grid: np.ndarray
    open: np.ndarray


@dataclass(frozen=True)
class Plan:
    """What `zoo.poetry.decoding` follows.

    constraints   what was asked for.
    fixed    the characters that stand in every poem, and the words to be placed.
    classes  (K, V) bool: the characters of a class: all, level, oblique, then those of each rhyme.
    asked    (H, lines, longest): the class that a hypothesis asks for at a place.
    start    (H,) bool: the hypotheses that the characters of `fixed` leave open.
    """

    constraints: Constraints
    fixed: Fixed
    classes: np.ndarray
    asked: np.ndarray
    start: np.ndarray

    @property
    def form(self) -> Form:
        return self.constraints.form

    def rhyming(self, line: int) -> bool:
        """Whether that line must rhyme with another: then it does not end with the same character."""
        return bool((self.asked[:, line, self.form.lengths[line] - 1] >= FIRST_RHYME).any())

    def rhymes_at(self, line: int, place: int) -> bool:
        """Whether a rhyme may stand at that place."""
        return place == self.form.lengths[line] - 1 and self.rhyming(line)

    def narrowed(self, open_: np.ndarray, line: int, place: int, chosen: np.ndarray) -> np.ndarray:
        """Open hypotheses (B, H) and the characters (B,) that now stand at a place -> what they leave open."""
        asked = self.asked[:, line, place]
        if not asked.any():  # the class of all characters
            return open_
        return open_ & self.classes[asked[None, :], chosen[:, None]]

    def choices(self, open_: np.ndarray, line: int, place: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Open hypotheses (B, H) -> rows with the same choice, and the mask (V,) of the characters that it allows."""
        kinds, kind_of = np.unique(self.asked[:, line, place], return_inverse=True)
        if len(kinds) == 1:
            yield np.arange(len(open_)), self.classes[kinds[0]]
            return
        asked = open_ @ (kind_of[:, None] == np.arange(len(kinds)))  # (B, K'): whether any open one asks for this class
        choices, choice_of = np.unique(asked, axis=0, return_inverse=True)
        for number, choice in enumerate(choices):
            yield np.flatnonzero(choice_of.reshape(-1) == number), self.classes[kinds[choice]].any(axis=0)

    def find_places(self, generator: np.random.Generator | None = None) -> Placed | None:
        """Places for all words, tried in order, or at random by a generator; None where there is no room."""
        if not self.start.any() or self._clashes(self.fixed.grid):
            return None
        words = sorted(self.fixed.words, key=len, reverse=True)  # long ones first: they find room most seldom
        return self._find_places(words, Placed(self.fixed.grid, self.start), generator, iter(range(MOST_TRIES)))

    def place_words(self, generator: np.random.Generator) -> Placed:
        """Places for all words at random; those of `find_places`, if chance finds none."""
        found = self.find_places(generator) or self.find_places()
        if found is None:
            raise ConfigError(f"There is no room for the words {', '.join(self.constraints.must)}.")
        return found

    def _find_places(
        self,
        words: Sequence[tuple[int, ...]],
        so_far: Placed,
        generator: np.random.Generator | None,
        tries: Iterator[int],
    ) -> Placed | None:
        if not words:
            return so_far
        word, *others = words
        if _stands(word, so_far.grid):
            return self._find_places(others, so_far, generator, tries)
        places = self.form.word_places(len(word))
        order = range(len(places)) if generator is None else generator.permutation(len(places)).tolist()
        for number in order:
            if next(tries, None) is None:
                return None
            further = self._with_word(word, so_far, *places[number])
            if further and (found := self._find_places(others, further, generator, tries)):
                return found
        return None

    def _with_word(self, word: tuple[int, ...], so_far: Placed, line: int, place: int) -> Placed | None:
        """The word put there; None where something else must stand."""
        there = so_far.grid[line, place : place + len(word)]
        if ((there != NOWHERE) & (there != word)).any():
            return None
        grid, left = so_far.grid.copy(), so_far.open[None]
        grid[line, place : place + len(word)] = word
        for offset, number in enumerate(word):
            left = self.narrowed(left, line, place + offset, np.array([number]))
        return Placed(grid, left[0]) if left.any() and not self._clashes(grid) else None

    def _clashes(self, grid: np.ndarray) -> bool:
        """Whether a line, or a character that may stand only once, is asked for twice."""
        whole = [
            line.tobytes() for line, size in zip(grid, self.form.lengths, strict=True) if (line[:size] != NOWHERE).all()
        ]
        if len(set(whole)) < len(whole):
            return True
        ends = [grid[line, self.form.lengths[line] - 1] for line in self.form.rhyming_lines if self.rhyming(line)]
        return _twice(np.array(ends)) or (not self.constraints.repeats and _twice(grid))


def make_plan(constraints: Constraints, language: Language, prosody: Prosody | None) -> Plan:
    """The plan of these constraints.

    prosody  rhymes and tones; needed where `constraints` ask for them.

    Raises `ConfigError` for constraints that no poem can fulfil, and names those that contradict each other.
    """
    found = fixed(constraints, language)
    plan = _plan(constraints, found, language, prosody)
    if plan.find_places() is None:
        raise ConfigError(_contradiction(constraints, language, prosody))
    return plan


def _contradiction(constraints: Constraints, language: Language, prosody: Prosody | None) -> str:
    """Which constraints exclude each other: whatever can be dropped without making room is not to blame."""
    kept = constraints
    for name in constraints.spoken():
        fewer = kept.without(name)
        if _plan(fewer, fixed(fewer, language), language, prosody).find_places() is None:
            kept = fewer
    *others, last = kept.spoken().values()
    asked = f"{', '.join(others)} and {last}" if others else last
    why = "they exclude each other" if others else "there is no room for it"
    return f"No poem of the form {constraints.form} can have {asked}: {why}."


def _plan(constraints: Constraints, found: Fixed, language: Language, prosody: Prosody | None) -> Plan:
    usable = np.array([bool(token) for token in language.tokens])
    classes = usable[None]
    patterns, rhymes = [TonePattern(_no_tones(constraints.form), ())], np.array([NOWHERE])
    if constraints.tones != "off" or constraints.rhyme != "off":
        known = _require_prosody(prosody, language)
        readings = np.concatenate([known.tones(language.tokens), known.membership(language.tokens)])
        classes = np.concatenate([usable[None], readings & usable])
        patterns = _patterns(constraints)
        if constraints.rhyme != "off":
            lines = max(len(each.rhyming) for each in patterns)
            rhymes = _rhymes(constraints, known, classes[FIRST_RHYME:].sum(axis=1), lines)
    asked = np.array([_asked(constraints.form, pattern, rhyme) for pattern in patterns for rhyme in rhymes])
    plan = Plan(constraints, found, classes, asked, np.ones(len(asked), dtype=bool))
    start = plan.start[None]
    for line, place in np.argwhere(found.grid != NOWHERE):
        start = plan.narrowed(start, line, place, found.grid[line, place][None])
    return Plan(constraints, found, classes, asked, start[0])


def _require_prosody(prosody: Prosody | None, language: Language) -> Prosody:
    if prosody is None or not prosody.tones(language.tokens).any():
        raise ConfigError(
            "Rhyme and tones are known of Chinese characters, which this vocabulary lacks: turn both off."
        )
    return prosody


def _patterns(constraints: Constraints) -> list[TonePattern]:
    if constraints.tones == "regulated":
        return regulated_patterns(constraints.form)
    return [TonePattern(_no_tones(constraints.form), constraints.form.rhyming_lines)]


def _no_tones(form: Form) -> np.ndarray:
    return np.full((form.lines, form.longest), FREE)


def _rhymes(constraints: Constraints, prosody: Prosody, sizes: np.ndarray, lines: int) -> np.ndarray:
    """The rhymes that may be used: of the tone that the pattern asks for, with a different character for each line."""
    if not constraints.form.exact:
        raise ConfigError(f"Rhyme needs a form that says where lines end, as 7x4 does; received {constraints.form}.")
    if not constraints.form.rhyming_lines:
        raise ConfigError("A poem of one line has no line that rhymes: turn rhyme off.")
    everywhere = np.arange(len(prosody.rhymes))
    chosen = everywhere if constraints.rhyme == "on" else np.array(sorted(prosody.find(constraints.rhyme)))
    if constraints.tones == "regulated":
        oblique, chosen = chosen[~prosody.level[chosen]], chosen[prosody.level[chosen]]
        if not len(chosen):
            raise ConfigError(
                f"The rhyme {prosody.rhymes[oblique[0]]} is oblique, and verse of regulated tones rhymes in level ones."
            )
    large = chosen[sizes[chosen] >= lines]
    if not len(large):
        most = chosen[sizes[chosen].argmax()]
        raise ConfigError(
            f"The rhyme {prosody.rhymes[most]} has {sizes[most]} characters in the vocabulary of this model, and a poem"
            f" of the form {constraints.form} needs {lines} different ones."
        )
    return large


def _asked(form: Form, pattern: TonePattern, rhyme: int) -> np.ndarray:
    """(lines, longest): the class that one hypothesis asks for at each place."""
    asked = pattern.tones.copy()
    if rhyme != NOWHERE:
        for line in pattern.rhyming:
            asked[line, form.lengths[line] - 1] = FIRST_RHYME + rhyme
    return asked


def _stands(word: tuple[int, ...], grid: np.ndarray) -> bool:
    return any(
        tuple(line[place : place + len(word)]) == word for line in grid for place in range(len(line) - len(word) + 1)
    )


def _twice(grid: np.ndarray) -> bool:
    numbers = grid[grid != NOWHERE]
    return len(np.unique(numbers)) < len(numbers)
