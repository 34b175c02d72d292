"""Layers matched by their order, as Keras does it: only for who asks for it, and the report says so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zoo.errors import WeightsError
from zoo.weights.stored import StoredArray, StoredWeights, snake_case

NOTE = "The layers of the file were matched by class and order, as Keras does it, not by name."


def named_by_order(stored: StoredWeights, model: Any) -> StoredWeights:
    """The file with the names of the model's layers: of the same class and number, or in the same row."""
    if stored.places:
        by_class = _by_class(model)
        names = {layer: by_class.get(place, layer) for layer, place in stored.places.items()}
    elif stored.row:
        names = _in_a_row(stored, model)
    else:
        raise WeightsError(f"by_order=True is for files of Keras; {stored.path} is {stored.layout}.")
    layers: dict[str, Mapping[str, StoredArray]] = {}
    for layer, roles in stored.layers.items():
        if names.get(layer, layer) in layers:
            raise WeightsError(f"{stored.path} holds two layers for '{names.get(layer, layer)}' by their order.")
        layers[names.get(layer, layer)] = roles
    return replace(stored, layers=layers, nameless=False, notes=(*stored.notes, NOTE))


def _in_a_row(stored: StoredWeights, model: Any) -> dict[str, str]:
    """Layer of the file -> of the model, the outermost with weights one by one."""
    ours = [layer.name for layer in model.layers if layer.weights]
    if len(ours) != len(stored.row):
        raise WeightsError(f"{stored.path} holds {len(stored.row)} layers with weights; the model has {len(ours)}.")
    names: dict[str, str] = {}
    for theirs, our in zip(stored.row, ours, strict=True):
        names |= {n: our + n[len(theirs) :] for n in stored.layers if n == theirs or n.startswith(f"{theirs}/")}
    return names


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
