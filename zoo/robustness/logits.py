"""What stands before the last softmax or sigmoid of a model: where probabilities are 1, only it has a gradient."""

from typing import Any

import keras
from keras import layers

from zoo.errors import ConfigError, require_known
from zoo.keras_internals.graph import producer
from zoo.tracing.gradients import SQUASHING, named_outputs

LOGITS, PROBABILITIES = "logits", "probabilities"


def with_logits(model: keras.Model, output: str | None) -> tuple[keras.Model, str, str, int]:
    """(a model that gives them, which output that is of, what it gives: `LOGITS` or `PROBABILITIES`, how many).

    The last layer is a Dense layer with a softmax or a sigmoid, one of these by itself, or a Dense layer without: then
    the outputs are logits already. Of any other layer the probabilities are taken as they are.

    Raises `ConfigError` where the output must be named, or is no distribution over classes.
    """
    if not isinstance(model, keras.Model) or not model.inputs:
        raise ConfigError(f"An attack takes a functional keras.Model or a pipeline; received {type(model).__name__}.")
    outputs = named_outputs(model, model.output)
    if output is None and len(outputs) > 1:
        raise ConfigError(f"{model.name} has several outputs: name one with output=..., of {', '.join(outputs)}.")
    name = next(iter(outputs)) if output is None else output
    require_known(f"output of {model.name}", name, outputs)
    tensor = outputs[name]
    if len(tensor.shape) != 2 or not isinstance(tensor.shape[-1], int):
        raise ConfigError(
            f"'{name}' of {model.name} has the shape {tuple(tensor.shape)}; an attack needs (batch, classes)."
        )
    call, place = producer(tensor)
    layer, width = call.operation, tensor.shape[-1]
    found, what = tensor, PROBABILITIES
    if isinstance(layer, layers.Dense) and place == 0 and _activation(layer) in (*SQUASHING, "linear"):
        if _activation(layer) == "linear" and width == 1:
            raise ConfigError(f"'{name}' of {model.name} is a number, and no class that an attack could change.")
        found, what = _without_activation(layer, call.inputs[0]), LOGITS
    elif isinstance(layer, layers.Softmax) or (
        isinstance(layer, layers.Activation) and _activation(layer) in SQUASHING
    ):
        found, what = call.inputs[0], LOGITS
    return keras.Model(model.inputs, {"scores": found}, name=f"{model.name}_scores"), name, what, width


def _activation(layer: Any) -> str:
    return str(getattr(layer.activation, "__name__", ""))


def _without_activation(layer: layers.Dense, x: Any) -> Any:
    """What the layer gives before its activation: a copy of it with the weights of now."""
    if _activation(layer) == "linear":
        return layer(x)
    plain = layers.Dense(layer.units, use_bias=layer.use_bias, dtype=layer.dtype_policy, name=f"{layer.name}_logits")
    logits = plain(x)
    plain.set_weights(layer.get_weights())
    return logits
