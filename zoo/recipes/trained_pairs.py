"""A trained model of pairs of texts with all that it needs to say how alike two are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo.datasets.pairs import SEPARATOR, SIDES, Pair, encode_pairs, spelled
from zoo.datasets.pairs_file import check_text
from zoo.errors import DataError
from zoo.recipes.trained import Answer, NumberAnswer, Trained, read_trained
from zoo.samples import Samples
from zoo.training import predict

METRICS = ("pearson", "spearman", "mse")  # what scores of pairs are judged by


class TrainedPairs(Trained):
    """A model that compares two texts: a pair is one text, its two halves separated by a tab. `words`: read of each."""

    def compare(self, left: str, right: str) -> NumberAnswer:
        """How alike two texts are. Raises `DataError` as `answer`."""
        found = self.answer([SEPARATOR.join(" ".join(text.split()) for text in (left, right))])[0]["score"]
        assert isinstance(found, NumberAnswer)
        return found

    def asked(self, texts: Sequence[str]) -> list[str]:
        """Pairs out of texts: each holds a tab, or there are two.

        Raises `DataError` for anything else.
        """
        if any(SEPARATOR in text for text in texts):
            return list(texts)
        if len(texts) == 2:
            return [SEPARATOR.join(texts)]
        raise DataError(
            f"'{self.entry}' compares two texts: give two, or lines that hold both, separated by a tab; "
            f"received {len(texts)} without a tab."
        )

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """One answer a pair. Raises `DataError` for a side that is empty, too long, or without any known word."""
        pairs = [self._pair(text) for text in texts]
        inputs = encode_pairs(pairs, self.tokeniser, words=self.words)
        outputs = predict(self.model, Samples(inputs), self.heads, trim_padding=True)
        low, high = float(self.config["low"]), float(self.config["high"])
        answers: list[Answer] = []
        for row in range(len(pairs)):
            found = {name: self._answer(name, outputs[name][row]) for name in self.heads}
            answers.append({name: _within(each, low, high) for name, each in found.items()})
        return answers

    def _pair(self, text: str) -> Pair:
        sides = text.split(SEPARATOR)
        if len(sides) != 2:
            raise DataError(f"A pair is two texts separated by one tab; received {len(sides)} parts in {text[:60]!r}.")
        for side, each in zip(SIDES, sides, strict=True):
            self._check(each, side)
        return Pair(sides[0], sides[1])

    def _check(self, text: str, side: str) -> None:
        check_text(text, f"The {side} text")
        words = spelled(text)
        if (count := words.count(" ") + 1) > self.words:
            raise DataError(f"The {side} text has {count:,} words; this model compares texts of at most {self.words}.")
        if not self.tokeniser.known_share(words):
            raise DataError(
                f"The {side} text '{text[:60]}' has no word that the model knows; "
                "it may be in another language or script."
            )


def read_trained_pairs(path: Path) -> TrainedPairs:
    """A trained model out of its file. Raises `WeightsError` for a file that does not hold one."""
    read = read_trained(path)
    fields = {name: getattr(read, name) for name in read.__dataclass_fields__}
    heads = {name: replace(head, metrics=METRICS) for name, head in read.heads.items()}
    return TrainedPairs(**{**fields, "heads": heads})


def _within(answer: object, low: float, high: float) -> NumberAnswer:
    """An interval does not go beyond the scale."""
    assert isinstance(answer, NumberAnswer)
    edges = np.clip([answer.low, answer.high], low, high)
    return replace(answer, low=float(edges[0]), high=float(edges[1]), of="pairs")
