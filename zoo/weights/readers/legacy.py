"""Keras' legacy HDF5: a group for each layer of the top, listed in "layer_names", its arrays in "weight_names".

Files with this layout were written from Keras 1 to Keras 3; whole models have it under "model_weights".
"""

import re

import h5py

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import datasets, member_at, names_attribute, plain_dataset, plain_member, stored_array
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
    listed = set()
    for layer in names_attribute(root, "layer_names") or []:
        group = member_at(root, layer, path)
        for weight in names_attribute(group, "weight_names") or []:
            dataset = plain_dataset(member_at(group, weight, path), f"{layer}/{weight}", path)
            listed.add(f"{layer}/{weight}")
            place, role = _place(layer, weight)
            if role in layers.setdefault(place, {}):
                raise WeightsError(f"{path} holds two arrays for {place}/{role}.")
            layers[place][role] = stored_array(dataset)
    _require_no_others(root, listed, path)
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


def _require_no_others(root: h5py.Group, listed: set[str], path: str) -> None:
    """Raise where an array stands in no list, as those of the model itself do in `top_level_model_weights`."""
    others = sorted(address for address, _ in datasets(root, path) if address not in listed)
    if others:
        raise WeightsError(f"{path} holds {others[0]}, which belongs to no layer that it lists.")
