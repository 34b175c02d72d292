"""One row an output and metric: the model's score beside the baselines' and the best possible one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.metrics import METRICS, score, those
from zoo.report.candidates import BASELINES, Baseline
from zoo.report.uncertainty import INFLUENCES, influence, standard_error
from zoo.samples import present

SUSPICIOUS = 3.0  # standard errors above the best score possible: the test's labels have leaked


def score_rows(
    predictions: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    metrics: Mapping[str, Sequence[str]],
    baselines: Mapping[str, Mapping[str, Baseline]],
    limits: Mapping[str, Mapping[str, float]],
    draws: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Rows in the order of `metrics` (output -> names, the headline first); None stands where a score is not known.

    "gap_closed" is (model - majority) / (limit - majority): 0 for the constant prediction, 1 for the best possible.
    "above_limit" tells a model that is better than possible by more than three standard errors. "ahead_of_linear", and
    so of every baseline, is by how much the model is better (below 0: worse), with its standard error beside it: both
    answered the same rows, so that it is much smaller than those of the two scores.
    """
    return [
        _row(name, metric, predictions[name], labels[name], baselines.get(name, {}), limits.get(name, {}), draws)
        for name, names in metrics.items()
        for metric in names
    ]


def _row(
    name: str,
    metric: str,
    predicted: np.ndarray,
    labels: np.ndarray,
    baselines: Mapping[str, Baseline],
    limits: Mapping[str, float],
    draws: np.ndarray | None,
) -> dict[str, Any]:
    known = present(labels)
    together = None if draws is None else draws[known]
    guesses = {kind: baselines[kind].predictions.get(metric) for kind in BASELINES if kind in baselines}
    row: dict[str, Any] = {
        "output": name,
        "metric": metric,
        "better": METRICS[metric].better,
        "unit": METRICS[metric].unit,
        "labels": int(np.sum(known)),
        "model": score(metric, labels, predicted),
        "standard_error": None,
    }
    for kind in BASELINES:
        guess = guesses.get(kind)
        row[kind] = None if guess is None else score(metric, labels, guess)
    row |= {"limit": limits.get(metric), "limit_standard_error": limits.get(f"{metric}_standard_error")}
    row |= {"gap_closed": None, "gap_closed_standard_error": None, "above_limit": False}
    row |= {f"ahead_of_{kind}{suffix}": None for kind in BASELINES for suffix in ("", "_standard_error")}
    sign = 1.0 if row["better"] == "higher" else -1.0
    if not known.any() or metric not in INFLUENCES:
        return row
    moves = influence(metric, *those(known, labels, predicted))
    row["standard_error"] = standard_error(moves, together)
    for kind, guess in guesses.items():
        if guess is not None:
            others = influence(metric, *those(known, labels, guess))
            row[f"ahead_of_{kind}"] = sign * (row["model"] - row[kind])
            row[f"ahead_of_{kind}_standard_error"] = standard_error(moves - others, together)
    if row["limit"] is not None:
        row["above_limit"] = _above(row)
        majority = guesses.get("majority")
        if majority is not None:
            base = influence(metric, *those(known, labels, majority))
            row["gap_closed"], row["gap_closed_standard_error"] = _gap(row, moves, base, together)
    return row


def _above(row: Mapping[str, Any]) -> bool:
    sign = 1.0 if row["better"] == "higher" else -1.0
    own = row["standard_error"]
    if own is None:
        return False
    if row["metric"] == "accuracy":  # all predictions right have no spread; at the limit there would be some
        own = max(own, float(np.sqrt(max(row["limit"] * (1.0 - row["limit"]), 0.0) / row["labels"])))
    error = np.hypot(own, row["limit_standard_error"] or 0.0)
    return bool(sign * (row["model"] - row["limit"]) > SUSPICIOUS * error)


def _gap(
    row: Mapping[str, Any], model: np.ndarray, majority: np.ndarray, draws: np.ndarray | None
) -> tuple[float | None, float | None]:
    """The share and its standard error: model and majority on the same rows (paired), the limit apart from them."""
    whole = row["limit"] - row["majority"]
    if whole == 0 or (whole > 0) != (row["better"] == "higher"):
        return None, None  # the constant prediction is the best possible: there is no gap to close
    share = (row["model"] - row["majority"]) / whole
    error = standard_error(model / whole + majority * (share - 1.0) / whole, draws)
    if error is None:
        return share, None
    return share, float(np.hypot(error, share * (row["limit_standard_error"] or 0.0) / whole))
