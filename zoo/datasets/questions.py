"""From stories with questions and answers to a data set: split by story, cut to what a model reads, turned into ids."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from zoo.datasets.checks import require_seed
from zoo.datasets.dataset import Dataset
from zoo.datasets.tokeniser import PADDING, Tokeniser, words_of
from zoo.errors import ConfigError, DataError, require_known
from zoo.samples import Samples, Target

LAYOUTS = ("words", "sentences")
OTHER = "(another answer)"  # the label of answers that training never gave: nothing is right for them
MEMORIES = 50  # sentences that a memory network keeps, the newest (Sukhbaatar et al. 2015, section 4.2)
MOST_WORDS = 50_000  # of a vocabulary, the most frequent
VALIDATION_SHARE = 0.1
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")


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


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text, without those that hold no word.

    >>> sentences_of("Mary took the milk. Where did she go?  To the hall!")
    ('Mary took the milk.', 'Where did she go?', 'To the hall!')
    """
    return tuple(part.strip() for part in _SENTENCE_END.split(text) if _spelled(part))


def spelled(text: str) -> str:
    """The words that a model of questions reads: punctuation is left out, since sentences are told apart already.

    >>> spelled("Where is Mary's milk?")
    "where is mary's milk"
    """
    return " ".join(_spelled(text))


@lru_cache(maxsize=200_000)
def _spelled(text: str) -> tuple[str, ...]:
    """Sentences come again with each question of a story: looking them up spares most of the work."""
    return tuple(word for word in words_of(text) if word[0].isalnum())


@dataclass(frozen=True)
class Layout:
    """How stories and questions become integers, 0 being padding.

    kind      "words": "text" (n, L) holds the words of the whole story; "sentences": (n, sentences, words).
              "question" is (n, words) in both.
    memories  sentences that are kept of a story, the newest; of "words", the words.
    length    words that are kept of one sentence or question, the first.
    """

    kind: str = "sentences"
    memories: int = MEMORIES
    length: int = 100

    def __post_init__(self) -> None:
        require_known("layout", self.kind, LAYOUTS)
        for name in ("memories", "length"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"'{name}' of a layout must be a whole number >= 1; received {value!r}.")

    def encode(
        self, stories: Sequence[Sequence[str]], questions: Sequence[str], tokeniser: Tokeniser
    ) -> dict[str, np.ndarray]:
        """Stories, sentence by sentence, and a question about each -> inputs "text" and "question", int32."""

        @cache
        def ids(sentence: str) -> np.ndarray:
            return tokeniser.encode(spelled(sentence))[: self.length]

        if self.kind == "words":
            joined = [np.concatenate([*map(ids, story[-self.memories :])])[-self.memories :] for story in stories]
            text = padded(joined)
        else:
            kept = [[ids(sentence) for sentence in story[-self.memories :]] for story in stories]
            text = padded_twice(kept)
        return {"text": text, "question": padded([ids(question) for question in questions])}


def padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """n sequences of ids -> (n, longest) int32, padded on the right with 0."""
    found = np.full((len(rows), max((len(row) for row in rows), default=0) or 1), PADDING, dtype="int32")
    for filled, row in zip(found, rows, strict=True):
        filled[: len(row)] = row
    return found


def padded_twice(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """n lists of sequences -> (n, most sequences, longest) int32, padded on the right of both with 0."""
    most = max((len(row) for row in rows), default=0) or 1
    longest = max((len(each) for row in rows for each in row), default=0) or 1
    found = np.full((len(rows), most, longest), PADDING, dtype="int32")
    for filled, row in zip(found, rows, strict=True):
        for sentence, each in zip(filled, row, strict=False):
            sentence[: len(each)] = each
    return found


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
    tokeniser = Tokeniser(vocabulary or _vocabulary(train, labels))
    if unknown := [answer for answer in found if answer not in labels]:
        raise DataError(
            f"'{name}' has {len(unknown)} answers that are not among the {len(labels) - 1} of the model, such as "
            f"'{unknown[0]}'; train a model of its own for them."
        )
    target = Target("classification", labels)
    samples = {split: _samples(part, layout, tokeniser, target) for split, part in parts.items()}
    sizes = {split: {"questions": len(part), "stories": len({q.of for q in part})} for split, part in parts.items()}
    counted = {
        "seed": seed,
        "memories": layout.memories,
        "vocabulary_size": tokeniser.size,
        "answers": len(labels) - 1,
        "sizes": sizes,
    }
    return Dataset(
        name,
        train=samples["train"],
        validation=samples["validation"],
        test=samples["test"],
        targets={"answer": target},
        tokeniser=tokeniser,
        limits=limits or {},
        card={**card, **counted},
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


def _samples(questions: Sequence[Question], layout: Layout, tokeniser: Tokeniser, target: Target) -> Samples:
    numbers = {label: number for number, label in enumerate(target.labels)}
    answers = [numbers.get(each.answer, numbers.get(OTHER, 0)) for each in questions]
    groups = {"story": np.array([each.of for each in questions])}
    if len({each.task for each in questions}) > 1:
        groups["task"] = np.array([each.task for each in questions])
    return Samples(
        inputs=layout.encode([each.story for each in questions], [each.question for each in questions], tokeniser),
        targets={"answer": np.array(answers, dtype="int32")},
        groups=groups,
        texts=tuple(" ".join([*each.story[-layout.memories :], each.question]) for each in questions),
    )
