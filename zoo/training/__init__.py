"""Training: any functional `keras.Model` with named outputs, on arrays with named inputs and targets."""

from zoo.training.fit import Run, TrainingError, fit, predict
from zoo.training.heads import Head, heads_for
from zoo.training.optimiser import Optimiser
from zoo.training.recipe import Recipe

__all__ = ["Head", "Optimiser", "Recipe", "Run", "TrainingError", "fit", "heads_for", "predict"]
