"""Training: any functional `keras.Model` with named outputs, on arrays with named inputs and targets."""

from zoo.errors import TrainingError
from zoo.training.fit import Run, fit
from zoo.training.heads import Head, heads_for
from zoo.training.labels import relabel
from zoo.training.optimisers.optimiser import Optimiser
from zoo.training.output_layers.calibration import Calibration
from zoo.training.predictions import predict, predict_rows
from zoo.training.rate_finder import RateSearch, find_learning_rate
from zoo.training.recipe import Recipe
from zoo.training.resampling.imbalance import Imbalance
from zoo.training.sequence_outputs import judge_steps

__all__ = [
    "Calibration",
    "Head",
    "Imbalance",
    "Optimiser",
    "RateSearch",
    "Recipe",
    "Run",
    "TrainingError",
    "find_learning_rate",
    "fit",
    "heads_for",
    "judge_steps",
    "predict",
    "predict_rows",
    "relabel",
]
