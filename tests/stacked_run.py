"""Train the line problem with 1 and with several steps per execution: what differs."""

import keras
import numpy as np

from tests.toy import line_model, line_recipe, line_samples
from zoo.training import Optimiser, fit

OPTIMISERS = {
    "one_cycle": Optimiser("adamw", learning_rate=1e-2, schedule="one_cycle", weight_decay=0.1),
    "averaged": Optimiser("adam", learning_rate=1e-2, average=0.9),
    "clipped": Optimiser("adam", learning_rate=1e-2, clip_norm=0.5),
}


def trained(steps, optimiser, *, balance="static"):
    """Weights and history after so many steps per execution: dropout, batch statistics, 15 batches and a short one."""
    keras.utils.set_random_seed(0)
    model = line_model(dropout=0.2)
    recipe = line_recipe(optimiser=optimiser, steps_per_execution=steps, balance=balance)
    run = fit(model, line_samples(15 * 32 + 9, 0), line_samples(64, 1), recipe)
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in run.history]
    return [np.array(keras.ops.convert_to_numpy(each)) for each in model.variables], rows


def differences():
    """optimiser, steps -> the largest difference of the weights, and of the histories."""
    found = {}
    for name, optimiser in OPTIMISERS.items():
        weights, history = trained(1, optimiser)
        for steps in (5, 4):  # the full batches in three calls; in three calls and three single steps
            others, rows = trained(steps, optimiser)
            weight = max(float(np.abs(one - two).max()) for one, two in zip(weights, others, strict=True))
            apart = max(abs(row[key] - line[key]) for row, line in zip(rows, history, strict=True) for key in row)
            found[f"{name}, {steps}"] = [weight, apart]
    return found
