"""Keras' legacy HDF5: a group for each layer of the top, listed in "layer_names", its arrays in "weight_names".

Files with this layout were written from Keras 1 to Keras 3; whole models have it under "model_weights".
"""

import re
from collections.abc import Mapping
from typing import Any

import h5py

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import members, names_attribute, plain_member, stored_array
from zoo.weights.stored import StoredArray, StoredWeights

KERAS_1 = re.compile(r"(?P<layer>.+)_(?P<role>W|b|gamma|beta|running_mean|running_std)(_\d+)?")


def root_of(file: h5py.File) -> h5py.Group | None:
    """The group that lists the layers; None where the layout is another."""
    if any(name in file.attrs for name in ("layer_names", "layer_names0")):
        return file
    if "model_weights" in file:
        group = plain_member(file, "model_weights", file.filename)
        if any(name in group.attrs for name in ("layer_names", "layer_names0")):
            return group
    return None


def is_whole(file: h5py.File) -> bool:
    """Whether the file describes its model too."""
    return "model_config" in file.attrs


def read(root: h5py.Group, path: str) -> StoredWeights:
    layers: dict[str, dict[str, StoredArray]] = {}
    held = dict(members(root, path))
    listed, row = set(), []
    for layer in names_attribute(root, "layer_names") or []:
        weights = names_attribute(_listed(held, layer, h5py.Group, path), "weight_names") or []
        row += [layer] if weights else []
        for weight in weights:
            address = f"{layer}/{weight}"
            place, role = _place(layer, weight)
            if role in layers.setdefault(place, {}):
                raise WeightsError(f"{path} holds two arrays for {place}/{role}.")
            layers[place][role] = stored_array(_listed(held, address, h5py.Dataset, path))
            listed.add(address)
    # such stand in no list as those of the model itself, in `top_level_model_weights`
    others = sorted(address for address in held.keys() - listed if isinstance(held[address], h5py.Dataset))
    if others:
        raise WeightsError(f"{path} holds {others[0]}, which belongs to no layer that it lists.")
    return StoredWeights(path, "a .h5 file of Keras", layers, row=row, whole=is_whole(root.file))


def _place(layer: str, weight: str) -> tuple[str, str]:
    """("conv1", "conv1_3/kernel:0") -> ("conv1", "kernel"); inside a nested model ("inner/conv1", "kernel")."""
    weight = re.sub(r":\d+$", "", weight)
    match = KERAS_1.fullmatch(weight)
    if match and re.sub(r"_\d+$", "", match["layer"]) in (layer, re.sub(r"_\d+$", "", layer)):
        return layer, match["role"]
    if "/" not in weight:
        return (f"{layer}/{match['layer']}", match["role"]) if match else (layer, weight)
    inside, _, role = weight.rpartition("/")
    scope = re.match(re.escape(layer) + r"(?:_\d+)?(?=/|$)", inside)  # the layer's own scope, told apart by a number
    scoped = re.search(r"/" + re.escape(layer) + r"(?:_\d+)?$", inside)  # inside name scopes, as all of NASNet's are
    inside = inside[scope.end() :].strip("/") if scope else "" if scoped else inside
    return (f"{layer}/{inside}" if inside else layer), role


def _listed(held: Mapping[str, Any], address: str, kind: type, path: str) -> Any:
    if not isinstance(held.get(address), kind):
        raise WeightsError(f"{path} has no '{address}' of its own, though it lists it.")
    return held[address]
