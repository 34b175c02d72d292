"""Where a trained model errs: slices that are worse, decisions and calibration by group, worst rows, wrong labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.files import write_json
from zoo.report.examples import Example, examples
from zoo.report.fairness import (
    Gap,
    GroupCalibration,
    GroupRates,
    calibration_by_group,
    gaps,
    rates_by_group,
)
from zoo.report.label_errors import LabelErrors, label_errors
from zoo.report.near_duplicates import NearDuplicate, near_duplicate_rows, near_duplicate_texts
from zoo.report.page import Page
from zoo.report.slices import Groups, Slices, clusters_of, find_slices
from zoo.report.uncertainty import losses, standard_error
from zoo.samples import Target, present
from zoo.tasks.judged import Judged, judged, row_name, threshold_of

WORST = 20  # rows of each output
CLUSTER = "cluster of features"
FEWEST = 40  # rows below which nothing is clustered
SHOWN_ROWS = 5  # of a cluster
COMPARED = 20_000  # rows among which near-duplicates are looked for
COMPARED_KINDS = ("number", "category", "date")  # of columns that are compared value by value
GROUPED_KINDS = ("number", "category", "text")


@dataclass(frozen=True)
class OutputErrors:
    """What is wrong with one output; of numbers there are no rates, no calibration and no label errors.

    score, error  accuracy or mean absolute error, and its standard error.
    rates, gaps, calibration  column -> what its groups have.
    threshold     at which a binary output decides.
    """

    target: Target
    metric: str
    score: float
    error: float | None
    slices: Slices
    rates: Mapping[str, Sequence[GroupRates]]
    gaps: Mapping[str, Sequence[Gap]]
    calibration: Mapping[str, Sequence[GroupCalibration]]
    threshold: float | None
    worst: Sequence[Example]
    label_errors: LabelErrors | None

    def to_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "score": self.score,
            "standard_error": self.error,
            "slices": self.slices.to_json(),
            "threshold": self.threshold,
            "rates_by_group": {name: [each.to_json() for each in found] for name, found in self.rates.items()},
            "gaps": {name: [each.to_json() for each in found] for name, found in self.gaps.items()},
            "calibration_by_group": {
                name: [each.to_json() for each in found] for name, found in self.calibration.items()
            },
            "worst": [each.to_json() for each in self.worst],
            "label_errors": None if self.label_errors is None else self.label_errors.to_json(),
        }


@dataclass(frozen=True)
class ErrorReport:
    """`to_json`, `page`, `save`: the page as its ending says, .html or .md; or the figures as .json.

    clusters   what is in each, a sentence each; names  row -> what it is called.
    groups     columns that the user named, or None.
    """

    title: str
    rows: int
    columns: Sequence[str]
    outputs: Mapping[str, OutputErrors]
    clusters: Sequence[str]
    duplicates: Sequence[NearDuplicate]
    names: Mapping[int, str]
    notes: Sequence[str]
    groups: Sequence[str] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": self.rows,
            "columns": list(self.columns),
            "outputs": {name: each.to_json() for name, each in self.outputs.items()},
            "clusters": list(self.clusters),
            "near_duplicates": [each.to_json() for each in self.duplicates],
            "notes": list(self.notes),
        }

    def page(self) -> Page:
        from zoo.tasks.slices_page import error_page

        return error_page(self)

    def save(self, path: Path | str) -> Path:
        if Path(path).suffix.lower() == ".json":
            write_json(path, self.to_json())
            return Path(path)
        return self.page().save(path)


def slices(
    source: str | Path,
    *,
    data: str | None = None,
    data_options: Mapping[str, Any] | None = None,
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> ErrorReport:
    """Where a trained model errs, on the test split of its data, on other named `data`, or on all rows of a file.

    groups  columns whose decisions and calibration are shown in full; without them those that stand out, of all.

    Slices are looked for over the columns of the rows (also those that the model was not shown), pairs of them, and
    clusters of what its last layers see. Raises `ConfigError` where there is nothing to group rows by.
    """
    rows = judged(source, data, data_options)
    columns = rows.columns()
    for name in groups or ():
        require_known("column to group by", name, columns)
    clusters: list[str] = []
    features = rows.features() if len(rows.samples) >= FEWEST else None
    if features is not None:
        found = clusters_of(features, seed=seed)
        clusters = [_of_cluster(rows, found, code, features) for code in range(len(found[0]))]
        columns = {**columns, CLUSTER: found}
    if not columns:
        raise ConfigError(
            f"'{rows.name}' has no column that groups its rows, and fewer than {FEWEST} rows to cluster: there is "
            "nothing to slice by."
        )
    outputs = {name: _errors_of(rows, name, columns, groups) for name in rows.targets if _has_labels(rows, name)}
    if not outputs:
        raise ConfigError(f"No row of '{rows.name}' has a label: there is no error to look at.")
    duplicates, compared = _duplicates(rows)
    notes = [f"Outputs of tags are left out: {', '.join(rows.left_out)}."] if rows.left_out else []
    kinds = rows.pipeline.schema.types
    skipped = [name for name, kind in kinds.items() if kind not in GROUPED_KINDS and name not in columns]
    notes += [f"No slices are made of {', '.join(skipped)}: dates, pictures and sounds."] if skipped else []
    notes += [compared] if compared else []
    wanted = {each.row for part in outputs.values() for each in part.worst}
    wanted |= {each.row for part in outputs.values() if part.label_errors for each in part.label_errors.suspected}
    wanted |= {row for each in duplicates for row in (each.row, each.other)}
    return ErrorReport(
        title=f"Errors of {rows.pipeline.entry} on {rows.name}",
        rows=len(rows.samples),
        columns=list(columns),
        outputs=outputs,
        clusters=clusters,
        duplicates=duplicates,
        names={row: row_name(rows, row) for row in wanted},
        notes=notes,
        groups=groups,
    )


def _has_labels(rows: Judged, output: str) -> bool:
    return bool(present(rows.labels[output]).any())


def _errors_of(rows: Judged, output: str, columns: Mapping[str, Groups], groups: Sequence[str] | None) -> OutputErrors:
    target = rows.targets[output]
    known = np.flatnonzero(present(rows.labels[output]))
    labels, predicted = rows.labels[output][known], rows.predictions[output][known]
    draws = None if rows.draws is None else rows.draws[known]
    inside = {name: (names, codes[known]) for name, (names, codes) in columns.items()}
    classes = target.kind != "regression"
    decided = rows.decided[output][known] if classes else None
    metric = "accuracy" if classes else "mae"
    each_row = losses(metric, labels, predicted) if decided is None else (decided == labels).astype(np.float64)
    lost = 1.0 - each_row if classes else each_row
    score = float(each_row.mean())
    error = standard_error((each_row - score) / len(each_row), draws)
    shown = {name: each for name, each in inside.items() if not groups or name in groups}
    threshold = threshold_of(rows.pipeline, output) if target.kind == "binary" else None
    rates = (
        {name: rates_by_group(labels, predicted, *each, threshold, draws=draws) for name, each in shown.items()}
        if threshold is not None
        else {}
    )
    calibration = (
        {
            name: calibration_by_group(labels, predicted, *each, decided=decided, draws=draws)
            for name, each in shown.items()
        }
        if classes
        else {}
    )
    worst, _ = examples(rows.labels[output], rows.predictions[output], target, worst=WORST, best=0)
    worst = [_as_decided(rows, output, each) for each in worst] if classes else worst
    return OutputErrors(
        target=target,
        metric=metric,
        score=score,
        error=error,
        slices=find_slices(lost, inside, draws=draws),
        rates=rates,
        gaps={name: gaps(each) for name, each in rates.items()},
        calibration=calibration,
        threshold=threshold,
        worst=worst,
        label_errors=label_errors(rows.labels[output], rows.predictions[output], target.labels) if classes else None,
    )


def _as_decided(rows: Judged, output: str, example: Example) -> Example:
    """The same with the label that the pipeline gives, in place of the likeliest."""
    said, shares = int(rows.decided[output][example.row]), rows.predictions[output][example.row]
    own = example.probability[0] if example.probability else 0.0
    share = float(shares[said]) if np.ndim(shares) else float(shares if said else 1.0 - shares)
    return replace(example, predicted=rows.targets[output].labels[said], probability=(own, share))


def _of_cluster(rows: Judged, found: Groups, code: int, features: np.ndarray) -> str:
    """A cluster in a sentence: its size, what its rows are labelled, and those nearest to its centre."""
    names, codes = found
    inside = np.flatnonzero(codes == code)
    centre = features[inside].mean(axis=0)
    nearest = inside[np.argsort(np.square(features[inside] - centre).sum(axis=1), kind="stable")[:SHOWN_ROWS]]
    said = []
    for output, target in rows.targets.items():
        labels = rows.labels[output][inside]
        labels = labels[present(labels)]
        if not len(labels):
            continue
        if target.kind == "regression":
            said.append(f"{output} {labels.mean():.4g} {target.unit}".rstrip() + " on average")
        else:
            counts = np.bincount(labels, minlength=len(target.labels))
            said.append(f"{output} = {target.labels[int(counts.argmax())]} for {counts.max() / len(labels):.0%}")
    called = "; ".join(row_name(rows, int(row)) for row in nearest)
    return f"{names[code]}: {len(inside):,} rows; {'; '.join(said)}; in its middle {called}."


def _duplicates(rows: Judged) -> tuple[list[NearDuplicate], str]:
    """Near-duplicates among the rows, and a note where not all were compared, or none could be."""
    name = next((name for name, target in rows.targets.items() if target.kind != "regression"), None)
    labels = rows.labels[name] if name is not None else None
    most = min(len(rows.samples), COMPARED)
    note = f"Near-duplicates were looked for among the first {most:,} rows." if most < len(rows.samples) else ""
    some = None if labels is None else labels[:most]
    for values in rows.samples.raw.values():
        if all(isinstance(each, str) and " " in each for each in values[:SHOWN_ROWS]):
            return near_duplicate_texts(list(values[:most]), some), note
    kinds = rows.pipeline.schema.types
    others = sorted({kind for kind in kinds.values() if kind not in COMPARED_KINDS})
    if rows.frame is None or not kinds or others:
        told = f"the model also reads {', '.join(others)}" if others else "the data is no table"
        return [], f"Near-duplicates were not looked for: {told}."
    return near_duplicate_rows({each: rows.frame[each].to_numpy()[:most] for each in kinds}, some), note
