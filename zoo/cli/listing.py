"""The rows of `zoo list`: what each model is, how large, how good, and whether its weights are here. No framework."""

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.artifacts import artifact, can_be_fetched, is_here
from zoo.catalogue import Entry, describe
from zoo.errors import UnknownNameError

BYTES = 4  # of a weight, in float32
HERE, TO_FETCH, BY_HAND, NONE = "here", "to fetch", "by hand", "none"


@dataclass(frozen=True)
class ModelRow:
    """One model. `score` and `weights` are those of its first set of weights.

    megabytes  of the file of weights where its size is known, else of the parameters in float32; None: not known.
    weights    "here", "to fetch", "by hand" (published without a hash or an address that we could use) or "none".
    """

    name: str
    task: str
    parameters: int | None
    megabytes: float | None
    score: str
    weights: str
    summary: str

    def cells(self) -> tuple[str, ...]:
        """The row as text, "-" for what is not known."""
        parameters = "-" if self.parameters is None else f"{self.parameters:,}"
        size = "-" if self.megabytes is None else f"{self.megabytes:.1f}" if self.megabytes >= 0.1 else "<0.1"
        return self.name, self.task, parameters, size, self.score or "-", self.weights, self.summary


HEADINGS = ("name", "task", "parameters", "MB", "score", "weights", "summary")  # of the cells


def model_rows(names: Sequence[str]) -> list[ModelRow]:
    """The rows of these models of the catalogue, in their order."""
    return [_row(describe(name)) for name in names]


def _row(entry: Entry) -> ModelRow:
    tag = next(iter(entry.weights), None)
    state, size = _file_of(f"{entry.name}.{tag}") if tag else (NONE, None)
    if size is None and entry.parameters is not None:
        size = entry.parameters * BYTES
    return ModelRow(
        name=entry.name,
        task=entry.task,
        parameters=entry.parameters,
        megabytes=None if size is None else size / 1e6,
        score=_score(entry, tag) if tag else "",
        weights=state,
        summary=entry.summary,
    )


def _file_of(name: str) -> tuple[str, int | None]:
    """The state of a set of weights, and its published size in bytes."""
    try:
        item = artifact(name)
    except UnknownNameError:  # an entry that somebody adds while the program runs
        return NONE, None
    if is_here(item):
        return HERE, item.size
    return (TO_FETCH if can_be_fetched(item) else BY_HAND), item.size


def _score(entry: Entry, tag: str) -> str:
    scores = entry.weights[tag].scores
    return ", ".join(scores.values() if len(scores) == 1 else (f"{output} {value}" for output, value in scores.items()))
