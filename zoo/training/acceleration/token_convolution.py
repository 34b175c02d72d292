"""The same model computed faster: convolutions over time replaced by equal ones that multiply less, loops compiled.

The arithmetic is in `fast_convolution`; here a model's graph is searched for the places where it fits. Recurrent layers
are the affair of `recurrent_layers`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
from keras import layers
from keras.src.models.functional import Functional, operation_fn

from zoo.training.acceleration.recurrent_layers import (
    fast_loops,
    plain_embeddings,
    plain_recurrences,
    unread_embeddings,
)

Tensor = Any

LEAST_CHANNELS = 64  # below this the tiles' transforms cost more than the products that they save


def accelerate(model: keras.Model) -> Callable[..., Any] | None:
    """A function `forward(inputs, training=None)` with the model's outputs, on the model's own variables, or None.

    Values and gradients are the model's up to rounding. Replaced are, on TensorFlow in float32, Conv1D layers with
    "same" padding and stride 1:
    - one that reads masked embeddings, Input -> Embedding -> multiplied by (tokens != p) -> Conv1D, of odd kernel
      size, where nothing else reads the embeddings: it becomes a sum of rows (`token_convolution`);
    - others of kernel size 3 or 5 with many channels (`tile_convolution`);
    and LSTM and GRU layers, those of nested models too, where there is no graphics processor (`fast_loops`).
    Everything else runs as it is. None when nothing fits: then the model itself is the fastest.
    """
    if keras.backend.backend() != "tensorflow" or not isinstance(model, Functional):
        return None
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
    recurrences = plain_recurrences(model)
    if not replaced and not recurrences:
        return None
    embeddings = plain_embeddings(model) if recurrences else []
    unread = unread_embeddings(model, recurrences)

    def forward(inputs: Any, training: bool | None = None) -> Any:
        def choose(operation: Any) -> Callable[..., Any]:
            return replaced.get(id(operation)) or operation_fn(operation, training=training)

        with fast_loops(recurrences, embeddings, unread):
            return model._run_through_graph(model._standardize_inputs(inputs), operation_fn=choose)

    return forward


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


def _plain_convolutions(model: Functional) -> Iterator[layers.Conv1D]:
    for layer in model.operations:
        if type(layer) is layers.Conv1D and _is_plain(layer):
            same = layer.padding == "same" and layer.data_format == "channels_last" and layer.groups == 1
            if same and layer.strides == layer.dilation_rate == (1,) and layer.kernel_size[0] % 2:
                yield layer


def _is_plain(layer: keras.layers.Layer) -> bool:
    """Whether calling the layer is its documented sum in float32 and nothing more."""
    exact = layer.compute_dtype == layer.variable_dtype == "float32" and layer.quantization_mode is None
    return exact and not layer.lora_enabled and layer.activity_regularizer is None


def _masked_embedding(model: Functional, conv: layers.Conv1D) -> tuple[layers.Embedding, Any, int] | None:
    """(the embedding, the multiplication, the masked token) whose result `conv` alone reads, or None."""
    node = _only_node(model, conv)
    multiply, multiply_node = _producer(model, node.input_tensors[0]) if node else (None, None)
    if multiply_node is None or type(multiply).__name__ != "Multiply" or len(multiply_node.input_tensors) != 2:
        return None
    embedded, mask = multiply_node.input_tensors
    embedding, embedding_node = _producer(model, embedded)
    if embedding_node is None or type(embedding) is not layers.Embedding or not _is_plain(embedding):
        return None
    if embedding.mask_zero or len(_readers(model, embedded)) + len(_readers(model, multiply_node.outputs[0])) != 2:
        return None
    padding = _masked_token(model, mask, embedding_node.input_tensors[0])
    return None if padding is None else (embedding, multiply, padding)


def _masked_token(model: Functional, mask: Any, tokens: Any) -> int | None:
    """p when the graph computes `mask` as expand_dims(cast(tokens != p), -1), else None."""
    for name in ("ExpandDims", "Cast"):
        operation, node = _producer(model, mask)
        if node is None or type(operation).__name__ != name:
            return None
        if name == "ExpandDims" and operation.axis not in (-1, 2):
            return None
        mask = node.input_tensors[0]
    operation, node = _producer(model, mask)
    if node is None or type(operation).__name__ != "NotEqual" or node.input_tensors != [tokens]:
        return None
    constants = [value for value in node.arguments.args if value is not tokens]
    return constants[0] if len(constants) == 1 and isinstance(constants[0], int) else None


def _nodes(model: Functional) -> list[Any]:
    return [node for nodes in model._nodes_by_depth.values() for node in nodes]


def _only_node(model: Functional, operation: Any) -> Any:
    """The one call of `operation` in the model, or None when there are more."""
    nodes = [node for node in _nodes(model) if node.operation is operation]
    return nodes[0] if len(nodes) == 1 else None


def _producer(model: Functional, tensor: Any) -> tuple[Any, Any]:
    """The operation that gives `tensor`, and its node if it is called only once in the model."""
    operation = tensor._keras_history.operation
    return operation, _only_node(model, operation)


def _readers(model: Functional, tensor: Any) -> list[Any]:
    """The calls that read `tensor`, and the model itself once for each output that it is."""
    nodes = [node for node in _nodes(model) if any(each is tensor for each in node.input_tensors)]
    return nodes + [model for output in model.outputs if output is tensor]
