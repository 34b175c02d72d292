"""Texts whose prediction changes by a few words: slips of the keyboard, or words that the model itself holds for near.

Words are tried in the order in which leaving them out lowers the label's probability (as TextFooler, Jin et al. 2020).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.keras_internals.graph import next_calls, producer
from zoo.pipeline import Pipeline
from zoo.robustness.result import Attack, Flip
from zoo.robustness.row_attacks import RowScores, Task, whole_strengths

USUAL = (1, 2, 3, 5)
TOKEN = re.compile(r"\w+|\W+")
SHORTEST = 4  # letters of a word in which a slip is made: shorter ones become others that people cannot read either
LONGEST = 200  # words of a text that are tried
CANDIDATES = 8  # of a word
NEAREST = 0.5  # cosine below which no word of the embedding is near
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

Suggest = Callable[[str], Sequence[str]]


def attack_texts(
    model: Any,
    samples: Any,
    labels: Any = None,
    *,
    method: str = "typos",
    strength: Any = None,
    output: str | None = None,
    seed: int = 0,
    column: str | None = None,
) -> Attack:
    """As `zoo.attack`; strengths are numbers of words. `column`: which text, where there are several."""
    strengths = whole_strengths(strength, method, "words", USUAL)
    task = Task.of(model, samples, labels, output, method)
    text = _text_column(task.scores.pipeline, column)
    suggest = _typos(np.random.default_rng(seed)) if method == "typos" else _neighbours(task.scores.pipeline, text)
    texts = _Texts(task.scores, text)

    def change(row: int) -> tuple[Flip, float] | None:
        label, line, before = int(task.truth[row]), task.frame.iloc[[row]], task.before[row]
        found = _attacked(texts, line, label, before, suggest, max(strengths))
        if found is None:
            return None
        changed, count, shares = found
        pairs = [task.scores.best(each) for each in (before, shares)]
        flip = Flip(row, float(count), task.scores.labels[label], pairs[0], pairs[1], texts.text(line), changed)
        return flip, -flip.after[1]

    near = "Near words are those of the model's own embedding: they need not mean the same to people."
    notes = [near] if method == "synonyms" else []
    return task.attacked(
        change, strengths, method=method, unit="words", kind="text", settings={"seed": seed}, notes=notes
    )


@dataclass(frozen=True)
class _Texts:
    """Rows whose text in `column` is exchanged."""

    scores: RowScores
    column: Any

    def text(self, row: Any) -> str:
        return str(self.column.raw(row[self.column.name])[0])

    def of_texts(self, row: Any, texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """(those of the texts that the model can read, their probabilities), beside the other columns of the row."""
        kept = [each for each in texts if self.column.tokeniser.known_share(each)]
        if not kept:
            return [], np.zeros((0, 2))
        frame = row.loc[row.index.repeat(len(kept))].reset_index(drop=True)
        frame[self.column.name] = kept
        return kept, self.scores.shares(frame)


def _attacked(
    texts: _Texts, row: Any, label: int, before: np.ndarray, suggest: Suggest, most: float
) -> tuple[str, int, np.ndarray] | None:
    """(changed text, how many words, its probabilities), or None where so many words do not change the prediction."""
    parts = TOKEN.findall(texts.text(row))
    places = [place for place, part in enumerate(parts) if part[0].isalpha()][:LONGEST]
    without = {"".join([*parts[:place], *parts[place + 1 :]]): place for place in places}
    kept, shares = texts.of_texts(row, list(without))
    drops = {without[text]: before[label] - share[label] for text, share in zip(kept, shares, strict=True)}
    count, current = 0, float(before[label])
    for place in sorted(places, key=lambda each: (-drops.get(each, 0.0), each)):
        options = {"".join([*parts[:place], word, *parts[place + 1 :]]): word for word in suggest(parts[place])}
        kept, shares = texts.of_texts(row, list(options))
        if not kept:
            continue
        turned = texts.scores.decided(shares) != label
        best = int(np.where(turned, shares[:, label] - 1.0, shares[:, label]).argmin())  # a turned one first
        if shares[best, label] >= current and not turned[best]:
            continue
        parts[place], current, count = options[kept[best]], float(shares[best, label]), count + 1
        if turned[best]:
            return kept[best], count, shares[best]
        if count >= most:
            return None
    return None


def _typos(random: np.random.Generator) -> Suggest:
    """Two neighbouring letters exchanged, one left out, doubled, or struck beside its key; the first and last stay."""

    def suggest(word: str) -> list[str]:
        if len(word) < SHORTEST:
            return []
        found = []
        for place in range(1, len(word) - 1):
            if place + 2 < len(word):
                found.append(word[:place] + word[place + 1] + word[place] + word[place + 2 :])
            found.append(word[:place] + word[place + 1 :])
            found.append(word[:place] + word[place] + word[place:])
            found += [word[:place] + key + word[place + 1 :] for key in _beside(word[place])]
        found = [each for each in dict.fromkeys(found) if each != word]
        chosen = random.permutation(len(found))[: 2 * CANDIDATES]
        return [found[each] for each in chosen]

    return suggest


def _beside(letter: str) -> str:
    for line in KEYS:
        if (place := line.find(letter)) >= 0:
            return line[max(0, place - 1) : place] + line[place + 1 : place + 2]
    return ""


def _neighbours(pipeline: Pipeline, column: Any) -> Suggest:
    """The nearest words of the vocabulary by the cosine of the model's own embedding; no marks, no numbers."""
    table = _embedding(pipeline, column)
    words = list(column.tokeniser.words)
    first = column.size - len(words)  # padding and the unknown word come before
    vectors = table[first : first + len(words)]
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    numbers = {word: place for place, word in enumerate(words)}

    def suggest(word: str) -> list[str]:
        place = numbers.get(word.casefold())
        if place is None:
            return []
        alike = vectors @ vectors[place]
        order = np.argsort(-alike, kind="stable")[1 : 4 * CANDIDATES]
        near = [words[each] for each in order if alike[each] >= NEAREST and words[each].isalpha()]
        return near[:CANDIDATES]

    return suggest


def _embedding(pipeline: Pipeline, column: Any) -> np.ndarray:
    """(ids, width) of the layer that reads the column. Raises `ConfigError` where there is none."""
    pending = [each for each in getattr(pipeline.model, "inputs", ()) if each.name == column.input]
    while pending:
        tensor = pending.pop()
        try:
            calls = next_calls(producer(tensor)[0].operation)
        except ConfigError:  # the graph of an ONNX file
            break
        for call in calls:
            if hasattr(call.operation, "input_dim") and getattr(call.operation, "weights", None):
                return np.asarray(call.operation.get_weights()[0], np.float32)
            if not hasattr(call.operation, "layers"):
                pending += [each for each in call.outputs if "int" in str(each.dtype)]
            else:
                pending += call.operation.inputs
    raise ConfigError(f"The model has no embedding of the words of '{column.name}': 'synonyms' has nothing to look in.")


def _text_column(pipeline: Pipeline, given: str | None) -> Any:
    columns = {each.name: each for each in pipeline.schema.of("text")}
    if given is not None:
        require_known("text of 'column'", given, columns)
        return columns[given]
    if len(columns) != 1:
        kinds = ", ".join(sorted({each.kind for each in pipeline.schema.columns}))
        raise ConfigError(
            f"Name the text to change with column=...: {', '.join(columns)}."
            if columns
            else f"Words can be changed of texts; the model reads {kinds}."
        )
    return next(iter(columns.values()))
