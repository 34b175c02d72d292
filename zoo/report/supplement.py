"""What the report of a task shows beside the usual: figures, tables for a terminal, a picture of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.table import Table


class Supplement(Protocol):
    """One part of a report. `name` is that of its figures in `scores.json`."""

    @property
    def name(self) -> str: ...

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""

    def tables(self) -> "list[Table]":
        """For a terminal, each at most 100 columns wide."""

    def save(self, folder: Path) -> list[Path]:
        """Write its picture into the folder of the report, whole or not at all."""
