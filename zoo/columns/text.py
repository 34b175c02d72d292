"""Texts: numbers of words, of a vocabulary learnt from the training rows; long ones may be cut into pieces."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import pandas, shown
from zoo.columns.tokeniser import Tokeniser, words_of
from zoo.columns.unseen import Unseen
from zoo.errors import ConfigError, DataError, DataWarning

LONGEST_TEXT = 1_000_000  # characters


@register
@dataclass(frozen=True)
class TextColumn(Column):
    """A vocabulary, and how much of a text is read.

    words        of a text that are read at once.
    cut          whether longer texts become several samples of at most `words` words; else their end is not read.
    punctuation  whether marks count as words.
    missing      training rows without a text; where there was none, a row without one is refused later.
    longer       training rows whose end was not read; where there was none, that of a longer one is told later.
    optional     whether a row may be without a text, or without a known word, also where no training row was: for
                 models that read other columns too, and mask this one then.
    """

    vocabulary: tuple[str, ...] = ()
    words: int = 500
    cut: bool = False
    punctuation: bool = True
    missing: int = 0
    longer: int = 0
    optional: bool = False

    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        if self.words < 1:
            raise DataError(f"The schema is damaged: 'words' of a column cannot be {self.words}.")

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        vocabulary_size: int = 50_000,
        words: int = 500,
        cut: bool = False,
        punctuation: bool = True,
        vocabulary: Sequence[str] | None = None,
        optional: bool = False,
    ) -> Self:
        """The most frequent words; `vocabulary_size` counts the ids of padding and of unknown words too.

        `vocabulary` is taken instead where it is given: that of a trained model.
        """
        if type(words) is not int or words < 1:
            raise ConfigError(f"'words', the length of a text that is read, must be at least 1; received {words!r}.")
        texts = texts_in(values, name)
        if vocabulary is None:
            plain = texts if punctuation else [spelled(text) for text in texts]
            tokeniser = Tokeniser.fit(plain, vocabulary_size=vocabulary_size)
        else:
            tokeniser = Tokeniser(vocabulary)
        missing = sum(not text.strip() for text in texts)
        if missing == len(texts):
            raise DataError(f"The column {shown(name)} has no text in any training row: ignore it.")
        found = cls(
            name,
            vocabulary=tokeniser.words,
            words=words,
            cut=cut,
            punctuation=punctuation,
            missing=int(missing),
            optional=optional,
        )
        return replace(found, longer=sum(found._words_beyond(text) > 0 for text in texts))

    @cached_property
    def tokeniser(self) -> Tokeniser:
        return Tokeniser(self.vocabulary)

    @property
    def size(self) -> int:
        """Number of ids: what an embedding must hold."""
        return self.tokeniser.size

    def encode(self, values: Values) -> np.ndarray:
        """(n,) texts -> (n, L <= words) int32, padded on the right with 0."""
        texts = texts_in(values, self.name)
        plain = texts if self.punctuation else [spelled(text) for text in texts]
        return self.tokeniser.encode_batch(plain, max_length=self.words)

    @property
    def spec(self) -> InputSpec:
        return InputSpec((None,), "int32")

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        return {"texts": {column.input: column.size for column in columns}}

    def raw(self, values: Values) -> list[str]:
        return texts_in(values, self.name)

    def pieces(self, values: Values) -> list[list[str]] | None:
        return [cut(text, self.words) or [""] for text in texts_in(values, self.name)] if self.cut else None

    def require_readable(self, values: Values) -> None:
        """Raise `DataError` for a row unlike all training rows: without a text, or without a known word.

        Warns of texts that are longer than all of those and are not read to their end.
        """
        column = f"(column {shown(self.name)})"
        longer = 0
        for row, text in enumerate(texts_in(values, self.name), start=1):
            place = f"row {row}: the text" if len(values) > 1 else "The text"
            longer += self._words_beyond(text) > 0
            if self.missing or self.optional:
                continue
            if not words_of(text):
                raise DataError(f"{place} is empty: it has no word and no punctuation mark {column}.")
            if not self.punctuation and not spelled(text):
                raise DataError(f"{place} {shown(text)} has no word {column}.")
            if not self.tokeniser.known_share(text):
                raise DataError(
                    f"{place} {shown(text)} has no word that the model knows; it may be in another language or script "
                    f"{column}."
                )

        if longer and not self.longer:
            warnings.warn(
                f"{longer} of {len(values)} texts have more than the {self.words:,} words that this model reads; what "
                f"comes after those is left out {column}.",
                DataWarning,
                stacklevel=4,
            )

    def unseen(self, values: Values) -> Unseen:
        texts = texts_in(values, self.name)
        words = [word for text in texts for word in spelled_words(text)]
        known = set(self.vocabulary)
        unknown = [word for word in words if word not in known]
        rows = sum(bool(text.strip()) for text in texts)
        usual = next((word for word in self.vocabulary if word[0].isalnum()), "")
        return Unseen(rows, len(unknown) / max(len(words), 1), next(iter(unknown), ""), usual, what="words")

    def _words_beyond(self, text: str) -> int:
        """How many words of a text are not read."""
        if self.cut or len(text) <= self.words:  # every word is a character at least
            return 0
        return max(0, len(words_of(text) if self.punctuation else spelled_words(text)) - self.words)

    def describe(self) -> str:
        return f"{len(self.vocabulary):,} words, {self.missing:,} missing"


def texts_in(values: Values, name: str) -> list[str]:
    """A column -> its texts, "" where missing. Raises `DataError` for a value that is no text, or too long a one."""
    missing = pandas().isna(values)
    texts: list[str] = []
    for row, (value, none) in enumerate(zip(values, missing, strict=True), start=1):
        text = "" if none else value if isinstance(value, str) else str(value) if np.isscalar(value) else None
        if text is None:
            raise DataError(f"The column {shown(name)} must hold texts; row {row} holds {shown(repr(value))}.")
        if len(text) > LONGEST_TEXT:
            raise DataError(
                f"The column {shown(name)} has {len(text):,} characters in row {row}; at most {LONGEST_TEXT:,} are "
                "read."
            )
        if "\0" in text or not is_encodable(text):
            raise DataError(
                f"The column {shown(name)} holds NUL characters or halves of surrogate pairs in row {row}, which are "
                "no text."
            )
        texts.append(text)
    return texts


def is_encodable(text: str) -> bool:
    """Whether every character is one: JSON can spell half of a pair, which no file could hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def spelled(text: str) -> str:
    """The words of a text without punctuation.

    >>> spelled("A man isn't playing, is he?")
    "a man isn't playing is he"
    """
    return " ".join(spelled_words(text))


