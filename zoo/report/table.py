"""The report for a terminal: rich tables of at most 100 columns."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from zoo.report.groups import FEWEST_DRAWS
from zoo.report.progress import still_improving

if TYPE_CHECKING:
    from zoo.report.report import Report

WIDTH = 100
MOST_WORSE = 12
SHOWN = {"majority": "majority", "linear": "linear", "trees": "trees", "limit": "limit"}
METRIC_NAMES = {
    "mae": "MAE",
    "rmse": "RMSE",
    "mse": "MSE",
    "r2": "R²",
    "pearson": "Pearson r",
    "spearman": "Spearman ρ",
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "perplexity": "perplexity",
    "auc": "AUC",
    "f1": "F1",
    "steps_off": "steps off",
    "kappa": "weighted κ",
    "exp_rmspe": "RMSPE",
    "average_precision": "average precision",
    "calibration_error": "calibration error",
    "equal_error_rate": "equal error rate",
}
UNKNOWN = "–"
SAMPLED = re.compile(r"[\d,]+ of [\d,]+ training rows")  # in what is told of a simple model


def metric_label(metric: str, unit: str) -> str:
    """The metric's name and unit: "MAE, years"."""
    suffix = {"accuracy": "%", "mae": unit, "rmse": unit}.get(metric, "")
    return METRIC_NAMES[metric] + (f", {suffix}" if suffix else "")


def number(value: float | None, metric: str, beside: float | None = None) -> str:
    """Four digits, or as many decimals as the number `beside`; accuracy in per cent (its unit stands by the metric).

    >>> number(0.7512, "accuracy"), number(4.58321, "mae"), number(287.93, "mae"), number(8.887, "mae", beside=287.93)
    ('75.1', '4.583', '287.9', '8.9')
    """
    if value is None:
        return UNKNOWN
    if metric == "accuracy":
        return f"{100 * value:.1f}"
    size = abs(value if beside is None else beside)
    if metric in ("mae", "rmse") and 0 < size < 0.1:
        return f"{value:.3g}"  # a target of tiny numbers
    decimals = 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:.{decimals}f}"


def with_error(value: float | None, error: float | None, metric: str) -> str:
    """`number` ± its standard error, where that is known."""
    if value is None or error is None:
        return number(value, metric)
    return f"{number(value, metric)} ± {number(error, metric, beside=value)}"


def share(value: float | None, error: float | None) -> str:
    """A share of the gap closed, in per cent."""
    if value is None:
        return UNKNOWN
    return f"{100 * value:.1f}" + ("" if error is None else f" ± {100 * error:.1f}") + " %"


def score_table(report: "Report") -> Table:
    """Output x metric: the model with its standard error, baselines, limit, and the share of the gap closed."""
    title = f"{escape(report.title)} ({report.sizes['test']} test samples; ± is one standard error)"
    table = Table(
        title=title, caption=escape("\n".join(notes(report))), caption_justify="left", box=box.SIMPLE_HEAD, width=WIDTH
    )
    table.add_column("output", max_width=14, overflow="fold")
    table.add_column("metric", max_width=18, overflow="fold")
    for heading in ("model", *SHOWN.values(), "gap closed"):
        table.add_column(heading, justify="right", no_wrap=True)
    previous = None
    for row in report.scores:
        first = row["output"] != previous
        if first and previous is not None:
            table.add_section()
        previous = row["output"]
        table.add_row(row["output"] if first else "", *_cells(row, report.targets[row["output"]].unit))
    return table


def _cells(row: Mapping[str, Any], unit: str) -> list[str]:
    metric = row["metric"]
    label = metric_label(metric, unit)
    if not row["labels"]:
        return [label, "no labels", *[UNKNOWN] * (len(SHOWN) + 1)]
    model = with_error(row["model"], row["standard_error"], metric) + (" !" if row["above_limit"] else "")
    others = [number(row[kind], metric) for kind in SHOWN]
    return [label, model, *others, share(row["gap_closed"], row["gap_closed_standard_error"])]


