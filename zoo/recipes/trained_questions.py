"""A trained model of questions with all that it needs to answer one about a story, and to show what it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.datasets.questions import OTHER, Layout, sentences_of, spelled
from zoo.errors import DataError
from zoo.recipes.trained import Answer, ClassAnswer, Trained, read_trained

LONGEST_STORY = 1_000_000  # characters
LAYOUT_OF = {"question_answering": "words", "memory_network": "sentences"}  # family -> what its inputs are
SHOWN = 5  # unknown words that a note names


@dataclass(frozen=True)
class Reading:
    """An answer to one question, and how it was found.

    answer     the answers by probability, the best first.
    sentences  of the story that were read, the oldest first.
    attention  (hops, sentences): how much each hop looked at each sentence; None where a model has no attention.
    notes      what the reader should know: words that the model does not, sentences that it left out.
    """

    question: str
    answer: ClassAnswer
    sentences: tuple[str, ...]
    attention: np.ndarray | None
    notes: tuple[str, ...]


class TrainedQuestions(Trained):
    """A model that answers questions about stories; `words` is how many sentences (or words) of a story it reads."""

    @property
    def layout(self) -> Layout:
        return Layout(LAYOUT_OF[describe(self.entry).family], self.words)

    def ask(self, story: str, question: str) -> Reading:
        """The answer to a question about a story, and the sentences that were looked at.

        Raises `DataError` where either is empty or too long, or one of them has no word that the model knows.
        """
        for what, text in (("story", story), ("question", question)):
            self._check(text, what)
        sentences = sentences_of(story)
        inputs = self.layout.encode([sentences], [question], self.tokeniser)
        kept = sentences[-self.words :] if self.layout.kind == "sentences" else sentences
        names = [layer.name for layer in self.model.layers if layer.name.endswith("_attention")]
        hops = {name: self.model.get_layer(name).output for name in sorted(names, key=_number)}
        looking = keras.Model(self.model.inputs, {**self.model.output, **hops})
        outputs = looking(inputs, training=False)  # called: one question is answered before a graph would be compiled
        found = {name: np.asarray(keras.ops.convert_to_numpy(each), "float32")[0] for name, each in outputs.items()}
        answer = found.pop("answer")
        return Reading(
            question=" ".join(question.split()),
            answer=self._best(answer),
            sentences=kept,
            attention=np.stack([found[name] for name in hops]) if hops else None,
            notes=self._notes(story, question, sentences),
        )

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """One answer a text, whose last sentence is the question about the others. Raises `DataError` as `ask`."""
        found: list[Answer] = []
        for text in texts:
            sentences = sentences_of(text)
            if len(sentences) < 2:
                raise DataError(
                    f"'{self.entry}' answers a question about a story: write the story's sentences and, as the last "
                    f"one, the question; received '{text[:60]}'."
                )
            found.append({"answer": self.ask(" ".join(sentences[:-1]), sentences[-1]).answer})
        return found

    def _best(self, probabilities: np.ndarray) -> ClassAnswer:
        labels = self.heads["answer"].answers.labels
        order = [row for row in np.argsort(-probabilities, kind="stable") if labels[row] != OTHER]
        return ClassAnswer(tuple((labels[row], float(probabilities[row])) for row in order))

    def _check(self, text: str, what: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"The {what} is empty.")
        if len(text) > LONGEST_STORY:
            raise DataError(f"The {what} has {len(text):,} characters; at most {LONGEST_STORY:,} are read.")
        words = spelled(text)
        if not words:
            raise DataError(f"The {what} has no word: '{text.strip()[:60]}'.")
        if not self.tokeniser.known_share(words):
            raise DataError(
                f"The {what} '{' '.join(text.split())[:60]}' has no word that the model knows; it may be in another "
                "language or script."
            )

    def _notes(self, story: str, question: str, sentences: Sequence[str]) -> tuple[str, ...]:
        notes = []
        known = set(self.tokeniser.words)
        unknown = list(dict.fromkeys(word for word in spelled(f"{story} {question}").split() if word not in known))
        if unknown:
            shown = ", ".join(f"'{word}'" for word in unknown[:SHOWN]) + (", ..." if len(unknown) > SHOWN else "")
            notes.append(f"The model has never seen {shown}; it reads such words as one and the same unknown word.")
        if self.layout.kind == "sentences" and len(sentences) > self.words:
            notes.append(f"The story has {len(sentences):,} sentences; the model read the last {self.words}.")
        longest = self.layout.length
        if any(spelled(sentence).count(" ") >= longest for sentence in [*sentences[-self.words :], question]):
            notes.append(f"Sentences and questions are read up to their {longest}th word.")
        words = len(spelled(story).split())
        if self.layout.kind == "words" and words > self.words:
            notes.append(f"The story has {words:,} words; the model read the last {self.words:,}.")
        return tuple(notes)


def _number(name: str) -> int:
    """Of a hop, out of the name of its layer: hop10 comes after hop9."""
    return int(name.removeprefix("hop").partition("_")[0])


def read_trained_questions(path: Path) -> TrainedQuestions:
    """A trained model out of its file. Raises `WeightsError` for a file that does not hold one."""
    read = read_trained(path)
    return TrainedQuestions(**{name: getattr(read, name) for name in read.__dataclass_fields__})
