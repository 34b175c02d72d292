"""From a name to a model: `create_model("author_profile_small", weights="posts")`."""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.artifacts.folders import tracked_folder
from zoo.catalogue import Entry, describe
from zoo.errors import ConfigError, UnknownNameError, WeightsError, ZooError, require_known
from zoo.weights import load_weights, read_metadata

if TYPE_CHECKING:
    import keras


def create_model(name: str, /, *, weights: str | Path | None = None, **config: Any) -> "keras.Model":
    """An uncompiled model of the catalogue, by name.

    `weights` is a tag of the entry, a path to a file of `save_weights`, or None for fresh weights; "entry.tag" as the
    name says both at once. `config` are the options of the entry's builder; those that are not given come from the
    file of weights, then from the builder. The graph depends on `config` alone.

    >>> create_model("author_profile_tiny", targets=("age",)).output_names
    ['age']

    Raises `UnknownNameError` for a name or an option that does not exist, `ConfigError` for a value that does not fit,
    `WeightsError` for weights that do not.
    """
    name, weights = _split_tag(name, weights)
    entry = describe(name)
    _require_options(entry, config)
    if weights is None:
        return _build(entry, config)
    path = weights_path(entry, weights)
    model = _build(entry, {**_config_in_file(entry, path), **config})
    load_weights(model, path)
    return model


def full_config(name: str, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`config` completed by the builder's defaults: what to keep beside weights, so that the model can be made again.

    >>> full_config("sequential_twin", {"categories": 3})
    {'features': 64, 'categories': 3}
    """
    entry = describe(name)
    _require_options(entry, config or {})
    return {**{key: value for key, value in _options(entry).items() if key != "name"}, **(config or {})}


def weights_path(entry: Entry, weights: str | Path) -> Path:
    """The file that `weights` means: one of the entry's tags, or a path."""
    if isinstance(weights, str) and weights in entry.weights:
        return tracked_folder() / entry.weights[weights].file
    path = Path(weights)
    if path.suffix or path.exists() or len(path.parts) > 1:
        return path
    raise UnknownNameError(f"weights of {entry.name}", str(weights), [*entry.weights, "a path to a file of weights"])


def _split_tag(name: str, weights: str | Path | None) -> tuple[str, str | Path | None]:
    if not isinstance(name, str):
        raise ConfigError(f"The name of a model must be a string; received {name!r}.")
    name, _, tag = name.partition(".")
    if tag and weights is not None:
        raise ConfigError(f"Two sets of weights are given: '{tag}' in the name, and weights={str(weights)!r}.")
    return name, tag or weights


def _builder(entry: Entry) -> Any:
    module, _, function = entry.builder.partition(":")
    return getattr(importlib.import_module(module), function)


def _options(entry: Entry) -> dict[str, Any]:
    return {key: option.default for key, option in inspect.signature(_builder(entry)).parameters.items()}


def _require_options(entry: Entry, config: Mapping[str, Any]) -> None:
    for option in config:
        require_known(f"option of {entry.name}", option, _options(entry))


def _build(entry: Entry, config: Mapping[str, Any]) -> "keras.Model":
    try:
        return _builder(entry)(**config)
    except ZooError:
        raise
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{entry.name} cannot be built: {error}") from error


def _config_in_file(entry: Entry, path: Path) -> dict[str, Any]:
    """The options with which the file's model was made, for this entry's builder."""
    metadata = read_metadata(path)
    made_for = metadata.get("entry", entry.name)
    if made_for != entry.name:
        raise WeightsError(f"{path} holds weights of {made_for}, not of {entry.name}.")
    config = metadata.get("config", {})
    if not isinstance(config, dict) or not set(config) <= set(_options(entry)):
        raise WeightsError(f"{path} names options that {entry.name} does not have: {config!r}.")
    return {key: value for key, value in config.items() if key != "name"}
