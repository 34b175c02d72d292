"""The weights that a layer would begin with, made anew by its own initialisers."""

from collections.abc import Iterator
from typing import Any

import keras

from zoo.errors import ConfigError


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


def _initialisers(config: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where initialisers stand in a configuration: in that of the layer in a wrapper (`Bidirectional`) too."""
    for name, value in config.items():
        if name.endswith("_initializer"):
            yield config, name
        elif isinstance(value, dict):
            yield from _initialisers(value)
