"""Choosing among fitted models on the validation split: for every metric the one that is best there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.metrics import METRICS, score, those
from zoo.samples import EXCLUSIVE, Target, present, row_batches

BASELINES = ("majority", "linear", "trees")
MEANS = ("rmse", "mse", "r2", "pearson", "spearman")  # regression metrics for which the mean is the best prediction
TRAIN, VALIDATION, TEST = range(3)  # places in what is made of the three splits
QUANTILES = np.linspace(0.05, 0.95, 19)  # tried as a prediction where no rule is known


@dataclass(frozen=True)
class Baseline:
    """Test predictions of one output, metric -> (n,) or (n, classes); none of them when it was left out.

    `note` says what was fitted, or why nothing was.
    """

    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Task:
    """One output: (n,) labels of train and of validation, what they mean, and the metrics that judge it."""

    train: np.ndarray
    validation: np.ndarray
    target: Target
    metrics: Sequence[str]

    @property
    def trees(self) -> int:
        """Trees that one step of boosting grows."""
        return len(self.target.labels) if self.target.kind in EXCLUSIVE else 1

    def spread(self, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Probabilities of the classes seen in train -> (n, all classes) float32, or (n,) of the positive one."""
        if self.target.kind == "binary":
            return probabilities[:, list(classes).index(1)] if 1 in classes else np.zeros(len(probabilities))
        full = np.zeros((len(probabilities), len(self.target.labels)), np.float32)
        full[:, classes] = probabilities
        return full

    def predict(self, model: Any, rows: Any) -> np.ndarray:
        """What a classifier of scikit-learn says of (n, columns), a part of the rows at a time."""
        parts = row_batches(rows.shape[0], len(self.target.labels))
        return np.concatenate([self.spread(model.predict_proba(rows[part]), model.classes_) for part in parts])


@dataclass(frozen=True)
class Candidate:
    """A fitted model, and its settings in words.

    predict  `VALIDATION` or `TEST` -> its predictions there, (n,) or (n, classes): made when they are asked for, since
             of many labels those of several models at once fill a machine.
    median   a regression that was fitted to predict the median.
    """

    settings: str
    predict: Callable[[int], np.ndarray]
    median: bool = False


def choose(candidates: Sequence[Candidate], task: Task) -> tuple[dict[str, np.ndarray], str]:
    """Metric -> the test predictions of the candidate best on validation; and what was chosen for the first metric.

    Without a label in validation, the one in the middle of those that are fitted for the metric.
    """
    known = present(task.validation)
    judged = Best(task)
    for place, each in enumerate(candidates if known.any() else ()):
        judged.add(place, each.predict(VALIDATION))
    chosen = {metric: judged.found.get(metric, (_middle(candidates, metric), 0.0)) for metric in task.metrics}
    tested = {place: candidates[place].predict(TEST) for place in {place for place, _ in chosen.values()}}
    answers = {metric: tested[place] + move if move else tested[place] for metric, (place, move) in chosen.items()}
    how = "chosen on validation" if known.any() else "validation has no label to choose it by"
    return answers, f"{candidates[chosen[task.metrics[0]][0]].settings} ({how})"


class Best:
    """The best of several answers for validation, for every metric; none of them is kept.

    found  metric -> the name under which the best answers were added, and what is to be added to them (see `shift`).
    """

    def __init__(self, task: Task):
        self.task, self.known = task, present(task.validation)
        self.found: dict[str, tuple[int, float]] = {}
        self._values: dict[str, float] = {}

    def add(self, name: int, validation: np.ndarray) -> None:
        """Judge one model's answers for all rows of validation."""
        labels, guesses = those(self.known, self.task.validation, validation)
        for metric in self.task.metrics:
            move = shift(metric, labels, guesses, self.task.target)
            value = _goodness(metric, labels, guesses + move if move else guesses)
            if metric not in self.found or value > self._values[metric]:
                self.found[metric], self._values[metric] = (name, move), value


def best_of(metric: str, labels: np.ndarray, guesses: Sequence[np.ndarray]) -> int:
    """Which of the guesses scores best."""
    return int(np.argmax([_goodness(metric, labels, guess) for guess in guesses]))


def _goodness(metric: str, labels: np.ndarray, guess: np.ndarray) -> float:
    """The score, so that more is better."""
    value = score(metric, labels, guess)
    return -np.inf if value is None else value if METRICS[metric].better == "higher" else -value


def _middle(candidates: Sequence[Candidate], metric: str) -> int:
    places = range(len(candidates))
    suited = [place for place in places if candidates[place].median == (metric == "mae")] or places
    return suited[len(suited) // 2]


def shift(metric: str, labels: np.ndarray, guesses: np.ndarray, target: Target) -> float:
    """What a regression, which predicts the mean, lacks to predict best by `metric`: blogs' ages are skew.

    The median of the residuals for the absolute error; for metrics without a rule (a percentage error), the quantile
    of the residuals that scores best, or nothing.
    """
    if target.kind != "regression" or metric in MEANS or not len(labels):
        return 0.0
    residuals = labels - guesses
    if metric == "mae":
        return float(np.median(residuals))
    moves = [0.0, *np.quantile(residuals, QUANTILES).tolist()]
    return moves[best_of(metric, labels, [guesses + move for move in moves])]


def constant(metric: str, labels: np.ndarray) -> float:
    """The number that predicts all of these labels best: their mean, their median, or another quantile."""
    if metric in MEANS:
        return float(np.mean(labels))
    return float(shift(metric, labels, np.zeros(len(labels)), Target("regression")))
