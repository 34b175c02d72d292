"""What an explanation is: values on what was given, what they explain and how, and how it is shown and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import require_known
from zoo.explain.regions import region
from zoo.explain.subject import ARRAY, PICTURE, SENSES, TABLE, TEXT
from zoo.files import write_json
from zoo.records import plain

FORMATS = (".png", ".svg", ".json")
TOP = 3  # parts that a sentence names
SHADES = " ░▒▓█"
ACROSS = 32  # characters of a map in a terminal
BAR = 24
OF, PROBABILITY = "of", "probability"  # the setting of a gradient that is not one of a logit
FORMAT, VERSION = "keras-functional-zoo explanation", 1


@dataclass(frozen=True)
class Explanation:
    """Why a model says what it says of one sample.

    method        as `zoo.explain` was told, "grad-cam".
    sense         "picture", "text", "table", "array" or "senses".
    name          the explained input or column.
    output, label  what is explained; label is "" for a number.
    score         what the model says: the label's probability, or the number in its own units.
    values        (H, W) of a picture; (n,) of words, sentences, columns or senses; of an array its shape. Above 0
                  speaks for the label, or raises the number; below 0 against it, where `signed`.
    parts         the words, columns or senses, in the order of `values`.
    shown         pixels (H, W, C) uint8 of a picture; column -> value of a table.
    settings      of the method: layer, window, steps, ...; of="probability" where gradients are those of the
                  probability, as its logit cannot be had.
    faithfulness  what was measured of it (see `zoo.explain.checks`): "completeness_gap", "deletion", ...
    probability   whether the label's score is one: False of an output without a softmax or sigmoid.
    """

    method: str
    sense: str
    name: str
    output: str
    label: str
    score: float
    values: np.ndarray
    signed: bool
    parts: Sequence[str] = ()
    shown: Any = None
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    faithfulness: Mapping[str, float] = field(default_factory=dict)
    probability: bool = True

    @property
    def summary(self) -> str:
        """One sentence: what the model says, and what of the sample says so."""
        said = f"{self.model} gives '{self.output}' {self._answer}"
        if self.sense == PICTURE:
            return f"{said}, {self._places} ({self._way})."
        if self.sense == ARRAY:
            place = np.unravel_index(int(np.argmax(np.abs(self.values))), self.values.shape)
            return f"{said}; most by '{self.name}' at {', '.join(map(str, place))} ({self._way})."
        return f"{said}; {self._reasons} ({self._way})."

    @property
    def _way(self) -> str:
        return f"{self.method} of the probability, not its logit" if self.settings.get(OF) else self.method

    @property
    def _answer(self) -> str:
        return f"= '{self.label}' with {self.score_text}" if self.label else f"= {self.score_text}"

    @property
    def score_text(self) -> str:
        """A probability in percent, any other number with four digits."""
        return f"{self.score:.1%}" if self.label and self.probability else f"{self.score:.4g}"

    @property
    def _places(self) -> str:
        positive = np.maximum(self.values, 0)
        if not positive.any():
            return "and nothing in the picture speaks for it"
        order = np.sort(positive.reshape(-1))[::-1]
        share = (int(np.searchsorted(np.cumsum(order), positive.sum() / 2)) + 1) / order.size
        return f"half of it by {share:.0%} of the picture, {region(positive)}"

    @property
    def _reasons(self) -> str:
        order = np.argsort(-np.abs(self.values))[:TOP]
        if not np.abs(self.values).any():
            return "nothing that was left out changes it"
        ways = {
            "for": [row for row in order if self.values[row] > 0],
            "against": [r for r in order if self.values[r] < 0],
        }
        words = {"for": "for it", "against": "against it"} if self.label else {"for": "raised", "against": "lowered"}
        joined = [f"{words[way]} {'by ' if not self.label else ''}" + ", ".join(f"'{self.part(row)}'" for row in rows)
                  for way, rows in ways.items() if rows]  # fmt: skip
        return "; ".join(joined)

    def part(self, row: int) -> str:
        part = " ".join(self.parts[row].split())
        part = part if len(part) <= 60 else f"{part[:57]}..."
        return f"{part} = {_cell(self.shown[part])}" if self.sense == TABLE and part in (self.shown or {}) else part

    def __str__(self) -> str:
        return "\n".join([*self.lines(), self.summary])

    def lines(self) -> list[str]:
        """The drawing for a terminal: a map of shades, or a bar for each part."""
        if self.sense == PICTURE:
            return _shaded(self.values)
        if self.sense == ARRAY:
            flat = self.values if self.values.ndim > 1 else self.values[None]
            return _shaded(flat.reshape(flat.shape[0], -1))
        order = range(len(self.values)) if self.sense == TEXT else np.argsort(-np.abs(self.values))
        most = float(np.abs(self.values).max()) or 1.0
        names = [self.part(int(row)) for row in order]
        wide = max(map(len, names))
        return [_bar(name.ljust(wide), float(self.values[row]), most) for name, row in zip(names, order, strict=True)]

    def save(self, path: Path | str) -> Path:
        """Write a picture (.png, .svg), or all values (.json)."""
        path = Path(path)
        require_known("format of an explanation", path.suffix.lower(), FORMATS)
        if path.suffix.lower() == ".json":
            write_json(path, self.to_json())
        else:
            from zoo.explain.drawing import write_explanation

            write_explanation(self, path)
        return path

    def to_json(self) -> dict[str, Any]:
        """Plain values; pixels are left out."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "model": self.model,
            "method": self.method,
            "sense": self.sense,
            "name": self.name,
            "output": self.output,
            "label": self.label,
            "score": self.score,
            "summary": self.summary,
            "signed": self.signed,
            "parts": list(self.parts),
            "values": plain(np.asarray(self.values, np.float64)),
            "settings": plain(dict(self.settings)),
            "faithfulness": plain(dict(self.faithfulness)),
        }


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float | np.floating) else str(value)


def _bar(name: str, value: float, most: float) -> str:
    length = round(BAR * abs(value) / most)
    return f"{name}  {value:+.4f}  {('█' if value > 0 else '▒') * length}".rstrip()


def _shaded(values: np.ndarray) -> list[str]:
    """(H, W) as rows of shades, what speaks against a label left blank."""
    positive = np.maximum(values, 0) if (values > 0).any() else np.abs(values)
    height, width = positive.shape
    across = min(ACROSS, width)
    down = max(1, min(height, round(across * height / width / 2)))
    rows = np.linspace(0, height, down + 1).astype(int)
    columns = np.linspace(0, width, across + 1).astype(int)
    cells = np.add.reduceat(np.add.reduceat(positive, rows[:-1], axis=0), columns[:-1], axis=1)
    cells = cells / np.outer(np.diff(rows), np.diff(columns))
    level = np.ceil(cells / (cells.max() or 1) * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[each] for each in row) for row in level]


__all__ = ["ARRAY", "PICTURE", "SENSES", "TABLE", "TEXT", "Explanation"]
