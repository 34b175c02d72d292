"""The picture of a report on structures: curves, and slices with hits, misses and false alarms, or with outlines."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.files import write_figure
from zoo.structures.froc import AGAIN, HIT, REPORTED, matched
from zoo.structures.structure import Structure

if TYPE_CHECKING:
    from zoo.tasks.structure_report import StructureReport

COLUMNS = 4
COLOURS = {"hit": "#1a9850", "missed": "#d73027", "false alarm": "#fdae61"}
MOST_ALARMS = 10.0  # a volume, of the curve


def draw_report(report: "StructureReport", path: Path) -> None:
    """Write the picture whole or not at all. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 10), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 2))
    top, below = parts
    learning, curve = top.subplots(1, 2)
    _draw_learning(learning, report)
    shown = below.subplots(2, COLUMNS).ravel()
    if report.froc is not None:
        _draw_froc(curve, report)
        _draw_findings(shown, report)
    else:
        _draw_dice(curve, report)
        _draw_masks(shown, report)
    write_figure(figure, path)


def _draw_learning(axes: Any, report: "StructureReport") -> None:
    if not report.history:
        axes.set_axis_off()
        return
    epochs = [row["epoch"] for row in report.history]
    names = [
        key[4:-5] for key in report.history[0] if key.startswith("val_") and key.endswith("_loss") and len(key) > 8
    ]
    for place, name in enumerate(names):
        axes.plot(epochs, [row[f"{name}_loss"] for row in report.history], color=f"C{place}", label=f"{name}, training")
        axes.plot(epochs, [row.get(f"val_{name}_loss", np.nan) for row in report.history], "--", color=f"C{place}",
                  label=f"{name}, validation")  # fmt: skip
    axes.set(xlabel="epoch", ylabel="loss", yscale="log", title=report.title)
    axes.legend(frameon=False, fontsize=8)


def _draw_froc(axes: Any, report: "StructureReport") -> None:
    assert report.froc is not None
    _, alarms, sensitivity = report.froc.curve()
    axes.step(alarms, sensitivity, where="post")
    intervals = [(row["model"], row["low"], row["high"]) for row in report.scores if "low" in row]
    for each, (value, low, high) in zip(REPORTED, intervals, strict=True):
        axes.errorbar([each], [value], [[value - min(low, value)], [max(high, value) - value]], fmt="o", color="C0")
    axes.set(xlim=(0, MOST_ALARMS), ylim=(0, 1.02), xlabel="false alarms a volume", ylabel="sensitivity")
    axes.set_title("free-response ROC, with 95 % intervals")


def _draw_dice(axes: Any, report: "StructureReport") -> None:
    rows = [row for row in report.scores if row["metric"].startswith("Dice")]
    axes.barh([row["metric"] for row in rows], [row["model"] for row in rows])
    axes.set(xlim=(0, 1), title="Dice on test volumes")
    axes.invert_yaxis()


def _draw_findings(shown: Sequence[Any], report: "StructureReport") -> None:
    """A slice through each of some structures: missed ones and false alarms first, then hits."""
    scenes: dict[str, list[tuple[int, Structure]]] = {name: [] for name in COLOURS}
    for volume, (found, known) in enumerate(zip(report.found, report.known, strict=True)):
        given = [each for each in found if each.score >= report.threshold]
        for name, each in _outcomes(given, known):
            scenes[name].append((volume, each))
    scenes["false alarm"].sort(key=lambda scene: -scene[1].score)
    order = [(name, scene) for name, count in (("missed", 2), ("false alarm", 3)) for scene in scenes[name][:count]]
    order += [("hit", scene) for scene in scenes["hit"][: len(shown) - len(order)]]
    for axes in shown:
        axes.set_axis_off()
    for axes, (name, (volume, each)) in zip(shown, order, strict=False):
        _draw_scene(axes, report, volume, each, name)


def _outcomes(found: Sequence[Structure], known: Sequence[Structure]) -> list[tuple[str, Structure]]:
    outcome = matched(found, known)
    named = [
        ("hit" if what == HIT else "false alarm", each)
        for what, each in zip(outcome, found, strict=True)
        if what != AGAIN
    ]
    reached = {id(truth) for truth in known if any(_near(each, truth) for what, each in named if what == "hit")}
    return [*named, *(("missed", truth) for truth in known if id(truth) not in reached)]


def _near(found: Structure, truth: Structure) -> bool:
    return float(np.linalg.norm(np.subtract(found.centre, truth.centre))) <= max(truth.radius, 1.5)


def _draw_scene(axes: Any, report: "StructureReport", volume: int, each: Structure, name: str) -> None:
    """The slice through a centre, with all that was known or found near it."""
    from matplotlib.patches import Circle

    voxels, depth = report.volumes[volume], round(each.centre[0])
    depth = min(max(depth, 0), len(voxels) - 1)
    low, high = np.percentile(voxels, (1, 99.7))
    axes.imshow(voxels[depth], cmap="gray", vmin=low, vmax=high)
    given = [one for one in report.found[volume] if one.score >= report.threshold]
    for what, one in _outcomes(given, report.known[volume]):
        if abs(one.centre[0] - depth) <= max(one.radius, 1.0):
            circle = Circle(
                one.centre[:0:-1], max(one.radius, 1.0) + 1.0, fill=False, color=COLOURS[what], linewidth=1.6
            )
            axes.add_patch(circle)
    told = f", score {each.score:.2f}" if name != "missed" else f", radius {each.radius:.1f}"
    axes.set_title(f"{name}{told}", color=COLOURS[name], fontsize=10)


def _draw_masks(shown: Sequence[Any], report: "StructureReport") -> None:
    """The middle slice of some volumes: the outline of the mask, and of what was found (dashed)."""
    for axes, voxels, mask, found in zip(shown, report.volumes, report.known, report.found, strict=False):
        depth = int(np.argmax((mask > 0).sum(axis=(1, 2))))
        axes.imshow(voxels[depth], cmap="gray")
        for label in range(1, int(mask.max()) + 1):
            for each, style in ((mask, "solid"), (found, "dashed")):
                if (each[depth] == label).any():
                    axes.contour(each[depth] == label, levels=[0.5], colors=f"C{label}", linestyles=style, linewidths=1)
        axes.set_axis_off()
