"""The least change of a row's columns that changes its prediction (Wachter et al. 2017), found by search.

A change costs, for a number, how many deviations of training it moves, and 1 for another category. Columns that may
not change (age, place of birth) are left as they are.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.columns.frames import Frame
from zoo.errors import ConfigError, DataError, DataWarning, is_number, require_known
from zoo.pipeline import Pipeline
from zoo.robustness.result import Attack, Flip
from zoo.robustness.sources import class_numbers, pipeline_rows

KINDS = ("number", "category")
POINTS = 21  # numbers of a column that are tried, evenly spaced over training's range
MOST_VALUES = 30  # categories that are tried
BEAM = 8  # rows that are carried to the next column
HALVINGS = 12  # by which a number is brought back towards the original
MOST_COLUMNS = 3
USUAL = (1, 2, 3)


@dataclass(frozen=True)
class Counterfactual:
    """changes  column -> (value of the row, value that changes the prediction); cost  the sum over them.
    before, after  (label, its probability)."""

    changes: Mapping[str, tuple[Any, Any]]
    cost: float
    before: tuple[str, float]
    after: tuple[str, float]

    def sentence(self) -> str:
        said = " and ".join(f"{name} {_shown(old)} → {_shown(new)}" for name, (old, new) in self.changes.items())
        return f"{said}: {self.before[0]} ({self.before[1]:.0%}) → {self.after[0]} ({self.after[1]:.0%})"


def counterfactual(
    pipeline: Pipeline,
    row: Any,
    *,
    allowed: Sequence[str] | None = None,
    target: str | None = None,
    output: str | None = None,
    most: int = MOST_COLUMNS,
) -> Counterfactual | None:
    """The least change found of at most `most` columns of a row that changes its prediction, or makes it `target`.

    allowed  columns that may change; None: all numbers and categories.

    Of one column the best of the values tried is taken, a number then brought back by halving; of several, the best few
    changes of one column go on to the next: a smaller change of several may exist. None: none was found. Raises
    `ConfigError` for a column that may not change or a model of other kinds of columns.
    """
    pipeline, frame, _, output = pipeline_rows(pipeline, row, None, output, "counterfactual")
    if len(frame) != 1:
        raise DataError(f"A counterfactual is of one row; received {len(frame)}.")
    search = _Search(pipeline, output, _columns(pipeline, allowed))
    labels = pipeline.schema.targets[output].labels
    wanted = None if target is None else int(class_numbers([target], labels, "target")[0])
    return search.of(frame, wanted, most)


def attack_rows(
    model: Any,
    samples: Any,
    labels: Any = None,
    *,
    method: str = "counterfactual",
    strength: Any = None,
    output: str | None = None,
    seed: int = 0,
    allowed: Sequence[str] | None = None,
) -> Attack:
    """As `zoo.attack`; strengths are numbers of columns that are changed."""
    values = USUAL if strength is None else strength if isinstance(strength, list | tuple) else [strength]
    for each in values:
        if not is_number(each) or each < 1 or each != int(each):
            raise ConfigError(
                f"The strength of '{method}' is a whole number of columns, at least 1; received {each!r}."
            )
    strengths = sorted(set(map(float, values)))
    pipeline, frame, truth, output = pipeline_rows(model, samples, labels, output, method)
    search = _Search(pipeline, output, _columns(pipeline, allowed))
    names = pipeline.schema.targets[output].labels
    before = search.shares(frame)
    own = truth is None
    truth = before.argmax(axis=1) if truth is None else truth
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        raise DataError("No sample has a label.")
    right = [int(row) for row in known if before[row].argmax() == truth[row]]
    flips, costs = [], []
    for row in right:
        found = search.of(frame.iloc[[row]].reset_index(drop=True), None, int(strengths[-1]))
        if found is not None:
            old, new = ({name: _plain(pair[side]) for name, pair in found.changes.items()} for side in (0, 1))
            count = float(len(found.changes))
            flips.append(Flip(row, count, names[truth[row]], found.before, found.after, old, new))
            costs.append(found.cost)
    accuracy = {0.0: len(right) / len(known)}
    for each in strengths:
        accuracy[each] = (len(right) - sum(flip.strength <= each for flip in flips)) / len(known)
    order = sorted(range(len(flips)), key=lambda each: (flips[each].strength, costs[each]))
    notes = ["The labels are what the model predicted: no true ones were given."] if own else []
    settings = {"allowed": [column.name for column in search.columns]}
    ranked = [flips[each] for each in order]
    return Attack(method, "columns", output, len(known), accuracy, ranked, "row", settings, notes)


class _Search:
    """Changes of some columns of a row, and what the pipeline predicts of them."""

    def __init__(self, pipeline: Pipeline, output: str, columns: Sequence[Any]):
        self.pipeline, self.output, self.columns = pipeline, output, columns
        self.labels = pipeline.schema.targets[output].labels

    def shares(self, frame: Frame) -> np.ndarray:
        """(n, classes) probabilities."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            found = self.pipeline.predictions(frame, allow_unseen=True)[self.output]
        return np.stack([1 - found, found], axis=1) if found.ndim == 1 else found

    def of(self, row: Frame, wanted: int | None, most: int) -> Counterfactual | None:
        first = self.shares(row)[0]
        label = int(first.argmax())
        if wanted == label:
            raise ConfigError(f"The row is predicted to be '{self.labels[label]}' already.")
        beam: list[dict[str, Any]] = [{}]
        for _ in range(min(most, len(self.columns))):
            changes = [each for start in beam for each in self._further(row, start)]
            if not changes:
                return None
            shares = self.shares(self._changed(row, changes))
            good = shares.argmax(axis=1) == wanted if wanted is not None else shares.argmax(axis=1) != label
            if good.any():
                costs = np.array([self._cost(row, each) for each in changes])
                order = [int(each) for each in np.argsort(costs, kind="stable") if good[each]][:BEAM]
                return min(
                    (self._least(row, changes[each], first, label, wanted) for each in order),
                    key=lambda each: each.cost,
                )
            gain = shares[:, wanted] if wanted is not None else -shares[:, label]
            beam = [changes[int(each)] for each in np.argsort(-gain, kind="stable")[:BEAM]]
        return None

    def _further(self, row: Frame, start: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One more column changed, to each of its values."""
        return [
            {**start, column.name: value}
            for column in self.columns
            if column.name not in start
            for value in _values(column)
            if value != row[column.name].iloc[0]
        ]

    def _changed(self, row: Frame, changes: Sequence[Mapping[str, Any]]) -> Frame:
        frame = row.loc[row.index.repeat(len(changes))].reset_index(drop=True)
        for column in self.columns:
            old = row[column.name].iloc[0]
            frame[column.name] = [each.get(column.name, old) for each in changes]
            if column.kind == "category":
                frame[column.name] = frame[column.name].astype(object)
        return frame

    def _cost(self, row: Frame, changes: Mapping[str, Any]) -> float:
        return sum(_cost(column, row[column.name], changes[column.name]) for column in self.columns
                   if column.name in changes)  # fmt: skip

    def _least(
        self, row: Frame, changes: dict[str, Any], first: np.ndarray, label: int, wanted: int | None
    ) -> Counterfactual:
        """The changes that are needed, numbers brought back as far as the prediction stays changed."""

        def holds(tried: Mapping[str, Any]) -> bool:
            said = int(self.shares(self._changed(row, [tried]))[0].argmax())
            return said == wanted if wanted is not None else said != label

        for name in list(changes):
            rest = {key: value for key, value in changes.items() if key != name}
            if rest and holds(rest):
                changes = rest
        for column in self.columns:
            if column.name in changes and column.kind == "number" and column.deviation:
                old = _number(column, row[column.name])
                near, far = old, float(changes[column.name])
                for _ in range(HALVINGS if np.isfinite(old) else 0):
                    middle = _rounded(column, (near + far) / 2)
                    if middle in (near, far):
                        break
                    near, far = (near, middle) if holds({**changes, column.name: middle}) else (middle, far)
                changes = {**changes, column.name: far}
        shares = self.shares(self._changed(row, [changes]))[0]
        said = int(shares.argmax())
        pairs = {name: (row[name].iloc[0], value) for name, value in changes.items()}
        return Counterfactual(
            pairs,
            self._cost(row, changes),
            (self.labels[label], float(first[label])),
            (self.labels[said], float(shares[said])),
        )


def _columns(pipeline: Pipeline, allowed: Sequence[str] | None) -> list[Any]:
    known = {name: pipeline.schema.column(name) for name in pipeline.schema.names}
    changeable = {name: each for name, each in known.items() if each.kind in KINDS}
    for name in allowed or ():
        require_known("column of 'allowed'", name, known)
        if name not in changeable:
            raise ConfigError(f"'{name}' is a {known[name].kind}; numbers and categories can be changed.")
    if not changeable or (allowed is not None and not list(allowed)):
        kinds = ", ".join(sorted({each.kind for each in known.values()}))
        raise ConfigError(f"No column can be changed: the model reads {kinds}, or none is allowed.")
    return list(changeable.values()) if allowed is None else [changeable[name] for name in dict.fromkeys(allowed)]


def _values(column: Any) -> list[Any]:
    """What is tried of a column: values that training had."""
    if column.kind == "category":
        return list(column.vocabulary[:MOST_VALUES])
    if not column.high > column.low:
        return []
    return list(dict.fromkeys(_rounded(column, each) for each in np.linspace(column.low, column.high, POINTS)))


def _rounded(column: Any, value: float) -> float:
    """Three digits of the column's range: what lies between two such numbers changes nothing that one could do."""
    step = 10.0 ** np.floor(np.log10(max(column.high - column.low, 1e-30)) - 3)
    return float(np.clip(np.round(value / step) * step, column.low, column.high))


def _cost(column: Any, old: Any, new: Any) -> float:
    """Of one change; `old` is the column of the row."""
    if column.kind == "category":
        return 1.0
    before = _number(column, old)
    return abs(float(new) - before) / column.deviation if np.isfinite(before) and column.deviation else 1.0


def _number(column: Any, value: Any) -> float:
    return float(column.encode(value)[0] + column.origin)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _shown(value: Any) -> str:
    return f"{value:g}" if is_number(value) or isinstance(value, np.floating) else str(value)
