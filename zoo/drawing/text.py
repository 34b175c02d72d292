"""Boxes as text for a terminal: a rank of boxes, the lines that lead from it, the next rank."""

from collections.abc import Sequence
from itertools import chain

from zoo.drawing.boxes import Box, folded
from zoo.drawing.layout import Slot, layout

GAP = 2  # columns between two boxes
LONGEST = 30  # characters of a line in a box that has a neighbour or two; a name stays whole
ROW = 66  # characters of the lines that more boxes of a rank share
SCREEN_LINES, SCREEN_COLUMNS = 60, 120
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINES = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"  # by the sum of the directions
Ports = dict[tuple[int, int], int]  # ids of a slot and of one below it -> the column in which the line comes in there
INPUT, BLOCK, OUTPUT = "╭╮╰╯─│┴┬", "┌┐└┘─│┴┬", "╔╗╚╝═║╩╦"  # corners, sides, where lines come in and go out


def as_text(boxes: Sequence[Box]) -> str:
    """The drawing: inputs in round boxes at the top, outputs in double ones at the bottom.

    What is larger than a screen is drawn with fewer boxes, where these fit one.
    """
    whole = _drawn(boxes)
    fewer = (_drawn(folded(boxes, most_readers=number)) for number in (1, None))
    lines = next((each for each in chain([whole], fewer) if _fits(each)), whole)
    return "\n".join(lines) + "\n"


def _fits(lines: Sequence[str]) -> bool:
    return len(lines) <= SCREEN_LINES and max(map(len, lines)) <= SCREEN_COLUMNS


