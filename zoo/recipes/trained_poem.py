"""A trained language model of poems with all that it needs to go on with one."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.create import create_model, full_config
from zoo.datasets.poems import FREE, Characters, step_inputs
from zoo.datasets.poems_corpora import RESERVED_LABELS
from zoo.datasets.poems_samples import TARGET
from zoo.errors import DataError, WeightsError
from zoo.models.poem import step_model
from zoo.recipes.trained import Answer, ClassAnswer
from zoo.samples import Target
from zoo.training import Head
from zoo.weights import read_metadata, save_weights

METRICS = ("perplexity", "accuracy")
LIKELIEST = 20  # characters that an answer holds
SEVEN_BY_FOUR = (7, 7, 7, 7)


@dataclass(frozen=True)
class TrainedPoem:
    """A model of `zoo.models.poem` with its vocabulary.

    free    whether it learnt free text, in which line ends are characters, or poems of given forms.
    others  characters of its corpus that the vocabulary lacks.
    origin  data set, options, seed and scores: plain JSON values.
    """

    entry: str
    config: Mapping[str, Any]
    model: keras.Model
    characters: Characters
    free: bool
    others: int
    origin: Mapping[str, Any]

    @property
    def heads(self) -> dict[str, Head]:
        """What the output predicts."""
        return {TARGET: Head(target_of(self.characters), metrics=METRICS)}

    def asked(self, texts: Sequence[str]) -> list[str]:
        """What is asked by the texts of a command line: beginnings of poems."""
        return list(texts)

    def answer(self, texts: Sequence[str], *, form: Sequence[int] = SEVEN_BY_FOUR) -> list[Answer]:
        """Beginnings of poems, line breaks as "/" -> the likeliest next characters, in a poem of this form.

        Of free text the form is not read, of poems of a form the punctuation. Raises `DataError` for a text that is
        empty, complete, or of unknown characters only.
        """
        return [{TARGET: self._next(text, FREE if self.free else tuple(form))} for text in texts]

    def _next(self, text: str, form: Sequence[int]) -> ClassAnswer:
        ids = self.characters.encode(text.replace("/", "\n") if self.free else _without_punctuation(text))
        if not any(ids >= len(RESERVED_LABELS)):
            raise DataError(f"'{text[:60]}' has no character that the model knows.")
        if form and len(ids) >= sum(form):
            raise DataError(f"'{text[:60]}' has {len(ids)} characters: a poem of {sum(form)} is complete with them.")
        one_step = step_model(self.model)
        found: dict[str, Any] = {tensor.name: np.zeros((1, *tensor.shape[1:]), "float32") for tensor in one_step.inputs}
        for at in range(len(ids) + 1):
            states = {name: np.asarray(keras.ops.convert_to_numpy(found[name])) for name in found if "state" in name}
            found = one_step({**step_inputs(ids[None], form, at=at), **states}, training=False)
        shares = keras.ops.convert_to_numpy(keras.ops.softmax(found["logits"]))[0]
        labels = target_of(self.characters).labels
        order = np.argsort(-shares, kind="stable")[:LIKELIEST]
        return ClassAnswer(tuple((labels[row].replace("\n", "/"), float(shares[row])) for row in order))

    def save(self, path: Path, *, dtype: Any = None) -> None:
        """One file that `load_trained` reads."""
        metadata = {
            "entry": self.entry,
            "config": full_config(self.entry, self.config),
            "characters": list(self.characters.characters),
            "separator": self.characters.separator,
            "free": self.free,
            "others": self.others,
            "origin": dict(self.origin),
        }
        save_weights(self.model, path, metadata=metadata, dtype=dtype)


def _without_punctuation(text: str) -> str:
    """What a corpus of given forms keeps of a text: a comma would take the place of a character."""
    return "".join(each for each in text if not each.isspace() and not unicodedata.category(each).startswith("P"))


def target_of(characters: Characters) -> Target:
    """What a language model of this vocabulary predicts."""
    return Target("classification", (*RESERVED_LABELS, *characters.characters))


def read_trained_poem(path: Path) -> TrainedPoem:
    """A trained model out of its file. Raises `WeightsError` for a file that does not hold one."""
    metadata = read_metadata(path)
    try:
        characters = Characters(tuple(metadata["characters"]), metadata["separator"])
        facts = characters, bool(metadata["free"]), int(metadata["others"]), metadata["origin"]
        entry, config, size = metadata["entry"], metadata["config"], int(metadata["config"]["vocabulary_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"'{path}' holds weights, but not all of a trained language model: {error!r}.") from error
    if characters.size > size:
        raise WeightsError(f"'{path}' holds a vocabulary of {characters.size} characters and a model for {size}.")
    return TrainedPoem(entry, config, create_model(entry, weights=path), *facts)
