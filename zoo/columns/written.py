"""How the texts of a file were written, kept beside the values read of them, so that a schema can learn it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

KEY = "zoo_written"  # of a frame's `attrs`, which pandas hands on to its parts and columns


@dataclass(frozen=True)
class Written:
    """formats: column of numbers -> an example as "1.234,56 EUR"; orders: column of dates -> "dmy"; missing: marks;
    numerals: columns of categories that were numbers, so that 1.5 may be 1.50."""

    formats: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    numerals: tuple[str, ...] = ()

    def note(self, values: Any) -> None:
        """Write it beside a frame."""
        values.attrs[KEY] = {**asdict(self), "missing": list(self.missing), "numerals": list(self.numerals)}


def written(values: Any) -> Written:
    """What stands beside a frame or one of its columns; nothing where it was not read of texts."""
    found = getattr(values, "attrs", {}).get(KEY) or {}
    texts = (tuple(found.get(name, ())) for name in ("missing", "numerals"))
    return Written(dict(found.get("formats", {})), dict(found.get("orders", {})), *texts)
