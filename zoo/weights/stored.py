"""The form that every reader gives to its file: layer -> role -> an array that is not read yet.

Shapes are known before anything is read, so that a file that claims terabytes is refused and not allocated.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import WeightsError

BESIDE = "beside the part of the file that is the model"  # why an array is left out

OPENED_BY_KERAS = "it holds a whole model, which keras.models.load_model(file, compile=False) opens"


@dataclass(frozen=True)
class StoredArray:
    """One array of a file; `read` gives its numbers, half precision widened where the reader must."""

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


@dataclass(frozen=True)
class StoredWeights:
    """What a file holds.

    layout    in words, for messages; `own` for files of `save_weights`.
    layers    layer of the file -> role -> array. A role that is a number is a place in Keras' order of the layer.
    skipped   address -> why the reader itself left it out.
    nameless  the layers' names are not in the file: they are Keras' automatic "class_number" of a place in the model.
    graph     version of the graph that the weights were saved from, where the file tells it.
    places    layer of the file -> its place in the model by class and number, "functional/conv2d_1" (Keras 3).
    named     place of the file -> the name that it holds for it (Keras 3).
    row       the outermost layers with weights in Keras' order, in older files of Keras.
    whole     it holds a whole model of Keras, in the layout before `.keras`.
    notes     what the reader has to say of the file.
    """

    path: str
    layout: str
    layers: Mapping[str, Mapping[str, StoredArray]]
    own: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)
    nameless: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    graph: str | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    row: Sequence[str] = ()
    whole: bool = False
    notes: Sequence[str] = ()

    def arrays(self) -> Iterator[tuple[str, str, StoredArray]]:
        """(layer, role, array) of all."""
        for layer, roles in self.layers.items():
            for role, array in roles.items():
                yield layer, role, array


def by_layer(arrays: Mapping[str, StoredArray], path: str) -> dict[str, dict[str, StoredArray]]:
    """Addresses "layer/role" -> layers with roles."""
    layers: dict[str, dict[str, StoredArray]] = {}
    for address, array in arrays.items():
        layer, slash, role = address.rpartition("/")
        if not slash or not layer or not role:
            raise WeightsError(f"{path} holds an array '{address}' that belongs to no layer.")
        layers.setdefault(layer, {})[role] = array
    return layers


def by_name(arrays: Mapping[str, StoredArray], path: str) -> dict[str, dict[str, StoredArray]]:
    """Names "layer/role" or, without a stroke, "layer.role" -> layers with roles."""
    return by_layer(
        {name if "/" in name else "/".join(name.rsplit(".", 1)): each for name, each in arrays.items()}, path
    )


def snake_case(name: str) -> str:
    """ "BatchNormalization" -> "batch_normalization", as Keras does it."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
