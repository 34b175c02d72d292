"""Keras' legacy HDF5: a group for each layer of the top, listed in "layer_names", its arrays in "weight_names".

Files with this layout were written from Keras 1 to Keras 3; whole models have it under "model_weights".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import members, names_attribute, plain_member, stored_array
from zoo.weights.stored import StoredArray, StoredWeights

KERAS_1 = re.compile(r"(?P<layer>.+)_(?P<role>W|b|gamma|beta|running_mean|running_std)(_\d+)?")
KERAS_1_GATE = re.compile(r".+_(?P<role>[WUb])_(?P<gate>[zrhifco])(_\d+)?")  # one matrix a gate of a recurrent layer
GATES = {"GRU": "zrh", "LSTM": "ifco"}  # in the order in which later files have them side by side
GATED_ROLES = {"W": "kernel", "U": "recurrent_kernel", "b": "bias"}


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
    layers = {layer: with_gates_together(roles) for layer, roles in layers.items()}
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


def with_gates_together(roles: Mapping[str, StoredArray]) -> dict[str, StoredArray]:
    """The arrays of a recurrent layer of Keras 1, one a gate, side by side as in later files; others as they are."""
    found = {(match["role"], match["gate"]): role for role in roles if (match := KERAS_1_GATE.fullmatch(role))}
    gates = next((gates for gates in GATES.values() if {gate for _, gate in found} == set(gates)), "")
    if not gates or set(found) != {(role, gate) for role in GATED_ROLES for gate in gates}:
        return dict(roles)
    together = {role: [roles[found[role, gate]] for gate in gates] for role in GATED_ROLES}
    if any(len({part.shape for part in parts}) > 1 for parts in together.values()):
        return dict(roles)
    rest = {role: array for role, array in roles.items() if role not in found.values()}
    return rest | {GATED_ROLES[role]: _side_by_side(parts) for role, parts in together.items()}


def _side_by_side(parts: Sequence[StoredArray]) -> StoredArray:
    shape = parts[0].shape
    return StoredArray(
        (*shape[:-1], len(parts) * shape[-1]), lambda: np.concatenate([part.read() for part in parts], axis=-1)
    )


def _listed(held: Mapping[str, Any], address: str, kind: type, path: str) -> Any:
    if not isinstance(held.get(address), kind):
        raise WeightsError(f"{path} has no '{address}' of its own, though it lists it.")
    return held[address]
