"""Two models on the same rows: which is better, with significance, and on which rows they differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.metrics import likeliest
from zoo.report.significance import PairedDifference, mcnemar, paired_bootstrap
from zoo.report.uncertainty import losses
from zoo.samples import Target, present

MOST = 50  # rows that are shown
ALPHA = 0.05


@dataclass(frozen=True)
class Disagreement:
    """A row that two models predict differently; `gain` is how much less the second one's loss is."""

    row: int
    true: str
    first: str
    second: str
    gain: float

    def to_json(self) -> dict[str, Any]:
        return {"row": self.row, "true": self.true, "first": self.first, "second": self.second, "gain": self.gain}


@dataclass(frozen=True)
class OutputComparison:
    """One output of two models on the same rows.

    metric         of `scores`: "accuracy" for classes, "mae" for numbers.
    rows           with a label.
    both, first_only, second_only, neither  how many rows of classes were predicted right by whom; None for numbers.
    p              of McNemar's exact test for classes; of the paired bootstrap for numbers.
    difference     of the loss (log loss, absolute error), second - first: below 0 the second is better.
    disagreements  rows that they predict differently, those on which the second gains most, and loses most, first.
    """

    output: str
    metric: str
    rows: int
    scores: tuple[float, float]
    counts: tuple[int, int, int, int] | None
    p: float
    difference: PairedDifference
    disagreements: Sequence[Disagreement]

    @property
    def better(self) -> int | None:
        """0 for the first, 1 for the second, None where chance would do as well."""
        if self.p >= ALPHA or self.scores[0] == self.scores[1]:
            return None
        higher = self.metric == "accuracy"
        return int((self.scores[1] > self.scores[0]) == higher)

    def to_json(self) -> dict[str, Any]:
        names = ("both_right", "first_only", "second_only", "neither")
        return {
            "output": self.output,
            "metric": self.metric,
            "rows": self.rows,
            "scores": list(self.scores),
            "counts": None if self.counts is None else dict(zip(names, self.counts, strict=True)),
            "p": self.p,
            "test": "McNemar, exact" if self.counts is not None else "paired bootstrap",
            "loss_difference": {
                "mean": self.difference.mean,
                "low": self.difference.low,
                "high": self.difference.high,
                "p": self.difference.p,
            },
            "disagreements": [each.to_json() for each in self.disagreements],
        }


def compare_predictions(
    output: str,
    target: Target,
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    decided: tuple[np.ndarray, np.ndarray] | None = None,
    draws: np.ndarray | None = None,
    seed: int = 0,
) -> OutputComparison | None:
    """(n,) labels and two models' predictions of the same rows (as a report takes them); None where no label is known.

    decided  (n,) the label that each of the two gives, by its own rule; None: the likeliest.
    draws  (n,) which rows are one draw (a person's): the bootstrap draws those. McNemar's test takes rows one by one.
    """
    known = np.flatnonzero(present(labels))
    if len(known) < 2:
        return None
    true, one, two = labels[known], first[known], second[known]
    together = None if draws is None else draws[known]
    numbers = target.kind == "regression"
    loss = "mae" if numbers else "log_loss"
    lost = losses(loss, true, one), losses(loss, true, two)
    difference = paired_bootstrap(*lost, draws=together, seed=seed)
    if numbers:
        scores = (float(lost[0].mean()), float(lost[1].mean()))
        said = []
        counts, p, differs = None, difference.p, np.ones(len(known), bool)
    else:
        given = (likeliest(one), likeliest(two)) if decided is None else (each[known] for each in decided)
        said = [each.astype(np.int64) for each in given]
        right = [each == true for each in said]
        scores = (float(right[0].mean()), float(right[1].mean()))
        counts = (
            int((right[0] & right[1]).sum()),
            int((right[0] & ~right[1]).sum()),
            int((right[1] & ~right[0]).sum()),
            int((~right[0] & ~right[1]).sum()),
        )
        p, differs = mcnemar(counts[1], counts[2]), said[0] != said[1]
    gains = lost[0] - lost[1]
    places = np.flatnonzero(differs)
    places = places[np.argsort(-np.abs(gains[places]), kind="stable")][:MOST]
    shown = []
    for place in places:
        named = [_label(target, part[place], said[k][place] if said else None) for k, part in enumerate((one, two))]
        shown.append(
            Disagreement(int(known[place]), _label(target, true[place]), named[0], named[1], float(gains[place]))
        )
    metric = "mae" if numbers else "accuracy"
    return OutputComparison(output, metric, len(known), scores, counts, p, difference, shown)


def _label(target: Target, value: Any, said: int | None = None) -> str:
    """A number, a label, or what is `said` of probabilities and how sure it is."""
    if target.kind == "regression":
        return f"{float(value):.4g} {target.unit}".rstrip()
    if said is None:
        return target.labels[int(value)]
    shares = np.array([1.0 - value, value]) if np.ndim(value) == 0 else value
    return f"{target.labels[said]} ({float(shares[said]):.0%})"
