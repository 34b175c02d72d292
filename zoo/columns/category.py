"""Categories: ids of a vocabulary, with ids of their own for no value and for values that training did not have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import pandas, shown
from zoo.columns.matching import matched
from zoo.columns.unseen import Unseen
from zoo.columns.values import MISSING, natural, texts_of
from zoo.errors import ConfigError, DataError, nearest

MISSING_ID, UNSEEN_ID = 0, 1  # no value; a value that training had not, or too rarely
LOOKED_AT = 1_000  # values among which one like an unknown one is looked for
FIRST_ID = 2  # of the vocabulary
LEAST_BEGUN = 2  # training rows from which what values begin with has an id
MOST_VALUES = 10_000  # from which a column with more values than half of its rows is a name, and no category


@register
@dataclass(frozen=True)
class CategoryColumn(Column):
    """`vocabulary` are the values with an id of their own, from `FIRST_ID` on.

    prefixes  of codes as those of the post: numbers of characters with which values begin. What they begin with is a
              category too, in an input of its own, so that a rare or new code is known by those near to it.
    begun     for each of these the vocabulary of what values begin with.
    digits    of which codes of digits have at least so many: zeros that a number lost stand before it again.
    """

    vocabulary: tuple[str, ...] = ()
    missing: int = 0
    rare: int = 0  # training rows with a value that is not in the vocabulary
    rare_share: float = 0.0  # of the training rows with a value
    prefixes: tuple[int, ...] = ()
    begun: tuple[tuple[str, ...], ...] = ()
    digits: int = 0

    kind: ClassVar[str] = "category"

    @classmethod
    def fit(
        cls,
        values: Values,
        name: str,
        max_cardinality: int | None = None,
        min_count: int = 1,
        prefixes: Sequence[int] = (),
    ) -> Self:
        """Learn from the training rows.

        max_cardinality  only so many values, the most frequent, have ids; min_count: nor have rarer ones.
        prefixes         lengths, as (3,) of postal codes: the first three characters are a category too.
        """
        for option, value in (("max_cardinality", max_cardinality), ("min_count", min_count)):
            if not (value is None and option == "max_cardinality") and not (type(value) is int and value >= 1):
                raise ConfigError(f"'{option}' must be a whole number of at least 1; received {value!r}.")
        lengths = _require_lengths(prefixes, name)
        codes, texts = texts_of(values, name)
        counts: dict[str, int] = {}
        for text, count in zip(texts, np.bincount(codes[codes >= 0], minlength=len(texts)), strict=True):
            if text is not None:
                counts[text] = counts.get(text, 0) + int(count)
        if max_cardinality is None and min_count == 1 and len(counts) > max(MOST_VALUES, len(values) // 2):
            raise DataError(
                f"The column {shown(name)} has {len(counts):,} different values in {len(values):,} rows, such as "
                f"{shown(min(counts))}: ignore it, make it a text, or set 'max_cardinality' or 'min_count'."
            )
        kept = sorted((text for text in counts if counts[text] >= min_count), key=lambda text: (-counts[text], text))
        kept = sorted(kept[:max_cardinality], key=natural)
        known = sum(counts.values())
        rare = known - sum(counts[text] for text in kept)
        digits = (
            _digits(counts, pandas().api.types.is_numeric_dtype(getattr(values, "dtype", object))) if lengths else 0
        )
        return cls(
            name,
            vocabulary=tuple(kept),
            missing=len(values) - known,
            rare=rare,
            rare_share=rare / max(known, 1),
            prefixes=lengths,
            begun=tuple(_begun(counts, length, digits) for length in lengths),
            digits=digits,
        )

    @property
    def size(self) -> int:
        """Number of ids."""
        return FIRST_ID + len(self.vocabulary)

    @property
    def inputs(self) -> dict[str, InputSpec]:
        return dict.fromkeys(self.sizes, self.spec)

    @property
    def sizes(self) -> dict[str, int]:
        """Input -> number of its ids."""
        begun = zip(self.prefixes, self.begun, strict=True)
        return {self.input: self.size} | {f"{self.input}_first{n}": FIRST_ID + len(each) for n, each in begun}

    def encode(self, values: Values) -> dict[str, np.ndarray]:
        """(n,) values -> input -> (n,) ids."""
        begun = zip(self.prefixes, self.begun, strict=True)
        ids = [self.ids(values), *(self._begun_ids(values, length, known) for length, known in begun)]
        return dict(zip(self.sizes, ids, strict=True))

    def _begun_ids(self, values: Values, length: int, known: Sequence[str]) -> np.ndarray:
        """(n,) ids of the first `length` characters."""
        codes, texts = texts_of(values, self.name)
        numbers = {text: number for number, text in enumerate(known, start=FIRST_ID)}
        table = [
            MISSING_ID if text is None or text in MISSING else numbers.get(_first(text, length, self.digits), UNSEEN_ID)
            for text in matched(texts, self.vocabulary, values, self.name)
        ]
        return np.array([*table, MISSING_ID], dtype=np.int32)[codes]

    def ids(self, values: Values) -> np.ndarray:
        """(n,) values -> (n,) their own ids."""
        codes, texts = texts_of(values, self.name)
        known = {text: number for number, text in enumerate(self.vocabulary, start=FIRST_ID)}
        known_or_absent: dict[str | None, int] = dict.fromkeys([None, *MISSING], MISSING_ID)
        known_or_absent.update(known)
        table = [known_or_absent.get(text, UNSEEN_ID) for text in matched(texts, known, values, self.name)]
        return np.array([*table, MISSING_ID], dtype=np.int32)[codes]  # code -1 is the last one

    def unseen(self, values: Values) -> Unseen:
        codes, texts = texts_of(values, self.name)
        ids = self.ids(values)
        known, unknown = int((ids >= FIRST_ID).sum()), ids == UNSEEN_ID
        example = str(texts[codes[int(np.argmax(unknown))]]) if unknown.any() else ""
        usual = nearest(example, self.vocabulary[:LOOKED_AT]) or next(iter(self.vocabulary), "")
        rows = known + int(unknown.sum())
        return Unseen(rows, 1 - known / max(rows, 1), example, usual, self.rare_share)

    @property
    def spec(self) -> InputSpec:
        return InputSpec((), "int32")

    @classmethod
    def config(cls, columns: Sequence[Self], scaling: str | None) -> dict[str, Any]:
        return {
            "categories": {name: size for column in columns for name, size in column.sizes.items()},
            "complete": [name for column in columns if not column.missing for name in column.sizes],
        }

    def describe(self) -> str:
        return f"{len(self.vocabulary):,} values, {self.missing:,} missing"


def _require_lengths(prefixes: Any, name: str) -> tuple[int, ...]:
    lengths = tuple(prefixes) if isinstance(prefixes, list | tuple) else (prefixes,)
    if not all(type(each) is int and each >= 1 for each in lengths) or len(set(lengths)) < len(lengths):
        raise ConfigError(
            f"'prefixes' of {shown(name)} must be different numbers of characters, at least 1, as [3]; received "
            f"{prefixes!r}."
        )
    return lengths


def _digits(texts: Iterable[str], numbers: bool) -> int:
    """How many digits codes of digits have: all, or those of a column of numbers, which lost zeros, at most; else 0."""
    lengths = {len(text) for text in texts if text.isdecimal()}
    return max(lengths, default=0) if numbers or len(lengths) == 1 else 0


def _first(text: str, length: int, digits: int) -> str:
    return (text.zfill(digits) if text.isdecimal() else text)[:length]


def _begun(counts: Mapping[str, int], length: int, digits: int) -> tuple[str, ...]:
    """What so many training rows begin with that it has an id."""
    found: dict[str, int] = {}
    for text, count in counts.items():
        first = _first(text, length, digits)
        found[first] = found.get(first, 0) + count
    return tuple(sorted((first for first, count in found.items() if count >= LEAST_BEGUN), key=natural))
