"""Random numbers, and models of one block for tests of their values."""

import keras
import numpy as np

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def model_of(function, *shape, dtype="float32"):
    """A model of one block; `function` takes the input tensor."""
    x = keras.Input(shape, dtype=dtype, name="x")
    return keras.Model([x], function(x))


def outputs_of(model, x, **options):
    """What a model gives for x, as arrays."""
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(x, **options))


def scramble(model, seed=6):
    """Weights far from zero, so that outputs tell texts apart: the same ones whatever was drawn before."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(random.normal(size=variable.shape) * 0.5)
    return model
