"""What the models of tables share: inputs for raw columns, and heads, from plain data that a schema gives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from blocks.checks import require_integer
from blocks.fusion import fuse
from blocks.heads import binary_head, classification_head, regression_head
from blocks.tabular import UNSEEN, bounded_output, impute_and_scale, missing_flags, one_hot
from zoo.errors import ConfigError, is_number, require_known

Numbers = int | Mapping[str, Sequence[float]]
Outputs = Mapping[str, Mapping[str, Any]]

NUMBERS = "numbers"  # the input of all numbers
STATISTICS = ("medians", "shifts", "factors", "flags")
OPTIONS = {"regression": {"low", "high"}, "classification": {"classes"}, "binary": set[str]()}
REGRESSION: Outputs = {"target": {"kind": "regression"}}
CLASSIFICATION: Outputs = {"target": {"kind": "classification", "classes": 2}}


@dataclass(frozen=True)
class TableInputs:
    """`inputs` of the model; `numbers` (B, k), scaled, and `flags` (B, k) of what is missing, or None; `ids` (B,) of
    each category, with their number in `sizes`."""

    inputs: list[keras.KerasTensor]
    numbers: keras.KerasTensor | None
    flags: keras.KerasTensor | None
    ids: Mapping[str, keras.KerasTensor]
    sizes: Mapping[str, int]

    def one_hot_features(self) -> keras.KerasTensor:
        """(B, C): numbers, flags and a 1 for each category's value."""
        hot = [one_hot(ids, self.sizes[name], name=f"{name}_one_hot") for name, ids in self.ids.items()]
        return side_by_side([self.numbers, self.flags, *hot])


def table_inputs(
    numbers: Numbers, categories: Mapping[str, int] | None, complete: Sequence[str], flags: bool
) -> TableInputs:
    """Inputs for the columns of a table.

    numbers     how many there are, taken as they come (0 for a missing one), or lists of one value a column: their
                `medians`, `shifts` and `factors`, for scaled = (number - shift) * factor, and `flags`, 1 where training
                had missing ones.
    categories  input -> number of ids, those of "missing" (0) and "never seen" (1) too.
    complete    categories that no training row lacked: their absence is taken for a value never seen.
    flags       whether there is a flag of what is missing beside each number.
    """
    statistics = _statistics(numbers)
    width = len(statistics["medians"])
    categories = {} if categories is None else categories
    if not isinstance(categories, Mapping):
        raise ConfigError(f"'categories' must map inputs to their number of ids; received {categories!r}.")
    if not width and not categories:
        raise ConfigError("A table needs a number or a category to predict from.")
    for name in complete:
        require_known("category of 'complete'", name, categories)
    inputs, scaled, missing = [], None, None
    if width:
        x = keras.Input((width,), name=NUMBERS)
        inputs.append(x)
        affine = {key: statistics[key] for key in ("medians", "shifts", "factors")}
        scaled = impute_and_scale(x, **affine, name=f"{NUMBERS}_scaled")
        missing = missing_flags(x, known=statistics["flags"], name=f"{NUMBERS}_missing") if flags else None
    ids = {}
    for name, size in categories.items():
        require_integer(f"number of ids of {name}", size, least=2)
        given = keras.Input((), dtype="int32", name=name)
        inputs.append(given)
        ids[name] = ops.maximum(given, UNSEEN) if name in complete else given
    inputs.sort(key=lambda tensor: tensor.name)  # the order in which Keras takes a dict of symbolic inputs
    return TableInputs(inputs, scaled, missing, ids, dict(categories))


def table_outputs(
    x: keras.KerasTensor, outputs: Outputs, kinds: Sequence[str] = tuple(OPTIONS)
) -> dict[str, keras.KerasTensor]:
    """(B, C) -> one head an output: {"kind": "regression"}, with "low" and "high" where its range is bounded,
    {"kind": "classification", "classes": n} or {"kind": "binary"}."""
    if (
        not isinstance(outputs, Mapping)
        or not outputs
        or not all(isinstance(each, Mapping) for each in outputs.values())
    ):
        raise ConfigError(f"'outputs' must map names to kinds, as {REGRESSION}; received {outputs!r}.")
    return {name: _head(x, name, dict(options), kinds) for name, options in outputs.items()}


def side_by_side(parts: Sequence[keras.KerasTensor | None]) -> keras.KerasTensor:
    """The parts that there are, as one vector for each sample."""
    there = [part for part in parts if part is not None]
    return fuse(there, name="features") if len(there) > 1 else there[0]


def _head(x: keras.KerasTensor, name: str, options: dict[str, Any], kinds: Sequence[str]) -> keras.KerasTensor:
    kind: Any = options.pop("kind", None)
    require_known(f"kind of output '{name}'", kind, kinds)
    for option in options:
        require_known(f"option of the {kind} output '{name}'", option, OPTIONS[kind])
    if kind == "classification":
        return classification_head(x, options.get("classes", 2), name=name)
    if kind == "binary":
        return binary_head(x, name=name)
    if options:
        low, high = (options.get(bound, math.nan) for bound in ("low", "high"))
        return bounded_output(x, low, high, name=name)
    return regression_head(x, name=name)


def _statistics(numbers: Numbers) -> dict[str, list[float]]:
    """One list a statistic, all of the same length."""
    if not isinstance(numbers, Mapping):
        count = require_integer(NUMBERS, numbers, least=0)
        return {key: [float(key in ("factors", "flags"))] * count for key in STATISTICS}
    for key in numbers:
        require_known(f"statistic of '{NUMBERS}'", key, STATISTICS)
    found = {key: list(numbers.get(key, ())) for key in STATISTICS}
    lengths = {key: len(values) for key, values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ConfigError(f"'{NUMBERS}' must have one value a column in each list; received {lengths} values.")
    for key, values in found.items():
        if not all(is_number(value) for value in values):
            raise ConfigError(f"'{key}' of '{NUMBERS}' must be finite numbers; received {values}.")
    return found
