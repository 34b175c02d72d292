"""Predictions as a report takes them: every output named, one row a sample, finite, probabilities where they are."""

from collections.abc import Mapping

import numpy as np

from zoo.errors import DataError, require_known
from zoo.samples import EXCLUSIVE, MISSING_CLASS, Samples, Target, row_batches

ROUNDING = 1e-2  # how far probabilities may leave [0, 1] or a sum of 1: bfloat16 has 3 digits


def checked_predictions(
    predictions: Mapping[str, np.ndarray], targets: Mapping[str, Target], rows: int
) -> dict[str, np.ndarray]:
    """Regression and binary as (n,) float64, classification as (n, classes) in their own precision.

    Raises `DataError`.
    """
    for name in predictions:
        require_known("output", name, targets)
    checked = {}
    for name, target in targets.items():
        if name not in predictions:
            raise DataError(f"There are no predictions for the output '{name}'; received {sorted(predictions)}.")
        values = np.asarray(predictions[name])
        if target.kind not in EXCLUSIVE or values.dtype != np.float32:  # of many labels, twice as many bytes
            values = values.astype(np.float64)
        checked[name] = _checked(name, values, target, rows)
    return checked


def _checked(name: str, values: np.ndarray, target: Target, rows: int) -> np.ndarray:
    wide = target.kind in EXCLUSIVE
    expected = (rows, len(target.labels)) if wide else (rows,)
    if not wide and values.shape == (rows, 1):
        values = values[:, 0]
    if values.shape != expected:
        raise DataError(f"Predictions of '{name}' ({target.kind}) must be {expected}; received {values.shape}.")
    lines = values.reshape(rows, -1)
    finite = [np.isfinite(lines[part]).all(axis=1) for part in row_batches(rows, lines[:1].size)]
    bad = np.flatnonzero(~np.concatenate(finite))
    if len(bad):
        raise DataError(
            f"Predictions of '{name}' are not finite in {len(bad)} of {rows} rows, the first being {bad[0]}."
        )
    if target.kind == "regression" or not rows:
        return values
    if values.min() < -ROUNDING or values.max() > 1 + ROUNDING:
        raise DataError(
            f"Predictions of '{name}' must be probabilities; "
            f"received values from {values.min():.3g} to {values.max():.3g}."
        )
    if values.min() < 0.0 or values.max() > 1.0:
        values = np.clip(values, 0.0, 1.0)
    if wide:
        sums = values.sum(axis=1, dtype=np.float64)
        row = int(np.argmax(np.abs(sums - 1.0)))
        if abs(sums[row] - 1.0) > ROUNDING * 2:
            raise DataError(f"Predictions of '{name}' must sum to 1; row {row} sums to {sums[row]:.3g}.")
    return values


def labels_of(samples: Samples, targets: Mapping[str, Target]) -> dict[str, np.ndarray]:
    """Output name -> (n,) labels; all missing where the samples do not have the target at all."""
    return {name: _labels(name, samples, target) for name, target in targets.items()}


def _labels(name: str, samples: Samples, target: Target) -> np.ndarray:
    values = samples.targets.get(name)
    if target.kind == "regression":
        return np.full(len(samples), np.nan) if values is None else np.asarray(values, np.float64).reshape(-1)
    if values is None:
        return np.full(len(samples), MISSING_CLASS)
    values = np.asarray(values).reshape(-1)
    if len(values) and (values.min() < MISSING_CLASS or values.max() >= len(target.labels)):
        wrong = values[(values < MISSING_CLASS) | (values >= len(target.labels))][0]
        raise DataError(f"A label of '{name}' is {wrong}; there are {len(target.labels)} classes, counted from 0.")
    return values.astype(np.int64)
