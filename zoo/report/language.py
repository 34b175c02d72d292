"""The report of a language model: perplexity by form beside n-grams of the same training split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.files import write_figure, write_json
from zoo.report.ngrams import KneserNey
from zoo.samples import Samples, present

if TYPE_CHECKING:
    from rich.table import Table

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3}
LEAST_TEXTS, MOST_GROUPS = 20, 6  # of a group that is shown by itself, and of such groups


@dataclass(frozen=True)
class LanguageReport:
    """What a language model's predictions are worth on the test split.

    scores   one row a group of texts, all of them first: "output", "metric" ("perplexity"), "group", "texts",
             "characters", "model", "accuracy", and a perplexity for each of `ORDERS`.
    history  one row an epoch, as a run logs it.
    training  how the training went, in a sentence; "" where there was none.
    """

    title: str
    output: str
    sizes: Mapping[str, int]
    scores: Sequence[Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    training: str = ""

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        return {"title": self.title, "samples": dict(self.sizes), "scores": [dict(row) for row in self.scores]}

    def table(self) -> "Table":
        """The perplexities, at most 100 columns wide."""
        from rich import box
        from rich.table import Table

        table = Table(title=f"{self.title}: perplexity of {self.sizes['test']} held-out pieces", box=box.SIMPLE_HEAD)
        for heading in ("poems", "characters", "model", *ORDERS, "right"):
            table.add_column(heading, justify="left" if heading == "poems" else "right")
        for row in self.scores:
            figures = (f"{row[name]:.1f}" for name in ("model", *ORDERS))
            table.add_row(row["group"], f"{row['characters']:,}", *figures, f"{row['accuracy']:.1%}")
        return table

    def groups_table(self) -> str:
        """How to read the table."""
        return "n-grams: interpolated Kneser-Ney, same training split; unknown characters counted in full."

    def save(self, folder: Path | str) -> list[Path]:
        """Write `scores.json` and `report.png` into `folder`, each whole or not at all. Needs matplotlib."""
        folder = Path(folder)
        write_json(folder / "scores.json", self.to_json())
        self._draw(folder / "report.png")
        return [folder / "scores.json", folder / "report.png"]

    def _draw(self, path: Path) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(13, 4.6), dpi=100, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        learning, bars = figure.subplots(1, 2)
        epochs = [row["epoch"] for row in self.history]
        if epochs:
            learning.plot(epochs, [np.exp(row[f"{self.output}_loss"]) for row in self.history], label="training")
            learning.plot(epochs, [np.exp(row[f"val_{self.output}_loss"]) for row in self.history], label="validation")
            learning.set(xlabel="epoch", ylabel="perplexity", yscale="log", title=self.title)
            learning.legend(frameon=False)
        else:
            learning.set_axis_off()
        shown = self.scores[:6]
        names = ("model", *reversed(ORDERS))
        for place, name in enumerate(names):
            at = np.arange(len(shown)) + (place - (len(names) - 1) / 2) * 0.2
            bars.bar(at, [row[name] for row in shown], 0.19, label=name)
        bars.set_xticks(np.arange(len(shown)), [row["group"] for row in shown])
        bars.set(ylabel="perplexity", title="held-out poems")
        bars.legend(frameon=False)
        write_figure(figure, path)


def language_report(
    judged: np.ndarray,
    output: str,
    *,
    train: Samples,
    test: Samples,
    classes: int,
    unknown: int,
    others: int,
    group: str = "form",
    sizes: Mapping[str, int],
    history: Sequence[Mapping[str, Any]] = (),
    title: str = "Report",
) -> LanguageReport:
    """Judge the steps of `test`.

    judged   (n, L, 2): each step's cross-entropy and whether it was right (`zoo.training.judge_steps`).
    unknown  the label that stands for `others` different characters: which of them it is costs log(others) more,
             of the n-grams alike.
    group    the column of `test.groups` whose values have rows of their own.
    """
    target, taught = test.targets[output], train.targets[output]
    choice = np.where(target == unknown, np.log(max(others, 1)), 0.0)
    losses = {"model": judged[..., 0] + choice}
    for name, order in ORDERS.items():
        losses[name] = KneserNey(order, size=classes).fit(taught).losses(target) + choice
    values = test.groups[group]
    names, counts = np.unique(values, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MOST_GROUPS]
    ranked = [str(names[place]) for place in most if counts[place] >= LEAST_TEXTS]
    groups = {"all": np.ones(len(test), bool)} | {name: values == name for name in ranked if len(names) > 1}
    scores = [
        {"output": output, "metric": "perplexity", "group": name, **_row(rows, target, judged[..., 1], losses)}
        for name, rows in groups.items()
    ]
    return LanguageReport(title, output, dict(sizes), scores, [dict(row) for row in history])


def _row(
    rows: np.ndarray, target: np.ndarray, right: np.ndarray, losses: Mapping[str, np.ndarray]
) -> dict[str, float | int]:
    known = present(target[rows])
    mean = {name: float(np.exp(np.mean(values[rows][known], dtype=np.float64))) for name, values in losses.items()}
    accuracy = float(np.mean(right[rows][known]))
    return {"texts": int(np.sum(rows)), "characters": int(np.sum(known)), "accuracy": accuracy, **mean}
