"""From calls to boxes: one for each block, equal blocks in a row and equal columns side by side drawn as one."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from zoo.drawing.calls import Call
from zoo.drawing.grouping import edges_between, group_calls

COLUMNS = 4  # equal columns from which one stands for all
JOINS = ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Dot", "Subtract")


@dataclass(frozen=True)
class Box:
    """One block. Boxes are equal, but for their names, where `signature` is equal.

    parents  places of the boxes that it reads, in the list of boxes, which is in the order of computation.
    outputs  the model's outputs that it gives; shared  whether the graph calls a layer of it more than once.
    count    how many equal blocks it stands for; weighted  whether any layer of it has weights.
    """

    name: str
    content: str
    shape: tuple[int | None, ...]
    parents: tuple[int, ...]
    signature: tuple[object, ...]
    is_input: bool = False
    outputs: tuple[str, ...] = ()
    shared: bool = False
    count: int = 1
    weighted: bool = True

    @property
    def title(self) -> str:
        """The name, how many blocks it stands for, and what else is to be known of it."""
        count = f" ×{self.count}" if self.count > 1 else ""
        others = [name for name in self.outputs if name != self.name]
        output = f" → output {', '.join(others)}" if others else " → output" if self.outputs else ""
        return f"{self.name}{count}{' (shared)' if self.shared else ''}{output}"

    @property
    def size(self) -> str:
        """The shape of the output of one sample: "56×56×256"; "?" for a side of any length."""
        return "×".join("?" if side is None else str(side) for side in self.shape) or "1"


def boxes_of(calls: Sequence[Call]) -> list[Box]:
    """The boxes of a graph, each after those that it reads."""
    groups = group_calls(calls)
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    parents: dict[str, set[str]] = {group: set() for group in members}
    for before, after in edges_between(calls, groups):
        parents[after].add(before)
    order = _in_order(parents)
    place_of = {group: place for place, group in enumerate(order)}
    boxes = [
        _box(group, members[group], calls, groups, tuple(sorted(place_of[other] for other in parents[group])))
        for group in order
    ]
    return _columns(_rows(boxes))


def folded(boxes: Sequence[Box], *, most_readers: int | None) -> list[Box]:
    """Fewer boxes, for a drawing that would not fit a screen: those without weights are in the first that reads them.

    most_readers  boxes with more stay as they are. The others read what is after the first reader, so that no circle
                  comes of it.
    """
    readers = _readers(boxes)
    into: dict[int, int] = {}
    for place in reversed(range(len(boxes))):
        box = boxes[place]
        plain = not (box.weighted or box.is_input or box.outputs or box.shared)
        now = {into.get(reader, reader) for reader in readers[place]}
        if plain and 1 <= len(now) <= (most_readers or len(boxes)):
            into[place] = min(now)
    kept = [place for place in range(len(boxes)) if place not in into]
    new = {place: kept.index(into.get(place, place)) for place in range(len(boxes))}
    found: list[Box] = []
    for place in kept:
        inside = [other for other, target in into.items() if target == place]
        parents = {new[parent] for each in (place, *inside) for parent in boxes[each].parents} - {new[place]}
        more = f" +{len(inside)} without weights" if inside else ""
        found.append(replace(boxes[place], parents=tuple(sorted(parents)), content=f"{boxes[place].content}{more}"))
    return found


def _in_order(parents: Mapping[str, set[str]]) -> list[str]:
    """The blocks, each after those that it reads; those that come first in the computation first."""
    ordered: dict[str, None] = {}
    while len(ordered) < len(parents):
        ordered |= dict.fromkeys(
            [group for group, others in parents.items() if group not in ordered and others <= ordered.keys()]
        )
    return list(ordered)


def _box(
    group: str, places: Sequence[int], calls: Sequence[Call], groups: Sequence[str], parents: tuple[int, ...]
) -> Box:
    own = [calls[place] for place in places]
    last = _last(places, calls, groups)
    inside = {place: number for number, place in enumerate(places)}
    structure = tuple(
        (call.kind, call.detail.partition(", ")[2], *(inside.get(parent, -1) for parent in call.parents))
        for call in own
    )  # the size of a kernel, not its filters, which may grow
    shape = last.shape
    comparable = shape[:-1] if len(own) > 1 and len(shape) > 1 else shape  # the channels of a block may grow
    return Box(
        name=_name(group, own),
        content=_content(own),
        shape=shape,
        parents=parents,
        signature=(structure, comparable),
        is_input=own[0].is_input,
        outputs=tuple(name for call in own for name in call.outputs),
        shared=any(call.times > 1 and call.weighted for call in own),
        weighted=any(call.weighted for call in own),
    )


def _last(places: Sequence[int], calls: Sequence[Call], groups: Sequence[str]) -> Call:
    """The call whose output others read, or the model's output."""
    own = set(places)
    read = {parent for place, call in enumerate(calls) if place not in own for parent in call.parents}
    return calls[max((place for place in places if place in read or calls[place].outputs), default=places[-1])]


def _name(group: str, own: Sequence[Call]) -> str:
    named = [call.name for call in own if call.named] or [re.sub(r"_\d+$", "", call.name) for call in own]
    if len(named) == 1 or len(set(named)) == 1:
        return named[0]
    parts = [name.split("_") for name in named]
    common = _beginning(parts)
    if group.startswith("block "):
        return f"{'_'.join(common) or 'block'} {group.partition(' ')[2]}"
    return "_".join(common) or re.sub(r"(_\d+)?( \d+)*$", "", group)


