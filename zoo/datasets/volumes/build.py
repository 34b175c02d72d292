"""What all data sets of volumes have: the column, the model's input, and the options of the column."""

from collections.abc import Mapping, Sequence
from typing import Any

VOLUME = "volume"  # the kind, the column of a folder's volumes, and the model's input


def volume_columns(
    options: Mapping[str, Any] | None, *, column: str = VOLUME, ignore: Sequence[str] = ()
) -> dict[str, Any]:
    """What `Schema.fit` is told of the columns; the options are those of `VolumeColumn.fit`; None is none."""
    given = {name: value for name, value in (options or {}).items() if value is not None}
    return {
        "types": {column: VOLUME},
        "options": {column: given},
        "inputs": {column: VOLUME},
        "ignore": tuple(ignore),
    }
