"""What models of drawn cases predict, and whether that gives the metrics that a training logged, within rounding."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tests.model_building import names
from tests.model_cases import HALF, Case
from zoo.metrics import score
from zoo.samples import Samples, present
from zoo.training import Head

Arrays = dict[str, np.ndarray]


class Broken(AssertionError):  # noqa: N818 (its name is what it says)
    """A statement does not hold."""


def require(holds: bool, fault: str) -> None:
    if not holds:
        raise Broken(fault)


def predictions(case: Case, model: keras.Model, samples: Samples) -> Arrays:
    """Output -> (n, width), by the model's own `predict`."""
    values = list(samples.inputs.values())
    feed = samples.inputs if case.feed not in ("single", "unnamed") and case.form != "sequential" else values[0]
    found = model.predict(feed, batch_size=64, verbose=0)
    parts = found if isinstance(found, dict) else dict(zip(names(case), _listed(found), strict=True))
    return {name: np.asarray(parts[name], dtype="float32") for name in names(case)}


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def rounding(case: Case) -> float:
    """The relative size of what rounding may change: half precision has 8 to 11 bits."""
    halves = {case.policy, *(each.policy for each in (*case.trunk, *case.outputs))} & set(HALF)
    return 0.03 if any("bfloat" in each for each in halves) else 0.004 if halves else 2e-5


def compare(case: Case, heads: Mapping[str, Head], samples: Samples, found: Arrays, row: dict, whose: str) -> None:
    """Raise unless predictions of these samples have a row's metrics."""
    for name, head in heads.items():
        target, output = samples.targets[name], found[name]
        if output.shape[-1] == 1:
            output = output[:, 0]
        if not present(target).any():
            continue
        if head.target.kind == "regression":
            target = target.astype("float32")
        require(bool(np.isfinite(output).all()), f"{whose} predicts values of '{name}' that are not finite")
        for metric in head.metrics:
            key = f"val_{name}_{metric}"
            require(key in row, f"the row lacks {key}")
            value = score(metric, target, output)
            columns = (target.T, output.T) if target.ndim > 1 else ([target], [output])
            slack = max(tolerance(metric, *column, rounding(case)) for column in zip(*columns, strict=True))
            if value is not None and abs(value - row[key]) > slack:
                raise Broken(f"{whose} has {key} {value:.6g}, the row {row[key]:.6g} (rounding: {slack:.2g})")


def tolerance(metric: str, target: np.ndarray, output: np.ndarray, share: float) -> float:
    """How far rounding of the outputs (n,) or (n, classes), by this share, can move a metric."""
    known = present(target)
    if not known.any():
        return 0.0
    values, kept = target[known].astype("float64"), output[known].astype("float64")
    if metric in ("mae", "rmse", "r2"):
        size, error = share * float(max(np.abs(values).max(), np.abs(kept).max())), float(np.abs(values - kept).max())
        spread = float(values.var())
        return 2 * size if metric != "r2" else 2 * size * (error + size) / spread + 1e-5 if spread else 1.0
    binary, near = kept.ndim == 1, 3 * share
    if metric == "log_loss":
        right = np.where(values == 1, kept, 1 - kept) if binary else kept[np.arange(len(kept)), target[known]]
        return float(np.mean(np.minimum(near / np.clip(right, 1e-7, 1), 20.0))) + share
    if metric == "accuracy":
        ordered = np.sort(kept, axis=-1)
        return float(np.mean(np.abs(kept - 0.5) < near if binary else ordered[:, -1] - ordered[:, -2] < near)) + 1e-6
    return (
        float(np.mean(np.diff(np.sort(kept), append=2.0) < near)) + 1e-6
    )  # of the ranking: how many are close to another
