"""Age from a face: what a distribution over whole years expects, on any backbone. Rothe et al. 2015, DEX."""

import importlib
from collections.abc import Callable, Sequence
from functools import partial

import keras

from blocks.checks import require_integer
from zoo.catalogue import describe
from zoo.errors import ConfigError
from zoo.models.outputs import Outputs, require_outputs

AGE: Outputs = {"age": {"kind": "regression"}}
AGES = 101  # section 3.2: years from 0 to 100
BACKBONES = "image-classification"  # the task of entries of the catalogue that end in features of pictures


def dex_age(
    *,
    backbone: str = "mobilenet",
    input_shape: Sequence[int | None] | None = None,
    outputs: Outputs = AGE,
    ages: int = AGES,
    dropout: float | None = None,
    name: str = "dex_age",
) -> keras.Model:
    """image (B, H, W, C) -> {"age": (B, 1)} years: the expected value of a softmax over 0, 1, ..., `ages` - 1.

    `backbone` is any image entry of the catalogue, whose pretrained weights it takes; `outputs` names the age, or
    several. Layers are called as the backbone's, and the distribution "age_distribution".
    """
    require_outputs(outputs, ("regression",))
    try:
        most = require_integer("ages", ages, least=2) - 1
    except ValueError as error:
        raise ConfigError(f"dex_age cannot be built: {error}") from error
    years = {each: {"kind": "regression", "low": 0.0, "high": float(most), "bins": ages} for each in outputs}
    return backbone_builder(backbone)(input_shape=input_shape, outputs=years, dropout=dropout, name=name)


def backbone_builder(name: str) -> Callable[..., keras.Model]:
    """The builder of an image entry."""
    entry = describe(name)
    if entry.task != BACKBONES:
        raise ConfigError(f"'backbone' must be an image entry, such as 'resnet34'; {name} is one for {entry.task}.")
    module, _, function = entry.builder.partition(":")
    builder: Callable[..., keras.Model] = getattr(importlib.import_module(module), function)
    return builder


dex_age_tiny = partial(dex_age, backbone="mobilenet_tiny", ages=3, name="dex_age_tiny")  # of 101 all expect about 50
