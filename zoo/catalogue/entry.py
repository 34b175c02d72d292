"""What one row of the catalogue says."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Weights:
    """One set of trained weights: `file` in the tracked folder of weights ("": fetched, as `zoo.pretrained` says, or
    as the artifact "entry.tag"), what it was trained on, and its headline scores (output -> the score in words)."""

    file: str
    data: str
    scores: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One model. `inputs` and `outputs` say name -> shape and meaning; `weights` are keyed by tag; `parameters` counts
    all weights of the model as its builder makes it by default, moving statistics too (None: not published);
    `for_tests` marks a family's smallest member, which listings leave out."""

    name: str
    task: str
    family: str
    builder: str  # "module:function", imported only when the model is made
    summary: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    source: str
    weights: Mapping[str, Weights] = field(default_factory=dict)
    parameters: int | None = None
    for_tests: bool = False

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON values."""
        return json.loads(json.dumps(asdict(self)))

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.summary}", f"  task     {self.task}", f"  family   {self.family}"]
        for title, values in (("inputs", self.inputs), ("outputs", self.outputs)):
            lines += [f"  {title:<8} {name}: {meaning}" for name, meaning in values.items()]
        for tag, weights in self.weights.items():
            scores = ", ".join(f"{output} {value}" for output, value in weights.scores.items())
            lines.append(f"  weights  {tag}: trained on {weights.data}" + (f"; {scores}" if scores else ""))
        if self.parameters is not None:
            lines.append(f"  size     {self.parameters:,} weights")
        return "\n".join([*lines, f"  builder  {self.builder}", f"  source   {self.source}"])
