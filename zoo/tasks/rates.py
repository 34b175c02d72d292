"""The learning rate that suits an entry on a data set."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.tasks.verbs import prepare
from zoo.training import RateSearch, find_learning_rate
from zoo.training.fine_tuning.fine_tune import AUTO, PROBE, fine_tune_of
from zoo.training.fine_tuning.plan import FineTuningNotice


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
    that of the first, and a warning says where a training would solve that one instead. Raises a `ZooError` that names
    what does not fit.
    """
    plan = prepare(entry, data, seed=seed, weights=weights, data_options=data_options, **(changes or {}))
    tune = fine_tune_of(plan.recipe.fine_tune)
    if plan.based and tune is not None and tune.solve and (tune.stages == AUTO or tune.stages[0] == PROBE):
        warnings.warn(
            f"A training begins with {PROBE}, whose heads are solved where that is a convex problem and take no rate "
            "then; the rate of another stage is sought with fine_tune='last_stage' (--fine-tune last_stage).",
            FineTuningNotice,
            stacklevel=2,
        )
    return find_learning_rate(plan.build(), plan.dataset.train, plan.recipe, seed=seed, **options)
