"""Where boxes stand: in ranks from the inputs down, ordered so that few edges cross, above and below what they touch.

An edge that passes ranks has a slot of its own in each of them (Sugiyama, Tagawa and Toda 1981).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from zoo.drawing.boxes import Box

SWEEPS = 12


@dataclass(eq=False)
class Slot:
    """A place in a rank: of a box, or of an edge that passes. `x` is its middle."""

    box: Box | None
    width: int
    x: int = 0
    above: "list[Slot]" = field(default_factory=list)
    below: "list[Slot]" = field(default_factory=list)


Ranks = list[list[Slot]]


def layout(boxes: Sequence[Box], width_of: Callable[[Box, int], int], *, gap: int) -> Ranks:
    """The ranks, top down; `width_of(box, beside)` is asked for each box, told how many boxes its rank has.

    Widths are odd, so that boxes have a middle; the left end of the leftmost is 0. `gap` lies between two slots.
    """
    rank = _rank(boxes)
    count = [sum(each == row for each in rank) for row in range(max(rank) + 1)]
    slots = [Slot(box, width_of(box, count[row]) | 1) for box, row in zip(boxes, rank, strict=True)]
    ranks: Ranks = [[] for _ in count]
    for slot, row in zip(slots, rank, strict=True):
        ranks[row].append(slot)
    for place, box in enumerate(boxes):
        for parent in box.parents:
            _connect(slots[parent], rank[parent], slots[place], rank[place], ranks)
    for sweep in range(SWEEPS):
        _order(ranks, down=sweep % 2 == 0)
    _place(ranks, gap)
    return ranks


def _rank(boxes: Sequence[Box]) -> list[int]:
    """Inputs first, each box below all that it reads, and outputs that nobody reads last."""
    rank: list[int] = []
    for box in boxes:
        rank.append(1 + max((rank[parent] for parent in box.parents), default=-1))
    read = {parent for box in boxes for parent in box.parents}
    last = max(rank)
    return [last if place not in read and boxes[place].parents else row for place, row in enumerate(rank)]


def _connect(parent: Slot, start: int, child: Slot, end: int, ranks: Ranks) -> None:
    """An edge, through slots of its own; edges of one box pass a rank together as long as they can."""
    above = parent
    for row in range(start + 1, end):
        passing = next((slot for slot in above.below if slot.box is None and slot in ranks[row]), None)
        if passing is None:
            passing = Slot(None, 1, above=[above])
            above.below.append(passing)
            ranks[row].append(passing)
        above = passing
    above.below.append(child)
    child.above.append(above)


def _order(ranks: Ranks, *, down: bool) -> None:
    """Each rank by the mean place of what its slots touch in the rank before."""
    rows = ranks if down else ranks[::-1]
    for before, row in pairwise(rows):
        place = {id(slot): number for number, slot in enumerate(before)}
        means = []
        for number, slot in enumerate(row):
            touched = [place[id(other)] for other in (slot.above if down else slot.below)]
            means.append(sum(touched) / len(touched) if touched else number * len(before) / len(row))
        row[:] = [row[number] for number in sorted(range(len(row)), key=means.__getitem__)]


def _place(ranks: Ranks, gap: int) -> None:
    """Middles: as near as the order allows to the mean of what a slot touches."""
    for row in ranks:
        _spread(row, [0] * len(row), gap)
    for sweep in range(SWEEPS):
        for row in ranks if sweep % 2 else ranks[::-1]:
            _spread(row, [_wish(slot, last=sweep == SWEEPS - 1) for slot in row], gap)
    left = min(slot.x - slot.width // 2 for row in ranks for slot in row)
    for row in ranks:
        for slot in row:
            slot.x -= left


def _wish(slot: Slot, *, last: bool) -> float:
    """Below what it alone reads, so that lines are straight; else amid all that it touches."""
    alone = len(slot.above) == 1 and (slot.box is None or slot.above[0].below == [slot])
    touched = slot.above if last and alone else [*slot.above, *slot.below]
    return sum(other.x for other in touched) / len(touched) if touched else slot.x


def _spread(row: Sequence[Slot], wishes: Sequence[float], gap: int) -> None:
    """Each slot near its wish: halfway between pushing all to the right and all to the left."""
    right: list[float] = []
    for slot, wish in zip(row, wishes, strict=True):
        least = right[-1] + _apart(row[len(right) - 1], slot, gap) if right else wish
        right.append(max(wish, least))
    left: list[float] = []
    for number in reversed(range(len(row))):
        most = left[-1] - _apart(row[number], row[number + 1], gap) if left else wishes[number]
        left.append(min(wishes[number], most))
    for number, slot in enumerate(row):
        slot.x = round((right[number] + left[::-1][number]) / 2)
    for before, slot in pairwise(row):  # rounded
        slot.x = max(slot.x, before.x + _apart(before, slot, gap))


def _apart(left: Slot, right: Slot, gap: int) -> int:
    return left.width // 2 + right.width // 2 + 1 + gap
