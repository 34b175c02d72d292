"""What attacks on the values of rows share: the model's decisions, whole numbers as strengths, and the result."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.columns.frames import Frame
from zoo.errors import ConfigError, DataError, DataWarning, is_number
from zoo.pipeline import Pipeline
from zoo.robustness.result import OWN_LABELS, Attack, Flip
from zoo.robustness.sources import decided, pipeline_rows


@dataclass(frozen=True)
class RowScores:
    """Probabilities and decisions of one output of classes."""

    pipeline: Pipeline
    output: str

    @property
    def labels(self) -> Sequence[str]:
        return self.pipeline.schema.targets[self.output].labels

    def shares(self, frame: Frame) -> np.ndarray:
        """(n, classes) probabilities."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            found = self.pipeline.predictions(frame, allow_unseen=True)[self.output]
        return np.stack([1 - found, found], axis=1) if found.ndim == 1 else found

    def decided(self, shares: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities -> (n,) the labels that the pipeline gives."""
        return decided(self.pipeline, self.output, shares)

    def best(self, shares: np.ndarray) -> tuple[str, float]:
        """(classes,) probabilities of a row -> (its label, the probability of that)."""
        place = int(self.decided(shares[None])[0])
        return self.labels[place], float(shares[place])


@dataclass(frozen=True)
class Task:
    """The rows of an attack: `right` are those that are predicted as labelled, of `known` rows with a label."""

    scores: RowScores
    frame: Frame
    truth: np.ndarray
    before: np.ndarray
    known: int
    right: Sequence[int]
    own: bool

    @classmethod
    def of(cls, model: Any, samples: Any, labels: Any, output: str | None, method: str) -> "Task":
        pipeline, frame, truth, output = pipeline_rows(model, samples, labels, output, method)
        scores = RowScores(pipeline, output)
        before = scores.shares(frame)
        said = scores.decided(before)
        own = truth is None
        truth = said if truth is None else truth
        known = np.flatnonzero(truth >= 0)
        if not len(known):
            raise DataError("No sample has a label.")
        return cls(
            scores, frame, truth, before, len(known), [int(row) for row in known if said[row] == truth[row]], own
        )

    def attacked(
        self, change: Callable[[int], tuple[Flip, float] | None], strengths: Sequence[float], **told: Any
    ) -> Attack:
        """`change` of a row gives its flip and the rank among those of its strength, or None; `told` is of `Attack`."""
        found = [each for each in map(change, self.right) if each is not None]
        flips = [flip for flip, _ in sorted(found, key=lambda each: (each[0].strength, each[1], each[0].row))]
        accuracy = {0.0: len(self.right) / self.known}
        for each in strengths:
            accuracy[each] = (len(self.right) - sum(flip.strength <= each for flip in flips)) / self.known
        notes = [*([OWN_LABELS] if self.own else []), *told.pop("notes", ())]
        return Attack(
            output=self.scores.output, samples=self.known, accuracy=accuracy, flips=flips, notes=notes, **told
        )


def whole_strengths(given: Any, method: str, what: str, usual: Sequence[float]) -> list[float]:
    """Numbers of words or columns, in order. Raises `ConfigError` for others, and for none at all."""
    values = usual if given is None else given if isinstance(given, list | tuple) else [given]
    for each in values:
        if not is_number(each) or each < 1 or each != int(each):
            raise ConfigError(f"The strength of '{method}' is a whole number of {what}, at least 1; received {each!r}.")
    if not values:
        raise ConfigError(f"'{method}' needs at least one strength.")
    return sorted(set(map(float, values)))
