"""One model written twice: as a Sequential stack, and as a graph of functions.

Chollet 2017, "Deep Learning with Python", section 7.1.1. The layers are the same, so the weights of one fit the other.
"""

import keras
from keras import layers

from blocks.checks import require_integer
from blocks.heads import classification_head


def sequential_twin(*, features: int = 64, categories: int = 10, name: str = "sequential_twin") -> keras.Model:
    """features (B, features) -> {"category": (B, categories)} probabilities, by the functional API."""
    inputs = keras.Input((require_integer("features", features),), name="features")
    x = layers.Dense(32, activation="relu", name="dense1")(inputs)  # (B, 32)
    x = layers.Dense(32, activation="relu", name="dense2")(x)  # (B, 32)
    return keras.Model([inputs], {"category": classification_head(x, categories, name="category")}, name=name)


def sequential_stack(*, features: int = 64, categories: int = 10, name: str = "sequential_stack") -> keras.Sequential:
    """(B, features) -> (B, categories) probabilities: the same layers as a stack."""
    return keras.Sequential(
        [
            keras.Input((features,), name="features"),
            layers.Dense(32, activation="relu", name="dense1"),
            layers.Dense(32, activation="relu", name="dense2"),
            layers.Dense(categories, activation="softmax", dtype="float32", name="category"),
        ],
        name=name,
    )
