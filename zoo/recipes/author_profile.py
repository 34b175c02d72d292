"""How the author profiles are trained, for each kind of data."""

from collections.abc import Mapping
from typing import Any

from zoo.datasets.dataset import Dataset
from zoo.training import Optimiser, Recipe, heads_for

WEIGHTS = {"age": 0.25, "income": 1.0, "industry": 1.0, "gender": 10.0}  # Chollet 2017, section 7.1.3
SETTINGS: dict[str, dict[str, Any]] = {
    "posts": {"epochs": 12, "batch_size": 64, "optimiser": Optimiser(learning_rate=2e-3, lazy_rows=True)},
    "blogs": {"epochs": 12, "batch_size": 64, "optimiser": Optimiser(learning_rate=1e-3, lazy_rows=True)},
}


def recipe(dataset: Dataset, entry: str, *, data: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe of `entry` on `dataset`, which was loaded as `data` with `options`."""
    classes = {name: target for name, target in dataset.targets.items() if target.kind == "classification"}
    assert dataset.tokeniser is not None
    config: dict[str, Any] = {"vocabulary_size": dataset.tokeniser.size, "targets": list(dataset.targets)}
    for target in classes.values():
        config["income_groups"] = len(target.labels)
    heads = heads_for(dataset.targets, weight={name: WEIGHTS[name] for name in dataset.targets})
    settings = SETTINGS.get(dataset.name, SETTINGS["blogs"])
    return Recipe(
        heads, entry=entry, config=config, data=data, data_options=dict(options), trim_padding=True, **settings
    )
