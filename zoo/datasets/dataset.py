"""What every data set gives: three splits, what the targets mean, and where it all comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.columns import Schema
from zoo.samples import Samples, Target

if TYPE_CHECKING:
    from zoo.datasets.table import Table


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test samples of one source; no person stands in two of them.

    targets    output name -> what it predicts, in the order in which outputs are shown.
    schema     how rows became arrays; saved beside every model trained on the data.
    limits     output name -> metric -> the best score possible on `test` (Bayes limit), where it is known,
               with "<metric>_standard_error" beside it.
    card       source, licence, seed, sizes: plain JSON values.
    table      the rows themselves, from which another schema makes other arrays.
    """

    name: str
    train: Samples
    validation: Samples
    test: Samples
    targets: Mapping[str, Target]
    schema: Schema
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    table: "Table | None" = field(default=None, repr=False)
