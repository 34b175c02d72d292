"""Answers to a few samples, without the seconds in which Keras' `predict` compiles a model first."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ConfigError, DataError, require_known

if TYPE_CHECKING:
    import keras

FEW = 4  # samples that are answered without compiling; the outputs of all layers stay in memory until the last is done


def predict(model: "keras.Model", inputs: Any, *, batch_size: int = 32) -> Any:
    """What `model.predict(inputs)` answers, to rounding; a few samples (at most 4) without compiling the model.

    inputs      an array (B, ...) for a model with one input, or {"name of the input": array} with all of them.
    batch_size  of `model.predict`, which answers more samples; and all on JAX, where an operation that is not part of
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
        answers = model(arrays, training=False)
    return keras.tree.map_structure(keras.ops.convert_to_numpy, answers)


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
