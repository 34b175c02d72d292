"""Synthetic rows of rare labels: SMOTE and its kin, by imbalanced-learn, on numbers, categories and gaps.

The neighbours are found among standardised numbers and one-hot categories, a missing number being a category of its
own; a synthetic row lies between two rows, takes the categories of the nearer one, and misses what that one misses.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.errors import DataError, MissingExtraError
from zoo.lazy_array import LazyArray
from zoo.samples import MISSING_CLASS, Samples, present
from zoo.training.heads import Head
from zoo.training.resampling.imbalance import SYNTHESIS, Imbalance
from zoo.training.resampling.sampling import goals

MOST_VALUES = 400_000_000  # of the one-hot matrix: 1.6 GB


def with_synthetic_rows(samples: Samples, heads: Mapping[str, Head], seed: int) -> Samples:
    """Inputs and targets with the rows that the heads' methods make up behind them; other outputs miss their labels.

    The same object where no head asks for any. Raises `DataError` for inputs that are no table (sequences, images), for
    labels with too few rows, and `MissingExtraError` without imbalanced-learn.
    """
    asking = {name: head.plan for name, head in heads.items() if head.plan.method in SYNTHESIS}
    made = [(name, *_synthesise(name, samples, plan, seed)) for name, plan in asking.items()]
    if not made:
        return samples
    inputs = {
        key: np.concatenate([values, *(rows[key] for _, rows, _ in made)]) for key, values in samples.inputs.items()
    }
    targets = {}
    for key, values in samples.targets.items():
        missing = np.nan if np.issubdtype(values.dtype, np.floating) else MISSING_CLASS
        shape = values.shape[1:]
        parts = [labels if name == key else np.full((len(labels), *shape), missing) for name, _, labels in made]
        targets[key] = np.concatenate([values, *parts]).astype(values.dtype)
    ones = np.ones(sum(len(labels) for _, _, labels in made))
    weights = {key: np.concatenate([values, ones]) for key, values in samples.sample_weight.items()}
    return Samples(inputs, targets, sample_weight=weights)


def _synthesise(name: str, samples: Samples, plan: Imbalance, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Input name -> (m, ...) synthetic rows, and their labels (m,)."""
    known = present(samples.targets[name])
    labels = samples.targets[name][known]
    lazy = [key for key, values in samples.inputs.items() if isinstance(values, LazyArray)]
    if lazy:
        raise DataError(f"'{plan.method}' makes up rows of tables, and '{lazy[0]}' is none: use 'over_sampling'.")
    encoder = _Encoder(plan.method, {key: values[known] for key, values in samples.inputs.items()})
    wanted = goals(labels, plan)
    few = [label for label, goal in wanted.items() if goal > np.sum(labels == label) <= plan.neighbours]
    if few:
        size = int(np.sum(labels == few[0]))
        raise DataError(
            f"'{plan.method}' makes rows from {plan.neighbours} neighbours of one label; output '{name}' has "
            f"{size} rows of a label: set neighbours={max(size - 1, 1)}, or use 'over_sampling'."
        )
    return encoder.decode(*_resample(plan, wanted, encoder.encode(), labels, seed))


def _resample(plan: Imbalance, wanted: Mapping[int, int], x: np.ndarray, labels: np.ndarray, seed: int) -> Any:
    try:
        from imblearn import over_sampling
    except ImportError as error:
        raise MissingExtraError(f"The method '{plan.method}'", "imbalanced-learn", "imbalance") from error
    kind = {"smote": "SMOTE", "borderline_smote": "BorderlineSMOTE", "svm_smote": "SVMSMOTE", "adasyn": "ADASYN"}
    neighbours = {"n_neighbors" if plan.method == "adasyn" else "k_neighbors": plan.neighbours}
    method = getattr(over_sampling, kind[plan.method])(sampling_strategy=dict(wanted), random_state=seed, **neighbours)
    try:
        rows, made = method.fit_resample(x, labels)
    except ValueError as error:
        raise DataError(f"'{plan.method}' made no rows: {str(error).splitlines()[0]}") from error
    return rows[len(x) :], made[len(x) :].astype(labels.dtype)


class _Encoder:
    """Tables of inputs <-> one matrix in which distances mean something."""

    def __init__(self, method: str, inputs: Mapping[str, np.ndarray]):
        self.inputs = inputs
        for name, values in inputs.items():
            table = values.ndim == 1 or (values.ndim == 2 and np.issubdtype(values.dtype, np.floating))
            if not table or values.dtype.kind not in "fiub":
                raise DataError(
                    f"'{method}' makes rows of tables: numbers (n,) or (n, k), integer categories (n,); input '{name}' "
                    f"is {values.dtype} of shape {values.shape}. Use 'over_sampling', 'class_weights' or 'focal'."
                )
        self.numbers = {name: _columns(values) for name, values in inputs.items() if _is_number(values)}
        self.scales: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for name, values in self.numbers.items():
            known = np.ma.masked_invalid(values.astype(np.float64))
            deviation = known.std(axis=0).filled(0.0)
            self.scales[name] = known.mean(axis=0).filled(0.0), np.where(deviation > 0, deviation, 1.0)
        self.gaps = {name: np.isnan(values).any(axis=0) for name, values in self.numbers.items()}
        self.categories = {name: np.unique(values) for name, values in inputs.items() if not _is_number(values)}
        width = sum(values.shape[1] for values in self.numbers.values()) + sum(map(len, self.categories.values()))
        size = len(next(iter(inputs.values())))
        if width * size > MOST_VALUES:
            raise DataError(
                f"'{method}' of {size} rows and {width} columns needs too much memory; use 'over_sampling'."
            )

    def encode(self) -> np.ndarray:
        """(n, width) float32: numbers, then flags of gaps, then one-hot categories."""
        parts = []
        for name, values in self.numbers.items():
            mean, deviation = self.scales[name]
            missing = np.isnan(values)
            parts += [np.where(missing, 0.0, (values - mean) / deviation), missing[:, self.gaps[name]]]
        # Two different categories lie as far apart as numbers of one deviation.
        parts += [(self.inputs[name][:, None] == found) / np.sqrt(2.0) for name, found in self.categories.items()]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def decode(self, matrix: np.ndarray, labels: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Synthetic rows of the matrix -> inputs in their own types and units."""
        rows: dict[str, np.ndarray] = {}
        place = 0
        for name, values in self.numbers.items():
            mean, deviation = self.scales[name]
            width, gaps = values.shape[1], self.gaps[name]
            made = matrix[:, place : place + width] * deviation + mean
            place += width
            holes = np.zeros(made.shape, dtype=bool)
            holes[:, gaps] = matrix[:, place : place + gaps.sum()] >= 0.5
            place += int(gaps.sum())
            made = np.where(holes, np.nan, made).astype(values.dtype)
            rows[name] = made.reshape(len(made), *self.inputs[name].shape[1:])
        for name, found in self.categories.items():
            rows[name] = found[np.argmax(matrix[:, place : place + len(found)], axis=1)]
            place += len(found)
        return rows, labels


def _is_number(values: np.ndarray) -> bool:
    return bool(np.issubdtype(values.dtype, np.floating))


def _columns(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1)
