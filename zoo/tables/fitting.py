"""Learning a schema from the training rows: kinds, statistics, vocabularies, labels."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError, UnknownNameError, is_number, require_known
from zoo.samples import MISSING_CLASS, SINGLE_KINDS, Target
from zoo.tables.columns import CategoryColumn, DateColumn, NumberColumn, OutputColumn
from zoo.tables.dates import ELAPSED, FLAGS, WHOLE, date_parts, date_prefix, dates_of
from zoo.tables.frames import Column, Frame, listed, pandas, require_columns, shown
from zoo.tables.kinds import kinds_of, require_types
from zoo.tables.values import labels_of, natural, numbers_of, texts_of

SCALINGS = ("z-score", "min-max")
NUMBER_PARTS = ("Year", "Dayofyear", ELAPSED)  # the other parts of a date are categories
MOST_VALUES = 10_000  # of a category in which more than half of the rows have a value of their own: that is a name
FARTHEST = 100 * 365  # days before and after the training rows from which a date is taken for a slip
RESOLUTION = 2.0**-24  # of float32
LEAST_STEPS = 1000.0  # that a deviation must have in float32
WIDER = 0.1  # of the range of the training rows, on both sides
TRAINING = "training"
INNER = re.compile(  # what layers of a table's model are called, and operations that Keras names itself
    r"numbers_.*|features|hidden\d+_.*|.*_(embedding|dropout|one_hot|scores|sum|sigmoid)|"
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

    def check(self, targets: Mapping[str, Any]) -> None:
        """Raise `ConfigError` or `UnknownNameError` for a value that does not fit."""
        if not isinstance(targets, Mapping):
            raise ConfigError(
                f"'targets' must map columns to kinds, as {{'price': 'regression'}}; received {targets!r}."
            )
        for option in ("types", "ranges"):
            if not isinstance(value := getattr(self, option), Mapping):
                raise ConfigError(f"'{option}' must map columns to values; received {value!r}.")
        for option in ("ignore", "log"):
            if isinstance(value := getattr(self, option), str):
                raise ConfigError(f"'{option}' must be a list of columns; received {value!r}.")
        if self.scaling is not None:
            require_known("scaling", self.scaling, SCALINGS)
        for option in ("max_cardinality", "min_count"):
            value = getattr(self, option)
            if not (value is None and option == "max_cardinality") and not (type(value) is int and value >= 1):
                raise ConfigError(f"'{option}' must be a whole number of at least 1; received {value!r}.")
        for option, names, known in (
            ("log", self.log, [*targets]),
            ("ranges", self.ranges, [*targets]),
        ):
            for name in names:
                if name not in known:
                    raise UnknownNameError(f"column of '{option}'", name, known)


def learn(frame: Frame, targets: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The fields of the schema."""
    options.check(targets)
    require_columns(frame, targets, "are targets")
    features = [name for name in frame.columns if name not in targets and name not in options.ignore]
    kinds = kinds_of(frame, features, {name: kind for name, kind in options.types.items() if name in features})
    dates = tuple(_date(frame[name], name) for name, kind in kinds.items() if kind == "date")
    parts = _part_kinds(dates, features, options)
    whole = with_parts(frame, dates)
    for name in options.ignore:
        require_known("column of 'ignore'", name, [*frame.columns, *parts])
    kinds = {name: kind for name, kind in (kinds | parts).items() if kind != "date" and name not in options.ignore}
    if not kinds:
        raise DataError("The table has no column to predict from beside the targets and those ignored.")
    outputs = _with_outputs(tuple(_output(frame[name], name, kind, options) for name, kind in targets.items()))
    categories = tuple(_category(whole[name], name, options) for name, kind in kinds.items() if kind == "category")
    return {
        "numbers": tuple(_number(whole[name], name) for name, kind in kinds.items() if kind == "number"),
        "categories": _with_inputs(categories, {column.output for column in outputs}),
        "dates": dates,
        "outputs": outputs,
        "scaling": options.scaling,
        "rows": len(frame),
    }


def part_names(column: DateColumn) -> tuple[str, ...]:
    """The columns that a date becomes."""
    return tuple(column.prefix + part for part in (*WHOLE, *FLAGS, ELAPSED))


def with_parts(frame: Frame, dates: Iterable[DateColumn]) -> Frame:
    """`frame` with the parts of its dates beside its columns. A date that is far from those of training is refused."""
    pieces = []
    for column in dates:
        values = dates_of(frame[column.name], column.name)
        _require_near(values, column)
        pieces.append(date_parts(values, column.prefix))
    if not pieces:
        return frame
    parts = pandas().concat(pieces, axis="columns")
    return pandas().concat([frame.drop(columns=parts.columns, errors="ignore"), parts], axis="columns")


def _part_kinds(dates: Iterable[DateColumn], features: list[str], options: Options) -> dict[str, str]:
    """Part of a date -> kind. Raises where a part would take a column's place, and where `types` does not fit."""
    found: dict[str, str] = {}
    for column in dates:
        parts = {name: _part_kind(name, column) for name in part_names(column)}
        twice = [name for name in parts if name in found or name in features]
        if twice:
            raise DataError(f"The parts of a date would replace {listed(twice)}: rename or ignore one of the columns.")
        found |= parts
    require_types(options.types, [*features, *found])
    for name, kind in options.types.items():
        if name in found:
            require_known(f"type of the part {shown(name)}", kind, ("number", "category"))
            found[name] = kind
    return found


