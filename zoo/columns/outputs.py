"""What a schema keeps of each target: labels, logarithm, range; and how labels become numbers by it."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from zoo.columns.column import Values, from_json
from zoo.columns.frames import shown
from zoo.columns.values import labels_of, numbers_of, tags_of
from zoo.errors import DataError
from zoo.samples import EXCLUSIVE, Target

SCALE = re.compile(r"points of (-?\d\S*) to (-?\d\S*)")  # the unit of a target with a scale


@dataclass(frozen=True)
class OutputColumn:
    """A target: `log` says that the model predicts logarithms; `low` and `high` bound what it predicts, in those.

    other   the label of values that training did not have; "" where such a value is refused.
    merged  new label -> the labels of the data that it stands for.
    mark    what stands between the tags of one cell.
    written_as  how the numbers of a text are written, as "1.234,56 EUR"; "" where as in Python.
    """

    name: str
    target: Target
    output: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None
    other: str = ""
    merged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    mark: str = ""
    written_as: str = ""

    @property
    def predicted(self) -> Target:
        """What the model predicts: the target, or its logarithm, in the unit of that."""
        return replace(self.target, unit=f"log {self.target.unit}".rstrip()) if self.log else self.target

    @property
    def scale(self) -> tuple[float, float]:
        """The ends of a scale of points, where the unit of the target says them; else all numbers.

        >>> OutputColumn("score", Target("regression", unit="points of 1 to 5")).scale
        (1.0, 5.0)
        """
        found = SCALE.fullmatch(self.target.unit)
        return (float(found[1]), float(found[2])) if found else (-math.inf, math.inf)

    def config(self) -> dict[str, Any]:
        """What a builder is told of this output."""
        if self.target.kind in (*EXCLUSIVE, "tags", "mask"):
            return {"kind": self.target.kind, "classes": len(self.target.labels)}
        if self.low is None:
            return {"kind": self.target.kind}
        return {"kind": self.target.kind, "low": self.low, "high": self.high}

    def with_merged(self, target: Target, merged: Mapping[str, Sequence[str]]) -> "OutputColumn":
        """The output of a model that takes some labels together."""
        return replace(self, target=target, merged=tuple((new, tuple(old)) for new, old in merged.items()))

    def encode(self, values: Values) -> np.ndarray:
        """A target as training takes it: float32 (its logarithm where asked for), or int32 classes, or (n, tags)."""
        if self.target.kind == "tags":
            return tags_of(values, self.name, self.target.labels, self.mark)
        if self.target.kind != "regression":
            old = {label: new for new, labels in self.merged for label in labels}
            return labels_of(values, self.name, self.target.labels, other=self.other, renamed=old)
        numbers = numbers_of(values, self.name, written_as=self.written_as)
        if self.log:
            if (numbers <= 0).any():
                row = int(np.argmax(numbers <= 0))
                raise DataError(
                    f"The target {shown(self.name)} must be above 0 to have a logarithm; "
                    f"row {row + 1} holds {numbers[row]:g}."
                )
            numbers = np.log(numbers)
        return numbers.astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `output_from_json` makes the same output."""
        return asdict(self)


def output_from_json(values: Mapping[str, Any]) -> OutputColumn:
    """An output out of `to_json`. Raises `DataError` for a damaged one."""
    return from_json(OutputColumn, {**values, "target": from_json(Target, values["target"])})