def notes(report: "Report") -> list[str]:
    """Sentences under the table: what is suspicious, what was left out, which groups are served worse."""
    said = []
    for row in report.scores:
        if row["above_limit"]:
            said.append(f"! {row['output']}, {row['metric']}: better than possible; do the test's answers leak?")
    for name in report.targets:
        headline = next(row for row in report.scores if row["output"] == name)
        beaten = [kind for kind in ("majority", "linear", "trees") if _beats(headline, kind)]
        if beaten:
            advice = f"; {_advice(report)}" if "linear" in beaten else ""
            said.append(f"{name}: no better than {' and '.join(SHOWN[kind] for kind in beaten)}{advice}.")
    left_out: dict[str, list[str]] = {}
    for name, kinds in report.baselines.items():
        for kind, note in kinds.items():
            if note.startswith("left out"):
                left_out.setdefault(note, []).append(f"{name} {SHOWN[kind]}")
    said += [f"{', '.join(where)}: {note}." for note, where in left_out.items()]
    said += [f"{', '.join(where)}: on {share}." for share, where in _sampled(report).items()]
    worse = sum(row["worse"] for row in report.groups)
    if worse:
        said.append(f"{worse} of {len(report.groups)} groups are served worse by more than two standard errors.")
    return said


def _sampled(report: "Report") -> dict[str, list[str]]:
    """ "20,000 of 700,000 training rows" -> the simple models that were fitted on so many."""
    found: dict[str, list[str]] = {}
    for kinds in report.baselines.values():
        for kind, note in kinds.items():
            if share := SAMPLED.search(note):
                names = found.setdefault(share[0], [])
                names += [SHOWN[kind]] * (SHOWN[kind] not in names)
    return found


def _advice(report: "Report") -> str:
    """What to try where a network has learnt nothing beyond a linear model."""
    if report.history and still_improving(report.history):
        return "it was still improving: train longer (--epochs)"
    return "try another model (zoo list) or more rows, or keep the simple one"


def _beats(row: Mapping[str, Any], kind: str) -> bool:
    """Whether a simple model is as good or better; of a model without a mistake none is."""
    best = 1.0 if row["better"] == "higher" else 0.0
    if row["model"] in (None, best) or row[kind] is None:
        return False
    return row[kind] >= row["model"] if row["better"] == "higher" else row[kind] <= row["model"]


def worse_groups_table(report: "Report") -> Table | str:
    """The flagged groups by how many standard errors they are worse; a sentence where none is."""
    flagged = [row for row in report.groups if row["worse"]]
    if not flagged:
        return _none_worse(report)
    flagged.sort(key=lambda row: -abs(row["difference"]) / row["difference_standard_error"])
    left = len(flagged) - MOST_WORSE
    caption = f"and {left} more in scores.json" if left > 0 else None
    table = Table(
        title="Groups served worse than all (by more than two standard errors)",
        caption=caption,
        box=box.SIMPLE_HEAD,
        width=WIDTH,
    )
    for heading in ("output", "group", "metric"):
        table.add_column(heading, overflow="fold")
    for heading in ("samples", "score", "against all"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in flagged[:MOST_WORSE]:
        metric = row["metric"]
        difference = f"{'+' if row['difference'] > 0 else '-'}{number(abs(row['difference']), metric)}"
        table.add_row(
            row["output"],
            escape(f"{row['column']}: {row['group']}"),
            metric_label(metric, report.targets[row["output"]].unit),
            str(row["labels"]),
            number(row["score"], metric),
            f"{difference} ± {number(row['difference_standard_error'], metric)}",
        )
    return table


def _none_worse(report: "Report") -> str:
    """What is known where no group is flagged."""
    small = sum(not row["compared"] for row in report.groups)
    if small == len(report.groups):
        return f"No group has the {FEWEST_DRAWS} samples from which one is compared with all."
    left_out = f"; {small} of {len(report.groups)} groups have too few samples to tell" if small else ""
    return f"No group is served worse than all by more than two standard errors{left_out}."
