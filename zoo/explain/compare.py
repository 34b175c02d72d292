"""All methods that explain one sample, ranked by how faithful they are to the model."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zoo.errors import ZooError, require_known
from zoo.explain.checks import check_values
from zoo.explain.explain import explanation_of
from zoo.explain.explanation import Explanation
from zoo.explain.methods import METHODS, require_valid, run_method
from zoo.explain.subject import Subject
from zoo.records import plain

RANKED = {"deletion": -1, "insertion": 1, "infidelity": -1, "road": 1}  # measure -> 1 where high is good


@dataclass(frozen=True)
class Compared:
    """A method's explanation and what was measured of it; `refused` says why it may not be shown.

    rank  the mean of its places by the measures of `RANKED`, 0 the best of all; None of a refused one.
    """

    method: str
    explanation: Explanation | None = None
    measured: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    refused: str = ""
    rank: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "measured": plain(dict(self.measured)),
            "seconds": self.seconds,
            "refused": self.refused,
            "rank": self.rank,
        }


def compare(subject: Subject, **options: Any) -> list[Compared]:
    """Every method of the sample's sense, the best mean rank over `RANKED` first, refused ones at the end.

    Each option goes to the methods that take it. Raises `UnknownNameError` for one that none of them takes,
    `ConfigError` for a value that does not fit.
    """
    fitting = [method for method in METHODS.values() if subject.sense in method.runs]
    known = dict.fromkeys(option for method in fitting for option in method.options_of(subject.sense))
    for option in options:
        require_known("option of these methods", option, known)
    require_valid(options)
    rows = [_tried(subject, name, options) for name, method in METHODS.items() if subject.sense in method.runs]
    ranks: dict[str, list[float]] = {row.method: [] for row in rows if not row.refused}
    for measure, sign in RANKED.items():
        values = {row.method: sign * row.measured[measure] for row in rows if measure in row.measured}
        for name, value in values.items():
            ranks[name].append(sum(other > value for other in values.values()))
    ranked = [replace(row, rank=float(np.mean(each))) if (each := ranks.get(row.method)) else row for row in rows]
    return sorted(ranked, key=lambda row: (bool(row.refused), row.rank or 0.0))


def _tried(subject: Subject, name: str, options: Mapping[str, Any]) -> Compared:
    own = {key: value for key, value in options.items() if key in METHODS[name].options_of(subject.sense)}
    start = time.perf_counter()
    try:
        found = run_method(subject, name, own)
        seconds = time.perf_counter() - start
        measured = {**found.measured, **check_values(subject, name, found, own)}
        return Compared(name, explanation_of(subject, name, found, measured), measured, seconds)
    except ZooError as error:
        return Compared(name, seconds=time.perf_counter() - start, refused=str(error))
