"""Models and data of users, brought to one form: inputs and outputs by name, targets in the types of their kind.

Users' models are functional or sequential, with one tensor, a list or a dict as output; their targets are float64 or
integers, booleans, (n, 1) where (n,) is meant. All that a training does is done with one form of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.keras_internals.graph import input_names, is_graph, layers_of, producer
from zoo.samples import MISSING_CLASS, Samples, require_resolved
from zoo.training.heads import Head


def named_graph(model: keras.Model) -> keras.Model:
    """The model with a list of named inputs and a dict of outputs: itself, or another graph of the same layers.

    An output that has no key is named after the layer that makes it. Raises `ConfigError` for a model without a graph,
    and for one whose layers remember the batch before.
    """
    if not is_graph(model):
        cure = "call `model.build(input_shape)`, or begin with `keras.Input`" if _is_stack(model) else _FUNCTIONAL
        raise ConfigError(f"Model '{getattr(model, 'name', model)}' has no graph that can be read; {cure}.")
    stateful = next((layer for layer in layers_of(model) if getattr(layer, "stateful", False)), None)
    if stateful is not None:
        raise ConfigError(
            f"The layer '{stateful.name}' of '{model.name}' begins a batch with the state that the batch before left "
            "(stateful=True), and rows are in another order each epoch; build it with stateful=False, and give each "
            "sequence as one row."
        )
    if not _is_stack(model) and isinstance(model.input, dict):
        nested = [key for key, each in model.input.items() if not hasattr(each, "shape")]
        if nested:
            raise ConfigError(f"Input '{nested[0]}' of '{model.name}' is no tensor but a structure; name each tensor.")
    names = output_names(model)
    if any(tensor.name != name for tensor, name in zip(model.inputs, input_names(model), strict=True)):
        return _around(model, names)  # Keras calls an input without a name now by its layer's name, now by its tensor's
    if not _is_stack(model) and isinstance(model.output, dict) and _takes_dicts(model):
        return model
    return keras.Model(model.inputs, dict(zip(names, model.outputs, strict=True)), name=model.name)


def _takes_dicts(model: keras.Model) -> bool:
    """Whether a dict of arrays by the names of the input layers is what Keras expects: else it warns at every call."""
    if isinstance(model.input, dict):
        return set(model.input) == set(input_names(model))
    return isinstance(model.input, list | tuple)


def output_names(model: keras.Model) -> list[str]:
    """A name for each tensor of `model.outputs`."""
    outputs = None if _is_stack(model) else model.output  # that of a stack is there only once it was called
    if isinstance(outputs, dict):
        nested = [name for name, tensor in outputs.items() if not hasattr(tensor, "shape")]
        if nested:
            raise ConfigError(f"Output '{nested[0]}' of '{model.name}' is no tensor but a structure; name each tensor.")
        return keras.tree.flatten(_itself(outputs))
    names = [producer(tensor)[0].operation.name for tensor in model.outputs]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ConfigError(
            f"Several outputs of '{model.name}' come from the layer '{twice[0]}'; name the outputs: "
            "keras.Model(inputs, {name: tensor, ...})."
        )
    return names


def _around(model: keras.Model, names: Sequence[str]) -> keras.Model:
    """The model as one layer of a graph whose inputs have names."""
    inputs = [
        keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)
        for name, tensor in zip(input_names(model), model.inputs, strict=True)
    ]
    structure = model.inputs if _is_stack(model) else model.input
    given = keras.tree.pack_sequence_as(structure, inputs)
    outputs = keras.tree.flatten(model(given[0] if _is_stack(model) else given))
    return keras.Model(inputs, dict(zip(names, outputs, strict=True)), name=model.name)


def _itself(keys: Iterable[str]) -> dict[str, str]:
    """Key -> key: flattened by Keras, the keys in the order of the tensors of a structure."""
    return {key: key for key in keys}


_FUNCTIONAL = "build it with the functional API, keras.Model(inputs, outputs)"


def _is_stack(model: Any) -> bool:
    return isinstance(model, keras.Sequential)


def with_named_inputs(model: keras.Model, samples: Samples) -> Samples:
    """The samples with their inputs under the names of the model's input layers.

    They may be given by these names, by the keys of a dict of inputs, or, where there is only one, by any name.
    """
    names = input_names(model)
    structure = None if _is_stack(model) else model.input
    keys = dict(zip(keras.tree.flatten(_itself(structure)), names, strict=True)) if isinstance(structure, dict) else {}
    if len(names) == len(samples.inputs) == 1:
        keys = {next(iter(samples.inputs)): names[0]}
    if set(samples.inputs) <= set(names) or not keys:
        return samples
    return replace(samples, inputs={keys.get(name, name): values for name, values in samples.inputs.items()})


def with_standard_targets(model: keras.Model, samples: Samples, heads: Mapping[str, Head]) -> Samples:
    """The samples with regressions in float32 and labels in int32, (n,) where an output has one column.

    Raises `ConfigError` for what has no such form. `model` has a dict of outputs.
    """
    targets = dict(samples.targets)
    for name, head in heads.items():
        if name not in targets or name not in model.output:
            continue  # told by name in `check_heads`
        values = np.asarray(targets[name])
        if (
            values.ndim == 2
            and values.shape[1] == 1
            and len(model.output[name].shape) == 2
            and head.target.kind != "tags"
        ):
            values = values[:, 0]
        numbers = head.target.kind in ("regression", "heat_map")
        targets[name] = _numbers(name, values) if numbers else _labels(name, values)
    return replace(samples, targets=targets)


def _numbers(name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype == np.float32:
        return values
    if values.dtype.kind not in "fiub":
        raise ConfigError(f"Target '{name}' must be numbers (NaN where missing); received {values.dtype}.")
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    if (np.isinf(found) & np.isfinite(values.astype(np.float64))).any():
        raise ConfigError(f"Target '{name}' reaches {np.nanmax(np.abs(values)):.3g}, which float32 cannot hold.")
    require_resolved(f"'{name}'", values)
    return found


def _labels(name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        known = values[~np.isnan(values)]
        broken = known[known != np.round(known)]
        if len(broken):
            raise ConfigError(f"Target '{name}' must be labels, whole numbers from 0; received {broken[0]:g}.")
        values = np.where(np.isnan(values), MISSING_CLASS, values)
    elif values.dtype.kind not in "iub":
        raise ConfigError(
            f"Target '{name}' must be labels as integers, the places of the names in Target.labels; "
            f"received {values.dtype}."
        )
    if values.dtype == np.int32 or not values.size:
        return values.astype(np.int32, copy=False)
    if max(abs(float(values.min())), abs(float(values.max()))) > np.iinfo(np.int32).max:
        raise ConfigError(f"Target '{name}' must be labels from 0; received {values.min()}..{values.max()}.")
    return values.astype(np.int32)
