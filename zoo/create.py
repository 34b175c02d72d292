"""From a name to a model: `create_model("author_profile_small", weights="posts")`."""

import importlib
import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.artifacts import fetch
from zoo.artifacts.folders import tracked_folder
from zoo.catalogue import Entry, describe
from zoo.errors import ConfigError, UnknownNameError, WeightsError, ZooError, require_known
from zoo.weights import load_weights, metadata_if_ours, without_values
from zoo.weights.readers.net import printable

if TYPE_CHECKING:
    import keras

    from zoo.pretrained import Pretrained


ANY_CHANNELS = 8


def create_model(name: str, /, *, weights: str | Path | None = None, **config: Any) -> "keras.Model":
    """An uncompiled model of the catalogue, by name.

    `weights` is a tag of the entry ("imagenet"), a path to a file of `save_weights`, Keras, safetensors or PyTorch, or
    None for fresh weights; "entry.tag" as the name says both at once. `config` are the options of the entry's builder;
    those that are not given come from the file of weights, then from the builder. The graph depends on `config` alone.

    Another number of `classes` than the file's, or `outputs` of one's own, give fresh heads, another number of channels
    in `input_shape` an inflated stem; `zoo.load_report(model)` says what became of each weight.

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
    base = base_entry(name, config)
    path = weights_path(base, weights, include_top=config.get("include_top", True) is not False)
    stored = _config_in_file(entry, path)
    full = {**stored, **config}
    heads = config.get("outputs") or ({} if base is entry or stored else _options(entry)["outputs"])
    with without_values():
        model = _build(entry, full)
        fresh = _layers_of_heads(model, heads) if heads != stored.get("outputs", {}) else ()
        top = _layers_of_top(base, model) if fresh or full.get("include_top") is False else ()
    fit = [what for what, option in (("head", "classes"), ("stem", "input_shape")) if option in config]
    load_weights(model, path, names=_names(base, weights), fit=fit, leave=top, reinitialise=fresh)
    return model


def base_entry(name: str, config: Mapping[str, Any] | None = None) -> Entry:
    """The entry whose pretrained weights a model begins with: its own, or that of its option "backbone".

    >>> base_entry("dex_age").name, base_entry("dex_age", {"backbone": "resnet34"}).name, base_entry("vgg16").name
    ('mobilenet', 'resnet34', 'vgg16')
    """
    entry = describe(name)
    backbone = _options(entry).get("backbone")
    return entry if backbone is None else describe((config or {}).get("backbone") or backbone)


def full_config(name: str, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`config` completed by the builder's defaults: what to keep beside weights, so that the model can be made again.

    >>> full_config("sequential_twin", {"categories": 3})
    {'features': 64, 'categories': 3}
    """
    entry = describe(name)
    _require_options(entry, config or {})
    return {**{key: value for key, value in _options(entry).items() if key != "name"}, **(config or {})}


def weights_path(entry: Entry, weights: str | Path, *, include_top: bool = True) -> Path:
    """The file that `weights` means: one of the entry's tags, fetched where it is an official one, or a path.

    Without the top, the tag's file without top is taken where there is one that can be fetched: one with a hash.
    """
    if isinstance(weights, str) and weights in entry.weights and entry.weights[weights].file:
        return tracked_folder() / entry.weights[weights].file
    official = _official(entry)
    if isinstance(weights, str) and weights in entry.weights and weights not in official:
        return fetch(f"{entry.name}.{weights}")
    if isinstance(weights, str) and weights in official:
        without = official.get(f"{weights}_notop")
        if not include_top and without and without.artifact.checksum:
            return fetch(without.artifact)
        return fetch(official[weights].artifact)
    path = Path(weights)
    if path.suffix or os.path.exists(path) or len(path.parts) > 1:
        return path
    tags = [*(entry.weights or official), "a path to a file of weights"]
    raise UnknownNameError(f"weights of {entry.name}", printable(str(weights)), tags)


def _official(entry: Entry) -> "dict[str, Pretrained]":
    """The official sets of weights by tag."""
    from zoo.pretrained import pretrained_sets

    try:
        return {row.tag: row for row in pretrained_sets(entry.name)}
    except UnknownNameError:  # a model without any
        return {}


def _names(entry: Entry, weights: str | Path) -> str:
    """The names table that the manifest forces for this set, else the family, whose tables recognise their files."""
    row = _official(entry).get(weights) if isinstance(weights, str) else None
    return (row.names if row else None) or entry.family


def _layers_of_heads(model: "keras.Model", heads: Mapping[str, Any]) -> tuple[str, ...]:
    """The layers with weights of these heads: one called as its output, or after it ("age_distribution")."""
    from zoo.models.outputs import PARTS

    known = {f"{name}{part}" for name in heads for part in PARTS}
    return tuple(layer.name for layer in model.layers if layer.name in known and layer.weights)


def _layers_of_top(entry: Entry, model: "keras.Model") -> tuple[str, ...]:
    """The layers with weights of the whole model that `model`, built without a top or with other heads, lacks."""
    from zoo.models.image_builder import ImageBuilder

    builder = _builder(entry)
    known = {layer.name for layer in model.layers}
    if not isinstance(builder, ImageBuilder):
        return tuple(name for name in _options(entry).get("outputs") or () if name not in known)
    features = model.output.get("features")
    channels = ANY_CHANNELS if features is None else features.shape[-1]  # their number changes no name
    return tuple(name for name in builder.top_layers(channels) if name not in known)


def _split_tag(name: str, weights: str | Path | None) -> tuple[str, str | Path | None]:
    if not isinstance(name, str):
        raise ConfigError(f"The name of a model must be a string; received {name!r}.")
    if not (weights is None or isinstance(weights, str | os.PathLike)):
        raise WeightsError(printable(f"'weights' must be a tag, a path or None; received {weights!r}."))
    name, dot, tag = name.partition(".")
    if dot and not tag:
        raise ConfigError(f"No weights are named after the dot of '{printable(name)}.'.")
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
    metadata = metadata_if_ours(path)
    made_for = metadata.get("entry", entry.name)
    if made_for != entry.name:
        raise WeightsError(printable(f"{path} holds weights of {made_for}, not of {entry.name}."))
    config = metadata.get("config", {})
    if not isinstance(config, dict) or not set(config) <= set(_options(entry)):
        raise WeightsError(printable(f"{path} names options that {entry.name} does not have: {config!r}."))
    return {key: value for key, value in config.items() if key != "name"}
