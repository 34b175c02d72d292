"""From labelled texts to a data set: cut into pieces, split by person, turned into ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from zoo.columns.text import cut
from zoo.datasets.dataset import Dataset
from zoo.datasets.given_files import shares_left
from zoo.datasets.splits import SPLITS, split_people
from zoo.datasets.table import Table
from zoo.errors import ConfigError, DataError
from zoo.samples import Target

TEXT = "posts"  # the column, and the model's input
Label = float | str | None


@dataclass(frozen=True)
class Post:
    """A text, who wrote it, and what is known of them: output name -> number or class name, None where unknown."""

    person: str
    text: str
    labels: Mapping[str, Label] = field(default_factory=dict)


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
    given: Mapping[str, Sequence[Post]] | None = None,
) -> Dataset:
    """A data set with the input "posts" (n, L <= words) int32 out of labelled texts.

    All splits hold the classes of every target, and the decades of a number, in like shares. `group` names the column
    of `Samples.groups` that holds the person; `pieces_per_post` keeps the first pieces of each text, None all of them.
    `given` holds splits that are used as they are, in the place of a share of the `posts`.
    The vocabulary is fitted on the training split alone. Raises `DataError` when that split lacks a target altogether.
    """
    if words < 1:
        raise ConfigError(f"words, the length of a piece, must be at least 1; received {words}.")
    fixed = {split: _pieces(own, words, pieces_per_post) for split, own in (given or {}).items()}
    pieces = _pieces(posts, words, pieces_per_post)
    parts = {"train": pieces}
    if not {"validation", "test"} <= fixed.keys():
        strata = {piece.person: tuple(_band(piece.labels.get(name)) for name in targets) for piece in pieces}
        split_of = split_people(strata, seed=seed, shares=shares_left(fixed))
        parts = {split: [piece for piece in pieces if split_of[piece.person] == split] for split in SPLITS}
    parts |= fixed
    for target in targets:
        if all(piece.labels.get(target) is None for piece in parts["train"]):
            raise DataError(f"Too few samples with '{target}' in '{name}': none of the people to train on has it.")
    sizes = {
        split: {"samples": len(part), "people": len({piece.person for piece in part})} for split, part in parts.items()
    }
    options = {"words": words, "vocabulary_size": vocabulary_size, "cut": True}
    train_rows, validation_rows, test_rows = (_frame(parts[split], targets, group) for split in SPLITS)
    return Table(
        name,
        train_rows,
        validation_rows,
        test_rows,
        targets=dict(targets),
        columns={"types": {TEXT: "text"}, "options": {TEXT: options}, "ignore": (group,), "least_labels": 1},
        groups=(group,),
        unit="people",
        card={**card, "seed": seed, "words": words, "sizes": sizes},
    ).dataset()


def _pieces(posts: Iterable[Post], words: int, most: int | None) -> list[Post]:
    return [Post(post.person, text, post.labels) for post in posts for text in cut(post.text, words)[:most]]


def _frame(pieces: Sequence[Post], targets: Iterable[str], group: str) -> pd.DataFrame:
    return pd.DataFrame(
        {TEXT: [piece.text for piece in pieces]}
        | {name: [piece.labels.get(name) for piece in pieces] for name in targets}
        | {group: [piece.person for piece in pieces]}
    )


def _band(label: Label) -> Label:
    return label // 10 if isinstance(label, float) else label
