"""Boxes as text for a terminal: a rank of boxes, the lines that lead from it, the next rank."""

from collections.abc import Sequence

from zoo.drawing.boxes import Box
from zoo.drawing.layout import Slot, layout

GAP = 2  # columns between two boxes
LONGEST = 30  # characters of a line in a box that has neighbours; a name stays whole
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINES = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"  # by the sum of the directions
Ports = dict[int, int]  # id of a slot -> the column in which lines come in from above
Ends = dict[tuple[int, int], set[int]]  # (row, column) -> the slots, by id, to which lines turn down there
INPUT, BLOCK, OUTPUT = "╭╮╰╯─│┴┬", "┌┐└┘─│┴┬", "╔╗╚╝═║╩╦"  # corners, sides, where lines come in and go out


def as_text(boxes: Sequence[Box]) -> str:
    """The drawing: inputs in round boxes at the top, outputs in double ones at the bottom."""
    ranks = layout(boxes, lambda box, alone: max(map(len, _lines(box, alone))) + 4, gap=GAP)
    width = 1 + max(slot.x + slot.width // 2 for row in ranks for slot in row)
    canvas: list[list[str]] = []
    for number, row in enumerate(ranks):
        ports = _ports(ranks[number - 1] if number else [], row)
        if number:
            canvas += _between(ranks[number - 1], ports, width)
        canvas += _rank(row, ports, width)
    return "\n".join("".join(line).rstrip() for line in canvas) + "\n"


def _lines(box: Box, alone: bool) -> list[str]:
    if alone:
        return [f"{box.title}  {box.content}  {box.size}"]
    return [box.title, *(_cut(line) for line in (box.content, box.size))]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _rank(row: Sequence[Slot], ports: Ports, width: int) -> list[list[str]]:
    alone = sum(slot.box is not None for slot in row) == 1
    height = 3 if alone else 5
    canvas = [[" "] * width for _ in range(height)]
    for slot in row:
        if slot.box is None:
            for line in canvas:
                line[slot.x] = "│"
            continue
        left = slot.x - slot.width // 2
        for number, text in enumerate(_box(slot, slot.box, _lines(slot.box, alone), ports[id(slot)])):
            canvas[number][left : left + slot.width] = text
    return canvas


def _box(slot: Slot, box: Box, lines: Sequence[str], port: int) -> list[str]:
    style = INPUT if box.is_input else OUTPUT if box.outputs else BLOCK
    top, bottom = [style[4]] * (slot.width - 2), [style[4]] * (slot.width - 2)
    middle = slot.width // 2 - 1
    if slot.above:
        top[port - slot.x + middle] = style[6]
    if slot.below:
        bottom[middle] = style[7]
    inner = slot.width - 4
    return [
        f"{style[0]}{''.join(top)}{style[1]}",
        *(f"{style[5]} {line:^{inner}} {style[5]}" for line in lines),
        f"{style[2]}{''.join(bottom)}{style[3]}",
    ]


def _ports(above: Sequence[Slot], row: Sequence[Slot]) -> Ports:
    """The middle of each slot, or beside it where a line comes down there from a box that the slot does not read."""
    ports = {}
    for slot in row:
        others = {other.x for other in above if other not in slot.above}
        near = [slot.x + step for step in (0, 2, -2, 4, -4)] if slot.box is not None else [slot.x]
        ports[id(slot)] = next((x for x in near if x not in others), slot.x)
    return ports


def _between(above: Sequence[Slot], ports: Ports, width: int) -> list[list[str]]:
    """The lines from one rank to the next; no row where all lead straight down."""
    turns = _turns(above, ports)
    cells = [[0] * width for _ in range(1 + max(turns.values(), default=-1))]
    ends: Ends = {}
    for slot in above:
        if id(slot) in turns:
            row, (first, last) = turns[id(slot)], _span(slot, ports)
            for x in range(first, last + 1):
                cells[row][x] |= (LEFT if x > first else 0) | (RIGHT if x < last else 0)
            for below in slot.below:
                ends.setdefault((row, ports[id(below)]), set()).add(id(below))
    for slot in above:
        row = turns.get(id(slot), len(cells))
        _lead_down(cells, ends, slot.x, range(row), slot.below)
        if row < len(cells):
            cells[row][slot.x] |= UP
        for below in slot.below if row < len(cells) else ():
            cells[row][ports[id(below)]] |= DOWN
            _lead_down(cells, ends, ports[id(below)], range(row + 1, len(cells)), [below])
    return [[LINES[cell] for cell in line] for line in cells]


def _lead_down(cells: list[list[int]], ends: Ends, x: int, rows: range, to: Sequence[Slot]) -> None:
    """A line down through these rows; it joins the lines that lead to the same slots, and breaks those it crosses."""
    for row in rows if to else ():
        joins = {id(below) for below in to} & ends.get((row, x), set())
        cells[row][x] = cells[row][x] | UP | DOWN if joins else UP | DOWN


def _turns(above: Sequence[Slot], ports: Ports) -> dict[int, int]:
    """id of each slot whose lines do not lead straight down -> the row in which they turn."""
    rows: list[list[Slot]] = []
    found = {}
    for slot in above:
        if all(ports[id(below)] == slot.x for below in slot.below):
            continue
        row = next((n for n, others in enumerate(rows) if all(_fit(slot, each, ports) for each in others)), len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append(slot)
        found[id(slot)] = row
    return found


def _fit(slot: Slot, other: Slot, ports: Ports) -> bool:
    """Whether the lines of both may stand in one row: side by side, or all to the same slot."""
    if slot.below == other.below and len(slot.below) == 1:
        return True
    (start, end), (first, last) = _span(slot, ports), _span(other, ports)
    return end + 1 < first or last + 1 < start


def _span(slot: Slot, ports: Ports) -> tuple[int, int]:
    """The columns between which its lines lead."""
    columns = [slot.x, *(ports[id(below)] for below in slot.below)]
    return min(columns), max(columns)