def _require_near(values: Column, column: DateColumn) -> None:
    pd = pandas()
    days = pd.Timedelta(FARTHEST, "D")
    far = (values < pd.Timestamp(column.first) - days) | (values > pd.Timestamp(column.last) + days)
    if far.any():
        row = int(np.argmax(far.to_numpy()))
        raise DataError(
            f"The column {shown(column.name)} holds {values.iloc[row].date()} in row {row + 1}, a century away from "
            f"the training rows ({column.first} to {column.last})."
        )


def _part_kind(name: str, column: DateColumn) -> str:
    return "number" if name.removeprefix(column.prefix) in NUMBER_PARTS else "category"


def _date(column: Column, name: str) -> DateColumn:
    values = dates_of(column, name)
    if values.isna().all():
        raise DataError(f"The column {shown(name)} has no date in any training row: ignore it.")
    return DateColumn(name, date_prefix(name), str(values.min().date()), str(values.max().date()))


def _number(column: Column, name: str) -> NumberColumn:
    values = numbers_of(column, name)
    known = values[~np.isnan(values)]
    missing = len(values) - len(known)
    if not len(known):  # the model is given the constant 0, and no flag
        return NumberColumn(name, 0.0, 0.0, 0.0, 0.0, 0.0, missing, len(values))
    low, high, deviation = float(known.min()), float(known.max()), float(known.std())
    median = float(np.median(known))
    coarse = max(abs(low), abs(high)) * RESOLUTION * LEAST_STEPS > deviation > 0
    return NumberColumn(
        name, median, float(known.mean()), deviation, low, high, missing, len(values), median if coarse else 0.0
    )


def _category(column: Column, name: str, options: Options) -> CategoryColumn:
    codes, texts = texts_of(column, name)
    counts: dict[str, int] = {}
    for text, count in zip(texts, np.bincount(codes[codes >= 0], minlength=len(texts)), strict=True):
        if text is not None:
            counts[text] = counts.get(text, 0) + int(count)
    if options.max_cardinality is None and options.min_count == 1 and len(counts) > max(MOST_VALUES, len(column) // 2):
        raise DataError(
            f"The column {shown(name)} has {len(counts):,} different values in {len(column):,} rows, such as "
            f"{shown(min(counts))}: ignore it, or set 'max_cardinality' or 'min_count'."
        )
    kept = sorted(
        (text for text in counts if counts[text] >= options.min_count), key=lambda text: (-counts[text], text)
    )
    kept = sorted(kept[: options.max_cardinality], key=natural)
    known = sum(counts.values())
    return CategoryColumn(
        name, tuple(kept), missing=len(column) - known, rare=known - sum(counts[text] for text in kept)
    )


def _output(column: Column, name: str, kind: Any, options: Options) -> OutputColumn:
    target = kind if isinstance(kind, Target) else _target(column, name, kind)
    if target.kind != "regression":
        if name in options.log or name in options.ranges:
            raise ConfigError(f"The target {shown(name)} is a {target.kind}: it has neither a logarithm nor a range.")
        _require_two(labels_of(column, name, target.labels), name, target.labels)
        return OutputColumn(name, target)
    values = numbers_of(column, name)
    values = values[~np.isnan(values)]
    if not len(values):
        raise DataError(f"The target {shown(name)} is missing in every training row.")
    log = name in options.log
    if log and values.min() <= 0:
        raise DataError(f"The target {shown(name)} must be above 0 to have a logarithm; the least is {values.min():g}.")
    low, high = _range(name, options.ranges.get(name), np.log(values) if log else values, log)
    return OutputColumn(name, target, log=log, low=low, high=high)


def _target(column: Column, name: str, kind: Any) -> Target:
    require_known(f"kind of the target {shown(name)}", kind, SINGLE_KINDS)
    if kind == "regression":
        return Target("regression")
    _, texts = texts_of(column, name)
    labels = sorted({text for text in texts if text is not None}, key=natural)
    _require_two(np.arange(len(labels)), name, labels)
    if kind == "binary" and len(labels) > 2:
        raise DataError(f"The binary target {shown(name)} has {len(labels):,} labels: {listed(labels)}.")
    if len(labels) > MOST_VALUES:
        raise DataError(f"The target {shown(name)} has {len(labels):,} labels; is it a regression?")
    return Target(kind, tuple(labels))


def _require_two(classes: np.ndarray, name: str, labels: Sequence[str]) -> None:
    """Raise unless the rows have at least two of the labels."""
    there = np.unique(classes[classes != MISSING_CLASS])
    if len(there) < 2:
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
    return tuple(
        OutputColumn(column.name, column.target, name, column.log, column.low, column.high)
        for column, name in zip(columns, names, strict=True)
    )


def _with_inputs(columns: tuple[CategoryColumn, ...], taken: set[str]) -> tuple[CategoryColumn, ...]:
    names = layer_names([column.name for column in columns], {"numbers"} | taken)
    return tuple(
        CategoryColumn(column.name, column.vocabulary, name, column.missing, column.rare)
        for column, name in zip(columns, names, strict=True)
    )


def layer_names(columns: Iterable[str], taken: set[str]) -> list[str]:
    """Different names that a layer may have: letters, digits, "_", "." and "-"; "/" would be a scope.

    >>> layer_names(["Store", "work class", "work/class", "größe", "features"], set())
    ['Store', 'work_class', 'work_class_2', 'gr__e', 'features_column']
    """
    used, found = set(taken), []
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", column)
        plain = plain if re.match(r"[A-Za-z0-9.]", plain) else f"column{plain}"
        plain = f"{plain}_column" if INNER.fullmatch(plain) else plain
        name, number = plain, 1
        while name in used:
            number += 1
            name = f"{plain}_{number}"
        used.add(name)
        found.append(name)
    return found
