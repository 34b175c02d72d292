"""Names of layers inside a layer: Keras numbers those that it makes up, `lstm_cell_4`, by what was built before.

They say nothing of the layer's place, so that the same model built twice has two sets of them. Inside a layer of the
graph, numbers that Keras made up are read as ranks; layers of the graph itself are found by their names alone.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from zoo.keras_internals.graph import layers_of
from zoo.weights.places import Place
from zoo.weights.stored import snake_case

NUMBER = re.compile(r"_(\d{1,9})$")
SIDE = re.compile(r"^(?:forward|backward)_")  # of a Bidirectional


def found_inside(file_layers: Collection[str], places: Mapping[str, Place]) -> dict[str, str]:
    """Layer of the file -> layer of the model, for those inside a layer of the graph whose inner names are others."""
    inside: dict[str, dict[str, Place]] = {}
    for place in places.values():
        if place.layer != place.outer:
            inside.setdefault(place.outer, {})[place.layer] = place
    found: dict[str, str] = {}
    for outer, ours in inside.items():
        theirs = [name for name in file_layers if name.startswith(f"{outer}/")]
        if theirs and not set(theirs) <= ours.keys():
            stems = _made_up(next(iter(ours.values())).outer_layer)
            start = len(outer) + 1
            by_rank = {ranks: f"{outer}/{name}" for name, ranks in _ranked((n[start:] for n in ours), stems).items()}
            for name, ranks in _ranked((n[start:] for n in theirs), stems).items():
                if ranks in by_rank:
                    found[f"{outer}/{name}"] = by_rank[ranks]
    return found


def _made_up(layer: object) -> set[str]:
    """The names inside the layer, without their numbers, that Keras made up of a class: "lstm_cell", "forward_lstm"."""
    stems = set()
    for each in layers_of(layer):
        stem = NUMBER.sub("", each.name)
        if SIDE.sub("", stem) == snake_case(type(each).__name__):
            stems.add(stem)
    return stems


def _ranked(names: Iterable[str], stems: Collection[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Name -> (stem, rank of its number among those of the stem beside it) of each of its parts."""
    names = list(names)
    beside: dict[tuple[str, str], set[str]] = {}
    for name in names:
        for parent, part, stem in _parts(name, stems):
            beside.setdefault((parent, stem), set()).add(part)
    order = {key: sorted(parts, key=_number) for key, parts in beside.items()}
    return {
        name: tuple((stem, order[parent, stem].index(part)) for parent, part, stem in _parts(name, stems))
        for name in names
    }


def _parts(name: str, stems: Collection[str]) -> list[tuple[str, str, str]]:
    """ "forward_lstm_3/lstm_cell" -> [("", "forward_lstm_3", "forward_lstm"), ("forward_lstm_3", ...)]."""
    parts = name.split("/")
    found = []
    for place, part in enumerate(parts):
        stem = NUMBER.sub("", part)
        found.append(("/".join(parts[:place]), part, stem if stem in stems else part))
    return found


def _number(name: str) -> int:
    match = NUMBER.search(name)
    return int(match[1]) if match else 0
