"""What every data set gives: three splits, what the targets mean, and where it all comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.datasets.tokeniser import Tokeniser
from zoo.samples import Samples, Target

if TYPE_CHECKING:
    from zoo.datasets.poems import Characters
    from zoo.tables import Schema


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test samples of one source; no person stands in two of them.

    targets    output name -> what it predicts, in the order in which outputs are shown.
    characters the vocabulary of a corpus of poems, likewise. None for others.
    tokeniser  how texts became integers; saved beside every model trained on the data. None for tables.
    schema     how the columns of a table became arrays, likewise. None for texts.
    limits     output name -> metric -> the best score possible on `test` (Bayes limit), where it is known,
               with "<metric>_standard_error" beside it.
    card       source, licence, seed, sizes: plain JSON values.
    """

    name: str
    train: Samples
    validation: Samples
    test: Samples
    targets: Mapping[str, Target]
    tokeniser: Tokeniser | None = None
    schema: "Schema | None" = None
    characters: "Characters | None" = None
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
