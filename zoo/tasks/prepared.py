"""What a training is made of before it begins: the data, and the recipe that was chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.tasks.task import Task
from zoo.training import Recipe


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
        """The network with the weights that its training begins with."""
        keras.utils.set_random_seed(self.seed)
        model = create_model(self.entry, weights=self.weights, **self.recipe.config)
        if self.weights is None and self.task.init_model is not None:
            self.task.init_model(model, self.dataset)
        return model