def _content(own: Sequence[Call]) -> str:
    """What is in a block: "12 layers: 4 Conv2D, Add"."""
    if len(own) == 1:
        return own[0].detail
    layers = {call.name: call for call in own}  # a layer that is called twice is one
    kinds = Counter(call.kind for call in layers.values() if call.weighted)
    joins = [call for call in own if call.kind in JOINS and len(call.parents) > 1]
    shown = 1 if joins and len(joins[-1].parents) > 2 else 2  # the join of many parts says more than the second kind
    parts = [f"{count} {kind}" if count > 1 else kind for kind, count in kinds.most_common(shown)]
    parts += [f"{call.kind} of {len(call.parents)}" if len(call.parents) > 2 else call.kind for call in joins[-1:]]
    inside = [call for call in layers.values() if call.is_layer]
    word, counted = ("layer", inside) if inside else ("operation", list(layers.values()))
    if not parts:
        parts = [kind for kind, _ in Counter(call.kind for call in counted).most_common(2)]
    return f"{len(counted)} {word}{'s' if len(counted) > 1 else ''}: {', '.join(parts)}"


def _rows(boxes: list[Box]) -> list[Box]:
    """Equal boxes in a row as one, if each reads the one before, and nobody else does without reading the last."""
    readers = _readers(boxes)
    into: dict[int, int] = {}
    runs: dict[int, list[int]] = {}
    for place, box in enumerate(boxes):
        before = max(box.parents, default=None)
        if before is None or (before in into and runs[into[before]][-1] != before):
            continue
        run = runs.get(into.get(before, before), [before])
        known = {*run, *boxes[run[0]].parents}  # a cell of NASNet reads the two before
        equal = boxes[before].signature == box.signature and _word(boxes[before].name) == _word(box.name)
        equal = equal and not boxes[before].outputs and not box.shared
        if equal and known >= set(box.parents) and _last_is_read(run, place, readers):
            into[place] = run[0]
            runs[run[0]] = [*run, place]
    return _merged(boxes, into, runs)


def _word(name: str) -> str:
    """The letters that a name begins with."""
    return "".join(takewhile(str.isalpha, name))


def _last_is_read(run: Sequence[int], last: int, readers: Sequence[set[int]]) -> bool:
    """Whether all that read a box of the run, which `last` would end, are in it or read `last` too."""
    return all(readers[place] <= {*run, last} | readers[last] for place in run)


def _readers(boxes: Sequence[Box]) -> list[set[int]]:
    readers: list[set[int]] = [set() for _ in boxes]
    for place, box in enumerate(boxes):
        for parent in box.parents:
            readers[parent].add(place)
    return readers


def _columns(boxes: list[Box]) -> list[Box]:
    """Many equal columns side by side, read by the same boxes, as one."""
    upwards: list[object] = []
    for box in boxes:
        upwards.append(hash((_alike(box), frozenset(upwards[parent] for parent in box.parents))))
    readers = _readers(boxes)
    downwards: list[object] = [None] * len(boxes)
    for place in reversed(range(len(boxes))):
        below = [downwards[reader] for reader in readers[place]] or [place]
        downwards[place] = hash((_alike(boxes[place]), frozenset(below)))
    alike: dict[object, list[int]] = {}
    for place, box in enumerate(boxes):
        alike.setdefault((upwards[place], downwards[place], box.outputs), []).append(place)
    runs = {places[0]: places for places in alike.values() if len(places) >= COLUMNS}
    return _merged(boxes, {place: first for first, places in runs.items() for place in places[1:]}, runs)


def _alike(box: Box) -> object:
    """Columns may differ in their last side: tables of embeddings do."""
    structure, _ = box.signature
    return structure, box.shape[:-1], box.count, box.shared


def _merged(boxes: list[Box], into: Mapping[int, int], runs: Mapping[int, Sequence[int]]) -> list[Box]:
    """The boxes without those that others stand for; a run has the shape of its last box."""
    kept = [place for place in range(len(boxes)) if place not in into]
    new = {place: kept.index(into.get(place, place)) for place in range(len(boxes))}
    found = []
    for place in kept:
        run = [boxes[other] for other in runs.get(place, [place])]
        merged = replace(
            boxes[place], parents=tuple(sorted({new[parent] for parent in boxes[place].parents} - {new[place]}))
        )
        if len(run) > 1:
            shape = run[-1].shape if len({box.shape[-1:] for box in run}) == 1 or merged.parents else merged.shape
            outputs = tuple(name for box in run for name in box.outputs)
            name = _names([box.name for box in run])
            further = any(len(box.parents) > 1 and place in runs for box in run[1:]) and not run[0].is_input
            content = f"{merged.content}; reads the two before" if further else merged.content
            merged = replace(
                merged, name=name, content=content, shape=shape, count=len(run) * merged.count, outputs=outputs
            )
        found.append(merged)
    return found


def _names(names: Iterable[str]) -> str:
    """Many names as the first and what is other in the last: "conv2_block2 … 3"."""
    first, *_, last = names
    common = "".join(_beginning([first, last]))
    end = last[len(re.sub(r"\d+$", "", common)) :] if common else last
    return f"{first} … {end}"


def _beginning(sequences: Sequence[Sequence[str]]) -> list[str]:
    """What they begin with alike: words of names, or letters."""
    alike = takewhile(lambda each: len(set(each)) == 1, zip(*sequences, strict=False))
    return [each[0] for each in alike]