def _drawn(boxes: Sequence[Box]) -> list[str]:
    ranks = layout(boxes, _width, gap=GAP)
    width = 1 + max(slot.x + slot.width // 2 for row in ranks for slot in row)
    canvas: list[list[str]] = []
    for number, row in enumerate(ranks):
        ports = _ports(ranks[number - 1] if number else [], row)
        if number:
            canvas += _between(ranks[number - 1], ports, width)
        canvas += _rank(row, ports, width)
    return ["".join(line).rstrip() for line in canvas]


def _width(box: Box, beside: int) -> int:
    """Columns for the text and for a line from each box that it reads."""
    return max(max(map(len, _lines(box, beside))) + 4, 4 * len(box.parents) + 1)


def _lines(box: Box, beside: int) -> list[str]:
    """What stands in a box whose rank has so many."""
    if beside == 1:
        return [f"{box.title}  {box.content}  {box.size}"]
    most = min(LONGEST, ROW // beside)
    return [box.title, *(_cut(line, most) for line in (box.content, box.size))]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _rank(row: Sequence[Slot], ports: Ports, width: int) -> list[list[str]]:
    beside = sum(slot.box is not None for slot in row)
    canvas = [[" "] * width for _ in range(3 if beside == 1 else 5)]
    for slot in row:
        if slot.box is None:
            for line in canvas:
                line[slot.x] = "│"
            continue
        left = slot.x - slot.width // 2
        come_in = [ports[id(above), id(slot)] - left for above in slot.above]
        for number, text in enumerate(_box(slot, slot.box, _lines(slot.box, beside), come_in)):
            canvas[number][left : left + slot.width] = text
    return canvas


def _box(slot: Slot, box: Box, lines: Sequence[str], come_in: Sequence[int]) -> list[str]:
    style = INPUT if box.is_input else OUTPUT if box.outputs else BLOCK
    top, bottom = [style[4]] * slot.width, [style[4]] * slot.width
    top[0], top[-1], bottom[0], bottom[-1] = tuple(style[:4])
    for column in come_in:
        top[column] = style[6]
    if slot.below:
        bottom[slot.width // 2] = style[7]
    inner = slot.width - 4
    return ["".join(top), *(f"{style[5]} {line:^{inner}} {style[5]}" for line in lines), "".join(bottom)]


def _ports(above: Sequence[Slot], row: Sequence[Slot]) -> Ports:
    """A column of its own for every line that comes in, near the middle, in which no line of another slot begins.

    An edge that passes moves by a column where it must; the gap leaves room for that.
    """
    ports: Ports = {}
    for slot in row:
        parents = sorted(slot.above, key=lambda each: each.x)
        middle = min(range(len(parents)), key=lambda n: abs(parents[n].x - slot.x), default=0)
        for number, parent in enumerate(parents):
            taken = {each.x for each in above if each is not parent} | set(ports.values())
            wish = slot.x + 2 * (number - middle)
            reach = 1 if slot.box is None else slot.width // 2 - 1
            free = [x for x in range(slot.x - reach, slot.x + reach + 1) if x not in taken]
            ports[id(parent), id(slot)] = min((abs(x - wish), x) for x in free)[1] if free else wish
        if slot.box is None:
            slot.x = ports[id(parents[0]), id(slot)]
    return ports


def _between(above: Sequence[Slot], ports: Ports, width: int) -> list[list[str]]:
    """The lines from one rank to the next; no row where all lead straight down."""
    turns = _turns(above, ports)
    cells = [[0] * width for _ in range(1 + max(turns.values(), default=-1))]
    for slot in above:
        if id(slot) in turns:
            first, last = _span(slot, ports)
            for x in range(first, last + 1):
                cells[turns[id(slot)]][x] |= (LEFT if x > first else 0) | (RIGHT if x < last else 0)
    for slot in above:
        if slot.below:
            _lead_down(cells, slot.x, 0, turns.get(id(slot), len(cells)))
        if id(slot) in turns:
            cells[turns[id(slot)]][slot.x] |= UP
            for x in _columns(slot, ports):
                cells[turns[id(slot)]][x] |= DOWN
                _lead_down(cells, x, turns[id(slot)] + 1, len(cells))
    return [[LINES[cell] for cell in line] for line in cells]


def _lead_down(cells: list[list[int]], x: int, first: int, end: int) -> None:
    """A line down through these rows, which breaks those that it crosses."""
    for row in range(first, end):
        cells[row][x] = UP | DOWN


def _turns(above: Sequence[Slot], ports: Ports) -> dict[int, int]:
    """id of each slot whose lines do not lead straight down -> the row in which they turn.

    A slot turns in a row above those in which lines of others turn down in its column.
    """
    waiting = [slot for slot in above if any(x != slot.x for x in _columns(slot, ports))]
    first = {id(slot): [other for other in waiting if _comes_down_at(other.x, slot, other, ports)] for slot in waiting}
    rows: list[list[Slot]] = []
    found: dict[int, int] = {}
    while waiting:
        ready = (slot for slot in waiting if all(id(other) in found for other in first[id(slot)]))
        slot = next(ready, waiting[0])
        least = 1 + max((found.get(id(other), -1) for other in first[id(slot)]), default=-1)
        fit = (row for row in range(least, len(rows)) if all(_fit(slot, each, ports) for each in rows[row]))
        row = next(fit, max(least, len(rows)))
        rows += [[] for _ in range(row + 1 - len(rows))]
        rows[row].append(slot)
        found[id(slot)] = row
        waiting.remove(slot)
    return found


def _comes_down_at(x: int, slot: Slot, other: Slot, ports: Ports) -> bool:
    """Whether a line of `slot` turns down in the column `x`, in which a line of `other` begins."""
    return slot is not other and x in _columns(slot, ports)


def _fit(slot: Slot, other: Slot, ports: Ports) -> bool:
    """Whether the lines of both may stand in one row: side by side."""
    (start, end), (first, last) = _span(slot, ports), _span(other, ports)
    return end + 1 < first or last + 1 < start


def _span(slot: Slot, ports: Ports) -> tuple[int, int]:
    """The columns between which its lines lead."""
    columns = [slot.x, *_columns(slot, ports)]
    return min(columns), max(columns)


def _columns(slot: Slot, ports: Ports) -> list[int]:
    return [ports[id(slot), id(below)] for below in slot.below]
