"""Networks of the catalogue inside of other models: which they are, and the weights that they learnt on ImageNet."""

from collections.abc import Iterator
from typing import Any

import keras

from zoo.columns import Schema
from zoo.create import create_model
from zoo.errors import ConfigError, UnknownNameError
from zoo.pretrained import pretrained

PRETRAINED = "imagenet"
PIXELS = ("colour", "scale", "mean", "std")


def backbones_in(model: keras.Model) -> Iterator[Any]:
    """The networks of the catalogue that a model reads pictures with."""
    from zoo.models.senses import backbone

    return (layer for layer in model.layers if backbone(layer.name) is not None)


def load_imagenet(network: Any, schema: Schema) -> tuple[str, ...]:
    """Give a network in a model the weights of ImageNet, by the names of its layers -> the names of all of the donor.

    A network that ends at a tap has the donor's lower layers. Raises `ConfigError` where the weights want other pixels
    than the schema of the data makes.
    """
    _require_pixels(network.name, schema)
    channels = network.inputs[0].shape[-1]
    donor = create_model(
        network.name, weights=PRETRAINED, input_shape=(None, None, channels), include_top=False, pooling="avg"
    )
    own = {layer.name for layer in network.layers}
    for layer in donor.layers:
        if layer.weights and layer.name in own:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    return tuple(layer.name for layer in donor.layers)


def _require_pixels(entry: str, schema: Schema) -> None:
    try:
        wanted = pretrained(f"{entry}.{PRETRAINED}").preprocessing
    except UnknownNameError:
        raise ConfigError(
            f"'{entry}' has no weights of ImageNet to read pictures with; 'zoo list --weights {PRETRAINED}' names "
            "networks that have."
        ) from None
    for column in schema.of("picture"):
        if any(getattr(column, field) != getattr(wanted, field) for field in PIXELS):
            fields = {field: getattr(wanted, field) for field in PIXELS}
            raise ConfigError(
                f"'{entry}' was trained on other pixels than those of the column '{column.name}': give "
                f"data_options={{'preprocessing': {fields}}}."
            )
