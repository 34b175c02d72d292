"""Gradient-boosted trees on the raw columns of a table, and on few columns made of text."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.report.budget import Budget
from zoo.report.candidates import MEANS, VALIDATION, Baseline, Best, Candidate, Task, choose
from zoo.report.columns import with_means
from zoo.report.features import Features
from zoo.samples import EXCLUSIVE, present

try:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
except ImportError as error:
    raise MissingExtraError("A report's baselines", "scikit-learn", "report") from error

REDUCED = 64  # text columns that the trees see, by truncated SVD: they cannot take 100,000
STEPS = 100  # on text, and where there is no validation to stop by
TABLE_STEPS = 1000  # at the most
PATIENCE = 20  # steps without a better loss on validation
STAGES = 40  # numbers of steps that are compared on validation
TEXT_TREES = ({"learning_rate": 0.1, "max_leaf_nodes": 8, "max_bins": 63, "max_iter": STEPS},)
TABLE_TREES = (
    {"learning_rate": 0.1, "max_leaf_nodes": 31, "max_iter": TABLE_STEPS},
    {"learning_rate": 0.05, "max_leaf_nodes": 15, "max_iter": TABLE_STEPS},
)
LARGE_TREES = ({"learning_rate": 0.1, "max_leaf_nodes": 127, "max_iter": 500},)
LARGE = 5_000_000  # rows x columns x trees a step, from which one setting takes minutes
UNORDERED_VALUES = 255  # of a category that scikit-learn's trees take
TREE_COLUMNS = 512  # columns beyond which trees take minutes
TEXT_TREE_WORK = 400_000  # rows x trees a step on text, likewise: 320,000 took 10 s
LEAST_STEPS = 20  # that say something
EVERYTHING = Budget()

Matrices = tuple[np.ndarray, ...]


def tree_columns(features: Features, seed: int) -> Matrices:
    """What trees see of train, validation and test: the raw table, and text by truncated SVD (unsupervised)."""
    parts = [] if features.table is None else [features.table]
    if features.text is not None and min(features.text[0].shape) > 1:
        width = min(REDUCED, min(features.text[0].shape) - 1)
        reducer = TruncatedSVD(width, n_iter=2, random_state=seed).fit(features.text[0])
        parts.append(tuple(reducer.transform(rows) for rows in features.text))
    return tuple(np.concatenate([part[split] for part in parts], axis=1) for split in range(3)) if parts else ()


def fit_trees(features: Features, matrices: Matrices, task: Task, seed: int, budget: Budget = EVERYTHING) -> Baseline:
    """The answers of the setting and the number of steps that are best on validation, for each metric."""
    if not matrices:
        return Baseline(note="left out: a single text column")
    rows, columns = int(np.sum(present(task.train))), matrices[0].shape[1]
    text = features.text is not None
    if text and rows * task.trees > TEXT_TREE_WORK:
        return Baseline(note=f"left out: too slow on text of {rows} rows and {task.trees} classes")
    if columns > TREE_COLUMNS:
        return Baseline(note=f"left out: too slow on {columns} columns")
    grid: tuple[dict[str, Any], ...] = (
        TEXT_TREES if text else LARGE_TREES if rows * columns * task.trees > LARGE else TABLE_TREES
    )
    steps = budget.steps(rows, columns, task.trees)
    if steps < LEAST_STEPS:
        return Baseline(note=f"left out: too slow on {rows:,} rows of {columns} columns and {task.trees:,} classes")
    if steps < 2 * STEPS:
        grid = grid[:1]
    grid = tuple({**options, "max_iter": int(min(options["max_iter"], steps))} for options in grid)
    matrices, unordered = _categories(features, matrices, task)
    fixed = {"random_state": seed, "categorical_features": unordered}
    candidates = [
        candidate
        for options in grid
        for loss in _losses(task)
        for candidate in _grown({**fixed, **options, **loss}, matrices, task, stopping=not text)
    ]
    answers, chosen = choose(candidates, task)
    return Baseline(answers, f"gradient-boosted trees: {chosen}, {columns} columns{' of TF-IDF by SVD' * text}")


def _categories(features: Features, matrices: Matrices, task: Task) -> tuple[Matrices, np.ndarray]:
    """The matrices, and (columns,) bool: which are categories without order.

    Those of too many values for scikit-learn's trees are ordered by the mean label in train, as its trees do within
    a node; of several classes there is no mean, and the ids stand as they are. (They come first, as in `tree_columns`.)
    """
    unordered = np.zeros(matrices[0].shape[1], dtype=bool)
    known = present(task.train)
    matrices = tuple(matrix.copy() for matrix in matrices)
    for place in np.flatnonzero(features.ids) if features.ids is not None else ():
        fitted = matrices[0][known, place]
        unordered[place] = len(np.unique(fitted[~np.isnan(fitted)])) <= UNORDERED_VALUES
        if not unordered[place] and task.target.kind not in EXCLUSIVE:
            for matrix in matrices:
                matrix[:, place] = with_means(matrix[:, place], fitted, task.train[known])
    return matrices, unordered


def _losses(task: Task) -> list[dict[str, str]]:
    """Squared error for metrics of the mean, absolute error for the median, both where no rule is known."""
    if task.target.kind != "regression":
        return [{}]
    losses = {"squared_error": [name != "mae" for name in task.metrics]}
    losses["absolute_error"] = [name not in MEANS for name in task.metrics]
    return [{"loss": loss} for loss, wanted in losses.items() if any(wanted)]


def _grown(options: Mapping[str, Any], matrices: Matrices, task: Task, *, stopping: bool) -> list[Candidate]:
    """One model, each time after as many steps as one of the metrics likes best on validation."""
    known, judged = present(task.train), present(task.validation)
    if task.target.kind != "regression":  # a class that never trained has no loss
        judged &= np.isin(task.validation, task.train[known])
    settings: dict[str, Any] = {"early_stopping": False, **options}
    held_out: dict[str, np.ndarray] = {}
    if not judged.any():
        settings["max_iter"] = min(STEPS, settings["max_iter"])
    elif stopping:
        settings |= {"early_stopping": True, "n_iter_no_change": PATIENCE}
        held_out = {"X_val": matrices[1][judged], "y_val": task.validation[judged]}
    regression = task.target.kind == "regression"
    model = (HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier)(**settings)
    model.fit(matrices[0][known], task.train[known], **held_out)
    steps = _best_steps(model, matrices[VALIDATION], task) if held_out else {model.n_iter_}

    @lru_cache
    def predicted(split: int) -> dict[int, np.ndarray]:
        stages = islice(_staged(model, matrices[split], task), max(steps))
        return {step: each for step, each in stages if step in steps}

    tuned = f"{options['learning_rate']:g}, {options['max_leaf_nodes']} leaves"
    median = options.get("loss") == "absolute_error"

    def of(step: int) -> Callable[[int], np.ndarray]:
        return lambda split: predicted(split)[step]

    return [Candidate(f"{step} steps of {tuned}", of(step), median) for step in sorted(steps)]


def _best_steps(model: Any, rows: np.ndarray, task: Task) -> set[int]:
    """For every metric the number of steps that is best on validation, of at most `STAGES` numbers."""
    judged, every = Best(task), -(-model.n_iter_ // STAGES)
    for step, each in _staged(model, rows, task):
        if (model.n_iter_ - step) % every == 0:
            judged.add(step, each)
    return {step for step, _ in judged.found.values()}


def _staged(model: Any, rows: np.ndarray, task: Task) -> Iterator[tuple[int, np.ndarray]]:
    """Number of steps (from 1) and the answers after so many."""
    if task.target.kind == "regression":
        yield from enumerate(model.staged_predict(rows), start=1)
    else:
        for step, shares in enumerate(model.staged_predict_proba(rows), start=1):
            yield step, task.spread(shares, model.classes_)
