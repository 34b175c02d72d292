"""Which array of a file belongs to which weight of a model: decided by names and shapes, before anything is read."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from zoo.errors import UnknownNameError, WeightsError
from zoo.weights.arrays import (
    SOURCES_IGNORED,
    inflated,
    only_axis_differs,
    role_in,
    same_but_ones,
    shape_for,
    transposed,
    without_leading_ones,
)
from zoo.weights.inner_names import found_inside
from zoo.weights.names import Names
from zoo.weights.places import Place
from zoo.weights.stored import BESIDE, OPENED_BY_KERAS, StoredArray, StoredWeights


@dataclass(frozen=True)
class Fit:
    """What may differ, and the layers that it concerns: of the model `head` and `stems`; of the file `leave`."""

    reinitialise: Collection[str] = ()
    head: str | None = None
    stems: Collection[str] = ()
    leave: Collection[str] = ()


@dataclass
class Match:
    """Address of the model -> how to read its array; and why each of the rest is left."""

    readers: dict[str, Callable[[], np.ndarray]] = field(default_factory=dict)
    inflated: list[str] = field(default_factory=list)
    fresh: dict[str, str] = field(default_factory=dict)  # address of the model -> why
    unused: dict[str, str] = field(default_factory=dict)  # address of the file -> why


def match(stored: StoredWeights, places: Mapping[str, Place], names: Names, fit: Fit) -> Match:
    """Explain every array of the file and every weight of the model, or raise `WeightsError`."""
    _require_layers(fit.reinitialise, [*places, *(f"{layer}/{role}" for layer, role, _ in stored.arrays())])
    found = Match(unused=dict(stored.skipped))
    offered, unknown = _addressed(stored, places, names, fit, found)
    for address in places:
        if _in_layers(address, fit.reinitialise):
            found.fresh[address] = "asked for"
    missing = sorted(places.keys() - offered.keys() - found.fresh.keys())
    head = [address for address in places if fit.head and _in_layers(address, [fit.head])]
    if head and missing == sorted(head):
        found.fresh |= dict.fromkeys(head, "not in the file: a new head")
        missing = []
    _require_same(missing, sorted(unknown), bool(offered), stored)
    _require_head(offered, places, fit, found)
    for address, (origin, role, array) in sorted(offered.items(), key=lambda item: item[0]):
        if address not in found.fresh:
            found.readers[address] = _reader(places[address], origin, role, array, names, fit, stored, found)
    return found


Offer = tuple[str, str, StoredArray]  # address in the file, role in the file, array


def _addressed(
    stored: StoredWeights, places: Mapping[str, Place], names: Names, fit: Fit, found: Match
) -> tuple[dict[str, Offer], list[str]]:
    """Address of the model -> array of the file; and the arrays that nothing explains."""
    layers: dict[str, dict[str, Place]] = {}
    for place in places.values():
        layers.setdefault(place.layer, {})[place.role] = place
    named = _layers_named(list(stored.layers), places, names)
    offered: dict[str, Offer] = {}
    unknown = []
    for theirs, role, array in stored.arrays():
        origin = f"{theirs}/{role}"
        reason = _ignored(theirs, role, names)
        layer = named[theirs]
        ours = role_of(_renamed_role(theirs, role, names), layers.get(layer, {}))
        if reason is None and any(_in_layers(each, fit.reinitialise) for each in (origin, f"{layer}/{role}")):
            reason = "re-initialised instead"
        if reason is None and _in_layers(f"{layer}/{role}", fit.leave):
            reason = "a part of the top, which the model does not have"
        if reason is not None:
            found.unused[origin] = reason
        elif ours is None:
            unknown.append(origin if layer == theirs else f"{origin} (as {layer})")
        elif f"{layer}/{ours}" in offered:
            raise WeightsError(
                f"{stored.path} has both {offered[f'{layer}/{ours}'][0]} and {origin} for {layer}/{ours}."
            )
        else:
            offered[f"{layer}/{ours}"] = (origin, role, array)
    return offered, unknown


def _ignored(layer: str, role: str, names: Names) -> str | None:
    if role in SOURCES_IGNORED:
        return SOURCES_IGNORED[role]
    for pattern, reason in names.ignore.items():
        if fnmatchcase(layer, pattern) or fnmatchcase(f"{layer}/{role}", pattern):
            return reason
    return None


def _renamed_role(layer: str, role: str, names: Names) -> str:
    for pattern, ours in names.roles.items():
        if fnmatchcase(f"{layer}/{role}", pattern):
            return ours
    return role


def _layer_of(name: str, layers: Collection[str]) -> str:
    """The layer of the model; Keras' older layout leaves out the models between the outermost and the layer."""
    if name in layers:
        return name
    outer, _, inner = name.partition("/")
    deeper = [layer for layer in layers if inner and layer.startswith(f"{outer}/") and layer.endswith(f"/{inner}")]
    return deeper[0] if len(deeper) == 1 else name


def layers_found(file_layers: Sequence[str], places: Mapping[str, Place], names: Names) -> dict[str, str]:
    """Layer of the file -> layer of the model, for those that the model has."""
    ours = {place.layer for place in places.values()}
    return {theirs: layer for theirs, layer in _layers_named(file_layers, places, names).items() if layer in ours}


