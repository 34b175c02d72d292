"""A small network on pictures whose lower layers count as pretrained, for tests of fine-tuning."""

import keras
import numpy as np
from keras import layers

from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe

LABELS = ("red", "green", "blue")


def pictures(n: int, seed: int, *, wrong: float = 0.0, size: int = 16) -> Samples:
    """n pictures of noise with more of one colour, which is the label; of a share `wrong` another one is told."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 3, n)
    x = random.normal(size=(n, size, size, 3)).astype("float32")
    x[np.arange(n), :, :, label] += 0.7
    told = np.where(random.random(n) < wrong, random.integers(0, 3, n), label)
    return Samples({"image": x}, {"category": told.astype("int32")})


def network(*, side: int | None = 16, nested: bool = False, dropout: float = 0.0, learnt: bool = True) -> keras.Model:
    """Two convolutions with batch normalisation, strides 2 and 4, an average and a head; the weights of one seed."""
    keras.utils.set_random_seed(0)
    image = keras.Input((side, side, 3), name="image")
    x = image
    for place in (1, 2):
        x = layers.Conv2D(4 * place, 3, strides=2, padding="same", name=f"conv{place}")(x)
        x = layers.BatchNormalization(name=f"norm{place}")(x)
        x = layers.Activation("relu", name=f"relu{place}")(x)
    if nested:
        base = keras.Model(image, x, name="base")
        image = keras.Input((side, side, 3), name="image")
        x = base(image, training=False)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    model = keras.Model([image], {"category": layers.Dense(3, activation="softmax", name="category")(x)}, name="small")
    if learnt:
        pretend_learnt(model)
    return model


def pretend_learnt(model: keras.Model) -> None:
    """Statistics as batch normalisation has them after a training."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_mean.assign(np.full(layer.moving_mean.shape, 0.05))
            layer.moving_variance.assign(np.full(layer.moving_variance.shape, 0.8))


def recipe(**changes) -> Recipe:
    """Three epochs on `LABELS`, at a high rate."""
    head = changes.pop("head", Head(Target("classification", LABELS)))
    settings = {"epochs": 3, "batch_size": 16, "optimiser": Optimiser(learning_rate=2e-2), "balance": "static"}
    quick = {"steps_per_execution": 1, "on_nonfinite": None}  # what is not compiled costs the tests no time
    return Recipe({"category": head}, **(settings | quick | changes))


def values(model: keras.Model) -> dict[str, np.ndarray]:
    """Path of a variable -> a copy of its value."""
    return {variable.path: np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables}


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """The layers of the variables that differ in a bit."""
    pairs = zip(before, before.values(), after.values(), strict=True)
    return {path.split("/")[-2] for path, old, new in pairs if not np.array_equal(old, new)}
