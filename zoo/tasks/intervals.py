"""How far predictions of numbers are from the truth, by rows that were not trained on."""

import math

import keras
import numpy as np

from zoo.columns import Schema
from zoo.pipeline.pipeline import COVERAGE
from zoo.samples import Samples, present
from zoo.training import Recipe, predict_rows


def intervals_of(model: keras.Model, recipe: Recipe, schema: Schema, validation: Samples) -> dict[str, float]:
    """Regression -> the `COVERAGE` quantile of its absolute error on the validation rows, in its own units."""
    logarithms = {column.output for column in schema.outputs if column.log}  # whose errors are shares, not widths
    numbers = {
        name: head
        for name, head in recipe.heads.items()
        if head.target.kind == "regression" and name not in logarithms and validation.targets[name].ndim == 1
    }
    if not numbers:
        return {}
    outputs, validation = predict_rows(model, validation, numbers, trim_padding=recipe.trim_padding)
    found = {}
    for name in numbers:
        known = present(validation.targets[name])
        if known.any():
            errors = np.sort(np.abs(outputs[name] - validation.targets[name])[known])
            rank = math.ceil((len(errors) + 1) * COVERAGE)  # of so many rows and the new one
            if rank <= len(errors):
                found[name] = float(errors[rank - 1])
    return found
