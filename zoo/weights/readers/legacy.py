"""Keras' legacy HDF5: a group for each layer of the top, listed in "layer_names", its arrays in "weight_names".

Files with this layout were written from Keras 1 to Keras 3; whole models have it under "model_weights".
"""

import re
from typing import Any

import h5py

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import member_at, names_attribute, plain_dataset, plain_member, stored_array
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


def read(root: h5py.Group, path: str) -> StoredWeights:
    layers: dict[str, dict[str, StoredArray]] = {}
    for layer in names_attribute(root, "layer_names") or []:
        group = member_at(root, layer, path)
        for weight in names_attribute(group, "weight_names") or []:
            dataset = plain_dataset(member_at(group, weight, path), f"{layer}/{weight}", path)
            place, role = _place(layer, weight)
            if role in layers.setdefault(place, {}):
                raise WeightsError(f"{path} holds two arrays for {place}/{role}.")
            layers[place][role] = stored_array(dataset)
    _require_no_own_weights(root, path)
    return StoredWeights(path, "a .h5 file of Keras", layers)


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


def _require_no_own_weights(root: h5py.Group, path: str) -> None:
    group: Any = root.get("top_level_model_weights")
    if group is not None and names_attribute(group, "weight_names"):
        raise WeightsError(f"{path} holds weights that belong to no layer.")
