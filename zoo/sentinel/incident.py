"""What the sentinel found: one sentence for people, fields for programs, and the batch in a file."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from zoo.files import atomic_path
from zoo.sentinel.data import DataFault
from zoo.sentinel.diagnosis import StepFault

ON_NONFINITE = ("stop", "skip", "lower_rate")  # what may be done


@dataclass(frozen=True)
class Incident:
    """One fault in a training, and what was done about it.

    epoch, batch   from 1, as Keras counts them on the screen.
    kind           "input", "target" or "sample weight" (in the data); "layer", "loss", "gradient", "update", "weights",
                   "outside" (in the step, see `StepFault`).
    name           of the input, output, layer or weight.
    row, place     of the batch and within a row, from 0; None and () where the fault is not in one number.
    value          the number itself: NaN, infinite, or a token beyond the embedding.
    low, high      range of the finite numbers beside it, or of what went into the layer.
    column         name of the column, where columns have names.
    action         what was done.
    file           the batch, as .npz, where a folder was given.
    """

    epoch: int
    batch: int
    kind: str
    name: str
    row: int | None = None
    place: tuple[int, ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    allowed: int | None = None
    column: str | None = None
    action: str = ""
    file: Path | None = None

    @classmethod
    def of(cls, fault: DataFault | StepFault, epoch: int, batch: int) -> "Incident":
        """A fault in its place in the training."""
        facts = {each.name: getattr(fault, each.name) for each in fields(fault)}
        return cls(epoch, batch, facts.pop("part", None) or facts.pop("kind"), **facts)

    def __str__(self) -> str:
        saved = f" The batch is in '{self.file}'." if self.file else ""
        return f"Epoch {self.epoch}, batch {self.batch}: {self.what()}. {self.action}{saved}"

    def what(self) -> str:
        """The fault, without when it was found and what was done."""
        number = _said(self.value)
        where = "" if self.row is None else f" in row {self.row}"
        span = "" if self.low is None else f" between {self.low:.4g} and {self.high:.4g}"
        if self.kind in ("input", "target", "sample weight"):
            part = self.kind if self.kind == self.name else f"{self.kind} '{self.name}'"
            place = f", column '{self.column}'" if self.column else _place(self.place)
            if self.allowed is not None:
                return (
                    f"{part} holds {number}{where}{place}, and its embedding knows 0 to {self.allowed}; mend the data"
                )
            return f"{part} holds {number}{where}{place} (its finite numbers lie{span or ' nowhere'}); mend the data"
        return {
            "weights": f"the weights of '{self.name}' held {number} before the batch; look at where they come from",
            "layer": f"layer '{self.name}' gave {number}{where} from numbers{span}; scale or clip what goes into it,"
            " or lower the learning rate if its weights have grown",
            "loss": f"the loss{f' of output {self.name!r}' if self.name else ''} became {number} from finite outputs;"
            " look at its formula and at the targets",
            "gradient": f"the gradient of '{self.name}' became {number} from numbers{span};"
            " keep what goes into it away from points without a slope, or clip",
            "update": f"the new value of weight '{self.name}' is not finite (before it lay{span or ' nowhere'}), though"
            " outputs, loss and gradients are; lower the learning rate or clip the gradients",
            "outside": f"weight '{self.name}' was overwritten with {number} between the steps, not by the training;"
            " look at the callbacks",
        }[self.kind]

    def to_json(self) -> dict[str, Any]:
        """Plain values; NaN and Inf as text, which JSON does not have."""
        plain = asdict(self) | {"file": str(self.file) if self.file else None, "place": list(self.place)}
        return plain | {"value": self.value if self.value is None or math.isfinite(self.value) else _said(self.value)}


def column_name(columns: Mapping[str, Sequence[str]], name: str, place: tuple[int, ...]) -> str | None:
    """The name of the column at `place` of an input (B, columns)."""
    names = columns.get(name, ())
    return names[place[0]] if len(place) == 1 and place[0] < len(names) else None


def save_batch(folder: Path, incident: Incident, arrays: Mapping[str, np.ndarray | None]) -> Path:
    """Write the batch and the incident (JSON) to a file in `folder`; its name says epoch and batch."""
    path = folder / f"incident_epoch{incident.epoch:03d}_batch{incident.batch:06d}.npz"
    contents: dict[str, Any] = {name: each for name, each in arrays.items() if each is not None}
    contents["incident"] = np.frombuffer(json.dumps(incident.to_json()).encode(), dtype=np.uint8)
    with atomic_path(path) as scratch, open(scratch, "wb") as file:
        np.savez(file, **contents)
    return path


def _said(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "NaN"
    return ("Inf" if value > 0 else "-Inf") if math.isinf(value) else f"{value:g}"


def _place(place: tuple[int, ...]) -> str:
    if len(place) == 1:
        return f", column {place[0]}"
    return f", position {list(place)}" if place else ""
