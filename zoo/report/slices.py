"""Slices of rows where predictions are worse, found over single columns, pairs of them, and clusters of features."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.report.groups import FEWEST_DRAWS, FLAGGED
from zoo.report.significance import corrected, one_sided_p
from zoo.report.uncertainty import standard_error

Groups = tuple[Sequence[str], np.ndarray]  # names, and (n,) their numbers, -1 where unknown
MOST_VALUES = 12  # of a column; rarer ones are "another"
BINS = 5  # of a column of numbers
MOST_COLUMNS = 30  # of which pairs are looked at, the most telling first
ALPHA = 0.05
OTHER = "another"


@dataclass(frozen=True)
class Slice:
    """Rows that are served worse than the rest of all rows.

    parts       column -> value: one or two.
    difference  mean loss inside less that of all rows; error its standard error.
    p           one-sided; corrected: for all slices that were looked at (Benjamini and Hochberg 1995).
    """

    parts: Mapping[str, str]
    rows: int
    loss: float
    difference: float
    error: float
    p: float
    corrected: float

    @property
    def holds(self) -> bool:
        """Whether it is still worse once one counts how many slices were looked at."""
        return self.corrected < ALPHA

    def label(self) -> str:
        return " and ".join(f"{column} = {value}" for column, value in self.parts.items())

    def to_json(self) -> dict[str, Any]:
        return {
            "slice": dict(self.parts),
            "rows": self.rows,
            "loss": self.loss,
            "difference": self.difference,
            "standard_error": self.error,
            "p": self.p,
            "p_corrected": self.corrected,
            "holds": self.holds,
        }


@dataclass(frozen=True)
class Slices:
    """`found` are worse than two standard errors, the worst first; `tried` slices were looked at."""

    found: Sequence[Slice]
    tried: int

    def to_json(self) -> dict[str, Any]:
        return {"tried": self.tried, "found": [each.to_json() for each in self.found]}


def find_slices(losses: np.ndarray, columns: Mapping[str, Groups], *, draws: np.ndarray | None = None) -> Slices:
    """(n,) losses, the larger the worse, and columns of groups -> where the mean loss is more than two standard errors
    above that of the other rows.

    A pair of values is given only where it is also that much worse than the rest of each of the two: else it says
    nothing that one of them does not. Slices of fewer than `FEWEST_DRAWS` independent rows are left out. `draws` (n,)
    says which rows are one draw (a person's).
    """
    together = np.arange(len(losses)) if draws is None else np.unique(draws, return_inverse=True)[1]
    tried: list[tuple[dict[str, str], np.ndarray, float]] = []
    telling: dict[str, float] = {}
    for column, (names, codes) in columns.items():
        for code, name in enumerate(names):
            inside = codes == code
            score = _worse(losses, inside, np.ones(len(losses), bool), together)
            if score is not None:
                tried.append(({column: name}, inside, score))
                telling[column] = max(telling.get(column, 0.0), abs(score))
    chosen = sorted(telling, key=lambda name: (-telling[name], name))[:MOST_COLUMNS]
    new: set[int] = set()
    for one, other in itertools.combinations([name for name in columns if name in chosen], 2):
        for parts, inside, score, adds in _pairs(losses, one, columns[one], other, columns[other], together):
            if adds:
                new.add(len(tried))
            tried.append((parts, inside, score))
    p_values = np.array([one_sided_p(score) for _, _, score in tried])
    p_corrected = corrected(p_values)
    found = [
        _slice(losses, parts, inside, score, float(p_values[place]), float(p_corrected[place]))
        for place, (parts, inside, score) in enumerate(tried)
        if score > FLAGGED and (len(parts) == 1 or place in new)
    ]
    return Slices(sorted(found, key=lambda each: (each.p, -each.difference, each.label())), len(tried))


def _pairs(
    losses: np.ndarray, one: str, first: Groups, other: str, second: Groups, draws: np.ndarray
) -> "list[tuple[dict[str, str], np.ndarray, float, bool]]":
    everyone = np.ones(len(losses), bool)
    found = []
    for (a, name), (b, also) in itertools.product(enumerate(first[0]), enumerate(second[0])):
        parents = first[1] == a, second[1] == b
        inside = parents[0] & parents[1]
        if inside.sum() < FEWEST_DRAWS:
            continue
        score = _worse(losses, inside, everyone, draws)
        if score is None:
            continue
        against = [_worse(losses, inside, parent, draws) for parent in parents]
        adds = all(each is not None and each > FLAGGED for each in against)
        found.append(({one: name, other: also}, inside, score, adds))
    return found


def _worse(losses: np.ndarray, inside: np.ndarray, among: np.ndarray, draws: np.ndarray) -> float | None:
    """By how many standard errors the mean loss inside is above that of the other rows `among`; None: too few rows."""
    rest = among & ~inside
    if min(len(np.unique(draws[inside])), len(np.unique(draws[rest]))) < FEWEST_DRAWS:
        return None
    means = losses[inside].mean(), losses[rest].mean()
    moves = np.zeros(len(losses))
    moves[inside] = (losses[inside] - means[0]) / inside.sum()
    moves[rest] = -(losses[rest] - means[1]) / rest.sum()
    error = standard_error(moves[among], draws[among])
    return float((means[0] - means[1]) / error) if error else None


def _slice(
    losses: np.ndarray, parts: Mapping[str, str], inside: np.ndarray, score: float, p: float, p_corrected: float
) -> Slice:
    mean = float(losses[inside].mean())
    difference = mean - float(losses.mean())
    error = difference / score  # both are the share outside times those against the other rows
    return Slice(dict(parts), int(inside.sum()), mean, difference, error, p, p_corrected)


def groups_of_values(values: Sequence[Any]) -> Groups | None:
    """(n,) values of one column -> at most `MOST_VALUES` groups; numbers in `BINS` of equal size. None: all are alike.

    Missing values (None, NaN) are a group of their own, "no value"; the empty text too.
    """
    missing = np.array([each is None or each == "" or each != each for each in values], dtype=bool)
    known = [each for each, none in zip(values, missing, strict=True) if not none]
    if known and all(isinstance(each, int | float | np.number) and not isinstance(each, bool) for each in known):
        names, codes = _bins(np.array(known, np.float64))
    else:
        names, codes = _values([str(each) for each in known])
    whole = np.full(len(missing), -1)
    whole[~missing] = codes
    if missing.any():
        whole[missing] = len(names)
        names = [*names, "no value"]
    return (names, whole) if len(names) >= 2 else None


def _bins(numbers: np.ndarray) -> tuple[list[str], np.ndarray]:
    different = np.unique(numbers)
    if len(different) <= BINS:
        return [f"{each:g}" for each in different], np.searchsorted(different, numbers)
    inner = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
    edges = [numbers.min(), *inner, numbers.max()]
    codes = np.searchsorted(inner, numbers, side="left")
    used, codes = np.unique(codes, return_inverse=True)
    return [f"{edges[each]:.4g} to {edges[each + 1]:.4g}" for each in used], codes


def _values(texts: list[str]) -> tuple[list[str], np.ndarray]:
    names, codes, counts = np.unique(np.array(texts, dtype=str), return_inverse=True, return_counts=True)
    if len(names) <= MOST_VALUES:
        return names.tolist(), codes
    if len(names) > len(texts) / 2:  # it names the rows, and groups nothing
        return [], np.full(len(texts), -1)
    kept = np.sort(np.argsort(-counts, kind="stable")[: MOST_VALUES - 1])
    places = np.full(len(names), len(kept))
    places[kept] = np.arange(len(kept))
    return [*(str(names[each]) for each in kept), OTHER], places[codes]


def clusters_of(features: np.ndarray, *, count: int = 10, seed: int = 0, rounds: int = 25) -> Groups:
    """(n, d) features of the rows -> clusters by k-means (Lloyd 1982, begun as k-means++), numbered by size.

    Features are brought to deviation 1; those that do not vary say nothing.
    """
    deviation = features.std(axis=0)
    x = (features - features.mean(axis=0))[:, deviation > 0] / deviation[deviation > 0]
    count = min(count, max(1, len(x) // (2 * FEWEST_DRAWS)))
    random = np.random.default_rng(seed)
    centres = x[[random.integers(len(x))]]
    nearest = np.square(x - centres[0]).sum(axis=1)
    while len(centres) < count and nearest.sum() > 0:
        centres = np.concatenate([centres, x[[random.choice(len(x), p=nearest / nearest.sum())]]])
        nearest = np.minimum(nearest, np.square(x - centres[-1]).sum(axis=1))
    codes = np.zeros(len(x), int)
    for number in range(rounds):
        distances = np.square(centres).sum(axis=1) - 2 * x @ centres.T  # less the rows' own square, which is the same
        found = np.argmin(distances, axis=1)
        if number and (found == codes).all():
            break
        codes = found
        used = np.unique(codes)
        centres = np.stack([x[codes == each].mean(axis=0) for each in used])
        codes = np.searchsorted(used, codes)
    sizes = np.bincount(codes)
    order = np.argsort(-sizes, kind="stable")
    return [f"cluster {number}" for number in range(1, len(order) + 1)], np.argsort(order, kind="stable")[codes]
