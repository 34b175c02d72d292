"""What mistakes cost, in money: the matrix, the decision that it asks for, and what decisions came to.

A probability becomes a decision only through the cost of being wrong: with mistakes 1:10, whoever is a bad debtor with
a probability of 9.1 % should be refused (Elkan 2001).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError, UnknownNameError, is_number, require_known
from zoo.samples import present, row_batches


@dataclass(frozen=True)
class CostMatrix:
    """True label -> decision (a label too) -> cost of one such case, in `unit`.

    Costs are finite and not negative, and the right decision is the cheapest one for its label: otherwise no
    probability would ever ask for it. Raises `ConfigError` or `UnknownNameError`.

    >>> costs = CostMatrix({"repaid": {"repaid": 0, "default": 1}, "default": {"repaid": 10, "default": 0}}, "EUR")
    >>> round(costs.threshold(("repaid", "default")), 4)
    0.0909
    """

    costs: Mapping[str, Mapping[str, float]]
    unit: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.costs, Mapping) or len(self.costs) < 2:
            raise ConfigError(f"A cost matrix needs a row for each of two labels or more; received {self.costs!r}.")
        for label, row in self.costs.items():
            if not isinstance(row, Mapping):
                raise ConfigError(
                    f"Row '{label}' of a cost matrix must map each decision to its cost; received {row!r}."
                )
            _require_labels(f"decision in row '{label}' of the cost matrix", row, list(self.costs))
            for decision, cost in row.items():
                if not is_number(cost) or cost < 0:
                    raise ConfigError(f"The cost of '{decision}' for '{label}' must be a number >= 0; received {cost}.")
            if row[label] > min(row.values()):
                raise ConfigError(f"For '{label}', a wrong decision costs less than the right one: {dict(row)}.")
        if not any(cost > row[label] for label, row in self.costs.items() for cost in row.values()):
            raise ConfigError("A cost matrix whose mistakes cost nothing prefers no decision.")

    @classmethod
    def of_mistakes(
        cls, labels: Sequence[str], *, false_positive: float, false_negative: float, unit: str = ""
    ) -> "CostMatrix":
        """Of a binary target (negative label, positive label), where only mistakes cost."""
        if len(labels) != 2:
            raise ConfigError(f"False positives and negatives are mistakes of two labels; received {list(labels)}.")
        negative, positive = labels
        return cls(
            {
                negative: {negative: 0.0, positive: false_positive},
                positive: {negative: false_negative, positive: 0.0},
            },
            unit,
        )

    @classmethod
    def of(cls, given: Any) -> "CostMatrix":
        """Of plain values: {true label: {decision: cost}}, the right decisions left out where they cost nothing; or
        {"labels": [...], "costs": [[...], ...]}, true label down; either as the "costs" of an object with a "unit".

        >>> CostMatrix.of({"repaid": {"default": 1}, "default": {"repaid": 10}}).threshold(("repaid", "default"))
        0.09090909090909091
        >>> CostMatrix.of({"labels": ["a", "b"], "costs": [[0, 1], [3, 0]]}).costs["b"]
        {'a': 3, 'b': 0}
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            raise ConfigError(
                'A cost matrix is {true label: {decision: cost}}, or {"labels": [...], "costs": [[...], ...]}; '
                f"received {str(given)[:60]}."
            )
        values, unit, labels = given, "", None
        if "costs" in given and not (len(given) > 1 and all(map(_is_row, given.values()))):  # then it is a label
            for key in given:
                require_known("key of a cost matrix", key, ("costs", "unit", "labels"))
            values, unit, labels = given["costs"], str(given.get("unit", "")), given.get("labels")
        if isinstance(values, Mapping):
            rows = {str(true): _with_right_decision(str(true), row) for true, row in values.items()}
            return cls(rows, unit)
        return cls(_of_square(values, labels), unit)

    def check(self, labels: Sequence[str]) -> None:
        """Raise unless the keys are exactly these labels."""
        _require_labels("label of the cost matrix", self.costs, labels)

    def table(self, labels: Sequence[str]) -> np.ndarray:
        """(classes, classes) float64: true label down, decision across, in the order of `labels`."""
        self.check(labels)
        return np.array([[self.costs[true][decision] for decision in labels] for true in labels], dtype=np.float64)

    def threshold(self, labels: Sequence[str]) -> float:
        """Of two labels: the probability of the positive one from which on it is cheaper (Elkan 2001, eq. 2)."""
        if len(labels) != 2:
            raise ConfigError(f"Only two labels have one threshold; these are {', '.join(labels)}.")
        table = self.table(labels)
        false_positive, false_negative = table[0, 1] - table[0, 0], table[1, 0] - table[1, 1]
        return float(false_positive / (false_positive + false_negative))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"costs": {label: dict(row) for label, row in self.costs.items()}, "unit": self.unit}


