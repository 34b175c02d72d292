"""What every table gives: three splits of rows as DataFrames, and what its columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from zoo.columns import OutputColumn, Schema
from zoo.columns.frames import shown
from zoo.columns.values import labels_in
from zoo.datasets.checks import require_seed
from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import split_by_labels
from zoo.errors import ConfigError, DataError
from zoo.samples import Kind, Target

SHARES = (0.1, 0.2)  # of the rows: validation and test


@dataclass(frozen=True)
class Table:
    """Training, validation and test rows of one source.

    targets  column -> its kind, or all about it; in the order in which outputs are shown.
    columns  the other arguments of `Schema.fit`: types, ignore, scaling, log, ranges, options, shared, inputs, others.
    groups   columns by which a report breaks the errors down.
    unit     what a row is of, in the plural: "people", "pairs".
    limits   output -> metric -> best score possible on `test`, where it is known (see `Dataset`).
    card     source, licence, seed, split: plain JSON values.
    """

    name: str
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    targets: Mapping[str, Kind | Target]
    columns: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    unit: str = "rows"
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)

    def dataset(self, schema: Schema | None = None) -> Dataset:
        """The rows as arrays, by a schema learnt on the training rows alone, or by the one given.

        >>> source = Table("t", *[pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 3.0]})] * 3, {"y": Target("regression")})
        >>> source.dataset().train.inputs["numbers"].tolist()
        [[0.0], [1.0]]
        """
        if schema is None:
            schema = Schema.fit(self.train, targets=self.targets, **self.columns)
            self._require_trained_labels(schema)
        else:
            self._require_meaning(schema)
        train, validation, test = (
            schema.encode(schema.cut(frame)[0], targets=True, groups=self.groups)
            for frame in (self.train, self.validation, self.test)
        )
        return Dataset(self.name, train, validation, test, schema.targets, schema, self.limits, self.card, self)

    def _require_trained_labels(self, schema: Schema) -> None:
        """Raise `DataError` for a label of validation or test that no training row has, and that nobody named before.

        Without training rows of it a label is learnt by nothing; it is not a misspelt one.
        """
        for column in schema.outputs:
            if column.target.kind not in ("classification", "binary", "ordered") or column.other:
                continue
            known = set(column.target.labels)
            for split, frame in (("validation", self.validation), ("test", self.test)):
                there = labels_in(frame[column.name], column.name)
                if lacking := [label for label in there if label not in known]:
                    more = f" and {len(lacking) - 1} more" if lacking[1:] else ""
                    raise DataError(
                        f"'{self.name}': no training row has the label {shown(lacking[0])}{more} of '{column.name}', "
                        f"which stands in the {split} rows: leave those rows out, split with another seed, or name "
                        f"all labels beforehand, as {{'{column.name}': Target('{column.target.kind}', labels)}}."
                    )

    def _require_meaning(self, schema: Schema) -> None:
        """Raise `ConfigError` unless the schema, that of a trained model, means by its targets what these rows do."""
        columns = {column.name: column for column in schema.outputs}
        if self.targets.keys() != columns.keys():
            given, known = (", ".join(names) or "none" for names in (self.targets, columns))
            raise ConfigError(f"The model predicts {known}; '{self.name}' has the targets {given}.")
        for name, given_target in self.targets.items():
            column = columns[name]
            known_target = column.target
            if isinstance(given_target, list | tuple):
                given_target = Target("ordered", tuple(map(str, given_target)))
            if not isinstance(given_target, Target):
                same = given_target == known_target.kind
                given_meaning = str(given_target)
            else:
                labels = {label for _, old in column.merged for label in old} | set(known_target.labels)
                same = (given_target.kind, given_target.unit) == (known_target.kind, known_target.unit) and (
                    set(given_target.labels) <= labels or bool(column.other)
                )
                given_meaning = meaning(given_target)
            if not same:
                raise ConfigError(
                    f"'{name}' means {given_meaning} in '{self.name}' and {meaning(known_target)} to the model."
                )
            if column.other:
                self._require_known_labels(column)
        for each in schema.columns:
            each.require_options(self.columns.get("options", {}).get(each.name, {}))

    def _require_known_labels(self, column: OutputColumn) -> None:
        """Raise `DataError` where a label of the training rows is none of the model's: it would count as `other`."""
        old = {label for _, merged in column.merged for label in merged}
        known = {*column.target.labels, *old} - {column.other}
        unknown = sorted(set(self.train[column.name].dropna().astype(str)) - known)
        if unknown:
            raise DataError(
                f"'{self.name}' has {len(unknown)} labels of '{column.name}' that are not among the {len(known)} of "
                f"the model, such as '{unknown[0]}'; train a model of its own for them."
            )

    def with_scale(self, schema: Schema) -> Schema:
        """The schema of a trained model whose regressions have the units of these rows."""
        targets = {name: each for name, each in self.targets.items() if isinstance(each, Target)}
        outputs = (
            replace(column, target=replace(column.target, unit=targets[column.name].unit))
            if column.target.kind == "regression" and column.name in targets
            else column
            for column in schema.outputs
        )
        return replace(schema, outputs=tuple(outputs))


def meaning(target: Target) -> str:
    """A target in words: "regression (points of 0 to 5)"."""
    words = target.unit or ", ".join(target.labels)
    return f"{target.kind} ({words})" if words else target.kind


def split_rows(
    frame: pd.DataFrame, *, seed: int, strata: np.ndarray | None = None, shares: tuple[float, float] = SHARES
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Training, validation and test rows at random, `shares` of them for the last two.

    strata  (n,) labels whose shares are the same in all splits, or several columns of them, (n, k).
    Every split has a row, and every label with a row for each split has one in each, unless its rows are shared out by
    another, rarer one. Raises `DataError` for fewer than ten rows, `ConfigError` for a seed that is none.

    >>> [len(part) for part in split_rows(pd.DataFrame({"x": range(50)}), seed=0)]
    [35, 5, 10]
    """
    if len(frame) < 10:
        raise DataError(f"A split into training, validation and test needs at least 10 rows; received {len(frame)}.")
    random = np.random.default_rng(require_seed(seed))
    labels = np.zeros((len(frame), 1), int) if strata is None else np.asarray(strata).reshape(len(frame), -1)
    split = split_by_labels(labels, shares, random)
    train, held_out, tested = (frame[split == number].reset_index(drop=True) for number in range(3))
    return train, held_out, tested
