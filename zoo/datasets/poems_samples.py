"""Poems as arrays to train on: pieces of similar length, each step's inputs, and the character that it must predict."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from zoo.datasets.poems import LINE_END, Characters, inputs_of
from zoo.errors import DataError
from zoo.samples import MISSING_CLASS, Samples

LONGEST = 64  # steps of a piece: longer poems are cut after a line
TARGET = "next"


def fit_characters(
    poems: Sequence[Sequence[str]], *, least: int = 1, most: int | None = None, separator: str = ""
) -> Characters:
    """The characters (words, with a separator) that occur `least` times, the most frequent first, ties in order."""
    empty = Characters((), separator)
    counts = Counter(unit for poem in poems for line in poem for unit in empty.units(line))
    ranked = sorted((unit for unit, count in counts.items() if count >= least), key=lambda unit: (-counts[unit], unit))
    if not ranked:
        raise DataError(f"No character occurs {least} times in these {len(poems)} poems.")
    return Characters(tuple(ranked[:most]), separator)


def samples_of(poems: Sequence[Sequence[str]], characters: Characters, *, free: bool) -> Samples:
    """Poems as lines of text -> pieces: the inputs of every step, 0 behind the end, and "next", the character itself.

    groups  "form": "7x4" for four lines of seven, "free", or "mixed" for other lines of given lengths;
            "poem": number of the poem in `poems`.
    """
    by_form = defaultdict(list)
    for number, poem in enumerate(poems):
        ids = [np.append(line, LINE_END) if free else line for line in map(characters.encode, poem)]
        by_form[tuple(len(line) for line in ids)].append((number, np.concatenate(ids)))
    parts = [_pieces(form, members, free) for form, members in by_form.items()]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    groups = {name: arrays.pop(name) for name in ("form_name", "poem")}
    targets = {TARGET: arrays.pop(TARGET)}
    return Samples(arrays, targets, {"form": groups["form_name"], "poem": groups["poem"]})


def form_name(form: Sequence[int], *, free: bool = False) -> str:
    """Lengths of lines -> "7x4", "mixed" or "free".

    >>> form_name((7, 7, 7, 7)), form_name((3, 3, 7)), form_name((8, 9), free=True)
    ('7x4', 'mixed', 'free')
    """
    if free:
        return "free"
    return f"{form[0]}x{len(form)}" if len(set(form)) == 1 else "mixed"


def _pieces(form: tuple[int, ...], members: list[tuple[int, np.ndarray]], free: bool) -> dict[str, np.ndarray]:
    """Poems of one form -> arrays of all their pieces, (pieces, LONGEST) each."""
    ids = np.stack([poem for _, poem in members])
    steps = {**inputs_of(ids, form, free=free), TARGET: ids}
    bounds = cuts(form)
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for start, end in pairwise(bounds):
        for name, values in steps.items():
            fill = MISSING_CLASS if name == TARGET else 0
            padding = np.full((len(ids), LONGEST - (end - start)), fill, "int32")
            found[name].append(np.concatenate([values[:, start:end].astype("int32"), padding], axis=1))
        found["form_name"].append(np.full(len(ids), form_name(form, free=free)))
        found["poem"].append(np.array([number for number, _ in members]))
    return {name: np.concatenate(arrays) for name, arrays in found.items()}


def cuts(form: Sequence[int]) -> list[int]:
    """Where a poem of this form is cut: pieces of whole lines, about equally long, of `LONGEST` steps at the most.

    >>> cuts((7,) * 12), cuts((30, 30, 30)), cuts((150,))
    ([0, 42, 84], [0, 60, 90], [0, 64, 128, 150])
    """
    total = sum(form)
    goal = total / -(-total // LONGEST)
    bounds, start, at = [0], 0, 0
    for length in form:
        if at > start and (at + length - start > LONGEST or at + length / 2 - start > goal):
            bounds.append(at)
            start = at
        at += length
        while at - start > LONGEST:  # one line alone
            start += LONGEST
            bounds.append(start)
    return [*bounds, at]
