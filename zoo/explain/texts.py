"""Explanations of a text: what is said without a word or a sentence; integrated gradients on embeddings."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.explain.heat_maps import named
from zoo.explain.places import calls_reading, layers_between, place_of
from zoo.explain.slopes import completeness_gap, gauss_legendre
from zoo.explain.subject import Subject
from zoo.tracing.gradients import GradientFunction, Place

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # one letter is a word
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+(?:['’][^\W{UNSPACED}]+)*|[^\w\s]")
SENTENCE = re.compile(r"[^.!?。！？\n]*[.!?。！？\n]*\s*")
MOST_CHANGED = 2_000  # texts that are asked about at the most


def words_in(text: str) -> list[tuple[int, int]]:
    """(start, end) of every word and punctuation mark.

    >>> [text[a:b] for text in ["It's fine."] for a, b in words_in(text)]
    ["It's", 'fine', '.']
    """
    return [each.span() for each in WORD.finditer(text)]


def sentences_in(text: str) -> list[tuple[int, int]]:
    """(start, end) of every sentence, the blank after it too.

    >>> [text[a:b] for text in ["Fine! And you?"] for a, b in sentences_in(text)]
    ['Fine! ', 'And you?']
    """
    return [each.span() for each in SENTENCE.finditer(text) if each.group().strip()]


def occlusion(
    subject: Subject, *, parts: str = "words", window: int = 1
) -> tuple[list[str], np.ndarray, dict[str, Any]]:
    """(parts, (n,) what the score loses without each, settings); parts are "words" or "sentences".

    window  neighbours that are left out together; a word has the mean of all windows that it is in.
    """
    text = str(subject.shown)
    spans = (words_in if parts == "words" else sentences_in)(text)
    if not spans:
        raise ConfigError(f"There are no {parts} in the text to leave out.")
    if type(window) is not int or not 1 <= window <= len(spans):
        raise ConfigError(f"'window' must be a number of {parts} from 1 to {len(spans)}; received {window!r}.")
    if len(spans) > MOST_CHANGED:
        raise ConfigError(f"The text has {len(spans):,} {parts}, above {MOST_CHANGED:,}: explain its sentences.")
    starts = range(len(spans) - window + 1)
    without = [text[: spans[start][0]] + text[spans[start + window - 1][1] :] for start in starts]
    scores = text_scores(subject, [text, *without])
    total, count = np.zeros(len(spans)), np.zeros(len(spans))
    for start, score in zip(starts, scores[1:], strict=True):
        total[start : start + window] += scores[0] - score
        count[start : start + window] += 1
    return [text[a:b] for a, b in spans], total / count, {"window": window}


def text_scores(subject: Subject, texts: Sequence[str]) -> np.ndarray:
    """(n,) scores of other texts in the place of the sample's; the mean over the pieces of a long one."""
    if subject.encode is None:
        raise ConfigError(
            "Words with padding between them cannot be left out; use method='integrated-gradients', or give them with "
            "the padding on one side."
        )
    inputs, owner = subject.encode(list(texts))
    return subject.scores(inputs, owner)


def integrated_gradients(
    subject: Subject, *, layer: str | None = None, steps: int = 64
) -> tuple[list[str], np.ndarray, dict[str, Any], float]:
    """(words, (n,) values, settings, completeness gap), from embeddings of 0 to those of the words.

    layer  the one that embeds; by default all `Embedding` layers that give one vector for each word.
    """
    ids = subject.value
    places = _embeddings(subject, ids, layer)
    found = GradientFunction(subject.model, None, places)(subject.inputs).values
    points, weights = gauss_legendre(steps)
    total = np.zeros(ids.shape)
    ends = []
    with subject.compiled(places) as function:
        for piece in range(len(ids)):  # of a long text
            vectors = [each[piece][None] for each in found]
            shares = points.astype("float32")
            lines = [shares.reshape(-1, *[1] * (each.ndim - 1)) * each for each in vectors]
            inputs = {name: np.repeat(each[piece : piece + 1], steps, axis=0) for name, each in subject.inputs.items()}
            slopes = function(inputs, replaced=dict(zip(places, lines, strict=True))).gradients
            for vector, slope in zip(vectors, slopes, strict=True):
                mean = np.tensordot(weights, slope.astype(np.float64), axes=1)
                total[piece] += (mean * vector[0]).sum(axis=-1).reshape(ids.shape[1:])
            two = {name: np.repeat(each[piece : piece + 1], 2, axis=0) for name, each in subject.inputs.items()}
            edges = [np.concatenate([np.zeros_like(each), each]) for each in vectors]
            scores = function(two, replaced=dict(zip(places, edges, strict=True))).scores
            ends.append(float(scores[1] - scores[0]))
    total /= len(ids)
    settings = {"layers": [named(place) for place in places], "steps": steps}
    known = ids != 0
    words = list(subject.words) if len(subject.words) == known.sum() else [str(each) for each in ids[known]]
    return words, total[known], settings, completeness_gap(total[known], float(np.mean(ends)))


def _embeddings(subject: Subject, ids: np.ndarray, layer: str | None) -> list[Place]:
    model = subject.model
    if layer is not None:
        place = place_of(model, subject.inputs, subject.input, subject.target.output, layer)
        shape = GradientFunction(model, None, [place])(subject.inputs).values[0].shape
        if shape[:-1] != ids.shape:
            raise ConfigError(f"'{layer}' gives {shape[1:]} for a sample, not one vector for each of the words.")
        return [place]
    among = layers_between(model, subject.input, subject.target.output)
    paths = list(dict.fromkeys(each.path for each in among if _embeds(each.operation)))
    found = calls_reading(model, subject.inputs, subject.input, paths) if paths else {}
    places = [place for place, value in found.items() if value.shape[:-1] == ids.shape]
    if not places:
        raise ConfigError(
            f"{model.name} has no layer `Embedding` that gives one vector for each word of '{subject.input}': name one "
            "with layer=, or use method='occlusion'."
        )
    return places


def _embeds(operation: Any) -> bool:
    """Whether it is an `Embedding`, of all words at once or of each sentence's."""
    if isinstance(operation, keras.layers.TimeDistributed):
        return _embeds(operation.layer)
    return isinstance(operation, keras.layers.Embedding)
