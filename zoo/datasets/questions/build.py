"""From stories with questions and answers to a data set: split by story, cut to what a model reads, turned into ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns.story import MEMORIES, MOST_WORDS, StoryColumn
from zoo.columns.text import spelled
from zoo.columns.tokeniser import Tokeniser
from zoo.datasets.checks import require_seed
from zoo.datasets.dataset import Dataset
from zoo.datasets.table import Table
from zoo.errors import DataError, require_known
from zoo.samples import Target

LAYOUTS = ("words", "sentences")
OTHER = "(another answer)"  # the label of answers that training never gave: nothing is right for them
VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Question:
    """A question about a story, and its answer.

    story  sentences, the oldest first.
    of     the story's name: its questions never stand in two splits.
    task   a kind of question, to break errors down by; "" where there is one kind only.
    """

    story: tuple[str, ...]
    question: str
    answer: str
    of: str
    task: str = ""


@dataclass(frozen=True)
class Layout:
    """How stories are read: the options of a `StoryColumn`, of which `kind` is the layout."""

    kind: str = "sentences"
    memories: int = MEMORIES
    length: int = 100

    def __post_init__(self) -> None:
        require_known("layout", self.kind, LAYOUTS)
        StoryColumn("text", layout=self.kind, memories=self.memories, length=self.length)  # which checks them


def split_off(questions: Sequence[Question], *, seed: int, share: float) -> tuple[list[Question], list[Question]]:
    """(the rest, about `share` of the stories of every task), whole stories, at random."""
    stories: dict[str, list[str]] = {}
    for each in questions:
        of_task = stories.setdefault(each.task, [])
        if not of_task or of_task[-1] != each.of:
            of_task.append(each.of)
    random = np.random.default_rng(require_seed(seed))
    chosen: set[str] = set()
    for task in sorted(stories):
        names = sorted(set(stories[task]))
        if len(names) < 2:
            raise DataError(f"Questions about {len(names)} story cannot be split; at least 2 stories are needed.")
        chosen |= {names[i] for i in random.permutation(len(names))[: max(1, round(share * len(names)))]}
    return [each for each in questions if each.of not in chosen], [each for each in questions if each.of in chosen]


def build(
    name: str,
    train: Sequence[Question],
    validation: Sequence[Question],
    test: Sequence[Question],
    *,
    layout: Layout,
    seed: int,
    card: Mapping[str, Any],
    vocabulary: Sequence[str] | None = None,
    answers: Sequence[str] | None = None,
    limits: Mapping[str, Mapping[str, float]] | None = None,
) -> Dataset:
    """A data set with inputs "text" and "question", target "answer", groups "story" and "task".

    `vocabulary` and `answers` are those of the training split, unless they are given: those of a model. An answer of
    the other splits that is not among them has the label `OTHER`: no model is right about it. Raises `DataError` for a
    split without a question, and for one to train on whose answer is not among those given.
    """
    parts = {"train": train, "validation": validation, "test": test}
    for split, part in parts.items():
        if not part:
            raise DataError(f"'{name}' has no question in the {split} split.")
    found = sorted({each.answer for each in train})
    labels = tuple(answers or (*found, OTHER))
    if unknown := [answer for answer in found if answer not in labels]:
        raise DataError(
            f"'{name}' has {len(unknown)} answers that are not among the {len(labels) - 1} of the model, such as "
            f"'{unknown[0]}'; train a model of its own for them."
        )
    words = vocabulary or _vocabulary(train, labels)
    sizes = {split: {"questions": len(part), "stories": len({q.of for q in part})} for split, part in parts.items()}
    counted = {"seed": seed, "memories": layout.memories, "answers": len(labels) - 1, "sizes": sizes}
    groups = ("story", "task") if len({each.task for each in train}) > 1 else ("story",)
    story = {"vocabulary": words, "layout": layout.kind, "memories": layout.memories, "length": layout.length}
    first, second, third = map(_frame, (train, validation, test))
    return Table(
        name,
        first,
        second,
        third,
        targets={"answer": Target("classification", labels)},
        columns={
            "types": {"text": "story", "question": "story"},
            "options": {"text": story, "question": {**story, "layout": "sentence"}},
            "others": {"answer": OTHER},
            "ignore": ("story", "task"),
        },
        groups=groups,
        unit="questions",
        limits=limits or {},
        card={**card, **counted},
    ).dataset()


def _frame(questions: Sequence[Question]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": [each.story for each in questions],
            "question": [each.question for each in questions],
            "answer": [each.answer for each in questions],
            "story": [each.of for each in questions],
            "task": [each.task for each in questions],
        }
    )


def _vocabulary(questions: Sequence[Question], labels: Sequence[str]) -> list[str]:
    """The answers, in the order of their labels, and then the words: a model may score answers by vectors of words."""
    told = Tokeniser.fit(_texts(questions), vocabulary_size=MOST_WORDS).words
    return [*labels, *(word for word in told if word not in set(labels))]


def _texts(questions: Iterable[Question]) -> Iterable[str]:
    """Every sentence once a story, and every question."""
    told: set[tuple[str, str]] = set()
    for each in questions:
        for sentence in each.story:
            if (each.of, sentence) not in told:
                told.add((each.of, sentence))
                yield spelled(sentence)
        yield spelled(each.question)
