"""What the models of tables share: inputs for raw columns, and heads, from plain data that a schema gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from blocks.checks import require_integer
from blocks.fusion import fuse
from blocks.tabular import (
    UNSEEN,
    bin_indicators,
    impute_and_scale,
    missing_flags,
    one_hot,
    piecewise_linear,
)
from zoo.errors import ConfigError, is_number, require_known

Numbers = int | Mapping[str, Sequence[float]]

NUMBERS = "numbers"  # the input of all numbers
STATISTICS = ("medians", "shifts", "factors", "flags")
PIECES, BINS = "pieces", "bins"  # edges of each column
FARTHEST = 5.0  # deviations from which an outlier among binned numbers counts as no farther


@dataclass(frozen=True)
class TableInputs:
    """`inputs` of the model; `numbers` (B, k), scaled, `flags` (B, k) of what is missing and `bins` (B, b) of the
    numbers, or None; `ids` (B,) of each category, with their number in `sizes`."""

    inputs: list[keras.KerasTensor]
    numbers: keras.KerasTensor | None
    flags: keras.KerasTensor | None
    bins: keras.KerasTensor | None
    ids: Mapping[str, keras.KerasTensor]
    sizes: Mapping[str, int]

    def one_hot_features(self, *, name: str = "features") -> keras.KerasTensor:
        """(B, C): numbers, flags, bins and a 1 for each category's value."""
        hot = [one_hot(ids, self.sizes[name], name=f"{name}_one_hot") for name, ids in self.ids.items()]
        return side_by_side([self.numbers, self.flags, self.bins, *hot], name=name)


def table_inputs(
    numbers: Numbers, categories: Mapping[str, int] | None, complete: Sequence[str], flags: bool
) -> TableInputs:
    """Inputs for the columns of a table.

    numbers     how many there are, taken as they come (0 for a missing one), or lists of one value a column: their
                `medians`, `shifts` and `factors`, for scaled = (number - shift) * factor, and `flags`, 1 where training
                had missing ones. With edges for each column in `pieces`, they also enter as `piecewise_linear` makes
                them, in `bins` as `bin_indicators` does.
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
    inputs, scaled, missing, bins = [], None, None, None
    if width:
        x = keras.Input((width,), name=NUMBERS)
        inputs.append(x)
        affine = {key: statistics[key] for key in ("medians", "shifts", "factors")}
        scaled = impute_and_scale(x, **affine, name=f"{NUMBERS}_scaled")
        missing = missing_flags(x, known=statistics["flags"], name=f"{NUMBERS}_missing") if flags else None
        bins = _bins(x, statistics)
        if bins is not None:  # they tell outliers apart, which must not drown the rest
            scaled = ops.clip(scaled, -FARTHEST, FARTHEST)
    ids = {}
    for name, size in categories.items():
        require_integer(f"number of ids of {name}", size, least=2)
        given = keras.Input((), dtype="int32", name=name)
        inputs.append(given)
        ids[name] = ops.maximum(given, UNSEEN) if name in complete else given
    inputs.sort(key=lambda tensor: tensor.name)  # the order in which Keras takes a dict of symbolic inputs
    return TableInputs(inputs, scaled, missing, bins, ids, dict(categories))


def side_by_side(parts: Sequence[keras.KerasTensor | None], *, name: str = "features") -> keras.KerasTensor:
    """The parts that there are, as one vector for each sample."""
    there = [part for part in parts if part is not None]
    return fuse(there, name=name) if len(there) > 1 else there[0]


def _bins(x: keras.KerasTensor, statistics: Mapping[str, list[Any]]) -> keras.KerasTensor | None:
    """(B, k) raw numbers -> (B, b), or None where no column has edges."""
    parts = []
    if any(statistics[PIECES]):
        neutral = {"shifts": [0.0] * x.shape[-1], "factors": [1.0] * x.shape[-1]}
        filled = impute_and_scale(x, medians=statistics["medians"], **neutral, name=f"{NUMBERS}_filled")
        parts.append(piecewise_linear(filled, statistics[PIECES], name=f"{NUMBERS}_pieces"))
    if any(statistics[BINS]):
        parts.append(bin_indicators(x, statistics[BINS], name=f"{NUMBERS}_bins"))
    return side_by_side(parts, name=f"{NUMBERS}_binned") if parts else None


def _statistics(numbers: Numbers) -> dict[str, list[Any]]:
    """One list a statistic, all of the same length."""
    if not isinstance(numbers, Mapping):
        count = require_integer(NUMBERS, numbers, least=0)
        return {key: [float(key in ("factors", "flags"))] * count for key in STATISTICS} | {
            key: [[]] * count for key in (PIECES, BINS)
        }
    for key in numbers:
        require_known(f"statistic of '{NUMBERS}'", key, (*STATISTICS, PIECES, BINS))
    found: dict[str, list[Any]] = {key: list(numbers.get(key, ())) for key in STATISTICS}
    none: list[list[float]] = [[] for _ in found["medians"]]
    for key in (PIECES, BINS):
        edges = [list(each) for each in dict[str, Any](numbers).get(key, none)]
        found[key] = [each if len(each) > 1 else [] for each in edges]
    lengths = {key: len(values) for key, values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ConfigError(f"'{NUMBERS}' must have one value a column in each list; received {lengths} values.")
    for key in STATISTICS:
        if not all(is_number(value) for value in found[key]):
            raise ConfigError(f"'{key}' of '{NUMBERS}' must be finite numbers; received {found[key]}.")
    return found
