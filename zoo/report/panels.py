"""The pictures inside a report's page: each function fills one matplotlib axes."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.report.table import metric_label, number
from zoo.samples import Target, present

# Okabe and Ito 2008: told apart with any colour vision.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
)
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
MOST_CLASSES = 40  # more are drawn as one class "others"
NUMBERED = 12  # classes up to which counts are written into the cells
MOST_POINTS = 4000
MOST_GROUPS = 30  # drawn; all of them stand in scores.json
LONGEST_NAME = 21  # characters of a label
TITLE_WIDTH = 46


def shorten(name: str) -> str:
    """Start and end of a long name: many names of one list differ at the end only. "$" would start a formula."""
    half = (LONGEST_NAME - 1) // 2
    return (name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}").replace("$", r"\$")


def entitle(axes: Any, *lines: str) -> None:
    """A title that stays within its panel."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, TITLE_WIDTH)]
    axes.set_title("\n".join(wrapped), fontsize=10.5)


def say(axes: Any, sentence: str) -> None:
    """An empty panel that says why."""
    axes.text(0.5, 0.5, sentence, ha="center", va="center", color=GREY, transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])


def draw_confusion(axes: Any, counts: np.ndarray, labels: Sequence[str], name: str, calibration: float) -> None:
    """(classes, classes) counts as shares of each true class, from white to blue."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    size = 9 if len(labels) <= NUMBERED else max(5.0, 9 - len(labels) / 12)
    places = np.arange(len(labels))
    axes.set_xticks(places, [shorten(label) for label in labels], rotation=0 if len(labels) <= 3 else 90, fontsize=size)
    axes.set_yticks(places, [shorten(label) for label in labels], fontsize=size)
    if len(labels) <= NUMBERED:
        for row, column in np.ndindex(*counts.shape):
            colour = "white" if shares[row, column] > 0.6 else BLACK
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    entitle(
        axes,
        f"{shorten(name)}: counts (shade: share of the class)",
        f"expected calibration error {100 * calibration:.1f} %",
    )


def draw_regression(axes: Any, labels: np.ndarray, predicted: np.ndarray, name: str, unit: str) -> None:
    """Points, the line of equal values, and the mean prediction in ten groups of equal size by the true value."""
    known = np.flatnonzero(present(labels))
    true, guess = labels[known], predicted[known]
    step = max(1, int(np.ceil(len(known) / MOST_POINTS)))
    axes.scatter(true[::step], guess[::step], s=6, color=BLUE, alpha=0.25, linewidths=0, label="a sample")
    low, high = min(true.min(), guess.min()), max(true.max(), guess.max())
    axes.plot([low, high], [low, high], color=BLACK, linewidth=1, linestyle="--", label="predicted = true")
    edges = np.unique(np.quantile(true, np.linspace(0, 1, 11)))
    places = np.searchsorted(edges[1:-1], true, side="right")
    middles = [(true[places == place].mean(), guess[places == place].mean()) for place in np.unique(places)]
    axes.plot(*np.transpose(middles), color=RED, marker="o", markersize=4, linewidth=1.5, label="mean of a tenth")
    suffix = f", {unit}" if unit else ""
    axes.set_xlabel(f"true{suffix}")
    axes.set_ylabel(f"predicted{suffix}")
    entitle(axes, f"{shorten(name)}: predicted against true")
    axes.legend(fontsize=8, loc="upper left")


def draw_terms(axes: Any, history: Sequence[Mapping[str, Any]]) -> None:
    """The training loss and its terms, which sum to it, by epoch; those that were 0 throughout are left out."""
    terms = [key for key in _keys(history, "term_") if any(row.get(key) for row in history)]
    lines = {"loss": "sum" if len(terms) != 1 else terms[0].removeprefix("term_")}
    lines |= {key: key.removeprefix("term_") for key in terms if len(terms) > 1}  # one term is the sum
    styles: list[dict[str, Any]] = [
        {"color": BLACK, "linewidth": 2.0},
        *[{"color": CYCLE[i % len(CYCLE)]} for i in range(len(lines))],
    ]
    drawn = [
        _curve(axes, history, key, label=shorten(label), **style)
        for (key, label), style in zip(lines.items(), styles, strict=False)
    ]
    entitle(axes, "training loss and its terms (weighted)")
    _finish_curves(axes, any(drawn), history)


def draw_learning(axes: Any, history: Sequence[Mapping[str, Any]], output: str) -> None:
    """One output's loss without its weight, on train and validation, by epoch."""
    drawn = [
        _curve(axes, history, f"{output}_loss", label="train", color=BLUE),
        _curve(axes, history, f"val_{output}_loss", label="validation", color=ORANGE),
    ]
    entitle(axes, f"{shorten(output)}: loss, unweighted")
    _finish_curves(axes, any(drawn), history)


def _keys(history: Sequence[Mapping[str, Any]], prefix: str) -> list[str]:
    return list(dict.fromkeys(key for row in history for key in row if key.startswith(prefix)))


def _curve(axes: Any, history: Sequence[Mapping[str, Any]], key: str, **style: Any) -> bool:
    """Draw the finite values of one column; whether there were any."""
    points = [
        (row.get("epoch", number), row[key]) for number, row in enumerate(history, start=1) if row.get(key) is not None
    ]
    points = [(epoch, value) for epoch, value in points if np.isfinite(value)]
    if points:
        axes.plot(*np.transpose(points), marker="o", markersize=4 if len(points) < 30 else 0, **style)
    return bool(points)


def _finish_curves(axes: Any, drawn: bool, history: Sequence[Mapping[str, Any]]) -> None:
    if not drawn:
        say(axes, "no history of epochs")
        return
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch")
    axes.legend(fontsize=8)
    axes.grid(axis="y", alpha=0.3)


def draw_groups(axes: Any, rows: Sequence[Mapping[str, Any]], target: Target) -> None:
    """The headline score of each group with two standard errors; the line is the score of all."""
    shown = sorted(rows, key=lambda row: -row["labels"])[:MOST_GROUPS] if len(rows) > MOST_GROUPS else list(rows)
    shown = [row for row in rows if any(row is kept for kept in shown)]  # back in their own order
    metric = rows[0]["metric"]
    scale = 100.0 if metric == "accuracy" else 1.0
    overall = scale * (rows[0]["score"] - rows[0]["difference"])
    for place, row in enumerate(shown):
        colour = RED if row["worse"] else BLUE
        bar = 2 * scale * row["standard_error"] if row["standard_error"] is not None else 0.0
        shape = "s" if row["worse"] else "o"
        axes.errorbar(scale * row["score"], place, xerr=bar, fmt=shape, color=colour, markersize=5, linewidth=1)
    axes.axvline(overall, color=BLACK, linewidth=1, linestyle="--")
    size = 9 if len(shown) <= 20 else 7
    names = [f"{shorten(row['column'])}: {shorten(row['group'])} ({row['labels']})" for row in shown]
    axes.set_yticks(np.arange(len(shown)), names, fontsize=size)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(f"dashed: all, {number(overall / scale, metric)}; bars: ± 2 SE")
    left = f" (the {len(shown)} largest)" if len(shown) < len(rows) else ""
    said = f"{shorten(rows[0]['output'])} by group{left}: {metric_label(metric, target.unit)}"
    entitle(axes, said, "red square: worse by over 2 SE")
