"""Learning a schema from the training rows: kinds, what each kind learns, labels and ranges of the targets."""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.columns.category import MOST_VALUES
from zoo.columns.column import KINDS, Column, fit_column, kind_of
from zoo.columns.date import DateColumn
from zoo.columns.date_texts import order_for
from zoo.columns.frames import Frame, beside, listed, pandas, require_columns, shown
from zoo.columns.kinds import kinds_of, number_format, require_types
from zoo.columns.number_texts import format_like
from zoo.columns.outputs import OutputColumn
from zoo.columns.values import natural, numbers_of, tag_mark, tag_names, texts_of
from zoo.columns.written import written
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError, is_number, require_known
from zoo.samples import KINDS as TARGET_KINDS
from zoo.samples import MISSING_CLASS, Target, require_resolved

UNNAMED = re.compile(
    r"|index|Unnamed: \d+(\.\d+)?|__index_level_\d+__|level_\d+"
)  # what pandas calls a column without a name
SPARSE = 3  # the training rows may be a third of those that were counted
SCALINGS = ("z-score", "min-max")
WIDER = 0.1  # of the range of the training rows, on both sides
TRAINING = "training"
INNER = re.compile(  # what layers of a table's model are called, and operations that Keras names itself
    r"numbers_.*|features|skip|hidden\d+_.*|.*_(embedding|dropout|one_hot|scores|sum|sigmoid)|"
    r"(cast|clip|equal|expand_dims|greater_equal|isnan|less|logical_and|maximum|multiply|not_equal|one_hot|subtract|"
    r"take|where)(_\d+)?"
)


@dataclass(frozen=True)
class Options:
    """The options of `Schema.fit`."""

    types: Mapping[str, str]
    ignore: Sequence[str]
    scaling: str | None
    max_cardinality: int | None
    min_count: int
    log: Sequence[str]
    ranges: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, Any]]
    shared: Sequence[tuple[str, ...]]
    inputs: Mapping[str, str]
    others: Mapping[str, str]
    least_labels: int
    date_order: str | Mapping[str, str] | None = None
    decimal: str | None = None

    def check(self, targets: Mapping[str, Any]) -> None:
        """Raise `ConfigError` or `UnknownNameError` for a value that does not fit."""
        if not isinstance(targets, Mapping):
            raise ConfigError(
                f"'targets' must map columns to kinds, as {{'price': 'regression'}}; received {targets!r}."
            )
        for option in ("types", "ranges", "columns", "inputs", "others"):
            if not isinstance(value := getattr(self, option), Mapping):
                named = "options" if option == "columns" else option
                raise ConfigError(f"'{named}' must map columns to values; received {value!r}.")
        for name, value in self.columns.items():
            if not isinstance(value, Mapping):
                raise ConfigError(f"The options of {shown(name)} must map names to values; received {value!r}.")
        together = [name for group in self.shared for name in group]
        if any(len(group) < 2 for group in self.shared) or len(set(together)) < len(together):
            raise ConfigError(
                f"'shared' must hold groups of two columns or more, each column once; received {list(self.shared)}."
            )
        for option in ("ignore", "log"):
            if isinstance(value := getattr(self, option), str):
                raise ConfigError(f"'{option}' must be a list of columns; received {value!r}.")
        if self.scaling is not None:
            require_known("scaling", self.scaling, SCALINGS)
        for option in ("max_cardinality", "min_count"):
            value = getattr(self, option)
            if not (value is None and option == "max_cardinality") and not (type(value) is int and value >= 1):
                raise ConfigError(f"'{option}' must be a whole number of at least 1; received {value!r}.")
        for option, names in (("log", self.log), ("ranges", self.ranges), ("others", self.others)):
            for name in names:
                if name not in targets:
                    raise UnknownNameError(f"column of '{option}'", name, [*targets])

    def of(self, name: str, kind: type[Column]) -> dict[str, Any]:
        """The options of one column: its own, and those of all categories."""
        known = kind.options()
        common = {
            "max_cardinality": self.max_cardinality,
            "min_count": self.min_count,
            "order": order_for(self.date_order, name),
            "decimal": self.decimal,
        }
        return {key: value for key, value in common.items() if key in known} | dict(self.columns.get(name, {}))


