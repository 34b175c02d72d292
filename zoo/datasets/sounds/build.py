"""What all data sets of sounds have: the column, the model's input, and the options of the front end."""

from collections.abc import Mapping, Sequence
from typing import Any

SOUND = "sound"  # the kind, the column of a folder's sounds, and the model's input
FrontEndOptions = Mapping[str, Any] | None


def sound_columns(
    front_end: Mapping[str, Any], *, column: str = SOUND, ignore: Sequence[str] = (), seconds: float | None = None
) -> dict[str, Any]:
    """What `Schema.fit` is told of the columns; the options are those of `SoundColumn.fit`."""
    options = {"front_end": dict(front_end), **({} if seconds is None else {"seconds": seconds})}
    return {
        "types": {column: SOUND},
        "options": {column: options},
        "inputs": {column: SOUND},
        "ignore": tuple(ignore),
    }
