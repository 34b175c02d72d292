"""A small many-output problem for tests of training: a token for the age, one for the group, one for the gender."""

import keras
import numpy as np

from zoo.samples import Samples, Target
from zoo.training import Optimiser, Recipe, heads_for

TARGETS = {
    "age": Target("regression", unit="years"),
    "income": Target("classification", tuple("abcd")),
    "gender": Target("binary", ("woman", "man")),
}
CONFIG = {"income_groups": 4, "vocabulary_size": 100, "embedding_dim": 16, "stages": ((32,),), "units": 16}


def toy_samples(n: int, seed: int, *, missing: float = 0.1) -> Samples:
    """n texts of 5 to 30 tokens; a share of the labels is missing, independently for each output."""
    random = np.random.default_rng(seed)
    age, income, gender = random.integers(0, 40, n), random.integers(0, 4, n), random.integers(0, 2, n)
    posts = np.zeros((n, 30), np.int32)
    for row in range(n):
        length = random.integers(5, 31)
        posts[row, :length] = random.integers(70, 100, length)
        posts[row, :3] = 2 + age[row] // 10, 10 + income[row], 20 + gender[row]
    targets = {"age": age.astype(np.float32), "income": income.astype(np.int32), "gender": gender.astype(np.int32)}
    for name, values in targets.items():
        values[random.random(n) < missing] = np.nan if name == "age" else -1
    return Samples({"posts": posts}, targets)


def toy_recipe(**changes) -> Recipe:
    """Three epochs on `TARGETS`."""
    settings = {
        "heads": heads_for(TARGETS, weight={"age": 0.01, "gender": 2.0}),
        "optimiser": Optimiser(learning_rate=1e-2),
        "epochs": 3,
        "batch_size": 32,
        "trim_padding": True,
        "balance": "static",
    }
    return Recipe(**(settings | changes))


def line_samples(n: int, seed: int) -> Samples:
    """Four numbers and the sum of two of them: a problem that compiles and trains in a moment."""
    x = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    return Samples({"x": x}, {"y": x[:, 0] + x[:, 1]})


def line_model(*, dropout: float = 0.0) -> keras.Model:
    """A hidden layer of 8 units with batch normalisation and dropout, for `line_samples`."""
    x = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(8, activation="relu", name="hidden")(x)
    hidden = keras.layers.BatchNormalization(name="norm")(hidden)
    hidden = keras.layers.Dropout(dropout, name="dropout")(hidden)
    return keras.Model([x], {"y": keras.layers.Dense(1, name="y")(hidden)}, name="line")


def line_recipe(**changes) -> Recipe:
    """Three epochs of `line_model`."""
    return Recipe(**({"heads": heads_for({"y": Target("regression")}), "epochs": 3, "batch_size": 32} | changes))


def same(one, other):
    """Whether two lists of arrays are equal to the bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
