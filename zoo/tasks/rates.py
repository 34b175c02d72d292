"""The learning rate that suits an entry on a data set."""

from collections.abc import Mapping
from typing import Any

import keras

from zoo.create import create_model
from zoo.tasks.task import recipe_for, task_of
from zoo.tasks.verbs import require_seed
from zoo.training import RateSearch, find_learning_rate


def find_rate(
    entry: str, data: str, *, seed: int = 0, data_options: Mapping[str, Any] | None = None, **options: Any
) -> RateSearch:
    """Search with fresh weights and the entry's recipe on the training split of `data`.

    `options` are those of `find_learning_rate`: lowest, highest, steps. Raises a `ZooError` that names what does not
    fit.
    """
    task = task_of(entry)
    require_seed(seed)
    settings = {**task.options(entry, None), **(data_options or {}), "seed": seed}
    dataset = task.load(data, settings)
    recipe = recipe_for(dataset, entry, data=str(data), options=settings)
    keras.utils.set_random_seed(seed)
    model = create_model(entry, **recipe.config)
    if task.init_model is not None:
        task.init_model(model, dataset)
    return find_learning_rate(model, dataset.train, recipe, seed=seed, **options)
