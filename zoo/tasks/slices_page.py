"""The page of an error report, in words and tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zoo.report.page import Page, PageTable
from zoo.report.table import metric_label, number, with_error

if TYPE_CHECKING:
    from zoo.tasks.slices import ErrorReport, OutputErrors

MOST = 20  # rows of a table
MOST_DUPLICATES = 20


def error_page(report: "ErrorReport") -> Page:
    sentences = [f"{report.rows:,} rows; grouped by {', '.join(report.columns)}."]
    tables: list[PageTable] = []
    for name, part in report.outputs.items():
        score = with_error(part.score, part.error, part.metric)
        sentences.append(f"{name}: {metric_label(part.metric, part.target.unit)} {score} (± one standard error).")
        tables += [_slices(name, part), *_decisions(name, part, report), *_calibration(name, part, report)]
        tables.append(_worst(name, part, report.names))
        if part.label_errors is not None:
            tables.append(_label_errors(name, part, report.names))
    if report.clusters:
        tables.append(PageTable("Clusters of what the last layers see", ("cluster",), [[s] for s in report.clusters]))
    if report.duplicates:
        tables.append(_duplicates(report))
    return Page(report.title, [*sentences, *report.notes], tables)


def _slices(name: str, part: "OutputErrors") -> PageTable:
    """Errors of classes are shown as shares of wrong rows."""
    found = part.slices.found[:MOST]
    what = "wrong" if part.metric == "accuracy" else "MAE"

    def shown(value: float) -> str:
        return f"{100 * value:.1f} %" if part.metric == "accuracy" else number(value, part.metric)

    rows = [
        [
            each.label(),
            f"{each.rows:,}",
            shown(each.loss),
            f"+{shown(each.difference)} ± {shown(each.error)}",
            f"{each.corrected:.2g}" + ("" if each.holds else " (may be chance)"),
        ]
        for each in found
    ]
    left = len(part.slices.found) - len(found)
    notes = [
        f"{part.slices.tried:,} slices were looked at, single values and pairs; shown: those worse than two standard "
        "errors. p is corrected for their number (Benjamini-Hochberg); from .05 on a slice may be chance."
        + (f" {left} more in the JSON." if left else "")
    ]
    title = f"{name}: slices served worse"
    return PageTable(title, ("slice", "rows", what, "against all", "p"), rows, notes if rows else
                     [f"None of {part.slices.tried:,} slices is worse than two standard errors."])  # fmt: skip


def _decisions(name: str, part: "OutputErrors", report: "ErrorReport") -> list[PageTable]:
    if part.threshold is None:
        return []
    tables = []
    found = [
        (column, gap)
        for column, each in part.gaps.items()
        for gap in each
        if gap.flagged or (report.groups and gap.difference)
    ]
    found.sort(key=lambda pair: pair[1].p)
    positive = part.target.labels[1]
    rows = [
        [
            column,
            gap.rate,
            f"{gap.low} / {gap.high}",
            f"{100 * gap.difference:.1f} ± {100 * gap.error:.1f} %",
            f"{gap.p:.2g}",
        ]
        for column, gap in found[:MOST]
    ]
    note = (
        f"Shares of rows for which '{positive}' is decided, from a probability of {part.threshold:.4g} on: of all "
        "rows, of those that are it, of those that are not. Shown: the two groups farthest apart; p is corrected for "
        "all pairs."
    )
    none = "No column has groups that are farther apart than chance explains."
    tables.append(
        PageTable(
            f"{name}: gaps of decisions between groups",
            ("column", "rate", "least / most", "gap", "p"),
            rows,
            [note] if rows else [none],
        )
    )
    for column in report.groups or ():
        lines = [
            [
                each.group,
                f"{each.rows:,}",
                *(f"{100 * pair[0]:.1f} ± {100 * pair[1]:.1f} %" if pair else "–" for pair in each.rates.values()),
                "–" if each.own_threshold is None else f"{each.own_threshold:.3g}",
            ]
            for each in part.rates[column]
        ]
        heads = (column, "rows", "selected", "true positive rate", "false positive rate", "threshold of equal TPR")
        tables.append(PageTable(f"{name}: decisions by {column}", heads, lines))
    return tables


def _calibration(name: str, part: "OutputErrors", report: "ErrorReport") -> list[PageTable]:
    if not part.calibration:
        return []
    found = [
        (column, each)
        for column, groups in part.calibration.items()
        for each in groups
        if each.flagged or report.groups
    ]
    found.sort(key=lambda pair: -abs(pair[1].surplus) / (pair[1].surplus_error or 1.0))
    rows = [
        [
            f"{column} = {each.group}",
            f"{each.rows:,}",
            f"{100 * each.surplus:+.1f} ± {100 * each.surplus_error:.1f} %",
            f"{100 * each.error:.1f} %",
        ]
        for column, each in found[:MOST]
    ]
    note = (
        "Too sure (+) or not sure enough (-): the mean probability of what is predicted, less the share that is right."
    )
    none = "No group's probabilities are off by more than two standard errors."
    heads = ("group", "rows", "surplus of confidence", "calibration error")
    return [PageTable(f"{name}: calibration by group", heads, rows, [note] if rows else [none])]


def _worst(name: str, part: "OutputErrors", names: Mapping[int, str]) -> PageTable:
    rows = [
        [
            names.get(each.row, f"row {each.row + 1}"),
            each.true,
            each.predicted + (f" ({each.probability[1]:.0%})" if each.probability else ""),
        ]
        for each in part.worst
    ]
    return PageTable(f"{name}: predicted worst", ("row", "label", "predicted"), rows)


def _label_errors(name: str, part: "OutputErrors", names: Mapping[int, str]) -> PageTable:
    found = part.label_errors
    assert found is not None
    rows = [
        [
            names.get(each.row, f"row {each.row + 1}"),
            f"{each.label} ({each.probability[0]:.1%})",
            f"{each.suggested} ({each.probability[1]:.1%})",
        ]
        for each in found.suspected[:MOST]
    ]
    note = (
        f"About {100 * found.share:.1f} % of the labels are estimated to be wrong, {len(found.suspected):,} are "
        "suspected (confident learning); look at them before you change them: the model errs too."
    )
    return PageTable(f"{name}: labels that may be wrong", ("row", "label", "more likely"), rows, [note])


def _duplicates(report: "ErrorReport") -> PageTable:
    differ = sum(bool(each.labels_differ) for each in report.duplicates)
    rows = [
        [
            report.names.get(each.row, ""),
            report.names.get(each.other, ""),
            f"{each.similarity:.0%}",
            {None: "", True: "differ", False: "same"}[each.labels_differ],
        ]
        for each in report.duplicates[:MOST_DUPLICATES]
    ]
    note = f"{len(report.duplicates):,} pairs of rows are nearly the same; of {differ:,} the labels differ."
    return PageTable("Near-duplicates", ("row", "other", "alike", "labels"), rows, [note])
