"""The pictures of decisions and their cost: each function fills one matplotlib axes. Arrays are of known labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.costs import cost_by_threshold
from zoo.metrics import BINS, average_precision, calibration_error, precision_recall_curve
from zoo.report.panels import BLACK, BLUE, CYCLE, GREY, ORANGE, entitle, shorten

LOWEST = 1e-4  # of a threshold on a logarithmic axis


def draw_precision_recall(
    axes: Any, labels: np.ndarray, answers: Mapping[str, np.ndarray], marks: Mapping[str, np.ndarray], positive: str
) -> None:
    """Precision against recall of each model (n,); a point where its decisions (n,) in `marks` stand."""
    share = float(np.mean(labels == 1))
    for (who, p), colour in zip(answers.items(), CYCLE, strict=False):
        _, precision, recall = precision_recall_curve(labels, p)
        axes.step(recall, precision, where="pre", color=colour, label=f"{who}: {average_precision(labels, p):.3f}")
        if who in marks and marks[who].any():
            found = labels[marks[who] == 1] == 1
            axes.plot(np.sum(found) / max(np.sum(labels == 1), 1), np.mean(found), "o", color=colour, markersize=7)
    axes.axhline(share, color=GREY, linewidth=1, linestyle="--", label=f"at random: {share:.3f}")
    axes.set_xlabel(f"recall of '{shorten(positive)}'")
    axes.set_ylabel("precision")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.02)
    axes.legend(fontsize=8, title="average precision", title_fontsize=8)
    entitle(axes, "precision, recall (points: decisions)")


def draw_cost_by_threshold(
    axes: Any, labels: np.ndarray, answers: Mapping[str, np.ndarray], table: np.ndarray, threshold: float, unit: str
) -> None:
    """Mean cost of a case by the probability from which on the decision is positive."""
    for (who, p), colour in zip(answers.items(), CYCLE, strict=False):
        thresholds, costs = cost_by_threshold(labels, p, table)
        inside = (thresholds >= LOWEST) & (thresholds <= 1)
        axes.plot(thresholds[inside], costs[inside], color=colour, label=shorten(who))
    everyone = [np.mean(table[labels, decision]) for decision in (0, 1)]
    for value, style, what in zip(everyone, ("--", ":"), ("never", "always"), strict=True):
        axes.axhline(value, color=GREY, linewidth=1, linestyle=style, label=f"{what} positive")
    axes.axvline(threshold, color=BLACK, linewidth=1, label=f"by the matrix: {threshold:.3f}")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.3 * (min(everyone) or max(everyone)))  # one class alone: deciding for it costs nothing
    axes.set_xlabel("threshold")
    axes.set_ylabel("cost of a case" + (f", {shorten(unit)}" if unit else ""))
    axes.legend(fontsize=8, loc="lower left")
    entitle(axes, "cost by threshold")


def draw_cost_curve(axes: Any, labels: np.ndarray, answers: Mapping[str, np.ndarray], table: np.ndarray) -> None:
    """Lower envelopes of the normalised expected cost for all shares and costs at once. Drummond and Holte 2006."""
    x = np.linspace(0, 1, 201)
    positive, negative = labels == 1, labels == 0
    for (who, p), colour in zip(answers.items(), CYCLE, strict=False):
        order = np.argsort(-p, kind="stable")
        last = np.flatnonzero(np.diff(p[order], append=-np.inf))
        found = np.concatenate([[0], np.cumsum(positive[order])[last]]) / max(positive.sum(), 1)
        wrong = np.concatenate([[0], np.cumsum(negative[order])[last]]) / max(negative.sum(), 1)
        every = max(1, len(found) // 500)
        lines = (1 - found[::every, None]) * x + wrong[::every, None] * (1 - x)
        axes.plot(x, lines.min(axis=0), color=colour, label=shorten(who))
    axes.plot(x, np.minimum(x, 1 - x), color=GREY, linewidth=1, linestyle="--", label="the same for all")
    share = float(np.mean(positive))
    false_negative, false_positive = table[1, 0] - table[1, 1], table[0, 1] - table[0, 0]
    here = share * false_negative / max(share * false_negative + (1 - share) * false_positive, 1e-12)
    axes.axvline(here, color=BLACK, linewidth=1, label=f"these data and costs: {here:.2f}")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 0.75)
    axes.set_xlabel("share of the cost that lies with positives")
    axes.set_ylabel("expected cost, of the largest possible")
    axes.legend(fontsize=8, loc="upper right")
    entitle(axes, "cost curve (best thresholds)")


def draw_reliability(axes: Any, labels: np.ndarray, after: np.ndarray, before: np.ndarray | None, what: str) -> None:
    """Share that came true against the probability said, in ten bins of equal size; before calibration too.

    Labels (n,) with (n,) probabilities of the positive label, or (n, classes), of which the chosen class is judged.
    """
    axes.plot([0, 1], [0, 1], color=BLACK, linewidth=1, linestyle="--")
    top = 0.0
    pairs = [("before", before, ORANGE), ("after" if before is not None else "model", after, BLUE)]
    for name, p, colour in pairs:
        if p is None:
            continue
        said, right = (p, labels == 1) if p.ndim == 1 else (p.max(axis=1), p.argmax(axis=1) == labels)
        places = np.searchsorted(np.unique(np.quantile(said, np.arange(1, BINS) / BINS)), said, side="right")
        used = np.unique(places)
        x = np.array([said[places == place].mean() for place in used])
        y = np.array([right[places == place].mean() for place in used])
        size = np.array([np.sum(places == place) for place in used])
        error = np.sqrt(np.maximum(y * (1 - y), 1 / size) / size)
        label = f"{name}: calibration error {100 * calibration_error(labels, p):.2f} %"
        axes.errorbar(x, y, yerr=2 * error, fmt="o-", markersize=4, linewidth=1.2, color=colour, label=label)
        top = max(top, x.max(), (y + 2 * error).max())
    axes.set_xlim(0, min(1.0, 1.05 * top))
    axes.set_ylim(0, min(1.0, 1.05 * top))
    axes.set_xlabel(f"probability said of {what}")
    axes.set_ylabel("share that came true")
    axes.legend(fontsize=8, loc="upper left")
    entitle(axes, "reliability, ± two standard errors")


def draw_decisions(
    axes: Any, labels: np.ndarray, decisions: np.ndarray, names: Sequence[str], table: np.ndarray, unit: str
) -> None:
    """Confusion matrix: counts, and in each wrong cell what it cost; red by its share of the whole cost."""
    counts = np.zeros(table.shape, dtype=int)
    np.add.at(counts, (labels, decisions), 1)
    money = counts * table
    axes.imshow(money / max(money.max(), 1e-12), cmap="Reds", vmin=0.0, vmax=1.6, aspect="auto")
    places = np.arange(len(names))
    axes.set_xticks(places, [shorten(name) for name in names], rotation=0 if len(names) <= 3 else 90)
    axes.set_yticks(places, [shorten(name) for name in names])
    if len(names) <= 12:
        for row, column in np.ndindex(*counts.shape):
            cost = f"\n{money[row, column]:,.0f} {unit}".rstrip() if money[row, column] else ""
            axes.text(column, row, f"{counts[row, column]:,}{cost}", ha="center", va="center", color=BLACK)
    axes.set_xlabel("decided")
    axes.set_ylabel("true")
    entitle(axes, f"cheapest expected decisions: {money.sum():,.0f} {unit}".rstrip())