def learn(frame: Frame, targets: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The fields of the schema."""
    options.check(targets)
    require_columns(frame, targets, "are targets")
    features = [name for name in frame.columns if name not in targets and name not in options.ignore]
    features = [name for name in features if name in options.types or not _is_count_of_rows(frame[name], name)]
    given = {name: kind for name, kind in options.types.items() if name in features}
    kinds = kinds_of(frame, features, given, orders=options.date_order)
    dates = {name: _dates(frame, name, options) for name, kind in kinds.items() if kind == "date"}
    parts = _part_kinds(dates.values(), features, options)
    whole = with_parts(frame, dates.values())
    for name in options.ignore:
        require_known("column of 'ignore'", name, [*frame.columns, *parts])
    for option, named in (("options", options.columns), ("inputs", options.inputs)):
        for name in named:
            require_known(f"column of '{option}'", name, [*kinds, *parts])
    kinds = {name: kind for name, kind in (kinds | parts).items() if name not in options.ignore}
    if not any(kind != "date" for kind in kinds.values()):
        raise DataError("The table has no column to predict from beside the targets and those ignored.")
    outputs = _with_outputs(tuple(_output(frame[name], name, kind, options) for name, kind in targets.items()))
    learnt = {name: dates[name] if kind == "date" else None for name, kind in kinds.items()} | _shared(
        whole, kinds, options
    )
    columns = [
        column or fit_column(KINDS[kinds[name]], whole[name], name, options.of(name, KINDS[kinds[name]]))
        for name, column in learnt.items()
    ]
    return {
        "columns": _with_inputs(columns, {column.output for column in outputs}, options.inputs),
        "outputs": outputs,
        "scaling": options.scaling,
        "rows": len(frame),
        "missing": written(frame).missing,
    }


def _is_count_of_rows(column: Any, name: str) -> bool:
    """Whether a column without a name counts the rows, as pandas writes them: it is told, and left out."""
    if not UNNAMED.fullmatch(name) or getattr(column.dtype, "kind", "O") not in "iuf" or column.isna().any():
        return False
    numbers = np.sort(column.to_numpy(dtype=np.float64))
    apart = len(numbers) > 1 and not (numbers % 1).any() and (np.diff(numbers) >= 1).all()
    if not apart or numbers[-1] - numbers[0] >= SPARSE * len(numbers):
        return False
    warnings.warn(
        f"The column {shown(name)} counts the rows and is left out; to use it, give types={{{shown(name)}: 'number'}}.",
        DataWarning,
        stacklevel=4,
    )
    return True


def _dates(frame: Frame, name: str, options: Options) -> DateColumn:
    found = fit_column(DateColumn, frame[name], name, options.of(name, DateColumn))
    assert isinstance(found, DateColumn)
    return found


def _shared(frame: Frame, kinds: Mapping[str, str], options: Options) -> dict[str, Column]:
    """The columns of each group that shares what it learns: one encoder reads them all."""
    found: dict[str, Column] = {}
    for group in options.shared:
        for name in group:
            require_known("column of 'shared'", name, kinds)
            if kinds[name] != kinds[group[0]]:
                raise ConfigError(
                    f"Columns that share an encoder must be of one kind; {shown(group[0])} is a {kinds[group[0]]}, "
                    f"{shown(name)} a {kinds[name]}."
                )
            if name != group[0] and name in options.columns and options.columns[name] != options.columns.get(group[0]):
                raise ConfigError(
                    f"Columns that share an encoder have the same options: give those of {shown(group[0])} alone, not "
                    f"of {shown(name)}."
                )
        kind = kind_of(kinds[group[0]])
        together = pandas().concat([frame[name] for name in group], ignore_index=True)
        learnt = fit_column(kind, together, group[0], options.of(group[0], kind))
        found |= {name: replace(learnt, name=name) for name in group}
    return found


def with_parts(frame: Frame, dates: Iterable[DateColumn]) -> Frame:
    """`frame` with the parts of its dates beside its columns. A date that is far from those of training is refused."""
    pieces = [column.expand(frame[column.name]) for column in dates]
    if not pieces:
        return frame
    parts = pandas().concat(pieces, axis="columns")
    return beside(frame.drop(columns=parts.columns, errors="ignore"), parts)


def _part_kinds(dates: Iterable[DateColumn], features: list[str], options: Options) -> dict[str, str]:
    """Part of a date -> kind. Raises where a part would take a column's place, and where `types` does not fit."""
    found: dict[str, str] = {}
    for column in dates:
        parts = column.parts
        twice = [name for name in parts if name in found or name in features]
        if twice:
            raise DataError(f"The parts of a date would replace {listed(twice)}: rename or ignore one of the columns.")
        found |= parts
    require_types(options.types, [*features, *found, *options.ignore])
    for name, kind in options.types.items():
        if name in found:
            require_known(f"type of the part {shown(name)}", kind, ("number", "category"))
            found[name] = kind
    return found


def _output(column: Any, name: str, kind: Any, options: Options) -> OutputColumn:
    if isinstance(kind, list | tuple):  # labels from the least to the most
        kind = Target("ordered", tuple(map(str, kind)))
    target = kind if isinstance(kind, Target) else _target(column, name, kind)
    if target.kind != "regression":
        if name in options.log or name in options.ranges:
            raise ConfigError(f"The target {shown(name)} is a {target.kind}: it has neither a logarithm nor a range.")
        other = options.others.get(name, "")
        mark = tag_mark(column) if target.kind == "tags" else ""
        found = OutputColumn(name, _with_other(target, other), other=other, mark=mark)
        if target.kind != "tags":
            _require_labels(found.encode(column), name, found.target.labels, options.least_labels)
        elif not (found.encode(column) == 1).any():
            raise DataError(f"The target {shown(name)} has no tag in any training row.")
        return found
    written_as = number_format(column, name, options.decimal)
    values = numbers_of(column, name, written_as=written_as)
    values = values[~np.isnan(values)]
    if not len(values):
        raise DataError(f"The target {shown(name)} is missing in every training row.")
    log = name in options.log
    if log and values.min() <= 0:
        raise DataError(f"The target {shown(name)} must be above 0 to have a logarithm; the least is {values.min():g}.")
    require_resolved(shown(name), np.log(values) if log else values)
    low, high = _range(name, options.ranges.get(name), np.log(values) if log else values, log)
    unit = target.unit or (format_like(written_as).measure if written_as else "")
    return OutputColumn(name, replace(target, unit=unit), log=log, low=low, high=high, written_as=written_as)


def _with_other(target: Target, other: str) -> Target:
    """The target with the label for values that training did not have, as its last one."""
    if not other or other in target.labels:
        return target
    if target.kind != "classification":
        raise ConfigError(f"A {target.kind} target has no label for other values; received '{other}'.")
    return replace(target, labels=(*target.labels, other))


def _target(column: Any, name: str, kind: Any) -> Target:
    require_known(f"kind of the target {shown(name)}", kind, TARGET_KINDS)
    if kind == "regression":
        return Target("regression")
    if kind == "tags":
        return Target("tags", tag_names(column, name))
    _, texts = texts_of(column, name)
    labels = sorted({text for text in texts if text is not None}, key=natural)
    if kind == "ordered":
        labels = _in_order(column, name, labels)
    _require_labels(np.arange(len(labels)), name, labels)
    if kind == "binary" and len(labels) > 2:
        raise DataError(f"The binary target {shown(name)} has {len(labels):,} labels: {listed(labels)}.")
    if len(labels) > MOST_VALUES:
        raise DataError(f"The target {shown(name)} has {len(labels):,} labels; is it a regression?")
    return Target(kind, tuple(labels))


def _in_order(column: Any, name: str, labels: Sequence[str]) -> list[str]:
    """Ordered labels from the least to the most: numbers by their size, an ordered pandas category by its own order."""
    if getattr(column.dtype, "ordered", False):
        return [str(label) for label in column.cat.categories if str(label) in labels]
    words = [label for label in labels if natural(label)[0]]
    if words:
        raise DataError(
            f"The order of the labels of {shown(name)} is not known: {listed(labels)}. Give them from the least to the "
            f"most, as targets={{{shown(name)}: {list(labels[:3])}}} or --target {name}={'<'.join(labels[:3])}."
        )
    return list(labels)


def _require_labels(classes: np.ndarray, name: str, labels: Sequence[str], least: int = 2) -> None:
    """Raise unless the rows have so many of the labels."""
    there = np.unique(classes[classes != MISSING_CLASS])
    if len(there) < least:
        found = f"only {shown(labels[there[0]])}" if len(there) else "no label"
        raise DataError(
            f"The target {shown(name)} has {found} in the training rows; a classifier needs at least two labels."
        )


def _range(name: str, given: Any, values: np.ndarray, log: bool) -> tuple[float | None, float | None]:
    """(low, high) of what the model predicts."""
    if given is None:
        return None, None
    if given == TRAINING:
        low, high = float(values.min()), float(values.max())
        margin = WIDER * (high - low)
        if not margin:
            raise DataError(f"The target {shown(name)} is {low:g} in every training row: it has no range.")
        return low - margin, high + margin
    pair = list(given) if isinstance(given, list | tuple) else []
    if len(pair) != 2 or not all(is_number(each) for each in pair) or not pair[0] < pair[1]:
        raise ConfigError(f"The range of {shown(name)} must be (low, high) or '{TRAINING}'; received {given!r}.")
    if log and pair[0] <= 0:
        raise ConfigError(f"The range of {shown(name)} must begin above 0 to have a logarithm; received {given!r}.")
    low, high = (float(np.log(each)) if log else float(each) for each in pair)
    return low, high


def _with_outputs(columns: tuple[OutputColumn, ...]) -> tuple[OutputColumn, ...]:
    names = layer_names([column.name for column in columns], {"numbers"})
    return tuple(replace(column, output=name) for column, name in zip(columns, names, strict=True))


def _with_inputs(columns: Sequence[Column], taken: set[str], given: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns with the names of the model's inputs."""
    own = [
        column for column in columns if column.kind != "date" and not column.shared_input and column.name not in given
    ]
    twice = [each for each in given.values() if list(given.values()).count(each) > 1 or each in taken]
    if twice:
        raise ConfigError(
            f"An input of the model has one column; 'inputs' gives '{twice[0]}' twice, or an output has it."
        )
    used = {KINDS[kind].shared_input for kind in KINDS} - {""} | taken | set(given.values())
    free = [column.name for column in own]
    names = dict(zip(free, layer_names(free, used), strict=True)) | dict(given)
    return tuple(
        replace(column, input=column.shared_input or names.get(column.name, "")) if column.kind != "date" else column
        for column in columns
    )


def layer_names(columns: Iterable[str], taken: set[str]) -> list[str]:
    """Different names that a layer may have: letters, digits, "_", "." and "-"; "/" would be a scope.

    >>> layer_names(["Store", "work class", "work/class", "größe", "features"], set())
    ['Store', 'work_class', 'work_class_2', 'gr__e', 'features_column']
    """
    used, found = set(taken), []
    numbers: dict[str, int] = {}  # the last that a name was told apart by
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", column)
        plain = plain if re.match(r"[A-Za-z0-9.]", plain) else f"column{plain}"
        plain = f"{plain}_column" if INNER.fullmatch(plain) else plain
        number = numbers.get(plain, 1)
        name = plain if number == 1 else f"{plain}_{number}"
        while name in used:
            number += 1
            name = f"{plain}_{number}"
        numbers[plain] = number
        used.add(name)
        found.append(name)
    return found