@lru_cache(maxsize=200_000)
def spelled_words(text: str) -> tuple[str, ...]:
    """The words themselves. Sentences come again in other rows: looking them up is faster."""
    return tuple(word for word in words_of(text) if word[0].isalnum())


def cut(text: str, words: int) -> list[str]:
    """The text in pieces of at most `words` words as the tokeniser counts them, cut at white space.

    A rest of less than half a piece is dropped, unless it is all there is. White space becomes single blanks.
    """
    pieces: list[str] = []
    chunks: list[str] = []
    filled = 0
    for chunk in (part for whole in text.split() for part in _short(whole, words)):
        length = _word_count(chunk)
        if chunks and filled + length > words:
            pieces.append(" ".join(chunks))
            chunks, filled = [], 0
        chunks.append(chunk)
        filled += length
    if chunks and (not pieces or 2 * filled >= words):
        pieces.append(" ".join(chunks))
    return pieces


def _short(chunk: str, words: int) -> list[str]:
    """The chunk, in parts of at most `words` words where it is longer: some scripts have no white space."""
    if len(chunk) <= words or _word_count(chunk) <= words:
        return [chunk]
    found = words_of(chunk)
    return [" ".join(found[start : start + words]) for start in range(0, len(found), words)]


@lru_cache(maxsize=200_000)
def _word_count(chunk: str) -> int:
    """Most chunks of a language are the same few: looking them up is several times faster than counting again."""
    return len(words_of(chunk))
