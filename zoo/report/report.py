"""The report of a run: scores beside baselines and the best possible, errors by group, as table, JSON and picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import require_known
from zoo.files import write_json
from zoo.metrics import DEFAULTS, METRICS, score
from zoo.report.check import checked_predictions, labels_of
from zoo.report.confusion import confusion
from zoo.report.groups import group_rows
from zoo.report.scores import score_rows
from zoo.samples import Samples, Target, present

MOST_CONFUSED = 200  # classes of a confusion; of more, the rare ones are one: 10,000 squared fill a machine

if TYPE_CHECKING:
    from rich.table import Table

    from zoo.report.baselines import Baseline
    from zoo.report.cost_report import CostReport
    from zoo.report.supplement import Supplement


@dataclass(frozen=True)
class Report:
    """What a run's predictions are worth. `to_json`, `table`, `groups_table`, `save`.

    scores       one row an output and metric (`score_rows`).
    groups       one row an output and group (`group_rows`).
    baselines    output -> baseline -> what was fitted, or why not.
    confusion    output -> counts (true class, predicted class), for classes; the rare ones of more than
                 `MOST_CONFUSED` are one. `confused` names them.
    calibration  output -> expected calibration error (`zoo.metrics.calibration_error`).
    predictions, labels, history: what the picture is drawn from.
    training     how the training went, in a sentence (`zoo.report.progress`); "" where there was none.
    costs        output -> what its decisions cost, where that was told.
    supplement   what the task shows beside; None for nothing.
    """

    title: str
    targets: Mapping[str, Target]
    sizes: Mapping[str, int]
    scores: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    baselines: Mapping[str, Mapping[str, str]]
    confusion: Mapping[str, np.ndarray]
    calibration: Mapping[str, float]
    predictions: Mapping[str, np.ndarray] = field(repr=False)
    labels: Mapping[str, np.ndarray] = field(repr=False)
    history: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    confused: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    training: str = ""
    costs: "Mapping[str, CostReport]" = field(default_factory=dict, repr=False)
    supplement: "Supplement | None" = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values; None stands for what is not known."""
        return {
            "title": self.title,
            "training": self.training,
            "samples": dict(self.sizes),
            "scores": [dict(row) for row in self.scores],
            "groups": [dict(row) for row in self.groups],
            "baselines": {name: dict(notes) for name, notes in self.baselines.items()},
            "confusion": {
                name: {"labels": list(self.confused[name]), "counts": counts.tolist()}
                for name, counts in self.confusion.items()
            },
            "calibration_error": dict(self.calibration),
            **({} if self.supplement is None else {self.supplement.name: self.supplement.to_json()}),
        }

    def table(self) -> "Table":
        """Every output's scores, at most 100 columns wide."""
        from zoo.report.table import score_table

        return score_table(self)

    def groups_table(self) -> "Table | str":
        """The groups that are served worse than the others, the worst first; at most 100 columns wide. A sentence where
        none is."""
        from zoo.report.table import worse_groups_table

        return worse_groups_table(self)

    def save(self, folder: Path | str) -> list[Path]:
        """Write `scores.json`, `report.png` and the picture of the supplement into `folder`, each whole or not at all.

        Needs matplotlib.
        """
        from zoo.report.picture import draw

        folder = Path(folder)
        write_json(folder / "scores.json", self.to_json())
        draw(self, folder / "report.png")
        others = self.supplement.save(folder) if self.supplement is not None else []
        return [folder / "scores.json", folder / "report.png", *others]


def build_report(
    predictions: Mapping[str, np.ndarray],
    *,
    train: Samples,
    validation: Samples,
    test: Samples,
    targets: Mapping[str, Target],
    metrics: Mapping[str, Sequence[str]] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
    limits: Mapping[str, Mapping[str, float]] | None = None,
    baselines: "Mapping[str, Mapping[str, Baseline]] | None" = None,
    together: str | None = None,
    title: str = "Report",
    seed: int = 0,
    size: str = "quick",
    training: str = "",
) -> Report:
    """Judge the predictions of `test`: every output (n,), (n, 1), or (n, classes) probabilities.

    metrics    output -> what it is judged by, the headline first; those of its kind where none are named.
    history    one row an epoch, as a run logs it; for the learning curves alone.
    limits     output -> metric -> best score possible, and "<metric>_standard_error".
    baselines  from `fit_baselines` on the same splits, to spare fitting them again (several seeds, one split).
    size       of those that are fitted here: "quick", "full" or "none", see `fit_baselines`.
    together   the column of `test.groups` whose equal rows are one draw ("author"): honest standard errors.

    Raises `DataError` when predictions do not fit the targets or are not finite.
    """
    values = checked_predictions(predictions, targets, len(test))
    labels = labels_of(test, targets)
    for name in [*(limits or {}), *(metrics or {})]:
        require_known("output", name, targets)
    for metric in {each for names in (metrics or {}).values() for each in names}:
        require_known("metric", metric, METRICS)
    judged = {name: tuple((metrics or {}).get(name) or DEFAULTS[target.kind]) for name, target in targets.items()}
    if together is not None:
        require_known("column of groups", together, test.groups)
    draws = None if together is None else np.unique(np.asarray(test.groups[together], str), return_inverse=True)[1]
    if baselines is None:
        from zoo.report.baselines import fit_baselines

        baselines = fit_baselines(train, validation, test, targets, metrics=metrics, seed=seed, size=size)
    whole = Samples(test.inputs, labels, test.groups)
    classes = {name: target for name, target in targets.items() if target.kind != "regression"}
    labelled = {name: target for name, target in classes.items() if present(labels[name]).any()}
    confusions = {
        name: confusion(labels[name], values[name], target.labels, most=MOST_CONFUSED)
        for name, target in labelled.items()
    }
    return Report(
        title=title,
        targets=dict(targets),
        sizes={"train": len(train), "validation": len(validation), "test": len(test)},
        scores=score_rows(values, labels, judged, baselines, limits or {}, draws),
        groups=group_rows(values, whole, targets, judged, draws),
        baselines={name: {kind: item.note for kind, item in kinds.items()} for name, kinds in baselines.items()},
        confusion={name: counts for name, (counts, _) in confusions.items()},
        confused={name: names for name, (_, names) in confusions.items()},
        calibration={name: score("calibration_error", labels[name], values[name]) or 0.0 for name in labelled},
        predictions=values,
        labels=labels,
        history=[dict(row) for row in history],
        training=training,
    )
