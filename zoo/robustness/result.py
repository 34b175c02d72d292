"""What an attack found: accuracy against strength, and the sample where the prediction changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.files import write_json
from zoo.robustness.words import in_words

SHOWN = 50  # flips of a JSON file and of a page
HALF = 0.5
OWN_LABELS = "The labels are what the model predicted: no true ones were given."


@dataclass(frozen=True)
class Flip:
    """One sample whose prediction changes.

    strength       the least one tried that did it.
    before, after  (label, its probability).
    original, changed  pictures of pixels from 0 to 1, texts, or the columns that changed.
    """

    row: int
    strength: float
    label: str
    before: tuple[str, float]
    after: tuple[str, float]
    original: Any = field(repr=False)
    changed: Any = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        values = {} if hasattr(self.original, "shape") else {"original": self.original, "changed": self.changed}
        pairs = {name: {"label": pair[0], "probability": pair[1]}
                 for name, pair in (("before", self.before), ("after", self.after))}  # fmt: skip
        return {"row": self.row, "strength": self.strength, "label": self.label, **pairs, **values}


@dataclass(frozen=True)
class Attack:
    """accuracy  strength -> share of all samples that are still predicted as labelled; 0 is without an attack.

    unit     what a strength is, in words.
    flips    one a sample that was right and is not any more, the easiest first.
    kind     "picture", "text" or "row".
    notes    what one should know of how it was measured.
    colour   order of the channels of pictures, "rgb" or "bgr".
    """

    method: str
    unit: str
    output: str
    samples: int
    accuracy: Mapping[float, float]
    flips: Sequence[Flip]
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    colour: str = "rgb"

    @property
    def half(self) -> float | None:
        """The least strength tried that leaves less than half of the accuracy there was; None: none does."""
        clean = self.accuracy[0.0]
        return next((each for each, share in self.accuracy.items() if each and share < HALF * clean), None)

    def sentence(self) -> str:
        strongest = max(self.accuracy)
        clean, left = self.accuracy[0.0], self.accuracy[strongest]
        kinds = self.kind if self.samples == 1 else f"{self.kind}s"
        said = (
            f"{self.method} on {self.samples:,} {kinds}: accuracy {clean:.1%}, {left:.1%} at "
            f"{in_words(strongest, self.unit)}"
        )
        half = self.half
        return f"{said}; half of it is lost at {in_words(half, self.unit)}." if half else f"{said}."

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "unit": self.unit,
            "output": self.output,
            "samples": self.samples,
            "accuracy": [{"strength": each, "accuracy": share} for each, share in self.accuracy.items()],
            "settings": dict(self.settings),
            "flips": [each.to_json() for each in self.flips[:SHOWN]],
            "notes": list(self.notes),
        }

    def save(self, folder: Path | str) -> list[Path]:
        """Write robustness.json and robustness.png: the curve, and samples before and after. Needs matplotlib."""
        from zoo.robustness.picture import draw_attack

        folder = Path(folder)
        write_json(folder / "robustness.json", self.to_json())
        draw_attack(self, folder / "robustness.png")
        return [folder / "robustness.json", folder / "robustness.png"]
