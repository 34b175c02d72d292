"""How well a detector finds structures in the volumes of the test split: figures, and slices that show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.costs import CostMatrix
from zoo.datasets.volumes.labelled import CENTRE
from zoo.files import write_json
from zoo.samples import FOUND
from zoo.structures.froc import REPORTED, Froc, cheapest_threshold, interval_at, sensitivity_at, threshold_at
from zoo.structures.structure import Structure

if TYPE_CHECKING:
    from rich.table import Table

COSTS = CostMatrix.of_mistakes(FOUND, false_positive=1.0, false_negative=10.0)  # where nobody says what they are


@dataclass(frozen=True)
class StructureReport:
    """What a detector is worth on the test split.

    scores     one row a figure: "output", "metric", "model", and "low" and "high" of a 95 % interval, if any.
    volumes    of the test split as the model sees them, with `known` and `found`: shown as slices.
    froc       of the test split; None of masks.
    threshold  the score from which findings are given, and shown.
    training   how the training went, in a sentence.
    """

    title: str
    scores: Sequence[Mapping[str, Any]]
    sizes: Mapping[str, int]
    history: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    volumes: Sequence[np.ndarray] = field(default=(), repr=False)
    known: Sequence[Any] = field(default=(), repr=False)
    found: Sequence[Any] = field(default=(), repr=False)
    froc: Froc | None = field(default=None, repr=False)
    threshold: float = 0.5
    note: str = ""
    training: str = ""

    @property
    def thresholds(self) -> dict[str, float]:
        """What is kept with the trained model; nothing of masks."""
        return {} if self.froc is None else {CENTRE: self.threshold}

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        found = {"title": self.title, "samples": dict(self.sizes), "scores": [dict(row) for row in self.scores]}
        return {**found, "threshold": self.threshold, "note": self.note}

    def table(self) -> "Table":
        """The figures, at most 100 columns wide."""
        from rich import box
        from rich.table import Table

        table = Table(title=f"{self.title}: {self.sizes['test']} test volumes", box=box.SIMPLE_HEAD)
        for heading in ("output", "score", "model", "95 % interval"):
            table.add_column(heading, justify="left" if heading in ("output", "score") else "right")
        for row in self.scores:
            interval = f"{row['low']:.3f} to {row['high']:.3f}" if "low" in row else ""
            table.add_row(row["output"], row["metric"], f"{row['model']:.3f}", interval)
        return table

    def groups_table(self) -> str:
        """What the figures mean."""
        return self.note

    def save(self, folder: Path | str) -> list[Path]:
        """Write `scores.json` and `report.png` into `folder`, each whole or not at all. Needs matplotlib."""
        from zoo.tasks.structure_picture import draw_report

        folder = Path(folder)
        write_json(folder / "scores.json", self.to_json())
        draw_report(self, folder / "report.png")
        return [folder / "scores.json", folder / "report.png"]


def scores_of_centres(froc: Froc, costs: CostMatrix, threshold: float) -> list[dict[str, Any]]:
    """Sensitivities at 1, 2, 3 and 6 false alarms a volume with their intervals, and what the threshold costs."""
    rows = []
    for alarms in REPORTED:
        low, high = interval_at(froc, alarms)
        metric = f"sensitivity at {alarms:g} false alarm{'s' if alarms > 1 else ''} a volume"
        value = sensitivity_at(froc, alarms)
        rows.append({"output": CENTRE, "metric": metric, "model": value, "low": low, "high": high})
    given = froc.scores >= threshold
    known = max(float(froc.known.sum()), 1.0)
    missed, alarm = mistakes_of(costs)
    hits, alarms = float((froc.hits & given).sum()), float((~froc.hits & given).sum())
    cost = (missed * (known - hits) + alarm * alarms) / len(froc.known)
    return [
        *rows,
        {"output": CENTRE, "metric": f"sensitivity at threshold {threshold:.2f}", "model": hits / known},
        {"output": CENTRE, "metric": "false alarms a volume there", "model": alarms / len(froc.known)},
        {"output": CENTRE, "metric": "cost of a volume there", "model": cost},
    ]


def mistakes_of(costs: CostMatrix) -> tuple[float, float]:
    """(what a missed structure costs, what a false alarm does). Raises `ConfigError` for other labels."""
    table = costs.table(FOUND)
    return float(table[1, 0] - table[1, 1]), float(table[0, 1] - table[0, 0])


def decided(froc: Froc, costs: CostMatrix) -> float:
    """The score from which findings are given, the cheapest on these (validation) volumes."""
    threshold, _ = cheapest_threshold(froc, *mistakes_of(costs))
    return threshold if np.isfinite(threshold) else threshold_at(froc, 1.0)


def radius_error(found: Sequence[Sequence[Structure]], known: Sequence[Sequence[Structure]]) -> float | None:
    """The mean distance of radii, in voxels, of findings within a structure; None where none is."""
    errors = []
    for findings, truths in zip(found, known, strict=True):
        for truth in truths:
            gaps = [float(np.linalg.norm(np.subtract(each.centre, truth.centre))) for each in findings]
            if gaps and min(gaps) <= max(truth.radius, 1.5):
                errors.append(abs(findings[int(np.argmin(gaps))].radius - truth.radius))
    return float(np.mean(errors)) if errors else None
