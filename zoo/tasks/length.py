"""How long a training lasts: a number of steps that suits any data, from which the rows say epochs and batch size."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALLEST = 16  # samples of a batch, for small data


@dataclass(frozen=True)
class Length:
    """The length of a training on data of any size. A few hundred rows need as many steps as a few thousand.

    steps       that a training has at least, unless `epochs` allows fewer.
    epochs      the fewest and the most: large data is seen a few times, small data not without end.
    batch_size  the smallest and the largest; between them a power of two, of which an epoch has about `batches`.
    patience    share of the epochs without a better one after which a training stops; the best epoch is kept.
    """

    steps: int
    epochs: tuple[int, int]
    batch_size: tuple[int, int]
    batches: int = 50
    patience: float = 0.3

    @classmethod
    def like(cls, training: Mapping[str, Any], rows: int) -> "Length":
        """As long as a `training` that was chosen on so many rows: in steps on less data, in epochs on more."""
        epochs, size = training["epochs"], training["batch_size"]
        return cls(epochs * rows // size, (epochs, 6 * epochs), (min(SMALLEST, size), size))

    def training(self, rows: int, chosen: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Fields of a `Recipe` for so many training rows; what the user has `chosen` of them stays as it is.

        Whoever names the epochs gets them all, unless a patience is named too; as does who trains on validation rows.

        >>> Length(2_000, (8, 100), (16, 256)).training(343)
        {'batch_size': 16, 'epochs': 94, 'patience': 28}
        >>> Length(2_000, (8, 100), (16, 256)).training(700_000)
        {'batch_size': 256, 'epochs': 8, 'patience': 3}
        >>> Length(2_000, (8, 100), (16, 256)).training(343, {"epochs": 5})
        {'batch_size': 16, 'epochs': 5, 'patience': None}
        """
        given = chosen or {}
        size = given.get("batch_size") or self._batch_size(rows)
        fewest, most = self.epochs
        epochs = given.get("epochs") or min(max(-(-self.steps * size // max(rows, 1)), fewest), most)
        patience = None if "epochs" in given or given.get("refit") else max(round(self.patience * epochs), 3)
        return {"batch_size": size, "epochs": epochs, "patience": patience}

    def _batch_size(self, rows: int) -> int:
        smallest, largest = self.batch_size
        return min(max(1 << (max(rows // self.batches, 1).bit_length() - 1), smallest), largest)
