"""Which calls of a graph belong to one block, by the beginnings of their names.

"conv2_block1_1_conv" begins with "conv2", which is split into "conv2_block1", "conv2_block2", ... because these are
blocks in a row. What Keras named ("not_equal_3") goes with what reads it. Whatever is grouped, the blocks are in no
circle: a group that would be is split further.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from zoo.drawing.calls import Call

LEAST = 5  # calls of a block that a larger one is split into
NUMBER = re.compile(r"(?:^|_)((?:reduce_|stem_)?\d+)(?![^_])")  # of the blocks of MobileNet and NASNet: near the end
Groups = list[str]  # the block of each call


def group_calls(calls: Sequence[Call]) -> Groups:
    """The name of the block of each call."""
    groups = _without_circles(calls, _with_unnamed(calls, [_prefix(call, 1) for call in calls]))
    for group in dict.fromkeys(groups):
        groups = _split(calls, groups, group, 1)
    return _joined(calls, groups)


def edges_between(calls: Sequence[Call], groups: Groups) -> set[tuple[str, str]]:
    """(block, block that reads it)."""
    return {
        (groups[parent], groups[place])
        for place, call in enumerate(calls)
        for parent in call.parents
        if groups[parent] != groups[place]
    }


def _prefix(call: Call, words: int) -> str:
    """The first words of the call's name; inputs, and what is named after two things, stand for themselves."""
    parts = call.name.split("_")
    if call.is_input:
        return f"input {call.name}"
    return call.name if "and" in parts or not call.named else "_".join(parts[:words])


def _numbered(call: Call, words: int) -> str:
    """The number of the block at the end of the call's name, or else the first words."""
    found = NUMBER.findall(call.name)
    return f"block {found[-1]}" if found and call.named and not call.is_input else _prefix(call, words)


def _with_unnamed(calls: Sequence[Call], groups: Groups) -> Groups:
    """Calls that Keras named join the block of all that read them, or of all that they read; the rest is by itself."""
    groups = list(groups)
    readers: list[set[int]] = [set() for _ in calls]
    for place, call in enumerate(calls):
        for parent in call.parents:
            readers[parent].add(place)
    unnamed = [place for place, call in enumerate(calls) if not call.named]
    for place in unnamed:
        groups[place] = f"{calls[place].name} {place}"
    for places, others in ((unnamed[::-1], readers), (unnamed, [set(call.parents) for call in calls])):
        for place in places:
            near = {groups[other] for other in others[place]}
            if len(near) == 1 and groups[place] == f"{calls[place].name} {place}" and not calls[place].outputs:
                only = near.pop()
                groups[place] = groups[place] if only.startswith("input ") else only
    return groups


def _without_circles(calls: Sequence[Call], groups: Groups) -> Groups:
    """The same, blocks that stand in a circle split: by number or by more words of the names, whichever gives fewer."""
    if not (circle := _in_circle(calls, groups)):
        return groups
    shared = [
        f"{group} {place}" if group in circle and calls[place].times > 1 else group
        for place, group in enumerate(groups)
    ]
    found = [] if _in_circle(calls, shared) else [shared]
    for rename in (_numbered, _prefix):
        tried = groups
        for words in range(2, 2 + max(call.name.count("_") for call in calls)):
            tried = _renamed(calls, tried, circle if tried is groups else _in_circle(calls, tried), rename, words)
            if not _in_circle(calls, tried):
                found.append(tried)
                break
    if found:
        return min(found, key=lambda each: len(set(each)))
    return [f"{group} {place}" if group in circle else group for place, group in enumerate(groups)]


def _renamed(
    calls: Sequence[Call], groups: Groups, which: set[str], rename: Callable[[Call, int], str], words: int
) -> Groups:
    changed = [rename(call, words) if group in which else group for call, group in zip(calls, groups, strict=True)]
    return _with_unnamed(calls, changed)


def _in_circle(calls: Sequence[Call], groups: Groups) -> set[str]:
    """The blocks that stand in a circle, or between two."""
    edges = edges_between(calls, groups)
    left = set(groups)
    while True:
        inner = {a for a, b in edges if a in left and b in left} & {b for a, b in edges if a in left and b in left}
        if inner == left:
            return left
        left = inner


def _split(calls: Sequence[Call], groups: Groups, group: str, words: int) -> Groups:
    """The block in blocks of more words, if there are at least two of some size, one after the other."""
    own = [place for place, other in enumerate(groups) if other == group]
    longest = max((calls[place].name.count("_") + 1 for place in own), default=0)
    if len(own) < 2 * LEAST or group.startswith(("input ", "block ")):
        return groups
    for more in range(words + 1, longest):
        tried = _renamed(calls, groups, {group}, _prefix, more)
        parts = list(dict.fromkeys(tried[place] for place in own))
        large = [part for part in parts if sum(tried[place] == part for place in own) >= LEAST]
        if len(large) >= 2 and not _in_circle(calls, tried) and _in_a_row(calls, tried, large):
            for part in parts:
                tried = _split(calls, tried, part, more)
            return tried
    return groups


def _in_a_row(calls: Sequence[Call], groups: Groups, blocks: Sequence[str]) -> bool:
    """Whether each block, in the order of computation, depends on the one before."""
    depends: dict[str, set[str]] = {block: {block} for block in set(groups)}
    for place, call in enumerate(calls):  # the calls are in order, and no block is in a circle: twice is enough
        for parent in call.parents:
            depends[groups[place]] |= depends[groups[parent]]
    for place, call in enumerate(calls):
        for parent in call.parents:
            depends[groups[place]] |= depends[groups[parent]]
    ordered = sorted(blocks, key=lambda block: len(depends[block] & set(blocks)))
    return all(before in depends[after] for before, after in pairwise(ordered))


def _joined(calls: Sequence[Call], groups: Groups) -> Groups:
    """Small blocks in a row whose names begin with the same word, joined again: "top_conv", "top_bn"."""
    sizes, names = Counter(groups), {group: calls[place].name for place, group in enumerate(groups)}
    ends = {group for place, group in enumerate(groups) if calls[place].outputs or calls[place].is_input}
    edges = edges_between(calls, groups)
    readers, read = Counter(before for before, _ in edges), Counter(after for _, after in edges)
    into = {group: group for group in sizes}
    for before, after in sorted(edges, key=lambda edge: groups.index(edge[1])):
        alone = readers[before] == read[after] == 1 and not {before, after} & ends
        alike = names[before].partition("_")[0] == names[after].partition("_")[0] and "_" in names[after]
        if alone and alike and sizes[before] < LEAST and sizes[after] < LEAST:
            into[after] = into[before]
    return [into[group] for group in groups]
