"""One question about a story: the answer, the sentences that were looked at, and what the reader should know."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from zoo.columns import StoryColumn
from zoo.columns.story import sentences_of
from zoo.columns.text import spelled
from zoo.datasets.questions.build import OTHER
from zoo.pipeline import Pipeline

SHOWN = 5  # unknown words that a note names


@dataclass(frozen=True)
class Reading:
    """An answer to one question, and how it was found.

    answers    (answer, probability), the best first.
    sentences  of the story that were read, the oldest first.
    attention  (hops, sentences): how much each hop looked at each sentence; None where a model has no attention.
    notes      what the reader should know: words that the model does not, sentences that it left out.
    """

    question: str
    answers: tuple[tuple[str, float], ...]
    sentences: tuple[str, ...]
    attention: np.ndarray | None
    notes: tuple[str, ...]


def ask(pipeline: Pipeline, story: str, question: str) -> Reading:
    """The answer to a question about a story, and the sentences that were looked at.

    Raises `DataError` where either is empty or too long, or one of them has no word that the model knows.
    """
    frame = pipeline.rows({"text": [story], "question": [question]})
    reader: StoryColumn = pipeline.schema.column("text")
    for column in pipeline.schema.columns:
        column.require_readable(frame[column.name])
    sentences = sentences_of(story)
    inputs = pipeline.schema.encode(frame, targets=False).inputs
    kept = sentences[-reader.memories :] if reader.layout == "sentences" else sentences
    names = [layer.name for layer in pipeline.model.layers if layer.name.endswith("_attention")]
    hops = {name: pipeline.model.get_layer(name).output for name in sorted(names, key=_number)}
    looking = keras.Model(pipeline.model.inputs, {**pipeline.model.output, **hops})
    outputs = looking(inputs, training=False)  # called: one question is answered before a graph would be compiled
    found = {name: np.asarray(keras.ops.convert_to_numpy(each), "float32")[0] for name, each in outputs.items()}
    answer = found.pop("answer")
    return Reading(
        question=" ".join(question.split()),
        answers=_best(answer, pipeline.schema.targets["answer"].labels),
        sentences=kept,
        attention=np.stack([found[name] for name in hops]) if hops else None,
        notes=_notes(reader, story, question, sentences),
    )


def _best(probabilities: np.ndarray, labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    order = [row for row in np.argsort(-probabilities, kind="stable") if labels[row] != OTHER]
    return tuple((labels[row], float(probabilities[row])) for row in order)


def _notes(reader: StoryColumn, story: str, question: str, sentences: Sequence[str]) -> tuple[str, ...]:
    notes = []
    known = set(reader.vocabulary)
    unknown = list(dict.fromkeys(word for word in spelled(f"{story} {question}").split() if word not in known))
    if unknown:
        shown = ", ".join(f"'{word}'" for word in unknown[:SHOWN]) + (", ..." if len(unknown) > SHOWN else "")
        notes.append(f"The model has never seen {shown}; it reads such words as one and the same unknown word.")
    kept = reader.memories
    if reader.layout == "sentences" and len(sentences) > kept:
        notes.append(f"The story has {len(sentences):,} sentences; the model read the last {kept}.")
    if any(spelled(sentence).count(" ") >= reader.length for sentence in [*sentences[-kept:], question]):
        notes.append(f"Sentences and questions are read up to their {reader.length}th word.")
    words = len(spelled(story).split())
    if reader.layout == "words" and words > kept:
        notes.append(f"The story has {words:,} words; the model read the last {kept:,}.")
    return tuple(notes)


def _number(name: str) -> int:
    """Of a hop, out of the name of its layer: hop10 comes after hop9."""
    return int(name.removeprefix("hop").partition("_")[0])
