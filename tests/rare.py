"""A problem with a rare label and a known posterior, for tests of imbalance: two normal distributions, one feature."""

import keras
import numpy as np

from blocks.heads import binary_head
from zoo.costs import CostMatrix
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe

RARE = Target("binary", ("common", "rare"))
SHARE = 0.05
GRADES = Target("classification", ("none", "low", "high", "top"))
COSTS = CostMatrix.of_mistakes(RARE.labels, false_positive=1.0, false_negative=10.0)


def rare_samples(n: int, seed: int, *, share: float = SHARE) -> Samples:
    """x ~ N(2, 1) under the rare label, N(0, 1) under the common one."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < share).astype(np.int32)
    x = random.normal(2.0 * label, 1.0).astype(np.float32)[:, None]
    return Samples({"x": x}, {"rare": label})


def posterior(samples: Samples, share: float = SHARE) -> np.ndarray:
    """(n,) the probability of the rare label."""
    odds = share / (1.0 - share) * np.exp(2.0 * samples.inputs["x"][:, 0].astype(np.float64) - 2.0)
    return odds / (1.0 + odds)


def rare_model() -> keras.Model:
    """A logistic regression, which can answer with the posterior itself."""
    keras.utils.set_random_seed(0)
    x = keras.Input((1,), name="x")
    return keras.Model([x], {"rare": binary_head(x, name="rare")}, name="logistic")


def rare_recipe(epochs: int = 6, **head) -> Recipe:
    """Six epochs of Adam."""
    return Recipe({"rare": Head(RARE, **head)}, optimiser=Optimiser(learning_rate=0.2), epochs=epochs, batch_size=64)


def counts(values):
    """Rows of each label."""
    return np.bincount(values[values >= 0]).tolist()
