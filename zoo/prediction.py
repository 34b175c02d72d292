"""Predictions for a few samples, without the seconds in which Keras' `predict` compiles a model first.

The graph is walked here, not by Keras, for two reasons, each a third of the time of a small network's first prediction:
an output is dropped after its last use, so that the next one finds its memory warm; and most layers are entered by
`call`, without the general preparations of `Layer.__call__`.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ConfigError, DataError, require_known
from zoo.keras_internals.graph import GraphCall, calls_in_order, functional_class, has_mask

if TYPE_CHECKING:
    import keras

FEW = 4  # samples that are predicted for without compiling
# layers whose `call` is all that `Layer.__call__` does, where no type is converted and no mask is carried
PLAIN = frozenset(
    {
        "Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Dense",
        "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling2D", "MaxPooling2D", "Multiply", "ReLU",
        "Rescaling", "Reshape", "SeparableConv2D", "ZeroPadding2D",
    }
)  # fmt: skip


def predict(model: "keras.Model", inputs: Any, *, batch_size: int = 32) -> Any:
    """What `model.predict(inputs)` gives, to rounding; a few samples (at most 4) without compiling the model.

    inputs      an array (B, ...) for a model with one input, or {"name of the input": array} with all of them.
    batch_size  of `model.predict`, which takes more samples; and all on JAX, where an operation that is not part of
                a compiled model is compiled by itself.

    Raises `DataError` for arrays that do not fit the model, `UnknownNameError` for an input that it does not have.
    """
    import keras

    if type(batch_size) is not int or batch_size < 1:
        raise ConfigError(f"'batch_size' must be a number above 0; received {batch_size!r}.")
    arrays = _by_name(model, inputs)
    samples = _samples(model, arrays)
    if samples > FEW or keras.backend.backend() == "jax":
        return model.predict(arrays, batch_size=batch_size, verbose=0)
    with _without_gradients():
        answers = walk_graph(model, arrays) if _is_a_graph(model) else model(arrays, training=False)
    return keras.tree.map_structure(keras.ops.convert_to_numpy, answers)


def _is_a_graph(model: "keras.Model") -> bool:
    """Whether the model is its graph and nothing else: no class of the user's, whose `call` may do more."""
    return type(model) is functional_class() and model.compute_dtype == model.variable_dtype


def walk_graph(model: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The outputs of a functional model, call by call; each tensor is dropped after its last use."""
    import keras

    tensors = {id(each): keras.ops.convert_to_tensor(arrays[each.name], dtype=each.dtype) for each in model.inputs}
    calls = calls_in_order(model)
    uses = Counter(id(each) for call in calls for each in call.inputs) + Counter(map(id, model.outputs))
    for call in calls:
        found = _outputs(call, tensors)
        tensors |= zip(map(id, call.outputs), keras.tree.flatten(found), strict=True)
        del found  # the last name of an output that nobody uses
        for each in map(id, call.inputs):
            uses[each] -= 1
            if not uses[each]:
                del tensors[each]
    return keras.tree.map_structure(lambda each: tensors[id(each)], model.output)


def _outputs(call: GraphCall, tensors: Mapping[int, Any]) -> Any:
    """What the call's operation makes of its inputs, outside training."""
    import keras

    layer = call.operation
    args, options = call.arguments_with(tensors)
    if not options and _is_plain(layer) and all(_fits(tensors[id(each)], layer) for each in call.inputs):
        return layer.call(*args)
    if isinstance(layer, keras.Layer):
        options["training"] = False
    return layer(*args, **options)


@cache
def _plain_layers() -> frozenset[type]:
    import keras

    return frozenset(getattr(keras.layers, name) for name in PLAIN)


def _is_plain(layer: Any) -> bool:
    if type(layer) not in _plain_layers():
        return False
    return layer.compute_dtype == layer.variable_dtype and layer.quantization_mode is None


def _fits(tensor: Any, layer: Any) -> bool:
    """Whether the layer would take the tensor as it is: in its type, without a mask."""
    import keras

    return keras.backend.standardize_dtype(tensor.dtype) == layer.input_dtype and not has_mask(tensor)


def _by_name(model: "keras.Model", inputs: Any) -> dict[str, np.ndarray]:
    names = [each.name for each in model.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) > 1:
            raise DataError(f"{model.name} has the inputs {', '.join(names)}: give a dict with an array for each.")
        inputs = {names[0]: inputs}
    for name in inputs:
        require_known(f"input of {model.name}", name, names)
    missing = [name for name in names if name not in inputs]
    if missing:
        raise DataError(f"{model.name} also takes {', '.join(missing)}, which the inputs lack.")
    try:
        return {name: np.asarray(inputs[name]) for name in names}
    except ValueError as error:  # lists of different lengths
        raise DataError(f"The inputs of {model.name} are arrays; received something else: {error}.") from error


def _samples(model: "keras.Model", arrays: Mapping[str, np.ndarray]) -> int:
    """The number of samples; raises unless all arrays have that many, of the shapes that the model takes."""
    counts = {}
    for each in model.inputs:
        array, expected = arrays[each.name], tuple(each.shape)
        sides = zip(array.shape, expected, strict=False)
        if array.dtype.kind not in "biuf" or array.ndim != len(expected) or any(b not in (None, a) for a, b in sides):
            shape = ", ".join("any" if side is None else str(side) for side in expected)
            raise DataError(
                f"'{each.name}' of {model.name} takes numbers of shape ({shape}), samples first; received an array of "
                f"{array.dtype} of shape {array.shape}."
            )
        counts[each.name] = len(array)
    if len(set(counts.values())) > 1 or not all(counts.values()):
        raise DataError(f"Each input must hold the same number of samples, at least one; received {counts}.")
    return next(iter(counts.values()))


def _without_gradients() -> Any:
    import keras

    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
