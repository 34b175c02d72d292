"""Training: any functional `keras.Model` with named outputs, on arrays with named inputs and targets."""

from zoo.errors import TrainingError
from zoo.training.augmentation.adversarial import AdversarialTraining
from zoo.training.fine_tuning.fine_tune import FineTune, stages_for
from zoo.training.fine_tuning.freezing import Frozen, freeze, unfreeze
from zoo.training.fine_tuning.plan import FineTuningNotice
from zoo.training.fine_tuning.weak_labels import WeakRun, fit_weak_then_clean, fresh_head
from zoo.training.fit import Run, fit
from zoo.training.heads import Head, heads_for
from zoo.training.labels import relabel
from zoo.training.optimisers.optimiser import Optimiser
from zoo.training.output_layers.calibration import Calibration
from zoo.training.predictions import predict, predict_rows
from zoo.training.rate_finder import RateSearch, find_learning_rate
from zoo.training.recipe import Recipe
from zoo.training.resampling.co_teaching import CoTeaching
from zoo.training.resampling.imbalance import Imbalance
from zoo.training.sequence_outputs import judge_steps

__all__ = [
    "AdversarialTraining",
    "Calibration",
    "CoTeaching",
    "FineTune",
    "FineTuningNotice",
    "Frozen",
    "Head",
    "Imbalance",
    "Optimiser",
    "RateSearch",
    "Recipe",
    "Run",
    "TrainingError",
    "WeakRun",
    "find_learning_rate",
    "fit",
    "fit_weak_then_clean",
    "freeze",
    "fresh_head",
    "heads_for",
    "judge_steps",
    "predict",
    "predict_rows",
    "relabel",
    "stages_for",
    "unfreeze",
]
