"""What simple models of all senses together score: a linear model, and boosted trees on the table and the photos."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import OneHotEncoder

from zoo.metrics import METRICS, score
from zoo.samples import Samples, present

COMPONENTS = 100  # of the photos' features
PENALTIES = (0.3, 1.0, 3.0, 10.0)  # inverse of the logistic regression's, and of the ridge's
STEPS = (50, 150)  # of boosting


def simple_scores(
    splits: Sequence[Samples], vectors: Sequence[str], metrics: Mapping[str, str], logs: Sequence[str] = ()
) -> dict[str, dict[str, float]]:
    """Model -> output -> score on test, of the setting that is best on validation, trained on those rows too.

    vectors  inputs that are features of photos; none are looked at where it is empty.
    logs     outputs whose logarithm is learnt, as the networks do.
    """
    linear, table = _linear_columns(splits, vectors), _table_columns(splits, vectors)
    found: dict[str, dict[str, float]] = {"linear": {}, "trees": {}}
    for name, metric in metrics.items():
        labels = [split.targets[name] for split in splits]
        regression = np.issubdtype(labels[0].dtype, np.floating)
        ways: dict[str, tuple[Any, list[Callable[[], Any]]]] = {
            "linear": (linear, [_linear(penalty, regression, name in logs) for penalty in PENALTIES]),
            "trees": (table, [_trees(steps, regression, name in logs) for steps in STEPS]),
        }
        for kind, (columns, makers) in ways.items():
            sign = 1 if METRICS[metric].better == "higher" else -1
            tried = [sign * _fitted(make, columns, labels, [0], 1, metric) for make in makers]
            found[kind][name] = _fitted(makers[int(np.argmax(tried))], columns, labels, [0, 1], 2, metric)
    return found


def _linear(penalty: float, regression: bool, log: bool) -> Callable[[], Any]:
    if regression:
        return lambda: _of_logarithm(Ridge(alpha=1 / penalty), log)
    return lambda: LogisticRegression(C=penalty, max_iter=200, tol=1e-3)


def _trees(steps: int, regression: bool, log: bool) -> Callable[[], Any]:
    options: dict[str, Any] = {"max_iter": steps, "learning_rate": 0.1, "random_state": 0}
    if regression:
        return lambda: _of_logarithm(HistGradientBoostingRegressor(**options), log)
    return lambda: HistGradientBoostingClassifier(**options)


def _of_logarithm(model: Any, log: bool) -> Any:
    return TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp) if log else model


def _fitted(make: Any, columns: Any, labels: Any, learnt: Sequence[int], judged: int, metric: str) -> float:
    """The score on one split of a model fitted on others."""
    stack = scipy.sparse.vstack if scipy.sparse.issparse(columns[0]) else np.vstack
    x, y = stack([columns[each] for each in learnt]), np.concatenate([labels[each] for each in learnt])
    model = make().fit(x[present(y)], y[present(y)])
    rows = columns[judged]
    found = model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)
    found = found[:, 1] if found.ndim == 2 and found.shape[1] == 2 else found
    return float(score(metric, labels[judged], found) or 0.0)


def _photos(splits: Sequence[Samples], vectors: Sequence[str]) -> list[np.ndarray] | None:
    """(n, components) of the photos' features, several photos side by side, in units of the first one's deviation."""
    if not vectors:
        return None
    wide = [np.hstack([split.inputs[name] for name in vectors]) for split in splits]
    parts = PCA(min(COMPONENTS, len(wide[0]) // 4), random_state=0).fit(wide[0])
    found = [parts.transform(each) for each in wide]
    return [each / found[0][:, 0].std() for each in found]


def _table(splits: Sequence[Samples]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(n, categories) ids and (n, numbers)."""
    names = [name for name, each in splits[0].inputs.items() if each.ndim == 1 and each.dtype.kind in "iu"]
    none = np.empty
    ids = [
        np.stack([split.inputs[name] for name in names], axis=1) if names else none((len(split), 0)) for split in splits
    ]
    numbers = [
        np.nan_to_num(split.inputs["numbers"]) if "numbers" in split.inputs else none((len(split), 0))
        for split in splits
    ]
    scale = np.maximum(numbers[0].std(axis=0), 1e-6)
    return ids, [(each - numbers[0].mean(axis=0)) / scale for each in numbers]


def _texts(split: Samples) -> list[str]:
    """One text a row: those of all columns."""
    columns = [values for values in split.raw.values() if len(values) and isinstance(values[0], str)]
    return [" ".join(row) for row in zip(*columns, strict=True)] if columns else []


def _linear_columns(splits: Sequence[Samples], vectors: Sequence[str]) -> list[Any]:
    ids, numbers = _table(splits)
    parts: list[Sequence[Any]] = [numbers]
    if ids[0].shape[1]:
        hot = OneHotEncoder(handle_unknown="ignore").fit(ids[0])
        parts.append([hot.transform(each) for each in ids])
    if texts := _texts(splits[0]):
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit(texts)
        parts.append([words.transform(_texts(each)) for each in splits])
    if (photos := _photos(splits, vectors)) is not None:
        parts.append([0.3 * each for each in photos])
    return [scipy.sparse.hstack([part[place] for part in parts]).tocsr() for place in range(3)]


def _table_columns(splits: Sequence[Samples], vectors: Sequence[str]) -> list[np.ndarray]:
    ids, numbers = _table(splits)
    photos = _photos(splits, vectors) or [np.empty((len(each), 0)) for each in splits]
    return [np.hstack([ids[place], numbers[place], photos[place]]) for place in range(3)]
