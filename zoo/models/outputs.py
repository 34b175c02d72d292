"""One head an output, from plain data that a schema gives."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from blocks.heads import binary_head, classification_head, expected_value_head, regression_head, tags_head
from blocks.tabular import bounded_output
from zoo.errors import ConfigError, require_known

Outputs = Mapping[str, Mapping[str, Any]]

OPTIONS = {
    "regression": {"low", "high", "bins"},
    "classification": {"classes"},
    "binary": set[str](),
    "ordered": {"classes"},
    "tags": {"classes"},
    "heat_map": set[str](),
    "mask": {"classes"},
}
KINDS = ("regression", "classification", "binary", "ordered", "tags")  # of outputs that are made of one vector
PARTS = ("", "_scores", "_distribution")  # what follows an output's name in the names of its layers with weights
REGRESSION: Outputs = {"target": {"kind": "regression"}}
CLASSIFICATION: Outputs = {"target": {"kind": "classification", "classes": 2}}


def heads_of(
    x: keras.KerasTensor,
    outputs: Outputs,
    kinds: Sequence[str] = KINDS,
    *,
    scores: Mapping[str, keras.KerasTensor | None] | None = None,
) -> dict[str, keras.KerasTensor]:
    """(B, C) -> one head an output: {"kind": "regression"}, with "low" and "high" where its range is bounded, and
    "bins" where it is what a distribution over so many numbers expects;
    {"kind": "classification" (or "ordered", "tags"), "classes": n} or {"kind": "binary"}.

    `scores` of an output are added to its own before the activation.
    """
    require_outputs(outputs, kinds)
    return {name: _head(x, name, dict(options), (scores or {}).get(name)) for name, options in outputs.items()}


def require_outputs(outputs: Outputs, kinds: Sequence[str] = KINDS) -> None:
    """Raise `ConfigError` or `UnknownNameError` for outputs that no head can be made of."""
    if (
        not isinstance(outputs, Mapping)
        or not outputs
        or not all(isinstance(each, Mapping) for each in outputs.values())
    ):
        raise ConfigError(f"'outputs' must map names to kinds, as {REGRESSION}; received {outputs!r}.")
    for name, options in outputs.items():
        kind: Any = options.get("kind")
        require_known(f"kind of output '{name}'", kind, kinds)
        for option in options.keys() - {"kind"}:
            require_known(f"option of the {kind} output '{name}'", option, OPTIONS[kind])


def width_of(options: Mapping[str, Any]) -> int:
    """How many numbers the output of these options has."""
    return int(options.get("classes", 2)) if "classes" in OPTIONS[options["kind"]] else 1


def _head(
    x: keras.KerasTensor, name: str, options: dict[str, Any], scores: keras.KerasTensor | None
) -> keras.KerasTensor:
    kind = options.pop("kind")
    if kind in ("classification", "ordered"):
        return classification_head(x, options.get("classes", 2), scores=scores, name=name)
    if kind == "tags":
        return tags_head(x, options.get("classes", 2), scores=scores, name=name)
    if kind == "binary":
        return binary_head(x, scores=scores, name=name)
    if options and scores is not None:
        raise ConfigError(f"The output '{name}' has a range and scores of a bag of words: leave one of them out.")
    if options:
        low, high = (options.get(bound, math.nan) for bound in ("low", "high"))
        if "bins" in options:
            return expected_value_head(x, low, high, options["bins"], name=name)
        return bounded_output(x, low, high, name=name)
    return regression_head(x, scores=scores, name=name)
