"""Stories: sentences of a text, the newest ones kept, as numbers of words; and single sentences, such as a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import pandas, shown
from zoo.columns.text import spelled, spelled_words
from zoo.columns.tokeniser import PADDING, Tokeniser, padded
from zoo.errors import ConfigError, DataError, require_known

LAYOUTS = ("words", "sentences", "sentence")
MEMORIES = 50  # sentences that a memory network keeps, the newest (Sukhbaatar et al. 2015, section 4.2)
MOST_WORDS = 50_000  # of a vocabulary, the most frequent
LONGEST_STORY = 1_000_000  # characters
SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")


@register
@dataclass(frozen=True)
class StoryColumn(Column):
    """How stories become integers, 0 being padding. A value is a text, or its sentences, the oldest first.

    layout    "sentences": (n, sentences, words); "words": (n, L), all words of the story; "sentence": (n, words), the
              first words of one sentence.
    memories  sentences that are kept of a story, the newest; of "words", the words.
    length    words that are kept of one sentence, the first.
    """

    vocabulary: tuple[str, ...] = ()
    layout: str = "sentences"
    memories: int = MEMORIES
    length: int = 100

    kind: ClassVar[str] = "story"

    def __post_init__(self) -> None:
        require_known("layout", self.layout, LAYOUTS)
        for name in ("memories", "length"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ConfigError(f"'{name}' of a layout must be a whole number >= 1; received {value!r}.")

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        layout: str = "sentences",
        memories: int = MEMORIES,
        length: int = 100,
        vocabulary: Sequence[str] | None = None,
    ) -> Self:
        """The most frequent words of all sentences; or `vocabulary`, where that of several columns is one."""
        if vocabulary is None:
            told = (spelled(sentence) for value in values for sentence in sentences_in(value, name))
            vocabulary = Tokeniser.fit(told, vocabulary_size=MOST_WORDS).words
        return cls(name, vocabulary=tuple(vocabulary), layout=layout, memories=memories, length=length)

    @cached_property
    def tokeniser(self) -> Tokeniser:
        return Tokeniser(self.vocabulary)

    @property
    def size(self) -> int:
        """Number of ids: what an embedding must hold."""
        return self.tokeniser.size

    @property
    def spec(self) -> InputSpec:
        return InputSpec((None, None) if self.layout == "sentences" else (None,), "int32")

    def encode(self, values: Values) -> np.ndarray:
        @cache
        def ids(sentence: str) -> np.ndarray:
            return self.tokeniser.encode(spelled(sentence))[: self.length]

        stories = [sentences_in(value, self.name) for value in values]
        if self.layout == "sentence":
            return padded([ids(" ".join(story)) for story in stories])
        if self.layout == "words":
            none = np.empty(0, "int32")
            return padded([np.concatenate([none, *map(ids, s[-self.memories :])])[-self.memories :] for s in stories])
        return padded_twice([[ids(sentence) for sentence in story[-self.memories :]] for story in stories])

    def raw(self, values: Values) -> list[str]:
        kept = self.memories if self.layout == "sentences" else None
        told = [sentences_in(value, self.name) for value in values]
        return [" ".join(story[-kept:] if kept else story) for story in told]

    def require_readable(self, values: Values) -> None:
        what = self.name if self.layout == "sentence" else "story"
        for row, value in enumerate(values, start=1):
            place = f"row {row}: the {what}" if len(values) > 1 else f"The {what}"
            text = "" if is_missing(value) else value if isinstance(value, str) else " ".join(sentences_in(value, what))
            if not text.strip():
                raise DataError(f"{place} is empty.")
            if len(text) > LONGEST_STORY:
                raise DataError(f"{place} has {len(text):,} characters; at most {LONGEST_STORY:,} are read.")
            words = spelled(text)
            if not words:
                raise DataError(f"{place} has no word: {shown(' '.join(text.split()))}.")
            if not self.tokeniser.known_share(words):
                raise DataError(
                    f"{place} {shown(' '.join(text.split()))} has no word that the model knows; it may be in "
                    "another language or script."
                )

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        return {"stories": {column.input: column.size for column in columns}}

    def describe(self) -> str:
        return f"{len(self.vocabulary):,} words"


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text, without those that hold no word.

    >>> sentences_of("Mary took the milk. Where did she go?  To the hall!")
    ('Mary took the milk.', 'Where did she go?', 'To the hall!')
    """
    return tuple(part.strip() for part in SENTENCE_END.split(text) if spelled_words(part))


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, or what pandas puts where a file has nothing."""
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pandas().NA


def sentences_in(value: Any, name: str) -> tuple[str, ...]:
    """A cell -> sentences. Raises `DataError` for one that is neither a text nor sentences."""
    if isinstance(value, str):
        return sentences_of(value)
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise DataError(f"The column {shown(name)} must hold texts or lists of sentences; received {shown(repr(value))}.")


def padded_twice(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """n lists of sequences -> (n, most sequences, longest) int32, padded on the right of both with 0."""
    most = max((len(row) for row in rows), default=0) or 1
    longest = max((len(each) for row in rows for each in row), default=0) or 1
    found = np.full((len(rows), most, longest), PADDING, dtype="int32")
    for filled, row in zip(found, rows, strict=True):
        for sentence, each in zip(filled, row, strict=False):
            sentence[: len(each)] = each
    return found
