"""What a recipe says beside its heads, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.costs import CostMatrix
from zoo.tasks.length import Length
from zoo.training import Imbalance


@dataclass(frozen=True)
class Settings:
    """How an entry is trained on one data set.

    config    options of the builder.
    training  fields of the `Recipe`: epochs, batch size, optimiser, refit, ...
    length    for data that the settings were not chosen on: what says epochs, batch size and patience by its rows.
    losses, weights, metrics, imbalance, costs  output -> what its head is given.
    pieces, bins  in how many parts of equal frequency every number of a table is cut, to enter once more as shares of
              its parts (`blocks.piecewise_linear`), or as the part that it lies in (`blocks.bin_indicators`); 0: not.
    shuffled_entities  groups of words that may stand for each other in texts and questions (see `Recipe`).
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    length: Length | None = None
    losses: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    imbalance: Mapping[str, Imbalance | str] = field(default_factory=dict)
    costs: Mapping[str, CostMatrix] = field(default_factory=dict)
    pieces: int = 0
    bins: int = 0
    shuffled_entities: tuple[tuple[str, ...], ...] = ()
