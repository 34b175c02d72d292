"""Keras 3's `.weights.h5`: groups by Python attribute, "layers/conv2d_1/vars/0"; each "vars" has its layer's name.

Older files lack the names. Then the layers are called by their place, "conv2d_1", and only a user who asks for
matching by order gets them loaded: a place is no name.
"""

from collections.abc import Collection, Mapping
from typing import Any

import h5py

from zoo.errors import WeightsError
from zoo.weights.readers.hdf5 import plain_dataset, plain_member, stored_array, text_attribute
from zoo.weights.stored import StoredArray, StoredWeights

LAYERS = ("layers", "_layer_checkpoint_dependencies")  # the second in Keras 2.13 to 3.0
TRAINING = {"optimizer", "_compile_metrics", "_metrics", "_loss_tracker", "metrics"}


def is_keras3(file: h5py.File) -> bool:
    """Whether it has Keras' groups; a model that is a class of its own has one for each attribute, and no "layers"."""
    if "metadata" in file:  # as ours have
        return False
    return any(name in file for name in LAYERS) or any(_has_variables(file, name) for name in ("", *file))


def _has_variables(file: h5py.File, name: str) -> bool:
    group = plain_member(file, name, file.filename) if name else file
    return isinstance(group, h5py.Group) and "vars" in group


def read(file: h5py.File, path: str, names: Mapping[str, str] | None = None) -> StoredWeights:
    """`names` says "functional/conv2d_1" -> the layer's name, for files without names."""
    walk = _Walk(path, names or {})
    if "vars" in file and _holds_arrays(plain_member(file, "vars", path), path):
        raise WeightsError(f"{path} holds weights at 'vars', which belong to no layer.")
    walk.group(file, "", "", leave=TRAINING)
    return StoredWeights(
        path,
        "a .weights.h5 file of Keras",
        walk.layers,
        skipped=walk.skipped,
        nameless=walk.nameless,
        places=walk.places,
        named=walk.named,
    )


class _Walk:
    """Collects the arrays; `nameless` once a layer with arrays has no name."""

    def __init__(self, path: str, names: Mapping[str, str]):
        self.path = path
        self.names = names
        self.layers: dict[str, dict[str, StoredArray]] = {}
        self.skipped: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.named: dict[str, str] = {}
        self.nameless = False

    def group(self, group: h5py.Group, place: str, layer: str, leave: Collection[str] = ()) -> None:
        """Every member is a layer, or a list of layers: `place` is its path in the file, `layer` by names."""
        for name in group:
            if name in leave:
                continue
            member = plain_member(group, name, self.path)
            if name == "vars":
                continue
            if not isinstance(member, h5py.Group):
                raise WeightsError(f"{self.path} holds an array '{name}' outside a layer.")
            inner = name in LAYERS
            below = place if inner else f"{place}/{name}".strip("/")
            called = None if inner else self._name(member, below)
            if called is None and not inner and not _holds_arrays(member, self.path):
                continue
            if called is None and not inner and "vars" in member:
                self.nameless, called = True, name
            address = layer if called is None else f"{layer}/{called}".strip("/")
            self._arrays(member, address)
            self.places.setdefault(address, below)
            self.group(member, below, address)

    def _name(self, group: h5py.Group, place: str) -> str | None:
        stored = text_attribute(plain_member(group, "vars", self.path), "name") if "vars" in group else None
        if stored:
            self.named[place] = stored
        return stored or self.names.get(place)

    def _arrays(self, group: h5py.Group, layer: str) -> None:
        if "vars" not in group:
            return
        variables = plain_member(group, "vars", self.path)
        for name in variables:
            dataset = plain_dataset(plain_member(variables, name, self.path), f"{layer}/{name}", self.path)
            if layer.rpartition("/")[2].startswith("seed_generator"):
                self.skipped[f"{layer}/{name}"] = "the state of a random generator"
            elif name in self.layers.setdefault(layer, {}):
                raise WeightsError(f"{self.path} holds two layers called '{layer}'.")
            else:
                self.layers[layer][name] = stored_array(dataset)


def _holds_arrays(member: Any, path: str) -> bool:
    if not isinstance(member, h5py.Group):
        return True
    return any(_holds_arrays(plain_member(member, name, path), path) for name in member)
