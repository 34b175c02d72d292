"""Small models of the shapes that users build, and data on which what they learn is known."""

import keras
import numpy as np
from keras import layers

from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, Run, fit

NUMBER = Head(Target("regression"))
FAST = Optimiser("adam", learning_rate=1e-2)
X = np.random.default_rng(0).normal(size=(512, 4)).astype(np.float32)
LINE = 2 * X[:, 0] + X[:, 1]  # what a network of these shapes can learn


def hidden(x, units: int = 16, name: str = "hidden"):
    return layers.Dense(units, activation="relu", name=name)(x)


def number(name: str, **options) -> layers.Dense:
    return layers.Dense(1, name=name, **options)


def samples(*, inputs=None, weights=None, **targets) -> Samples:
    return Samples({"x": X} if inputs is None else inputs, targets, sample_weight=weights or {})


def train(model: keras.Model, data: Samples, *, heads=None, callbacks=(), folder=None, **changes) -> Run:
    """Fit on `data`, judged on it too."""
    heads = heads or dict.fromkeys(data.targets, NUMBER)
    settings = {"epochs": 20, "optimiser": FAST, **changes}
    return fit(model, data, data, Recipe(heads, **settings), callbacks=callbacks, folder=folder)


def r2(predicted: np.ndarray, target: np.ndarray) -> float:
    predicted, target = (np.asarray(each, np.float64).ravel() for each in (predicted, target))
    return float(1 - np.mean((predicted - target) ** 2) / target.var())


def best(run: Run) -> dict:
    return run.history[run.best_epoch - 1]
