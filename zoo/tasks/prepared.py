"""What a training is made of before it begins: the data, and the recipe that was chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError
from zoo.tasks.task import Task
from zoo.training import Recipe
from zoo.training.fine_tuning.fine_tune import ALL, AS_FROZEN, AUTO, fine_tune_of
from zoo.training.fine_tuning.plan import has_learnt_nothing

TRAIN_ALL = (ALL, AS_FROZEN)  # stages that leave no layer of a fresh network as it was made


@dataclass(frozen=True)
class Prepared:
    """options  with which the data was loaded.
    weights  the tag or file with which the model begins; None for fresh ones.
    based    whether these are a base to fine-tune, with fresh heads.
    """

    task: Task
    entry: str
    dataset: Dataset
    recipe: Recipe
    options: Mapping[str, Any]
    seed: int
    weights: str | Path | None
    based: bool

    def build(self) -> keras.Model:
        """The network with the weights that its training begins with.

        Raises `ConfigError` for stages of fine-tuning that keep layers as they are, where all weights are fresh.
        """
        keras.utils.set_random_seed(self.seed)
        model = create_model(self.entry, weights=self.weights, **self.recipe.config)
        if self.weights is None and self.task.init_model is not None:
            self.task.init_model(model, self.dataset)
        if self.weights is None:
            _require_base(model, self.recipe)
        return model


def _require_base(model: keras.Model, recipe: Recipe) -> None:
    """Raise for stages of fine-tuning that keep layers as they are, where no layer has learnt anything to keep."""
    tune = fine_tune_of(recipe.fine_tune)
    keeping = [] if tune is None or tune.stages == AUTO else [each for each in tune.stages if each not in TRAIN_ALL]
    if keeping and has_learnt_nothing(model):
        raise ConfigError(
            f"There is nothing to fine-tune ({', '.join(keeping)}): all weights of '{recipe.entry}' are fresh; "
            "name trained ones to start from (--weights), or leave 'fine_tune' (--fine-tune) out."
        )
