"""Convolutions over time in a model's graph that equal ones with fewer multiplications can stand for.

The arithmetic is in `fast_convolution`; here the graph is searched for the places where it fits.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from zoo.keras_internals.graph import (
    GraphCall,
    graph_calls,
    operation_class,
    producer,
)

Tensor = Any

LEAST_CHANNELS = 64  # below this the tiles' transforms cost more than the products that they save


def fast_convolutions(model: keras.Model) -> dict[int, Callable[..., Tensor]]:
    """id of an operation -> the function to call in its place, for Conv1D layers with "same" padding and stride 1:

    - one that reads masked embeddings, Input -> Embedding -> multiplied by (tokens != p) -> Conv1D, of odd kernel
      size, where nothing else reads the embeddings: it becomes a sum of rows (`token_convolution`);
    - others of kernel size 3 or 5 with many channels (`tile_convolution`).
    """
    from zoo.training.acceleration.fast_convolution import tile_convolution, token_convolution

    replaced: dict[int, Callable[..., Tensor]] = {}
    for conv in _plain_convolutions(model):
        source = _masked_embedding(model, conv)
        if source is not None:
            embedding, multiply, padding = source
            replaced[id(embedding)] = replaced[id(multiply)] = _first_argument  # hand the tokens on
            replaced[id(conv)] = partial(_convolve_tokens, conv, embedding, padding, token_convolution)
        elif conv.kernel_size[0] in (3, 5) and min(conv.kernel.shape[1:]) >= LEAST_CHANNELS:
            replaced[id(conv)] = partial(_convolve_tiles, conv, tile_convolution)
    return replaced


def _first_argument(first: Any, *_: Any) -> Any:
    return first[0] if isinstance(first, list) else first


def _convolve_tokens(
    conv: layers.Conv1D, embedding: layers.Embedding, padding: int, run: Callable[..., Tensor], tokens: Tensor
) -> Tensor:
    bias = conv.bias.value if conv.use_bias else None
    return conv.activation(run(tokens, embedding.embeddings.value, conv.kernel.value, bias, padding))


def _convolve_tiles(conv: layers.Conv1D, run: Callable[..., Tensor], x: Tensor) -> Tensor:
    y = run(x, conv.kernel.value)
    return conv.activation(keras.ops.add(y, conv.bias) if conv.use_bias else y)


def _plain_convolutions(model: keras.Model) -> Iterator[layers.Conv1D]:
    for layer in model.operations:
        if type(layer) is layers.Conv1D and _is_plain(layer):
            same = layer.padding == "same" and layer.data_format == "channels_last" and layer.groups == 1
            if same and layer.strides == layer.dilation_rate == (1,) and layer.kernel_size[0] % 2:
                yield layer


def _is_plain(layer: keras.layers.Layer) -> bool:
    """Whether calling the layer is its documented sum in float32 and nothing more."""
    exact = layer.compute_dtype == layer.variable_dtype == "float32" and layer.quantization_mode is None
    return exact and not layer.lora_enabled and layer.activity_regularizer is None


def _masked_embedding(model: keras.Model, conv: layers.Conv1D) -> tuple[layers.Embedding, Any, int] | None:
    """(the embedding, the multiplication, the masked token) whose result `conv` alone reads, or None."""
    calls = graph_calls(model)
    call = _only_call(calls, conv)
    multiply = _maker(calls, call.inputs[0]) if call else None
    kinds = (layers.Multiply, operation_class(keras.ops.multiply, 1.0))
    if multiply is None or type(multiply.operation) not in kinds or len(multiply.inputs) != 2:
        return None
    embedded, mask = multiply.inputs
    embed = _maker(calls, embedded)
    if embed is None or type(embed.operation) is not layers.Embedding or not _is_plain(embed.operation):
        return None
    readers = _readers(model, calls, embedded) + _readers(model, calls, multiply.outputs[0])
    if embed.operation.mask_zero or readers != 2:
        return None
    padding = _masked_token(calls, mask, embed.inputs[0])
    return None if padding is None else (embed.operation, multiply.operation, padding)


def _masked_token(calls: Sequence[GraphCall], mask: Any, tokens: Any) -> int | None:
    """p when the graph computes `mask` as expand_dims(cast(tokens != p), -1), else None."""
    expand = _maker(calls, mask, operation_class(keras.ops.expand_dims, -1))
    if expand is None or expand.operation.axis not in (-1, 2):
        return None
    cast = _maker(calls, expand.inputs[0], operation_class(keras.ops.cast, "int32"))
    differ = _maker(calls, cast.inputs[0], operation_class(keras.ops.not_equal, 0)) if cast else None
    if differ is None or [*map(id, differ.inputs)] != [id(tokens)]:
        return None
    constants = [value for value in differ.args if value is not tokens]
    return constants[0] if len(constants) == 1 and isinstance(constants[0], int) else None


def _only_call(calls: Sequence[GraphCall], operation: Any) -> GraphCall | None:
    """The one call of `operation`, or None when there are more."""
    found = [call for call in calls if call.operation is operation]
    return found[0] if len(found) == 1 else None


def _maker(calls: Sequence[GraphCall], tensor: Any, kind: type = object) -> GraphCall | None:
    """The call that gives `tensor`, if its operation is of this class and called only once in the model."""
    operation = producer(tensor)[0].operation
    return _only_call(calls, operation) if isinstance(operation, kind) else None


def _readers(model: keras.Model, calls: Sequence[GraphCall], tensor: Any) -> int:
    """How many calls read `tensor`, and as how many outputs of the model it is given."""
    return sum(any(each is tensor for each in call.inputs) for call in calls) + sum(
        output is tensor for output in model.outputs
    )
