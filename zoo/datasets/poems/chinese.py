"""Tang poems and Song ci as the project chinese-poetry digitised them: its JSON read, its editors' marks left out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from zoo.artifacts import fetch, read_members
from zoo.errors import DataError

ARTIFACT = "chinese-poetry"
FOLDERS = {"tang": "全唐诗/", "song_ci": "宋词/"}  # corpus -> folder of the archive
SHORTEST = 10  # characters of a poem; less is a fragment
# Notes on readings, headings, footnotes; a character in [ ] was restored by an editor and stays.
_NOTE = re.compile(r"（[^）]*）|\([^)]*\)|〖[^〗]*〗|\{[^}]*\}|\|.*")
_LINE_END = re.compile("[，。？！；：、…,.?!;:\n]+")
_MARK = re.compile(r"[\[\]［］「」『』《》〈〉“”‘’·\s]")
_WRITTEN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")

Lines = tuple[str, ...]


def read_chinese(corpus: str, path: Path | str | None = None) -> list[Lines]:
    """All whole poems of a corpus as lines of characters, in the archive's order; without a path, it is fetched.

    A poem with a lost character ("□"), or one that a font never had, is left out. Raises `DataError` for an archive
    without any poem.
    """
    source = Path(path) if path is not None else fetch(ARTIFACT)
    poems = [lines for text in _texts(source, FOLDERS[corpus]) if (lines := read_lines(text))]
    if not poems:
        raise DataError(f"{source} holds no poem: expected JSON files in a folder '{FOLDERS[corpus]}'.")
    return poems


def read_lines(text: str) -> Lines | None:
    """The lines of one poem without punctuation and notes; None where it is damaged, or shorter than `SHORTEST`.

    >>> read_lines("白日依山盡，黃河入海流（一作淮）。欲窮千里目，更[上]一層樓。")
    ('白日依山盡', '黃河入海流', '欲窮千里目', '更上一層樓')
    >>> read_lines("白日依□盡，黃河入海流。") is None
    True
    """
    plain = _MARK.sub("", _NOTE.sub("", text))
    lines = tuple(line for line in _LINE_END.split(plain) if line)
    whole = all(_WRITTEN.fullmatch(line) for line in lines)
    return lines if whole and sum(map(len, lines)) >= SHORTEST else None


def _texts(source: Path, folder: str) -> Iterator[str]:
    for name, content in read_members(source, ".json"):
        if folder in name:
            try:
                yield from ("".join(poem["paragraphs"]) for poem in json.loads(content))
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"'{name}' in {source} is not a list of poems with 'paragraphs': {error!r}.") from error
