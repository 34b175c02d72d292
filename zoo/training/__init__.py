"""Training: any functional `keras.Model` with named outputs, on arrays with named inputs and targets."""

from zoo.errors import TrainingError
from zoo.training.answers import predict
from zoo.training.calibration import Calibration
from zoo.training.fit import Run, fit
from zoo.training.heads import Head, heads_for
from zoo.training.imbalance import Imbalance
from zoo.training.labels import relabel
from zoo.training.optimiser import Optimiser
from zoo.training.rate_finder import RateSearch, find_learning_rate
from zoo.training.recipe import Recipe
from zoo.training.steps import judge_steps

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
    "relabel",
]
