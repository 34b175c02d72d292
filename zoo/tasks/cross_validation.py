"""Predictions for every row by a model that was not trained on it: k trainings, each on the rows of the other folds."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.samples import Samples
from zoo.training import Recipe, fit, predict_rows, relabel

HELD_OUT = 0.1  # of the rows of a training, to choose its best epoch by


def out_of_fold_predictions(
    build: Callable[[], keras.Model],
    samples: Samples,
    recipe: Recipe,
    *,
    folds: int = 5,
    seed: int = 0,
    draws: np.ndarray | None = None,
    train: Callable[..., Any] = fit,
    tell: Callable[[str], None] = lambda sentence: None,
) -> tuple[dict[str, np.ndarray], Samples]:
    """(output -> predictions of each row by the model of the fold that it stands in, the rows in that order).

    build  a fresh model each time; draws  (n,) which samples belong together and stand in one fold (a person's).
    Pieces of one long text always do. Raises `ConfigError` for fewer than two folds, `DataError` for more folds than
    independent rows.
    """
    if type(folds) is not int or folds < 2:
        raise ConfigError(f"Cross-validation needs a whole number of folds, at least 2; received {folds!r}.")
    together = samples.owner if draws is None else draws
    places = np.arange(len(samples)) if together is None else np.unique(together, return_inverse=True)[1]
    count = int(places.max(initial=-1)) + 1
    if count < 2 * folds:
        raise DataError(f"{folds} folds need at least {2 * folds} independent rows; there are {count}.")
    random = np.random.default_rng(seed)
    fold_of = random.permutation(np.arange(count) % folds)[places]
    found: dict[str, list[np.ndarray]] = {}
    rows: list[Samples] = []
    for fold in range(folds):
        inside, others = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        held = _some(places[others], random)
        tell(f"Fold {fold + 1} of {folds}: {len(others):,} samples to learn from, {len(inside):,} to predict.")
        keras.utils.set_random_seed(seed + fold)
        model = build()
        train(model, samples.take(others[~held]), samples.take(others[held]), recipe, seed=seed + fold)
        judged = relabel(samples.take(inside), recipe.heads, ignore=False)
        outputs, whole = predict_rows(model, judged, recipe.heads, trim_padding=recipe.trim_padding)
        rows.append(whole)
        for name, values in outputs.items():
            found.setdefault(name, []).append(values)
    joined = rows[0]
    for each in rows[1:]:
        joined = joined.joined(each)
    return {name: np.concatenate(parts) for name, parts in found.items()}, joined


def _some(places: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(n,) bool: about `HELD_OUT` of the independent rows, at least one."""
    different = np.unique(places)
    chosen = random.permutation(different)[: max(1, round(HELD_OUT * len(different)))]
    return np.isin(places, chosen)
