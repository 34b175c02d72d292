"""What a search for a learning rate leaves behind."""

import random

import keras
import numpy as np

from tests.toy import line_model, line_recipe, line_samples
from zoo.training import Optimiser, find_learning_rate, fit


def everything(model) -> list:
    """Variables of the model and its own optimiser, and the next random numbers and names of every kind."""
    variables = [*model.variables, *model.optimizer.variables]
    values = [keras.ops.convert_to_numpy(each).tolist() for each in variables]
    drawn = [random.random(), np.random.random(), keras.ops.convert_to_numpy(keras.random.uniform((2,))).tolist()]
    return [*values, drawn, keras.layers.Dense(1).name]


def prepared():
    """A compiled model that has been trained by its own optimiser for a step, and a state of all random numbers."""
    keras.utils.set_random_seed(3)
    keras.utils.clear_session(free_memory=False)
    model = line_model(dropout=0.3)
    model.compile("adam", loss={"y": "mse"})
    samples = line_samples(64, 0)
    model.train_on_batch(samples.inputs, samples.targets)
    keras.random.uniform((1,))
    return model


def what_is_left() -> dict[str, bool]:
    """Whether the state is as before, and a training after the search as without it."""
    samples, recipe = (
        line_samples(500, 0),
        line_recipe(optimiser=Optimiser("adamw", schedule="one_cycle", average=0.9), epochs=2),
    )
    untouched = everything(prepared())
    searched = prepared()
    find_learning_rate(searched, samples, recipe)
    same_state = everything(searched) == untouched

    trained = []
    for search in (False, True):
        model = prepared()
        if search:
            find_learning_rate(model, samples, recipe)
        fit(model, samples, line_samples(100, 1), recipe)
        trained.append([keras.ops.convert_to_numpy(each).tolist() for each in model.variables])
    return {"same_state": same_state, "same_training": trained[0] == trained[1]}
