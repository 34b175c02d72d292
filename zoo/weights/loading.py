"""From a file to a model: whole or not at all, and every weight accounted for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import WeightsError, require_known
from zoo.weights.arrays import shape_for
from zoo.weights.by_order import named_by_order
from zoo.weights.matching import Fit, layers_found, match
from zoo.weights.names import Names, keep, names_for
from zoo.weights.parts import part_for
from zoo.weights.places import Place, graph_version, head_of, places_of, stems_of
from zoo.weights.readers import opened
from zoo.weights.report import LoadReport, keep_report
from zoo.weights.stored import StoredWeights
from zoo.weights.values import give, give_initial_values

if TYPE_CHECKING:
    import keras

FITS = ("head", "stem")


def load_weights(
    model: "keras.Model",
    path: Path | str,
    *,
    names: str | Names | None = None,
    reinitialise: Collection[str] = (),
    fit: Collection[str] = (),
    leave: Collection[str] = (),
    by_order: bool = False,
) -> LoadReport:
    """Read every weight of `model` from a file: of `save_weights`, Keras (all layouts), safetensors or PyTorch.

    names         the family whose names table tells what the file calls our layers, "resnet"; "resnet.torchvision"
                  for a kind of file outright. A file that has all our names needs none.
    reinitialise  layers, of the model or of the file, that are left out.
    fit           what may be made to fit: "head", fresh for another number of classes; "stem", its kernel inflated
                  for another number of channels.
    leave         layers of the file that the model need not have.
    by_order      match a Keras file that does not hold the layers' names by their order; the report says so.

    Raises `WeightsError`, and leaves the model as it was, unless every other weight of the model and of the file
    matches, shape for shape.
    """
    for each in fit:
        require_known("kind of fit", each, FITS)
    places = places_of(model)
    head = head_of(model)
    wishes = Fit(
        reinitialise,
        head if "head" in fit else None,
        stems_of(model) if "stem" in fit else (),
        leave,
    )
    with opened(path) as stored:
        if stored.nameless or by_order:
            stored = _by_names_or_order(stored, model, places, by_order)
        stored, notes = part_for(
            stored, places, lambda layers: _table(names, layers, stored.own, places), leave=leave, head=head
        )
        notes = [*stored.notes, *notes]
        _note_graph(stored, model, notes)
        found = match(stored, places, _table(names, list(stored.layers), stored.own, places), wishes)
        arrays = {
            address: _fitted(found.readers[address](), place, path)
            for address, place in places.items()
            if address in found.readers
        }
    for address, array in arrays.items():
        give(places[address].variable, array)
    give_initial_values(model)
    _finish(places[address].owner for address in arrays)
    reasons = {**found.fresh, **found.unused}
    inflated = tuple(address for address in arrays if address in found.inflated)
    report = LoadReport(
        tuple(address for address in arrays if address not in found.inflated),
        tuple(address for address in places if address in found.fresh),
        tuple(found.unused),
        inflated,
        reasons,
        tuple(notes),
        stored.layout,
    )
    return keep_report(model, report)


def head_classes(model: "keras.Model", path: Path | str, *, names: str | Names | None = None) -> int | None:
    """How many classes the head in a file of weights has, of whatever number `model` has; None without that head."""
    places, head = places_of(model), head_of(model)
    with opened(path) as stored:
        stored, _ = part_for(
            stored, places, lambda layers: _table(names, layers, stored.own, places), leave=(), head=head
        )
        table = _table(names, list(stored.layers), stored.own, places)
        found = layers_found(list(stored.layers), places, table)
        place = next((place for place in places.values() if place.layer == head), None)
        for layer, role, array in stored.arrays():
            if place is not None and found.get(layer) == head and array.shape:
                return int(shape_for(place.owner, role, array.shape)[-1])
    return None


def _by_names_or_order(
    stored: StoredWeights, model: "keras.Model", places: Mapping[str, Place], by_order: bool
) -> StoredWeights:
    """The file as it is where its names are the model's; else by order, where that is asked for."""
    if not by_order:
        raise WeightsError(
            f"{stored.path} does not hold the names of its layers, only their order: give by_order=True to match them "
            "by it, as Keras does."
        )
    found = {} if stored.nameless else layers_found(list(stored.layers), places, Names())
    ours = {place.layer for place in places.values()}
    return stored if set(found.values()) == ours else named_by_order(stored, model)


def _table(names: str | Names | None, file_layers: list[str], own: bool, places: Mapping[str, Place]) -> Names:
    """The table that the file needs: none if it has our names already."""
    if isinstance(names, Names):
        return replace(names, rename=keep) if own else names
    ours = {place.layer for place in places.values()}
    if names is None or own:
        return Names()
    table = names_for(names, file_layers)
    if "." not in names and ours <= set(file_layers):
        return Names(ignore=table.ignore, roles=table.roles)
    return table


def _fitted(array: np.ndarray, place: Place, path: Path | str) -> np.ndarray:
    """The array in the type of the variable and the byte order of this machine; raises unless it is finite there."""
    wanted = place.variable.dtype
    dtype = np.dtype("float32" if wanted == "bfloat16" else wanted)  # which numpy alone does not know
    with np.errstate(over="ignore", invalid="ignore"):
        sound = array.dtype.kind != "f" or dtype.kind == "f" or np.isfinite(array).all()
        array = array.astype(dtype, copy=False)
        total = array.sum(dtype=np.float32 if array.dtype.itemsize < 4 else None)  # NaN and infinity show in the sum
    if not sound or (dtype.kind == "f" and not np.isfinite(total) and not np.isfinite(array).all()):
        raise WeightsError(f"{place.address} in {path} holds NaN, infinite numbers or some too large for {wanted}.")
    return array


def _finish(layers: Iterable[Any]) -> None:
    """Normalization computes with numbers that it derives from its weights, and not with the weights."""
    for layer in {id(layer): layer for layer in layers}.values():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _note_graph(stored: StoredWeights, model: "keras.Model", notes: list[str]) -> None:
    if stored.graph is not None and stored.graph != graph_version(model):
        notes.append(f"The weights were saved from another graph ({stored.graph}, not {graph_version(model)}).")
