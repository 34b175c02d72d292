"""How well structures were found: free-response ROC, and what mistakes cost.

Bunch et al. 1977; Chakraborty 1989; as in LUNA16 (Setio et al. 2017) a second hit of one structure counts as nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import DataError
from zoo.structures.structure import ITSELF, Structure, centres_of, radii_of

ALARMS = (1.0, 2.0, 3.0, 6.0)  # false alarms a volume at which sensitivities are told
REPORTED = (3.0, 1.0, 2.0, 6.0)  # the same, the headline first
REPEATS = 1_000  # of the bootstrap
SURE = 0.95  # share of the draws that an interval holds
HIT, ALARM, AGAIN = 1, 0, -1


@dataclass(frozen=True)
class Froc:
    """What was found in each volume, by scores from high to low.

    scores   (m,) of all findings that are hits or false alarms.
    hits     (m,) bool.
    volumes  (m,) number of the volume.
    known    (volumes,) how many structures each has.
    """

    scores: np.ndarray
    hits: np.ndarray
    volumes: np.ndarray
    known: np.ndarray

    def curve(self, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Thresholds from high to low, false alarms a volume and sensitivity of "found where score >= threshold".

        Each (t,), the first of an infinite threshold. `weights` (volumes,) say how often each volume counts.
        """
        count = np.ones(len(self.known)) if weights is None else weights
        each = count[self.volumes]
        hits, alarms = np.cumsum(each * self.hits), np.cumsum(each * ~self.hits)
        last = np.flatnonzero(np.diff(self.scores, append=-np.inf))
        total, volumes = max(float(count @ self.known), 1.0), max(float(count.sum()), 1.0)
        return (
            np.append(np.inf, self.scores[last]),
            np.append(0.0, alarms[last] / volumes),
            np.append(0.0, hits[last] / total),
        )


def matched(found: Sequence[Structure], known: Sequence[Structure]) -> np.ndarray:
    """(n,) `HIT`, `ALARM` or `AGAIN` for each finding: the first, by score, within a structure's radius (or 1.5 voxels)
    of its centre hits it.
    """
    outcome = np.full(len(found), ALARM)
    if not known:
        return outcome
    centres, reach = centres_of(known), np.maximum(radii_of(known), ITSELF)
    taken: set[int] = set()
    for row in sorted(range(len(found)), key=lambda place: -found[place].score):
        distance = np.linalg.norm(centres - np.array(found[row].centre), axis=1)
        near = [int(place) for place in np.argsort(distance / reach) if distance[place] <= reach[place]]
        free = [place for place in near if place not in taken]
        if free:
            taken.add(free[0])
            outcome[row] = HIT
        elif near:
            outcome[row] = AGAIN
    return outcome


def froc_of(found: Sequence[Sequence[Structure]], known: Sequence[Sequence[Structure]]) -> Froc:
    """What was found in each volume, and what is there -> their free-response ROC. Raises `DataError` without any."""
    if len(found) != len(known):
        raise DataError(f"Findings of {len(found)} volumes cannot be judged by labels of {len(known)}.")
    if not any(map(len, known)):
        raise DataError(f"None of the {len(known)} volumes has a structure: no sensitivity can be told.")
    rows = []
    for volume, (findings, truths) in enumerate(zip(found, known, strict=True)):
        for each, outcome in zip(findings, matched(findings, truths), strict=True):
            if outcome != AGAIN:
                rows.append((each.score, outcome == HIT, volume))
    rows.sort(key=lambda row: -row[0])
    return Froc(
        np.array([row[0] for row in rows], np.float64),
        np.array([row[1] for row in rows], bool),
        np.array([row[2] for row in rows], int),
        np.array([len(truths) for truths in known], np.float64),
    )


def sensitivity_at(froc: Froc, alarms: float, weights: np.ndarray | None = None) -> float:
    """The share of structures that is found with at most so many false alarms a volume."""
    _, rate, sensitivity = froc.curve(weights)
    return float(sensitivity[np.flatnonzero(rate <= alarms)[-1]])


def threshold_at(froc: Froc, alarms: float) -> float:
    """The lowest score that keeps to so many false alarms a volume."""
    thresholds, rate, _ = froc.curve()
    return float(thresholds[np.flatnonzero(rate <= alarms)[-1]])


def interval_at(froc: Froc, alarms: float, *, seed: int = 0, repeats: int = REPEATS) -> tuple[float, float]:
    """A 95 % interval of `sensitivity_at`: volumes are drawn again, with replacement (Efron's bootstrap)."""
    random = np.random.default_rng(seed)
    volumes = len(froc.known)
    drawn = random.multinomial(volumes, np.full(volumes, 1.0 / volumes), size=repeats)
    values = [sensitivity_at(froc, alarms, each) for each in drawn if each @ froc.known > 0]
    low, high = np.quantile(values, [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(low), float(high)


def cheapest_threshold(froc: Froc, missed: float, alarm: float) -> tuple[float, float]:
    """What a missed structure and a false alarm cost -> the score from which on findings are given, and the mean cost
    of a volume by it. Of equal costs the higher score.
    """
    thresholds, alarms, sensitivity = froc.curve()
    cost = missed * (1.0 - sensitivity) * froc.known.mean() + alarm * alarms
    best = int(np.argmin(cost))
    return float(thresholds[best]), float(cost[best])


def cost_at(froc: Froc, threshold: float, missed: float, alarm: float) -> float:
    """The mean cost of a volume where findings of at least this score are given."""
    given = froc.scores >= threshold
    hits = float(np.sum(froc.hits & given))
    alarms = float(np.sum(~froc.hits & given))
    return (missed * (float(froc.known.sum()) - hits) + alarm * alarms) / len(froc.known)


def dice(mask: np.ndarray, other: np.ndarray, label: int) -> float:
    """Twice what two masks share of a label over what they have of it together; 1 where neither has any. Dice 1945."""
    one, two = mask == label, other == label
    total = int(one.sum()) + int(two.sum())
    return 2.0 * float((one & two).sum()) / total if total else 1.0
