"""Blocks of figures of the page on volumes."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tools.readme_blocks.records import figures

WORK = {  # record -> in words, goal
    "volumes_nodules": ("lung nodules, 5 folds by exam", "nodules"),
    "volumes_adrenal": ("adrenal glands, 3 seeds", "adrenal"),
}


def classifiers() -> str:
    """AUC beside logistic regression, and a training step beside PyTorch; what has no record yet is told."""
    lines, lacking = [], []
    for name, (words, part) in WORK.items():
        if (found := _figures(name)) is None:
            lacking.append(f"`python -m benchmarks.volumes.classifiers {part}`")
            continue
        cells = " | ".join(_spread(found[each]) for each in ("logistic_regression", "network_plain", "network"))
        short = "" if found["trainings"] == found["of"] else f" ({found['trainings']} of {found['of']} trainings)"
        lines.append(f"| {words}{short} | {cells} |")
    if lines:
        head = ["| work | logistic regression | `volume_classifier` | mean over its eight mirrored views |"]
        lines = [*head, "|---|---|---|---|", *lines, "", "AUC, mean ± standard deviation."]
    step = _figures("volumes_step")
    if step is None:
        lacking.append("`python -m benchmarks.volumes.step`")
    else:
        names = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
        ratios = {
            name: row["torch_times_as_long_as_the_zoo"]["processor_milliseconds_a_step"] for name, row in step.items()
        }
        told = ", ".join(f"{ratio:.2f} times that of the zoo on {names[name]}" for name, ratio in ratios.items())
        lines += ["", f"A training step of the same network written in PyTorch takes {told} (the processor's time)."]
    if lacking:
        lines += ["", f"Not measured yet: {', '.join(lacking)}."]
    return "\n".join(lines).strip("\n") + "\n"


def _figures(name: str) -> Mapping[str, Any] | None:
    with suppress(FileNotFoundError):
        return figures(name)
    return None


def _spread(row: Any) -> str:
    return f"{row['mean']:.3f} ± {row['deviation']:.3f}"
