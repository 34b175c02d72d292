"""The weights that a layer would begin with, made anew by its own initialisers; and whether it still has such."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.errors import ConfigError

BIASED = (layers.Dense, layers.EinsumDense, layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv2D)
ALIKE = 1.5  # times the spread of a kernel made anew, or one over that: within it a kernel may be as it was made


def initial_values(layer: keras.Layer, seed: int) -> list[Any]:
    """What the weights of a layer made anew, with this seed, would be. Raises `ConfigError` where it does not tell."""
    try:
        config = layer.get_config()
        initialisers = list(_initialisers(config))
        for offset, (owner, name) in enumerate(initialisers):
            given = owner[name]
            if isinstance(given, dict) and "seed" in given.get("config", {}):
                owner[name] = {**given, "config": {**given["config"], "seed": seed * len(initialisers) + offset}}
        twin = type(layer).from_config(config)
        twin.build_from_config(layer.get_build_config() or {})
        values = [keras.ops.convert_to_numpy(variable) for variable in twin.weights]
    except (NotImplementedError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"The layer '{layer.name}' cannot be made anew: {error}") from error
    if [value.shape for value in values] != [tuple(variable.shape) for variable in layer.weights]:
        raise ConfigError(f"The layer '{layer.name}', made anew, has weights of other shapes.")
    return values


def bias_has_moved(layer: Any) -> bool | None:
    """Whether a bias that begins at 0 is elsewhere; None for a layer without one."""
    bias = getattr(layer, "bias", None)
    starts_at_zero = isinstance(getattr(layer, "bias_initializer", None), keras.initializers.Zeros)
    if not isinstance(layer, BIASED) or bias is None or not starts_at_zero:
        return None
    return bool(np.any(keras.ops.convert_to_numpy(bias)))


def is_as_made(layer: Any) -> bool:
    """Whether a layer has learnt nothing, as far as its bias and the spread of its kernel tell."""
    if bias_has_moved(layer) is not False:
        return False
    kernel, made = (float(np.std(each)) for each in (keras.ops.convert_to_numpy(layer.kernel), _kernel(layer)))
    return made / ALIKE <= kernel <= made * ALIKE


def _kernel(layer: Any) -> np.ndarray:
    return max(initial_values(layer, seed=0), key=np.size)


def _initialisers(config: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where initialisers stand in a configuration: in that of the layer in a wrapper (`Bidirectional`) too."""
    for name, value in config.items():
        if name.endswith("_initializer"):
            yield config, name
        elif isinstance(value, dict):
            yield from _initialisers(value)
