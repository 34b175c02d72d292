"""Text to integers and nothing else: pure Python and numpy, so every backend sees the same ids."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.files import write_json

PADDING = 0
UNKNOWN = 1
RESERVED = 2  # ids before the first word: padding and unknown
FORMAT = "keras-functional-zoo tokeniser"
VERSION = 1

_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*|[!-/:-@\[-`{-~]")
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Thai, Lao, Burmese, Khmer, Tai Le and New Tai Lue, Tai Tham, Balinese, Javanese, Burmese again
_UNSPACED = (
    "\u0e01-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9ff"
    "\uaa60-\uaa7f"
)


@cache
def _any_word() -> re.Pattern[str]:
    """`_ASCII_WORD` for every script: a letter may carry marks, which Python's \\w leaves out."""
    marks = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c) in ("Mn", "Mc"))
    run = rf"[^\W_]+(?:[{marks}][^\W_]*)*"
    return re.compile(rf"{run}(?:'{run})*|[^\w\s{marks}]|_")


@cache
def _single() -> re.Pattern[str]:
    """An ideograph; or a letter, with its marks, of a script that is written without spaces."""
    letters = [c for c in _members(_UNSPACED) if unicodedata.category(c) == "Lo"]
    marks = [c for c in _members(_UNSPACED) if unicodedata.category(c) in ("Mn", "Mc")]
    return re.compile(f"([{_IDEOGRAPHS}]|[{''.join(letters)}][{''.join(marks)}]*)")


def _members(ranges: str) -> list[str]:
    return [
        chr(code)
        for first, last in zip(ranges[::3], ranges[2::3], strict=True)
        for code in range(ord(first), ord(last) + 1)
    ]


def words_of(text: str) -> list[str]:
    """The words of a text: compatibility forms unified (NFKC), case folded, in order.

    A word is a run of letters and digits with its inner apostrophes, or one punctuation mark or symbol. Ideographs and
    kana, and the letters of Thai, Lao, Khmer and Burmese with their marks, which are written without spaces, count one
    by one. Controls and other unseen characters are dropped.

    >>> words_of("Don’t PANIC, it's 42!")
    ["don't", 'panic', ',', "it's", '42', '!']
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("’", "'")
    return [word for word in _any_word().findall(_single().sub(r" \1 ", folded)) if word.isprintable()]


class Tokeniser:
    """A vocabulary: id 0 is padding, 1 an unknown word, and `words` follow from 2.

    >>> tokeniser = Tokeniser.fit(["a cat", "a dog"], vocabulary_size=4)
    >>> tokeniser.words, tokeniser.encode("A cat, a fish").tolist()
    (('a', 'cat'), [2, 3, 1, 2, 1])
    """

    def __init__(self, words: Sequence[str]):
        """Raises `DataError` when a word is empty, no text, or stands twice."""
        self.words = tuple(words)
        for word in self.words:
            if not isinstance(word, str) or not word or not word.isprintable():
                raise DataError(f"A vocabulary holds printable, non-empty words; received {word!r}.")
        self._ids = {word: number for number, word in enumerate(self.words, RESERVED)}
        if len(self._ids) < len(self.words):
            twice = Counter(self.words).most_common(1)[0][0]
            raise DataError(f"A vocabulary holds every word once; '{twice}' stands in it twice.")

    @classmethod
    def fit(cls, texts: Iterable[str], *, vocabulary_size: int) -> "Tokeniser":
        """The most frequent words of the texts, ties in alphabetical order; at most `vocabulary_size` ids in all."""
        if vocabulary_size <= RESERVED:
            raise ConfigError(
                f"vocabulary_size must be above {RESERVED} (padding, unknown); received {vocabulary_size}."
            )
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(words_of(text))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: vocabulary_size - RESERVED])

    @property
    def size(self) -> int:
        """Number of ids: what an embedding must hold."""
        return RESERVED + len(self.words)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the words in their order: equal exactly when two vocabularies give the same ids."""
        return sha256(json.dumps(self.words).encode("ascii")).hexdigest()

    def encode(self, text: str) -> np.ndarray:
        """text -> (words,) int32."""
        ids = self._ids
        return np.array([ids.get(word, UNKNOWN) for word in words_of(text)], dtype="int32")

    def encode_batch(self, texts: Sequence[str], *, max_length: int | None = None) -> np.ndarray:
        """n texts -> (n, L) int32, padded on the right with 0; L: the longest, cut at `max_length`, at least 1."""
        if max_length is not None and max_length < 1:
            raise ConfigError(f"max_length must be at least 1; received {max_length}.")
        return padded([self.encode(text)[:max_length].copy() for text in texts])

    def known_share(self, text: str) -> float:
        """Share of the text's words that are in the vocabulary, punctuation aside; 0 where there is no word."""
        spelled = [word for word in words_of(text) if word[0].isalnum()]
        return sum(word in self._ids for word in spelled) / len(spelled) if spelled else 0.0

    def save(self, path: Path | str) -> None:
        """Write the vocabulary as JSON, whole or not at all."""
        write_json(path, {"format": FORMAT, "version": VERSION, "words": self.words})

    @classmethod
    def load(cls, path: Path | str) -> "Tokeniser":
        """The vocabulary written by `save`. Raises `DataError` for any other file."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise DataError(f"The vocabulary {path} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path} is not a saved vocabulary: it is not JSON.") from error
        if (
            not isinstance(content, dict)
            or content.get("format") != FORMAT
            or not isinstance(content.get("words"), list)
        ):
            raise DataError(f"{path} is JSON, but not a saved vocabulary (format '{FORMAT}').")
        if content.get("version") != VERSION:
            raise DataError(f"{path} is a vocabulary of version {content.get('version')}; this zoo reads {VERSION}.")
        return cls(content["words"])


def padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """n sequences of ids -> (n, longest) int32, padded on the right with 0; the longest has at least one."""
    found = np.full((len(rows), max((len(row) for row in rows), default=0) or 1), PADDING, dtype="int32")
    for filled, row in zip(found, rows, strict=True):
        filled[: len(row)] = row
    return found
