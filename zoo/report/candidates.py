"""Choosing among fitted models on the validation split: for every metric the one that is best there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.metrics import METRICS, score
from zoo.samples import EXCLUSIVE, Target, present

BASELINES = ("majority", "linear", "trees")
MEANS = ("rmse", "mse", "r2", "pearson", "spearman")  # regression metrics for which the mean is the best answer
QUANTILES = np.linspace(0.05, 0.95, 19)  # tried as an answer where no rule is known


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
        """Probabilities of the classes seen in train -> (n, all classes), or (n,) of the positive one."""
        full = np.zeros((len(probabilities), len(self.target.labels)))
        full[:, classes] = probabilities
        return full[:, 1] if self.target.kind == "binary" else full


@dataclass(frozen=True)
class Candidate:
    """A fitted model's answers for validation and test, (n,) or (n, classes), and its settings in words.

    `median` tells a regression that was fitted to answer with the median.
    """

    settings: str
    validation: np.ndarray
    test: np.ndarray
    median: bool = False


def choose(candidates: Sequence[Candidate], task: Task) -> tuple[dict[str, np.ndarray], str]:
    """Metric -> the test answers of the candidate best on validation; and what was chosen for the first metric.

    Without a label in validation, the one in the middle of those that are fitted for the metric.
    """
    known = present(task.validation)
    labels = task.validation[known]
    answers, chosen = {}, {}
    for metric in task.metrics:
        moves = [shift(metric, labels, each.validation[known], task.target) for each in candidates]
        guesses = [each.validation[known] + move for each, move in zip(candidates, moves, strict=True)]
        best = best_of(metric, labels, guesses) if len(labels) else _middle(candidates, metric)
        answers[metric] = candidates[best].test + moves[best]
        chosen[metric] = candidates[best].settings
    how = "chosen on validation" if len(labels) else "validation has no label to choose it by"
    return answers, f"{chosen[task.metrics[0]]} ({how})"


def best_of(metric: str, labels: np.ndarray, guesses: Sequence[np.ndarray]) -> int:
    """Which of the guesses scores best."""
    sign = 1.0 if METRICS[metric].better == "higher" else -1.0
    values = [score(metric, labels, guess) for guess in guesses]
    return int(np.argmax([-np.inf if value is None else sign * value for value in values]))


def _middle(candidates: Sequence[Candidate], metric: str) -> int:
    places = range(len(candidates))
    suited = [place for place in places if candidates[place].median == (metric == "mae")] or places
    return suited[len(suited) // 2]


def shift(metric: str, labels: np.ndarray, guesses: np.ndarray, target: Target) -> float:
    """What a regression, which answers with the mean, lacks to answer best by `metric`: blogs' ages are skew.

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
    """The number that answers all of these labels best: their mean, their median, or another quantile."""
    if metric in MEANS:
        return float(np.mean(labels))
    return float(shift(metric, labels, np.zeros(len(labels)), Target("regression")))
