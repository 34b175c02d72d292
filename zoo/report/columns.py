"""A table's columns as simple models see them: scaled numbers and one-hot categories, or the raw columns."""

from typing import Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.samples import Samples

try:
    from sklearn.impute import MissingIndicator
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
except ImportError as error:
    raise MissingExtraError("A report's baselines", "scikit-learn", "report") from error

NEVER_SEEN = 1  # category ids up to this one say nothing: 0 is missing, 1 was never seen in training
MOST_VALUES = 10_000  # of one category, each with a column of its own; rarer ones share one
RANKED = 512  # columns up to which their ranks stand beside them: more are pixels or signals
RANKS = 1000
PRIOR_ROWS = 10
EDGE = 0.005  # share of the training rows beyond the quantiles that outliers are measured from
OUTLIER = 4.0  # times the distance from the median to such a quantile (ten deviations of a normal variable)

Splits = tuple[Samples, ...]


def is_sequence(values: np.ndarray) -> bool:
    """Integers (n, L): token ids, 0 being padding."""
    return np.issubdtype(values.dtype, np.integer) and values.ndim == 2


def is_category(values: np.ndarray) -> bool:
    """Integers (n,): ids, 0 being missing and 1 never seen in training."""
    return np.issubdtype(values.dtype, np.integer) and values.ndim == 1


def number_columns(splits: Splits) -> list[np.ndarray]:
    """(n, columns) float32 of each split: all that is neither category nor sequence; NaN where not finite."""
    names = [name for name, values in splits[0].inputs.items() if not (is_sequence(values) or is_category(values))]
    tables = []
    for split in splits:
        parts = [np.asarray(split.inputs[name], np.float32).reshape(len(split), -1) for name in names]
        table = np.concatenate([np.empty((len(split), 0), np.float32), *parts], axis=1)
        tables.append(np.where(np.isfinite(table), table, np.float32(np.nan)))
    return tables


def category_columns(splits: Splits) -> list[np.ndarray]:
    """(n, categories) ids of each split."""
    names = [name for name, values in splits[0].inputs.items() if is_category(values)]
    empty = [np.empty((len(split), 0), np.int64) for split in splits]
    if not names:
        return empty
    return [np.stack([np.asarray(split.inputs[name]) for name in names], axis=1) for split in splits]


def scaled(tables: list[np.ndarray]) -> list[np.ndarray]:
    """Standard scores, ranks as normal scores, and flags of what is missing; fitted on the first table.

    A missing number is the mean in the first two. Outliers are drawn in before, or one row decides the scale
    (an utilisation of 50,000 among shares took a logistic regression on Give Me Some Credit from .85 to .70).
    """
    known = ~np.isnan(tables[0]).all(axis=0)
    tables = [np.where(known, table, np.float32(0)) for table in tables]  # never known: a constant says nothing
    bounds = _bounds(tables[0])
    drawn_in = [np.clip(table, *bounds) for table in tables]
    parts = [_transformed(StandardScaler(), drawn_in)]
    if tables[0].shape[1] <= RANKED:
        ranks = QuantileTransformer(
            n_quantiles=min(RANKS, len(tables[0])), output_distribution="normal", subsample=None, copy=True
        )
        parts.append(_transformed(ranks, tables))
    parts.append(_transformed(MissingIndicator(features="missing-only", error_on_new=False), tables))
    return [np.concatenate([part[place] for part in parts], axis=1) for place in range(len(tables))]


def one_hot(tables: list[np.ndarray]) -> list[Any]:
    """(n, categories) ids -> sparse (n, values in the first table); a value that does not stand there has no column."""
    encoder = OneHotEncoder(handle_unknown="ignore", max_categories=MOST_VALUES, dtype=np.float32)
    encoder.fit(tables[0])
    return [encoder.transform(table) for table in tables]


def raw(numbers: list[np.ndarray], categories: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Numbers and ids side by side, NaN where missing or never seen; and (columns,) bool: which are ids."""
    ids = [np.where(table <= NEVER_SEEN, np.nan, table).astype(np.float32) for table in categories]
    mask = np.arange(numbers[0].shape[1] + ids[0].shape[1]) >= numbers[0].shape[1]
    return [np.concatenate(pair, axis=1) for pair in zip(numbers, ids, strict=True)], mask


def with_means(column: np.ndarray, fitted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) ids, NaN where missing -> the mean of `labels` (m,) over the rows of `fitted` (m,) with the same id.

    Drawn towards the mean of all, as if every id had `PRIOR_ROWS` more rows (Micci-Barreca 2001); an id that is not in
    `fitted` is missing.
    """
    known = ~np.isnan(fitted)
    values, places = np.unique(fitted[known], return_inverse=True)
    sums, counts = np.bincount(places, weights=labels[known]), np.bincount(places)
    means = (sums + PRIOR_ROWS * np.mean(labels)) / (counts + PRIOR_ROWS)
    found = np.minimum(np.searchsorted(values, column), len(values) - 1)
    return np.where(values[found] == column, means[found], np.nan).astype(np.float32)


def _bounds(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, middle, high = np.nanquantile(table, [EDGE, 0.5, 1 - EDGE], axis=0)
    reach = low < high  # else a flag that is rarely set would be clipped away
    least = np.where(reach & (low < middle), middle - OUTLIER * (middle - low), -np.inf)
    most = np.where(reach & (high > middle), middle + OUTLIER * (high - middle), np.inf)
    return least.astype(np.float32), most.astype(np.float32)


def _transformed(transformer: Any, tables: list[np.ndarray]) -> list[np.ndarray]:
    """Fitted on the first table; what is missing becomes 0."""
    transformer.fit(tables[0])
    return [np.nan_to_num(transformer.transform(table)).astype(np.float32) for table in tables]
