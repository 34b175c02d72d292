"""Two trained models on the same rows: `zoo compare RUN RUN`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.files import write_json
from zoo.report.compare import OutputComparison, compare_predictions
from zoo.report.page import Page, PageTable
from zoo.report.table import metric_label, number
from zoo.tasks.judged import Judged, judged, row_name

SHOWN = 20  # rows on a page


@dataclass(frozen=True)
class Comparison:
    """`to_json`, `page`, `save` (.html, .md or .json). `names` of rows that are shown."""

    models: tuple[str, str]
    data: str
    rows: int
    outputs: Sequence[OutputComparison]
    names: Mapping[int, str]
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "models": list(self.models),
            "data": self.data,
            "rows": self.rows,
            "notes": list(self.notes),
            "outputs": [each.to_json() for each in self.outputs],
        }

    def sentence(self, each: OutputComparison) -> str:
        """Who is better on one output, and by what test."""
        label = metric_label(each.metric, "")
        first, second = (number(score, each.metric) for score in each.scores)
        test = "McNemar's exact test" if each.counts is not None else "paired bootstrap"
        said = f"{each.output}: {label} {first} and {second} on {each.rows:,} rows; p = {each.p:.2g} ({test})"
        if each.better is None:
            return f"{said}: no difference that chance would not explain."
        return f"{said}: {self.models[each.better]} is better."

    def page(self) -> Page:
        a, b = self.models
        tables = []
        for each in self.outputs:
            what = "log loss" if each.counts is not None else "absolute error"
            low, mean, high = each.difference.low, each.difference.mean, each.difference.high
            notes = [
                f"Mean {what}, {b} less {a}: {mean:+.4g}, 95 % of bootstrap draws within {low:+.4g} to {high:+.4g}."
            ]
            if each.counts is not None:
                both, one, two, none = each.counts
                notes.append(f"Right: both {both:,}, only {a} {one:,}, only {b} {two:,}, neither {none:,}.")
            rows = [
                [self.names.get(row.row, f"row {row.row + 1}"), row.true, row.first, row.second, f"{row.gain:+.3g}"]
                for row in each.disagreements[:SHOWN]
            ]
            heads = ("row", "label", a, b, "gain")
            tables.append(PageTable(f"{each.output}: rows on which they differ most", heads, rows, notes))
        return Page(f"{a} and {b} on {self.data}", [*map(self.sentence, self.outputs), *self.notes], tables)

    def save(self, path: Path | str) -> Path:
        if Path(path).suffix.lower() == ".json":
            write_json(path, self.to_json())
            return Path(path)
        return self.page().save(path)


def compare(
    first: str | Path,
    second: str | Path,
    *,
    data: str | None = None,
    data_options: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Comparison:
    """Where two trained models differ, sample by sample, on the test split that both have, or on all rows of a file.

    Classes are compared by McNemar's exact test, numbers by a paired bootstrap. Raises `ConfigError` where the two were
    trained on different data or splits, so that one may have been trained on the other's test rows, or share no
    output; `DataError` where their rows or labels are not the same.
    """
    one, two = (judged(source, data, data_options) for source in (first, second))
    if data is None:
        _require_same_split(one, two, first, second)
    shared = [name for name in one.targets if name in two.targets]
    if not shared:
        told = " and ".join(", ".join(each.targets) for each in (one, two))
        raise ConfigError(f"'{first}' and '{second}' have no output in common: they predict {told}.")
    _require_same_rows(one, two, shared, f"'{first}' and '{second}'")
    outputs = []
    for name in shared:
        predictions = (each.predictions[name] for each in (one, two))
        said = (one.decided[name], two.decided[name]) if name in one.decided else None
        found = compare_predictions(
            name, one.targets[name], one.labels[name], *predictions, decided=said, draws=one.draws, seed=seed
        )
        outputs += [found] if found is not None else []
    if not outputs:
        raise DataError(f"'{one.name}' has fewer than two labelled rows: there is nothing to compare on.")
    wanted = {row.row for each in outputs for row in each.disagreements}
    others = sorted({*one.targets, *two.targets} - set(shared))
    notes = [f"Only one of them predicts {', '.join(others)}."] if others else []
    if one.draws is not None and any(each.counts is not None for each in outputs):
        notes.append(
            "McNemar's test counts the rows of a person apart, so that its p is too small; the interval of the loss "
            "takes them together."
        )
    names = {row: row_name(one, row) for row in wanted}
    return Comparison(_names(first, second), one.name, len(one.samples), outputs, names, notes)


def _require_same_split(one: Judged, two: Judged, first: Any, second: Any) -> None:
    """Raise unless both were trained on the same data, split by the same seed."""
    told = [each.pipeline.origin for each in (one, two)]
    if told[0]["data"] != told[1]["data"]:
        raise ConfigError(
            f"'{first}' was trained on '{told[0]['data']}' and '{second}' on '{told[1]['data']}': name a file or "
            "a data set that both are to be compared on, with data='...' (--data ...)."
        )
    if told[0].get("seed") != told[1].get("seed"):
        raise ConfigError(
            f"'{first}' and '{second}' were split with the seeds {told[0].get('seed')} and {told[1].get('seed')}: each "
            "may have been trained on the other's test rows. Train both with one seed, or name a file that neither "
            "has seen, with data='...' (--data ...)."
        )


def _require_same_rows(one: Judged, two: Judged, shared: Sequence[str], named: str) -> None:
    if len(one.samples) != len(two.samples):
        raise DataError(f"{named} have {len(one.samples):,} and {len(two.samples):,} rows to be compared on.")
    for name in shared:
        if one.targets[name] != two.targets[name]:
            raise DataError(f"{named} mean different things by '{name}': {_meaning(one, name)}; {_meaning(two, name)}.")
        if not np.array_equal(one.labels[name], two.labels[name], equal_nan=True):
            raise DataError(f"The rows of {named} have different labels of '{name}': they are not the same rows.")
    if one.frame is not None and two.frame is not None:
        columns = [each for each in one.frame.columns if each in two.frame.columns]
        scalars = [each for each in columns if one.frame[each].dtype.kind in "biufOUT"]
        for each in scalars:
            if not one.frame[each].astype(str).equals(two.frame[each].astype(str)):
                raise DataError(f"The rows of {named} differ in the column '{each}': they are not the same rows.")


def _meaning(rows: Judged, name: str) -> str:
    target = rows.targets[name]
    return f"{target.kind} ({', '.join(target.labels) or target.unit or 'no unit'})"


def _names(first: str | Path, second: str | Path) -> tuple[str, str]:
    """What two models are called: the last part of each path, or all of it where those are the same."""
    short = Path(first).name, Path(second).name
    return short if short[0] != short[1] else (str(first), str(second))
