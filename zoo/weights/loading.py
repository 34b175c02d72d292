"""From a file to a model: whole or not at all, and every weight accounted for."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import WeightsError, require_known
from zoo.weights.matching import Fit, match
from zoo.weights.names import Names, names_for
from zoo.weights.places import Place, graph_version, head_of, places_of, stems_of
from zoo.weights.readers import opened
from zoo.weights.readers.archive import snake_case
from zoo.weights.report import LoadReport, keep_report
from zoo.weights.stored import StoredArray, StoredWeights
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
    wishes = Fit(
        reinitialise,
        head_of(model) if "head" in fit else None,
        stems_of(model) if "stem" in fit else (),
        leave,
    )
    notes: list[str] = []
    with opened(path) as stored:
        stored = _named(stored, model, by_order, notes)
        _note_graph(stored, model, notes)
        found = match(stored, places, _table(names, stored, places), wishes)
        arrays = {
            address: _fitted(found.readers[address](), place, path)
            for address, place in places.items()
            if address in found.readers
        }
    for address, array in arrays.items():
        give(places[address].variable, array)
    give_initial_values(model)
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


def _table(names: str | Names | None, stored: StoredWeights, places: Mapping[str, Place]) -> Names:
    """The table that the file needs: none if it has our names already."""
    if isinstance(names, Names):
        return names
    ours = {place.layer for place in places.values()}
    if names is None or stored.own:
        return Names()
    file_layers = list(stored.layers)
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


def _note_graph(stored: StoredWeights, model: "keras.Model", notes: list[str]) -> None:
    if stored.graph is not None and stored.graph != graph_version(model):
        notes.append(f"The weights were saved from another graph ({stored.graph}, not {graph_version(model)}).")


def _named(stored: StoredWeights, model: "keras.Model", by_order: bool, notes: list[str]) -> StoredWeights:
    """The file with names: its own, or with `by_order` those that Keras would match by class and number."""
    if not stored.nameless:
        return stored
    if not by_order:
        raise WeightsError(
            f"{stored.path} does not hold the names of its layers, only their order: give by_order=True to match them "
            "by it, as Keras does."
        )
    names = _by_class(model)
    notes.append("The file holds no names: its layers were matched by class and order, as Keras does it.")
    layers: dict[str, Mapping[str, StoredArray]] = {
        names.get(layer, layer): roles for layer, roles in stored.layers.items()
    }
    return StoredWeights(stored.path, stored.layout, layers, skipped=stored.skipped)


def _by_class(model: Any, place: str = "", address: str = "") -> dict[str, str]:
    """Keras' place "functional/conv2d_1" -> "inner/second"."""
    names: dict[str, str] = {}
    seen: dict[str, int] = {}
    for layer in model.layers:
        word = snake_case(type(layer).__name__)
        seen[word] = seen.get(word, -1) + 1
        theirs = f"{place}{word}" + (f"_{seen[word]}" if seen[word] else "")
        names[theirs] = f"{address}{layer.name}"
        if hasattr(layer, "layers"):
            names |= _by_class(layer, f"{theirs}/", f"{address}{layer.name}/")
        else:
            names |= _by_attribute(layer, theirs, f"{address}{layer.name}")
    return names


def _by_attribute(layer: Any, place: str, address: str) -> dict[str, str]:
    """Keras' place "lstm/cell" of a layer inside a layer -> "rows/lstm_cell"."""
    import keras

    names: dict[str, str] = {}
    for attribute, inner in vars(layer).items():
        if isinstance(inner, keras.Layer):
            names[f"{place}/{attribute}"] = f"{address}/{inner.name}"
            names |= _by_attribute(inner, f"{place}/{attribute}", f"{address}/{inner.name}")
    return names
