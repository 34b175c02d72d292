"""Texts whose prediction changes by a few words: slips of the keyboard, or words that the model itself holds for near.

Words are tried in the order in which leaving them out lowers the label's probability (as TextFooler, Jin et al. 2020).
"""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError, DataWarning, is_number, require_known
from zoo.keras_internals.graph import next_calls, producer
from zoo.pipeline import Pipeline
from zoo.robustness.result import Attack, Flip
from zoo.robustness.sources import pipeline_rows

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
    strengths = _words(strength, method)
    pipeline, frame, truth, output = pipeline_rows(model, samples, labels, output, method)
    text = _text_column(pipeline, column)
    suggest = _typos(np.random.default_rng(seed)) if method == "typos" else _neighbours(pipeline, text)
    names = pipeline.schema.targets[output].labels
    scores = _Scores(pipeline, output, text)
    before = scores.of(frame)
    own = truth is None
    truth = before.argmax(axis=1) if truth is None else truth
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        raise DataError("No sample has a label.")
    right = [int(row) for row in known if before[row].argmax() == truth[row]]
    flips = []
    for row in right:
        found = _attacked(scores, frame.iloc[[row]], int(truth[row]), before[row], suggest, max(strengths))
        if found is not None:
            changed, count, shares = found
            pairs = [(names[int(each.argmax())], float(each.max())) for each in (before[row], shares)]
            flips.append(
                Flip(row, float(count), names[truth[row]], pairs[0], pairs[1], scores.text(frame, row), changed)
            )
    accuracy = {0.0: len(right) / len(known)}
    for each in strengths:
        accuracy[each] = (len(right) - sum(flip.strength <= each for flip in flips)) / len(known)
    notes = ["The labels are what the model predicted: no true ones were given."] if own else []
    if method == "synonyms":
        notes.append("Near words are those of the model's own embedding: they need not mean the same to people.")
    ranked = sorted(flips, key=lambda flip: (flip.strength, -flip.after[1], flip.row))
    return Attack(method, "words", output, len(known), accuracy, ranked, "text", {"seed": seed}, notes)


class _Scores:
    """Probabilities of the classes of one output for rows whose text is exchanged."""

    def __init__(self, pipeline: Pipeline, output: str, column: Any):
        self.pipeline, self.output, self.column = pipeline, output, column

    def text(self, frame: Any, row: int) -> str:
        return str(self.column.raw(frame[self.column.name].iloc[[row]])[0])

    def of(self, frame: Any) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            found = self.pipeline.predictions(frame, allow_unseen=True)[self.output]
        return np.stack([1 - found, found], axis=1) if found.ndim == 1 else found

    def of_texts(self, row: Any, texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """(those of the texts that the model can read, their probabilities), beside the other columns of the row."""
        kept = [each for each in texts if self.column.tokeniser.known_share(each)]
        if not kept:
            return [], np.zeros((0, 2))
        frame = row.loc[row.index.repeat(len(kept))].reset_index(drop=True)
        frame[self.column.name] = kept
        return kept, self.of(frame)


def _attacked(
    scores: _Scores, row: Any, label: int, before: np.ndarray, suggest: Suggest, most: float
) -> tuple[str, int, np.ndarray] | None:
    """(changed text, how many words, its probabilities), or None where so many words do not change the prediction."""
    parts = TOKEN.findall(scores.text(row, 0))
    places = [place for place, part in enumerate(parts) if part[0].isalpha()][:LONGEST]
    without = {"".join([*parts[:place], *parts[place + 1 :]]): place for place in places}
    kept, shares = scores.of_texts(row, list(without))
    drops = {without[text]: before[label] - share[label] for text, share in zip(kept, shares, strict=True)}
    count, current = 0, float(before[label])
    for place in sorted(places, key=lambda each: (-drops.get(each, 0.0), each)):
        options = {"".join([*parts[:place], word, *parts[place + 1 :]]): word for word in suggest(parts[place])}
        kept, shares = scores.of_texts(row, list(options))
        if not kept:
            continue
        best = int(shares[:, label].argmin())
        if shares[best, label] >= current:
            continue
        parts[place], current, count = options[kept[best]], float(shares[best, label]), count + 1
        if shares[best].argmax() != label:
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


def _words(given: Any, method: str) -> list[float]:
    values = USUAL if given is None else given if isinstance(given, list | tuple) else [given]
    for each in values:
        if not is_number(each) or each < 1 or each != int(each):
            raise ConfigError(f"The strength of '{method}' is a whole number of words, at least 1; received {each!r}.")
    return sorted(set(map(float, values)))
