"""What a training is made of before it begins: the data, and the recipe that was chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
