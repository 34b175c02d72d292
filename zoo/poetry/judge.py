"""Is it verse? Whether poems keep a form, rhyme and follow a tone pattern, by the readings of the characters."""

from collections.abc import Sequence

from zoo.poetry.forms import FREE, LEVEL, OBLIQUE, Form, TonePattern, regulated_patterns
from zoo.poetry.prosody import Prosody

Poem = Sequence[str]  # its lines; in Chinese verse a character is a place


def in_form(poem: Poem, form: Form) -> bool:
    """Whether the lines have the lengths that the form gives them."""
    return tuple(map(len, poem)) == form.lengths


def rhymes(poem: Poem, prosody: Prosody) -> bool:
    """Whether the even lines end in different characters of one rhyme.

    A poem of one to three lines has nothing to rhyme with: it does.
    """
    return _rhyme(poem, Form(tuple(map(len, poem))).rhyming_lines, prosody)


def common_rhymes(poem: Poem, prosody: Prosody) -> list[str]:
    """The names of the rhymes that all even lines end in; none where there are less than two."""
    ends = [prosody.rhymes_of(poem[line][-1]) for line in Form(tuple(map(len, poem))).rhyming_lines]
    common = frozenset.intersection(*ends) if len(ends) > 1 else frozenset()
    return [prosody.rhymes[rhyme] for rhyme in sorted(common)]


def is_regulated(poem: Poem, prosody: Prosody) -> bool:
    """Whether the poem follows one of the patterns of regulated verse, rhymes included; a reading that fits is enough.

    Raises `ConfigError` for a form that has none.
    """
    return any(_follows(poem, pattern, prosody) for pattern in regulated_patterns(Form(tuple(map(len, poem)))))


def _follows(poem: Poem, pattern: TonePattern, prosody: Prosody) -> bool:
    for line, asked in zip(poem, pattern.tones, strict=True):
        for character, tone in zip(line, asked, strict=True):
            if tone != FREE and tone not in _tones(character, prosody):
                return False
    return _rhyme(poem, pattern.rhyming, prosody, level=True)


def _rhyme(poem: Poem, lines: Sequence[int], prosody: Prosody, *, level: bool = False) -> bool:
    ends = [poem[line][-1] for line in lines]
    if len(ends) < 2:
        return True
    common = frozenset.intersection(*map(prosody.rhymes_of, ends))
    return len(set(ends)) == len(ends) and any(prosody.level[rhyme] or not level for rhyme in common)


def _tones(character: str, prosody: Prosody) -> set[int]:
    return {LEVEL if prosody.level[rhyme] else OBLIQUE for rhyme in prosody.rhymes_of(character)}
