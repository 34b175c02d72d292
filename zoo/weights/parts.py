"""Which part of a file is the model: all of it; all of it under one prefix; or one layer of a larger model.

PyTorch's wrappers put a prefix before every name ("module.", "_orig_mod."). In Keras' guide to transfer learning the
base is one layer between layers that prepare its pictures and a head: the model's layers stand under the base's name,
and its head beside them under one of Keras' making.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from zoo.errors import WeightsError
from zoo.weights.arrays import only_axis_differs, same_but_ones, shape_for, without_leading_ones
from zoo.weights.matching import layers_found, role_of
from zoo.weights.names import Names
from zoo.weights.places import Place
from zoo.weights.stored import BESIDE, StoredArray, StoredWeights

WRAPPER = "(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)"  # of PyTorch, around any layer
WRAPPERS = re.compile(rf"(?:^|(?<=\.)){WRAPPER}\.|\.{WRAPPER}$")
MOST_PREFIXES = 64  # tried, those of the most layers first
NORMALISATION = ({"mean", "variance", "count"}, {"0", "1", "2"})  # roles of keras.layers.Normalization
Roles = Mapping[str, StoredArray]
TableFor = Callable[[list[str]], Names]


@dataclass(frozen=True)
class Part:
    """The file's layers under `prefix`, which goes from their names; and which layer of the model each is."""

    prefix: str
    layers: Mapping[str, Roles]
    found: Collection[str] = field(default_factory=set)


def part_for(
    stored: StoredWeights, places: Mapping[str, Place], table: TableFor, *, leave: Collection[str], head: str | None
) -> tuple[StoredWeights, list[str]]:
    """The part of the file that holds most layers of the model, under the model's names; and notes on it.

    `leave` are layers of the file that are no part, `head` is the layer that may stand beside the part under any name.
    Raises `WeightsError` where two parts hold the whole model.
    """
    bare = {WRAPPERS.sub("", name): roles for name, roles in stored.layers.items()}
    layers = bare if len(bare) == len(stored.layers) else stored.layers
    ours = {place.layer for place in places.values()}
    part = _part("", layers, places, table)
    if not ours <= set(part.found):
        part = _best(part, layers, places, table, leave, stored.path)
    found: dict[str, Roles] = dict(part.layers)
    notes, skipped = [], dict(stored.skipped)
    rest = {name: roles for name, roles in layers.items() if not name.startswith(part.prefix)}
    if part.prefix:
        notes.append(
            f"The model is what stands under '{part.prefix}' in the file"
            + (": what came before it there (rescaling, normalisation) is no part of it." if rest else ".")
        )
    missing = ours - set(part.found)
    known = rest.keys() & missing  # beside the part under the model's own name
    found |= {name: rest.pop(name) for name in known}
    if (part.prefix or missing == {head}) and len(missing - known) == 1:
        (wanted,) = missing - known
        if not part.prefix:  # then it is among the others
            resolved = set(layers_found(list(layers), places, table(list(layers))))
            rest = {name: roles for name, roles in layers.items() if name not in resolved}
        name = _head_among(rest, wanted, places)
        if name is not None:
            found.pop(name, None)
            found[wanted] = rest.pop(name)
            notes.append(f"'{name}' of the file is the model's '{wanted}'.")
    if part.prefix:
        skipped |= {f"{name}/{role}": BESIDE for name, roles in rest.items() for role in roles}
    return replace(stored, layers=found, skipped=skipped), notes


def _best(
    whole: Part,
    layers: Mapping[str, Roles],
    places: Mapping[str, Place],
    table: TableFor,
    leave: Collection[str],
    path: str,
) -> Part:
    """The part with the most layers of the model; the whole file where none has more of them."""
    number = Counter(name[: dot.end()] for name in layers for dot in re.finditer(r"[./]", name[:200]))
    left = tuple(f"{name}{end}" for name in leave for end in "./")
    tried = [prefix for prefix, _ in number.most_common(MOST_PREFIXES) if not f"{prefix}".startswith(left or ("\0",))]
    parts = [
        _part(prefix, {n.removeprefix(prefix): roles for n, roles in layers.items() if n.startswith(prefix)}, places,
              table)
        for prefix in tried
    ]  # fmt: skip
    most = max((len(part.found) for part in parts), default=0)
    if most <= len(whole.found):
        return whole
    best = [part for part in parts if len(part.found) == most]
    wanted = len({place.layer for place in places.values()})
    apart = [part for part in best if not any(_within(part, other) for other in best if other is not part)]
    if len(apart) > 1 and most >= wanted - 1:
        names = " and ".join(f"'{part.prefix.rstrip('./')}'" for part in apart)
        raise WeightsError(
            f"{path} holds the model {len(apart)} times, as {names}: which is meant? Name the others in 'leave', as in "
            f"zoo.load_weights(model, file, leave=['{apart[-1].prefix.rstrip('./')}'])."
        )
    return apart[0] if apart else best[0]


def _within(part: Part, other: Part) -> bool:
    """Whether the part is the other's, which has a longer prefix or comes first under the same names."""
    return other.prefix.startswith(part.prefix)


def _part(prefix: str, layers: Mapping[str, Roles], places: Mapping[str, Place], table: TableFor) -> Part:
    try:
        found = set(layers_found(list(layers), places, table(list(layers))).values())
    except WeightsError:  # of a table that counts the layers
        found = set()
    return Part(prefix, layers, found)


def _head_among(rest: Mapping[str, Roles], wanted: str, places: Mapping[str, Place]) -> str | None:
    """The one layer of `rest` with the arrays of the model's layer `wanted`, as far as their shapes tell.

    None where another trained layer stands beside it: that would lie between the model and the head.
    """
    trained = [name for name, roles in rest.items() if not _normalises(roles)]
    ours = {place.role: place for place in places.values() if place.layer == wanted}
    return trained[0] if len(trained) == 1 and _alike(rest[trained[0]], ours) else None


def _normalises(roles: Roles) -> bool:
    return set(roles) in NORMALISATION and any(array.shape == () for array in roles.values())


def _alike(theirs: Roles, ours: Mapping[str, Place]) -> bool:
    """Whether every array has its place, the number of classes aside."""
    paired = {role: role_of(role, ours) for role in theirs}
    if None in paired.values() or sorted(map(str, paired.values())) != sorted(ours):
        return False
    for role, array in theirs.items():
        place = ours[str(paired[role])]
        shape = shape_for(place.owner, role, array.shape)
        own, other = without_leading_ones(place.shape), without_leading_ones(shape)
        if not same_but_ones(shape, place.shape) and not only_axis_differs(other, own, -1):
            return False
    return True
