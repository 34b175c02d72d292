"""The least change of a row's columns that changes its prediction (Wachter et al. 2017), found by search.

A change costs, for a number, how many deviations of training it moves, and 1 for another category. Columns that may
not change (age, place of birth) are left as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.columns.frames import Frame
from zoo.errors import ConfigError, DataError, is_number, require_known
from zoo.pipeline import Pipeline
from zoo.robustness.result import Attack, Flip
from zoo.robustness.row_attacks import RowScores, Task, whole_strengths
from zoo.robustness.sources import class_numbers, pipeline_rows

KINDS = ("number", "category")
POINTS = 21  # numbers of a column that are tried, evenly spaced over training's range
MOST_VALUES = 30  # categories of a column that are tried beside other changes, those that alone did most
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
    search = _Search(RowScores(pipeline, output), _columns(pipeline, allowed))
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
    strengths = whole_strengths(strength, method, "columns", USUAL)
    task = Task.of(model, samples, labels, output, method)
    search = _Search(task.scores, _columns(task.scores.pipeline, allowed))

    def change(row: int) -> tuple[Flip, float] | None:
        found = search.of(task.frame.iloc[[row]].reset_index(drop=True), None, int(strengths[-1]))
        if found is None:
            return None
        old, new = ({name: _plain(pair[side]) for name, pair in found.changes.items()} for side in (0, 1))
        label = search.scores.labels[int(task.truth[row])]
        return Flip(row, float(len(found.changes)), label, found.before, found.after, old, new), found.cost

    settings = {"allowed": [column.name for column in search.columns]}
    return task.attacked(change, strengths, method=method, unit="columns", kind="row", settings=settings)


class _Search:
    """Changes of some columns of a row, and what the pipeline predicts of them."""

    def __init__(self, scores: RowScores, columns: Sequence[Any]):
        self.scores, self.columns = scores, columns

    def said(self, row: Frame, changes: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """((k, classes) probabilities, (k,) labels) of the row changed in k ways."""
        shares = self.scores.shares(self._changed(row, changes))
        return shares, self.scores.decided(shares)

    def of(self, row: Frame, wanted: int | None, most: int) -> Counterfactual | None:
        first = self.scores.shares(row)[0]
        label = int(self.scores.decided(first[None])[0])
        if wanted == label:
            raise ConfigError(f"The row is predicted to be '{self.scores.labels[label]}' already.")
        beam: list[dict[str, Any]] = [{}]
        values = {column.name: _values(column) for column in self.columns}
        for number in range(min(most, len(self.columns))):
            changes = [each for start in beam for each in self._further(row, start, values)]
            if not changes:
                return None
            shares, said = self.said(row, changes)
            good = said == wanted if wanted is not None else said != label
            if good.any():
                costs = np.array([self._cost(row, each) for each in changes])
                order = [int(each) for each in np.argsort(costs, kind="stable") if good[each]][:BEAM]
                return min(
                    (self._least(row, changes[each], first, label, wanted) for each in order),
                    key=lambda each: each.cost,
                )
            gain = shares[:, wanted] if wanted is not None else -shares[:, label]
            if not number:
                values = {name: _most_telling(name, each, changes, gain) for name, each in values.items()}
            beam = [changes[int(each)] for each in np.argsort(-gain, kind="stable")[:BEAM]]
        return None

    def _further(
        self, row: Frame, start: Mapping[str, Any], values: Mapping[str, Sequence[Any]]
    ) -> list[dict[str, Any]]:
        """One more column changed, to each of its values."""
        return [
            {**start, column.name: value}
            for column in self.columns
            if column.name not in start
            for value in values[column.name]
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
            said = int(self.said(row, [tried])[1][0])
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
        (shares,), _ = self.said(row, [changes])
        pairs = {name: (row[name].iloc[0], value) for name, value in changes.items()}
        return Counterfactual(
            pairs,
            self._cost(row, changes),
            (self.scores.labels[label], float(first[label])),
            self.scores.best(shares),
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
    """What is tried of a column: every category, and numbers over the range, that training had."""
    if column.kind == "category":
        return list(column.vocabulary)
    if not column.high > column.low:
        return []
    return list(dict.fromkeys(_rounded(column, each) for each in np.linspace(column.low, column.high, POINTS)))


def _most_telling(
    name: str, values: Sequence[Any], changes: Sequence[Mapping[str, Any]], gain: np.ndarray
) -> list[Any]:
    """Of many values of a column, those that did most by themselves."""
    if len(values) <= MOST_VALUES:
        return list(values)
    ranked = [changes[int(each)] for each in np.argsort(-gain, kind="stable")]
    return [each[name] for each in ranked if name in each][:MOST_VALUES]


def _rounded(column: Any, value: float) -> float:
    """Three digits of the column's range, as what lies between two such numbers changes nothing that one could do; of a
    column of whole numbers a whole one."""
    step = 10.0 ** np.floor(np.log10(max(column.high - column.low, 1e-30)) - 3)
    step = max(step, 1.0) if _is_whole(column) else step
    return float(np.clip(np.round(value / step) * step, column.low, column.high))


def _is_whole(column: Any) -> bool:
    """Whether the numbers of training were whole: their ends, median, sum and sum of squares are."""
    count = column.rows - column.missing
    squares = count * (column.deviation**2 + column.mean**2)
    told = (column.low, column.high, 2 * column.median, count * column.mean, squares)
    return all(abs(each - round(each)) <= 1e-9 * abs(each) + 1e-6 for each in told)


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
