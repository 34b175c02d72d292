"""The learning rate that suits an entry on a data set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.tasks.verbs import prepare
from zoo.training import RateSearch, find_learning_rate


def find_rate(
    entry: str,
    data: str | Path,
    *,
    seed: int = 0,
    weights: str | Path | None = None,
    data_options: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    **options: Any,
) -> RateSearch:
    """Search on the training split of `data`, with the weights and recipe that `zoo.train` would begin with.

    `weights`, `data_options` and `changes` (fields of the `Recipe`, as `fine_tune="last_stage"`) are those of
    `zoo.train`; `options` those of `find_learning_rate`: lowest, highest, steps. Of a training in stages the rate is
    that of the first. Raises a `ZooError` that names what does not fit.
    """
    plan = prepare(entry, data, seed=seed, weights=weights, data_options=data_options, **(changes or {}))
    return find_learning_rate(plan.build(), plan.dataset.train, plan.recipe, seed=seed, **options)
