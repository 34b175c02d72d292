"""Categories: ids of a vocabulary, with ids of their own for no value and for values that training did not have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from zoo.columns.column import Column, InputSpec, Values, register
from zoo.columns.frames import shown
from zoo.columns.matching import matched
from zoo.columns.unseen import Unseen
from zoo.columns.values import MISSING, natural, texts_of
from zoo.errors import ConfigError, DataError, nearest

MISSING_ID, UNSEEN_ID = 0, 1  # no value; a value that training had not, or too rarely
LOOKED_AT = 1_000  # values among which one like an unknown one is looked for
FIRST_ID = 2  # of the vocabulary
MOST_VALUES = 10_000  # from which a column with more values than half of its rows is a name, and no category


@register
@dataclass(frozen=True)
class CategoryColumn(Column):
    """`vocabulary` are the values with an id of their own, from `FIRST_ID` on."""

    vocabulary: tuple[str, ...] = ()
    missing: int = 0
    rare: int = 0  # training rows with a value that is not in the vocabulary
    rare_share: float = 0.0  # of the training rows with a value

    kind: ClassVar[str] = "category"

    @classmethod
    def fit(cls, values: Values, name: str, max_cardinality: int | None = None, min_count: int = 1) -> Self:
        """`max_cardinality`: only so many values, the most frequent, have ids; `min_count`: nor have rarer ones."""
        for option, value in (("max_cardinality", max_cardinality), ("min_count", min_count)):
            if not (value is None and option == "max_cardinality") and not (type(value) is int and value >= 1):
                raise ConfigError(f"'{option}' must be a whole number of at least 1; received {value!r}.")
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
        return cls(
            name, vocabulary=tuple(kept), missing=len(values) - known, rare=rare, rare_share=rare / max(known, 1)
        )

    @property
    def size(self) -> int:
        """Number of ids."""
        return FIRST_ID + len(self.vocabulary)

    def encode(self, values: Values) -> np.ndarray:
        codes, texts = texts_of(values, self.name)
        known = {text: number for number, text in enumerate(self.vocabulary, start=FIRST_ID)}
        known_or_absent: dict[str | None, int] = dict.fromkeys([None, *MISSING], MISSING_ID)
        known_or_absent.update(known)
        table = [known_or_absent.get(text, UNSEEN_ID) for text in matched(texts, known, values, self.name)]
        return np.array([*table, MISSING_ID], dtype=np.int32)[codes]  # code -1 is the last one

    def unseen(self, values: Values) -> Unseen:
        codes, texts = texts_of(values, self.name)
        ids = self.encode(values)
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
            "categories": {column.input: column.size for column in columns},
            "complete": [column.input for column in columns if not column.missing],
        }

    def describe(self) -> str:
        return f"{len(self.vocabulary):,} values, {self.missing:,} missing"
