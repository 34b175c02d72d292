"""What became of every weight when a file was loaded."""

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

_REPORTS: "weakref.WeakKeyDictionary[Any, LoadReport]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class LoadReport:
    """Addresses, "layer/role". Of the model: `matched`, read from the file as they are; `inflated`, read and made for
    another number of channels; `reinitialised`, left with initial values. Of the file: `unused`, left aside.

    reasons  address of the last two -> why.
    notes    what else should be known of the match.
    layout   the kind of file, in words.
    """

    matched: tuple[str, ...]
    reinitialised: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    inflated: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    layout: str = ""

    def __str__(self) -> str:
        lines = [f"{len(self.matched)} weights matched" + (f", from {self.layout}" if self.layout else "")]
        for title, addresses in (
            ("inflated", self.inflated),
            ("re-initialised", self.reinitialised),
            ("unused", self.unused),
        ):
            for address in addresses:
                reason = self.reasons.get(address)
                lines.append(f"{title}: {address}" + (f" ({reason})" if reason else ""))
        return "\n".join([*lines, *self.notes])


def keep_report(model: "keras.Model", report: LoadReport) -> LoadReport:
    """Remember the report for as long as the model lives."""
    _REPORTS[model] = report
    return report


def load_report(model: "keras.Model") -> LoadReport | None:
    """What became of every weight when weights were last loaded into `model`; None if none were."""
    return _REPORTS.get(model)