def _layers_named(file_layers: Sequence[str], places: Mapping[str, Place], names: Names) -> dict[str, str]:
    """Layer of the file -> its name in the model, if the model has it."""
    layers = list(dict.fromkeys(place.layer for place in places.values()))
    renamed = names.rename(file_layers, layers)
    named = {theirs: renamed.get(theirs, theirs) for theirs in file_layers}
    inside = found_inside(named.values(), places)
    ours = set(layers)
    return {theirs: _layer_of(inside.get(name, name), ours) for theirs, name in named.items()}


def role_of(role: str, ours: Mapping[str, Place]) -> str | None:
    """The role among those of one layer of the model that the file's `role`, a name or a number, means."""
    if role.isdecimal():
        return next((name for name, place in ours.items() if str(place.number) == role), None)
    return role_in(role, ours)


def _require_head(offered: Mapping[str, Offer], places: Mapping[str, Place], fit: Fit, found: Match) -> None:
    """A head for another number of classes is left fresh, all of it, if `fit` allows it."""
    head = {address for address in offered if fit.head and _in_layers(address, [fit.head])}
    shapes = {
        address: shape_for(places[address].owner, offered[address][1], offered[address][2].shape) for address in head
    }
    differ = [address for address in head if not same_but_ones(shapes[address], places[address].shape)]
    for address in differ:
        theirs, ours = without_leading_ones(shapes[address]), without_leading_ones(places[address].shape)
        if not only_axis_differs(theirs, ours, -1):
            return  # it differs in more than the classes: refused with the other shapes
    if differ:
        found.fresh |= dict.fromkeys(sorted(head), "another number of classes")
        found.unused |= {offered[address][0]: "a head for another number of classes" for address in sorted(head)}


def _reader(
    place: Place,
    origin: str,
    role: str,
    array: StoredArray,
    names: Names,
    fit: Fit,
    stored: StoredWeights,
    found: Match,
) -> Callable[[], np.ndarray]:
    """How to read the array in the model's shape; raises where the shapes do not fit."""
    adapt = next((change for pattern, change in names.adapt.items() if fnmatchcase(place.address, pattern)), None)
    if adapt is not None:
        if math.prod(array.shape) != math.prod(place.shape):
            raise WeightsError(_shapes_differ(place, array.shape, origin, stored))
        return lambda: _adapted(adapt, array, place, stored.path)
    shape = shape_for(place.owner, role, array.shape)
    if same_but_ones(shape, place.shape):
        return lambda: transposed(place.owner, role, array.read()).reshape(place.shape)
    convolution = type(place.owner).__name__ in ("Conv1D", "Conv2D", "Conv3D") and place.role == "kernel"
    if _in_layers(place.address, fit.stems) and convolution and only_axis_differs(shape, place.shape, -2):
        found.inflated.append(place.address)
        return lambda: inflated(transposed(place.owner, role, array.read()), place.shape[-2])
    raise WeightsError(_shapes_differ(place, shape, origin, stored))


def _adapted(change: Callable[[Any], Any], array: StoredArray, place: Place, path: str) -> np.ndarray:
    changed = change(array.read())
    if tuple(changed.shape) != place.shape:
        raise WeightsError(f"{place.address} is {tuple(changed.shape)} in {path} but {place.shape} in the model.")
    return changed


def _in_layers(address: str, layers: Collection[str]) -> bool:
    return any(address.startswith(f"{layer}/") for layer in layers)


def _require_layers(names: Collection[str], addresses: list[str]) -> None:
    for name in names:
        if not any(_in_layers(address, [name]) for address in addresses):
            raise UnknownNameError("layer", name, {address.rpartition("/")[0] for address in addresses})


def _require_same(missing: list[str], unknown: list[str], any_common: bool, stored: StoredWeights) -> None:
    if not missing and not unknown:
        return
    whole = f"; {OPENED_BY_KERAS}" if stored.whole else ""
    if not any_common:
        kind = "" if stored.own else f" ({stored.layout}, not one written by zoo.save_weights)"
        raise WeightsError(
            f"{stored.path} holds the weights of another model{kind}: they have no address in common; "
            f"the file has {_some(unknown)}{whole}."
        )
    parts = []
    if missing:
        parts.append(f"{_some(missing)} of the model not in the file")
    if unknown:
        parts.append(f"{_some(unknown)} of the file not in the model")
    if beside := sorted(address for address, reason in stored.skipped.items() if reason == BESIDE):
        parts.append(f"{_some(beside)} beside the model in the file")
    elif stored.places and missing and unknown:
        parts.append("by_order=True would match the layers by class and order, as Keras does")
    raise WeightsError(f"{stored.path} does not fit the model: {'; '.join(parts)}{whole}.")


def _some(addresses: list[str]) -> str:
    shown = ", ".join(addresses[:4]) or "nothing"
    return shown if len(addresses) <= 4 else f"{shown} and {len(addresses) - 4} more"


def _shapes_differ(place: Place, theirs: tuple[int, ...], origin: str, stored: StoredWeights) -> str:
    """The sentence for two shapes, with the options that explain the file's where its metadata holds them."""
    sizes = {there for there, here in zip(theirs, place.shape, strict=False) if there != here}
    config = stored.metadata.get("config")
    options = config.items() if isinstance(config, dict) else ()
    made_for = [f"{key}={value}" for key, value in options if type(value) is int and value in sizes]
    reason = f": the file was made for {', '.join(made_for)}" if made_for else ""
    called = f" (called {origin})" if origin != place.address and not origin.rpartition("/")[2].isdecimal() else ""
    return f"{place.address} is {theirs} in {stored.path}{called} but {place.shape} in the model{reason}."