def costs_of(given: Any) -> "CostMatrix | dict[str, CostMatrix]":
    """A matrix out of anything that `CostMatrix.of` takes, or output -> such a one."""
    if not isinstance(given, Mapping) or "costs" in given or any(map(_is_row, given.values())):
        return CostMatrix.of(given)
    return {name: CostMatrix.of(each) for name, each in given.items()}


def _is_row(given: Any) -> bool:
    """Whether this is decision -> cost."""
    return isinstance(given, Mapping) and bool(given) and all(isinstance(each, int | float) for each in given.values())


def _with_right_decision(label: str, row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    named = {str(decision): cost for decision, cost in row.items()}
    return named if label in named else {**named, label: 0}


def _of_square(rows: Any, labels: Any) -> dict[str, Any]:
    """A square list, true label down and decision across."""
    named = isinstance(labels, list | tuple) and all(isinstance(each, str | int) for each in labels)
    if not named or not isinstance(rows, list | tuple):
        raise ConfigError(
            f'A cost matrix that is a list needs its labels: {{"labels": ["no", "yes"], "costs": [[0, 5], [1, 0]]}}; '
            f"received {str(rows)[:60]} and the labels {str(labels)[:60]}."
        )
    if len(rows) != len(labels) or any(not isinstance(row, list | tuple) or len(row) != len(labels) for row in rows):
        raise ConfigError(
            f"Costs of {len(labels)} labels are {len(labels)} rows of as many; received {str(rows)[:60]}."
        )
    names = list(map(str, labels))
    return {true: dict(zip(names, row, strict=True)) for true, row in zip(names, rows, strict=True)}


def _require_labels(what: str, given: Mapping[str, Any], labels: Sequence[str]) -> None:
    for key in given:
        if key not in labels:
            raise UnknownNameError(what, key, labels)
    missing = [label for label in labels if label not in given]
    if missing:
        raise ConfigError(f"There is no {what} for {', '.join(missing)}; needed are {', '.join(labels)}.")


def decide(probabilities: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Probabilities (n,) of the positive label or (n, classes), costs (classes, classes) -> cheapest decision (n,).

    The argmin of the expected cost, of equal ones the first; for two labels this is "positive beyond the threshold".
    """
    parts = row_batches(len(probabilities), len(table))
    return np.concatenate([np.argmin(_full(probabilities[part], table) @ table, axis=1) for part in parts])


def expected_cost(labels: np.ndarray, decisions: np.ndarray, table: np.ndarray) -> float:
    """Mean cost of these decisions (n,) over the rows whose label is known; a table's unit a case."""
    known = present(labels)
    if not known.any():
        raise DataError("Without a known label no cost can be told.")
    return float(np.mean(table[labels[known], decisions[known]]))


def cost_by_threshold(labels: np.ndarray, predicted: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two labels: thresholds from high to low, and the mean cost of "positive where predicted >= threshold", each (t,).

    The first, infinite, decides for the negative label always; the last, minus infinite, never.
    """
    known = present(labels)
    labels, predicted = labels[known], predicted[known]
    order = np.argsort(-predicted, kind="stable")
    change = np.where(labels[order] == 1, table[1, 1] - table[1, 0], table[0, 1] - table[0, 0])
    total = np.sum(np.where(labels == 1, table[1, 0], table[0, 0])) + np.concatenate([[0.0], np.cumsum(change)])
    ranked = predicted[order]
    last = np.flatnonzero(np.diff(ranked, append=-np.inf)) + 1  # equal probabilities are decided alike
    middles = np.append((ranked[last[:-1] - 1] + ranked[last[:-1]]) / 2, -np.inf) if len(last) else np.zeros(0)
    return np.concatenate([[np.inf], middles]), total[np.concatenate([[0], last])] / max(len(labels), 1)


def best_threshold(labels: np.ndarray, predicted: np.ndarray, table: np.ndarray) -> float:
    """The threshold that was cheapest on these rows (of a validation split), half-way between two probabilities."""
    thresholds, costs = cost_by_threshold(labels, predicted, table)
    return float(thresholds[np.argmin(costs)])


def _full(probabilities: np.ndarray, table: np.ndarray) -> np.ndarray:
    wide = np.stack([1.0 - probabilities, probabilities], axis=1) if probabilities.ndim == 1 else probabilities
    if wide.shape[1] != len(table):
        raise DataError(f"A cost matrix of {len(table)} labels does not fit probabilities of {wide.shape[1]}.")
    return wide
