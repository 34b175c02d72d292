"""Errors by group of people or things, so that bias shows: who is served worse than the others?"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.metrics import DEFAULTS, METRICS, those
from zoo.report.uncertainty import MEANS_OVER_ROWS, losses, standard_error
from zoo.samples import Samples, Target, present

MOST_GROUPS = 20  # a column of samples.groups with more values names its rows, and groups nothing
MOST_CLASSES = 200  # of one target, the most frequent in the test rows: each is compared with all of them
FEWEST_DRAWS = 10  # independent rows (or persons) below which a group is shown and never flagged
FLAGGED = 2.0  # standard errors
DECADE = 10.0


def group_rows(
    predictions: Mapping[str, np.ndarray],
    test: Samples,
    targets: Mapping[str, Target],
    metrics: Mapping[str, Sequence[str]],
    draws: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """For every output and group: rows, a score, and its distance to the score of all, with its error.

    The score is the first of the output's metrics that is a mean over rows, else the first of its kind.
    Groups are the bands of each regression target, the classes of each other target (an output's own as well: recall
    by class; of very many, the most frequent), and the columns of `test.groups` with few values. "worse" flags a group
    by more than two standard errors: among many groups, about one fair one in forty is flagged by chance. None is
    flagged that is not "compared": it, or the rest, has fewer than `FEWEST_DRAWS` independent rows.
    """
    columns = group_columns(test, targets)
    rows = []
    for output, target in targets.items():
        labels = test.targets.get(output)
        if labels is None or not present(labels).any():
            continue
        known = np.flatnonzero(present(labels))
        metric = next((name for name in metrics[output] if name in MEANS_OVER_ROWS), DEFAULTS[target.kind][0])
        values = losses(metric, *those(present(labels), labels, predictions[output]))
        together = known if draws is None else draws[known]
        for column, (names, codes) in columns.items():
            for code, group in enumerate(names):
                inside = codes[known] == code
                if inside.any():
                    rows.append(
                        {"output": output, "metric": metric, "column": column, "group": group}
                        | _compare(values, inside, together, METRICS[metric].better)
                    )
    return rows


def group_columns(test: Samples, targets: Mapping[str, Target]) -> dict[str, tuple[list[str], np.ndarray]]:
    """Column name -> names of its groups in order, and (n,) their numbers, -1 where the group is not known."""
    columns: dict[str, tuple[list[str], np.ndarray]] = {}
    for name, target in targets.items():
        values = test.targets.get(name)
        if values is None or not present(values).any():
            continue
        is_number = target.kind == "regression"
        columns[name] = _bands(values, target.unit) if is_number else _classes(values, target.labels)
    for name, values in test.groups.items():
        groups, codes = np.unique(np.array([str(value) for value in values]), return_inverse=True)
        if len(groups) and groups[0] == "":  # it sorts first
            groups, codes = groups[1:], codes - 1
        if name not in columns and 2 <= len(groups) <= MOST_GROUPS:
            columns[name] = (groups.tolist(), codes)
    return columns


def _compare(values: np.ndarray, inside: np.ndarray, draws: np.ndarray, better: str) -> dict[str, Any]:
    """The group's mean and its distance to the mean of all: (1 - share) x (mean inside - mean outside)."""
    count, everyone = int(np.sum(inside)), len(values)
    mean = float(np.mean(values[inside]))
    difference = mean - float(np.mean(values))
    moves = np.where(inside, (values - mean) / count, 0.0)
    own_error = standard_error(moves[inside], draws[inside])
    error = None
    if count < everyone:
        outside = np.where(inside, 0.0, (values - np.mean(values[~inside])) / (everyone - count))
        error = standard_error((moves - outside) * (1.0 - count / everyone), draws)
    enough = min(len(np.unique(draws[inside])), len(np.unique(draws[~inside]))) >= FEWEST_DRAWS
    harm = -difference if better == "higher" else difference
    return {
        "labels": count,
        "score": mean,
        "standard_error": own_error,
        "difference": difference,
        "difference_standard_error": error,
        "compared": enough,
        "worse": bool(enough and error is not None and error > 0 and harm > FLAGGED * error),
    }


def _classes(values: np.ndarray, labels: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The classes, at most the `MOST_CLASSES` most frequent ones."""
    if len(labels) <= MOST_CLASSES:
        return list(labels), values
    counts = np.bincount(values[present(values)], minlength=len(labels))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    places = np.full(len(labels) + 1, -1)  # the last one serves a missing label
    places[kept] = np.arange(len(kept))
    return [labels[label] for label in kept], places[values]


def _bands(values: np.ndarray, unit: str) -> tuple[list[str], np.ndarray]:
    """Decades of years, quarters of the known values of anything else."""
    known = present(values)
    codes = np.full(len(values), -1)
    if unit == "years":
        lows, codes[known] = np.unique(np.floor(values[known] / DECADE) * DECADE, return_inverse=True)
        return [f"{low:.0f}-{low + DECADE - 1:.0f}" for low in lows], codes
    inner = np.unique(np.quantile(values[known], [0.25, 0.5, 0.75]))
    codes[known] = np.searchsorted(inner, values[known], side="left")
    edges = [float(np.min(values[known])), *inner.tolist(), float(np.max(values[known]))]
    return [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)], codes
