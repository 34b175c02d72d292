"""From which probability on a label, a tag or a structure is given."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zoo.errors import ConfigError, is_number, require_known

if TYPE_CHECKING:
    from zoo.pipeline.pipeline import Pipeline

# kind of output that a threshold decides -> from which probability on it gives its label, tag or structure, unless
# `thresholds` says otherwise; the scores of structures are no probabilities
THRESHOLDS = {"binary": 0.5, "tags": 0.5, "heat_map": 0.3}


def require_thresholds(thresholds: Mapping[str, Any], targets: Mapping[str, Any], costs: Collection[str]) -> None:
    """Raise unless each is a number from 0 to 1 of an output that a threshold decides, and that `costs` do not decide.

    Scores of structures are no probabilities: their costs choose a threshold on validation volumes, which is kept too.
    """
    decided = [name for name, target in targets.items() if target.kind in THRESHOLDS]
    for name, threshold in thresholds.items():
        if name in costs and targets[name].kind != "heat_map":
            raise ConfigError(f"'{name}' is decided twice: by 'costs' and by 'thresholds'.")
        require_known("binary output of 'thresholds'", name, decided)
        if not is_number(threshold) or not 0 <= threshold <= 1:
            raise ConfigError(f"The threshold of '{name}' must be a number from 0 to 1; received {threshold!r}.")


def with_threshold(pipeline: "Pipeline", threshold: float) -> "Pipeline":
    """The same pipeline, whose outputs that a threshold decides are decided by this one, and not by costs.

    Raises `ConfigError` where it has no such output.
    """
    targets = pipeline.schema.targets
    decided = [name for name, target in targets.items() if target.kind in THRESHOLDS]
    if not decided:
        raise ConfigError(
            f"A threshold decides two labels, tags or structures; the model predicts "
            f"{', '.join(f'{name} ({target.kind})' for name, target in targets.items())}."
        )
    others = {name: costs for name, costs in pipeline.costs.items() if name not in decided}
    kept = {name: costs for name, costs in pipeline.costs.items() if targets[name].kind == "heat_map"}
    return replace(pipeline, thresholds=dict.fromkeys(decided, threshold), costs={**others, **kept})
