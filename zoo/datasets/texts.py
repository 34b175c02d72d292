"""From labelled texts to a data set: cut into pieces, split by person, turned into ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import SPLITS, split_people
from zoo.datasets.tokeniser import Tokeniser, words_of
from zoo.errors import ConfigError, DataError
from zoo.samples import MISSING_CLASS, Samples, Target, present

Label = float | str | None


@dataclass(frozen=True)
class Post:
    """A text, who wrote it, and what is known of them: output name -> number or class name, None where unknown."""

    person: str
    text: str
    labels: Mapping[str, Label] = field(default_factory=dict)


def cut(text: str, words: int) -> list[str]:
    """The text in pieces of at most `words` words as the tokeniser counts them, cut at white space.

    A rest of less than half a piece is dropped, unless it is all there is. White space becomes single blanks.
    """
    pieces: list[str] = []
    chunks: list[str] = []
    filled = 0
    for chunk in text.split():
        length = _word_count(chunk)
        if chunks and filled + length > words:
            pieces.append(" ".join(chunks))
            chunks, filled = [], 0
        chunks.append(chunk)
        filled += length
    if chunks and (not pieces or 2 * filled >= words):
        pieces.append(" ".join(chunks))
    return pieces


@lru_cache(maxsize=200_000)
def _word_count(chunk: str) -> int:
    """Most chunks of a language are the same few: looking them up is several times faster than counting again."""
    return len(words_of(chunk))


def build(
    name: str,
    posts: Iterable[Post],
    targets: Mapping[str, Target],
    *,
    group: str = "person",
    words: int,
    vocabulary_size: int,
    seed: int,
    card: Mapping[str, Any],
    pieces_per_post: int | None = None,
) -> Dataset:
    """A data set with the input "posts" (n, L <= words) int32 out of labelled texts.

    All splits hold the classes of every target, and the decades of a number, in like shares. `group` names the column
    of `Samples.groups` that holds the person; `pieces_per_post` keeps the first pieces of each text, None all of them.
    The vocabulary is fitted on the training split alone. Raises `DataError` when that split lacks a target altogether.
    """
    if words < 1:
        raise ConfigError(f"words, the length of a piece, must be at least 1; received {words}.")
    pieces = [
        Post(post.person, text, post.labels) for post in posts for text in cut(post.text, words)[:pieces_per_post]
    ]
    strata = {piece.person: tuple(_band(piece.labels.get(name)) for name in targets) for piece in pieces}
    split_of = split_people(strata, seed=seed)
    parts = {split: [piece for piece in pieces if split_of[piece.person] == split] for split in SPLITS}
    tokeniser = Tokeniser.fit((piece.text for piece in parts["train"]), vocabulary_size=vocabulary_size)
    samples = {split: _samples(part, targets, tokeniser, words, group) for split, part in parts.items()}
    for target, labels in samples["train"].targets.items():
        if not present(labels).any():
            raise DataError(f"Too few samples with '{target}' in '{name}': none of the people to train on has it.")
    sizes = {
        split: {"samples": len(part), "people": len({piece.person for piece in part})} for split, part in parts.items()
    }
    counted = {"seed": seed, "words": words, "vocabulary_size": tokeniser.size, "sizes": sizes}
    return Dataset(
        name,
        train=samples["train"],
        validation=samples["validation"],
        test=samples["test"],
        targets=dict(targets),
        tokeniser=tokeniser,
        card={**card, **counted},
    )


def _band(label: Label) -> Label:
    return label // 10 if isinstance(label, float) else label


def _samples(
    pieces: Sequence[Post], targets: Mapping[str, Target], tokeniser: Tokeniser, words: int, group: str
) -> Samples:
    texts = tuple(piece.text for piece in pieces)
    return Samples(
        inputs={"posts": tokeniser.encode_batch(texts, max_length=words)},
        targets={
            name: label_array([piece.labels.get(name) for piece in pieces], target) for name, target in targets.items()
        },
        groups={group: np.array([piece.person for piece in pieces])},
        texts=texts,
    )


def label_array(labels: Sequence[Label], target: Target) -> np.ndarray:
    """Labels -> (n,): float32 with NaN where missing for a regression, else int32 class numbers with -1."""
    if target.kind == "regression":
        return np.array([np.nan if label is None else label for label in labels], dtype="float32")
    number = {label: i for i, label in enumerate(target.labels)}
    return np.array([MISSING_CLASS if label is None else number[str(label)] for label in labels], dtype="int32")
