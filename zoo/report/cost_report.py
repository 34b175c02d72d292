"""What an output's decisions cost, in money: beside deciding alike for everybody, a threshold of one half, and rivals.

report = build_cost_report(answers["default"], labels, target, costs, validation=(known_answers, known_labels))
print(report.table()); report.save("run")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.costs import CostMatrix, best_threshold, decide
from zoo.errors import DataError
from zoo.files import write_json
from zoo.report.check import checked_predictions, labels_of
from zoo.report.table import WIDTH
from zoo.samples import Samples, Target, present

if TYPE_CHECKING:
    from rich.table import Table

NOBODY, MOST_ALIKE = "nobody's", 5  # ways of deciding alike for everybody that a table shows, the cheapest
HALF, CHEAPEST, CHOSEN = "most likely", "cheapest expected", "best on validation"
Split = tuple[np.ndarray, np.ndarray]  # predictions and labels


@dataclass(frozen=True)
class Costs:
    """One way of deciding: whose predictions, by which rule, the mean cost of a case and its standard error.

    `shares` is label -> share of the cases that are decided so; `threshold` is that of the positive label of two.
    """

    who: str
    rule: str
    mean: float
    standard_error: float
    shares: Mapping[str, float]
    threshold: float | None = None
    decisions: np.ndarray = field(default_factory=lambda: np.zeros(0, int), repr=False)


@dataclass(frozen=True)
class CostReport:
    """Costs of all ways of deciding on the test rows whose label is known. `table`, `to_json`, `save`."""

    title: str
    target: Target
    costs: CostMatrix
    rows: Sequence[Costs]
    labels: np.ndarray = field(repr=False)
    answers: Mapping[str, np.ndarray] = field(repr=False)
    before: np.ndarray | None = field(default=None, repr=False)

    def row(self, who: str, rule: str) -> Costs:
        """The costs of one way of deciding."""
        return next(row for row in self.rows if (row.who, row.rule) == (who, rule))

    def cheapest(self, who: str) -> np.ndarray:
        """(n,) the decisions of the cheapest expected cost by these predictions."""
        return self.row(who, CHEAPEST).decisions

    def to_json(self) -> dict[str, Any]:
        """All figures as plain values."""
        shown = ("who", "rule", "mean", "standard_error", "shares", "threshold")
        finite = [
            {key: None if value in (np.inf, -np.inf) else value for key, value in ((k, getattr(row, k)) for k in shown)}
            for row in self.rows
        ]
        return {"title": self.title, "samples": len(self.labels), **self.costs.to_json(), "decisions": finite}

    def table(self) -> "Table":
        """Mean cost of a case, cost of a thousand, and how many are decided for each label; cheapest marked."""
        from rich import box
        from rich.markup import escape
        from rich.table import Table

        unit = f", {self.costs.unit}" if self.costs.unit else ""
        title = f"{self.title} ({len(self.labels)} cases; ± is one standard error; * the cheapest)"
        caption = f"The model decides by the {CHEAPEST} label."
        table = Table(title=escape(title), caption=caption, caption_justify="left", box=box.SIMPLE_HEAD, width=WIDTH)
        for heading in ("answers", "decision"):
            table.add_column(heading)
        last = f"'{self.target.labels[-1]}', %"
        for heading in (f"cost of a case{unit}", f"of 1,000{unit}", "threshold", last):
            table.add_column(escape(heading), justify="right")
        least = min(row.mean for row in self.rows)
        alike = [row for row in self.rows if row.who == NOBODY]
        kept = sorted(alike, key=lambda row: row.mean)[:MOST_ALIKE]
        for row in self.rows:
            if row.who == NOBODY and not any(row is each for each in kept):
                continue
            table.add_row(
                escape(row.who),
                escape(row.rule),
                f"{row.mean:.4g} ± {row.standard_error:.2g}" + (" *" if row.mean == least else ""),
                f"{1000 * row.mean:,.0f}",
                "–" if row.threshold is None else f"{row.threshold:.3f}",
                f"{100 * row.shares[self.target.labels[-1]]:.1f}",
            )
        return table

    def save(self, folder: Path | str) -> list[Path]:
        """Write `costs.json` and `costs.png` into `folder`, each whole or not at all. Needs matplotlib."""
        from zoo.report.cost_report_picture import draw_costs

        folder = Path(folder)
        write_json(folder / "costs.json", self.to_json())
        draw_costs(self, folder / "costs.png")
        return [folder / "costs.json", folder / "costs.png"]


def build_cost_report(
    answers: np.ndarray,
    labels: np.ndarray,
    target: Target,
    costs: CostMatrix,
    *,
    validation: Split | None = None,
    rivals: Mapping[str, Split] | None = None,
    before: np.ndarray | None = None,
    title: str = "Cost of decisions",
) -> CostReport:
    """Judge decisions by test predictions (n,) of the positive label or (n, classes), in money.

    validation  predictions and labels of the validation split, from which a threshold is chosen (two labels only).
    rivals      name -> test and validation predictions of another model (or an empty array), on the same rows.
    before      the model's test predictions before calibration, for the reliability plot.

    Raises `DataError` when arrays do not fit or no label is known, `ConfigError` or `UnknownNameError` when the matrix
    has other labels than the target.
    """
    if target.kind == "regression":
        raise DataError("The cost of mistakes is told of classes; this target is a regression.")
    table = costs.table(target.labels)
    labels = labels_of(Samples({"row": np.zeros(len(labels))}, {"y": labels}), {"y": target})["y"]
    known = present(labels)
    if not known.any():
        raise DataError("Without a known label no cost can be told.")
    everyone = {"model": (answers, validation[0] if validation else np.zeros(0))} | dict(rivals or {})
    held_out = validation[1] if validation else np.zeros(0, int)
    checked = {who: _checked(pair[0], target, len(labels))[known] for who, pair in everyone.items()}
    labels = labels[known]

    def costs_of(who: str, rule: str, decisions: np.ndarray, threshold: float | None = None) -> Costs:
        each = table[labels, decisions]
        shares = np.bincount(decisions, minlength=len(target.labels)) / len(labels)
        error = float(np.std(each) / np.sqrt(len(each)))
        by_label = {label: float(share) for label, share in zip(target.labels, shares, strict=True)}
        return Costs(who, rule, float(np.mean(each)), error, by_label, threshold, decisions)

    two = target.kind == "binary"
    rows = [
        costs_of(NOBODY, f"all '{label}'", np.full(len(labels), place)) for place, label in enumerate(target.labels)
    ]
    for who, (_, on_validation) in everyone.items():
        p = checked[who]
        most_likely = (p >= 0.5).astype(int) if two else p.argmax(axis=1)
        rows.append(costs_of(who, HALF, most_likely, 0.5 if two else None))
        rows.append(costs_of(who, CHEAPEST, decide(p, table), costs.threshold(target.labels) if two else None))
        if two and len(on_validation):
            chosen = best_threshold(held_out, _checked(on_validation, target, len(held_out)), table)
            rows.append(costs_of(who, CHOSEN, (p >= chosen).astype(int), chosen))
    old = None if before is None else _checked(before, target, len(known))[known]
    return CostReport(title, target, costs, rows, labels, checked, old)


def _checked(answers: np.ndarray, target: Target, rows: int) -> np.ndarray:
    return checked_predictions({"answers": answers}, {"answers": target}, rows)["answers"]
