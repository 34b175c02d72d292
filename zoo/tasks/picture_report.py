"""What the report of a training on pictures shows beside the usual: pictures.png, and "pictures" in scores.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.datasets.dataset import Dataset
from zoo.datasets.pictures.lookalikes import NEARLY_THE_SAME, Lookalike, lookalikes
from zoo.drawing.picture_grid import as_bytes
from zoo.lazy_array import LazyArray
from zoo.report.examples import Confused, Example, confused_pairs, examples
from zoo.report.report import Report
from zoo.samples import EXCLUSIVE, Samples
from zoo.tasks.picture_groups import looks_of

if TYPE_CHECKING:
    from rich.table import Table

WORST, BEST = 16, 8  # pictures of an output
PAIRS = 12  # of confused classes
LOOKALIKES = 8  # pairs that are shown
LARGEST = 160  # pixels a side of a thumbnail
OTHERS = ("train", "validation")  # splits that no test picture should stand in


@dataclass(frozen=True)
class OutputPart:
    """Of one output: which classes are taken for each other, and the pictures that were predicted worst and best."""

    confused: Sequence[Confused]
    worst: Sequence[Example]
    best: Sequence[Example]


@dataclass(frozen=True)
class Pair:
    """A test picture and one of another split that looks alike."""

    found: Lookalike
    split: str


@dataclass(frozen=True)
class PictureReport:
    """thumbnails  (split, row) -> (H, W, C) bytes, as the model sees them before they are normalised.
    names         (split, row) -> the file, or the number, of a picture that is shown.
    compared      test pictures that were compared with those of the other splits; 0 where that cannot be done.
    """

    name: ClassVar[str] = "pictures"
    report: Report
    outputs: Mapping[str, OutputPart]
    pairs: Sequence[Pair]
    compared: int
    thumbnails: Mapping[tuple[str, int], np.ndarray]
    names: Mapping[tuple[str, int], str]

    def to_json(self) -> dict[str, Any]:
        def example(each: Example) -> dict[str, Any]:
            return {"picture": self.names[("test", each.row)], **each.to_json()}

        found = {
            name: {
                "most_confused": [each.to_json() for each in part.confused],
                "worst": [example(each) for each in part.worst],
                "best": [example(each) for each in part.best],
            }
            for name, part in self.outputs.items()
        }
        shown = [
            {
                "test": self.names[("test", each.found.row)],
                each.split: self.names[(each.split, each.found.other)],
                "correlation": round(each.found.correlation, 4),
                "copy": each.found.copy,
            }
            for each in self.closest
        ]
        alike = {"compared": self.compared, "alike": len(self.pairs), "copies": self.copies, "pairs": shown}
        return {"outputs": found, "lookalikes": alike}

    @property
    def closest(self) -> Sequence[Pair]:
        """The pairs that are shown."""
        return self.pairs[:LOOKALIKES]

    @property
    def copies(self) -> int:
        return sum(each.found.copy for each in self.pairs)

    def said(self) -> list[str]:
        """Sentences on pictures of the test split that stand in another one too, nearly."""
        if not self.compared:
            return []
        if not self.pairs:
            return [f"None of {self.compared:,} test pictures looks like one of another split."]
        nearly = sum(each.found.copy or each.found.correlation >= NEARLY_THE_SAME for each in self.pairs)
        how = (
            f"{nearly:,} of them nearly the same, {self.copies:,} copies" if nearly else "none of them nearly the same"
        )
        return [
            f"{len(self.pairs):,} of {self.compared:,} test pictures look like one of another split, {how}; "
            "pictures.png shows the closest."
        ]

    def tables(self) -> "list[Table]":
        from zoo.tasks.picture_tables import picture_tables

        return picture_tables(self)

    def save(self, folder: Path) -> list[Path]:
        from zoo.tasks.picture_page import draw_page

        draw_page(self, folder / "pictures.png")
        return [folder / "pictures.png"]


def picture_report(report: Report, dataset: Dataset) -> PictureReport:
    """The pages of a report on pictures, which shows what the predictions of the test split are like."""
    outputs = {}
    for name, target in report.targets.items():
        labels, predicted = report.labels[name], report.predictions[name]
        if labels.ndim != 1:
            continue
        classes = target.kind in (*EXCLUSIVE, "binary")
        pairs = confused_pairs(labels, predicted, target.labels, most=PAIRS) if classes else []
        outputs[name] = OutputPart(pairs, *examples(labels, predicted, target, worst=WORST, best=BEST))
    pairs_alike, compared = _lookalikes(dataset)
    wanted = {("test", each.row) for part in outputs.values() for each in (*part.worst, *part.best)}
    for pair in pairs_alike[:LOOKALIKES]:
        wanted |= {("test", pair.found.row), (pair.split, pair.found.other)}
    thumbnails: dict[tuple[str, int], np.ndarray] = {}
    names: dict[tuple[str, int], str] = {}
    for split in ("train", "validation", "test"):
        rows = sorted(row for where, row in wanted if where == split)
        pixels, called = _shown(getattr(dataset, split), rows, split)
        thumbnails |= {(split, row): each for row, each in zip(rows, pixels, strict=True)}
        names |= {(split, row): each for row, each in zip(rows, called, strict=True)}
    return PictureReport(report, outputs, pairs_alike, compared, thumbnails, names)


def _lookalikes(dataset: Dataset) -> tuple[list[Pair], int]:
    """Test pictures that look like one of the other splits, the closest first; how many were compared."""
    tested = looks_of(dataset, "test", len(dataset.test))
    best: dict[int, Pair] = {}
    most = 0
    for split in OTHERS:
        found, compared = lookalikes(tested, looks_of(dataset, split, len(getattr(dataset, split))))
        most = max(most, compared)
        for each in found:
            other = best.get(each.row)
            if other is None or each.correlation > other.found.correlation:
                best[each.row] = Pair(each, split)
    return sorted(best.values(), key=lambda each: (-each.found.correlation, each.found.row)), most


def _shown(samples: Samples, rows: list[int], split: str) -> tuple[Sequence[np.ndarray], list[str]]:
    """(k, H, W, C) bytes of these pictures, and what to call them: the path of a file, or a number."""
    if not rows:
        return [], []
    pictures = next(each for each in samples.inputs.values() if each.ndim == 4)
    numbers = np.array(rows)
    if isinstance(pictures, LazyArray):
        pixels = pictures.decoded(numbers, lenient=True)
        called = [pictures.items[row] for row in rows]
    else:
        pixels, called = pictures[numbers], list(rows)
    step = max(1, -(-max(pixels.shape[1:3]) // LARGEST))
    small = as_bytes(pixels[:, ::step, ::step])
    names = [
        each if isinstance(each, str) else f"{split} picture {row + 1}" for each, row in zip(called, rows, strict=True)
    ]
    return list(small), names
