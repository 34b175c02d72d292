"""The same model computed faster: LSTM and GRU layers whose loop runs in `zoo.training.acceleration.fast_recurrence`.

Only the loop inside a layer is replaced, and only while the model is called: masks, first states, dropout, states that
are kept or returned, wrappers for both directions and nested models remain Keras' own affair.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
from keras import layers

from zoo.keras_internals.checks import require_hook
from zoo.keras_internals.graph import layers_of

Tensor = Any
Sources = dict[int, tuple[Tensor, Tensor, layers.Embedding]]  # id of embedded tokens -> they, the tokens, the layer

GATES = {layers.LSTM: 4, layers.GRU: 3}


def plain_recurrences(model: keras.Model) -> list[layers.RNN]:
    """The LSTM and GRU layers, nested ones too, that do in float32 what their papers say and nothing more."""
    found = [layer for layer in layers_of(model) if type(layer) in GATES and _is_plain(layer)]
    for kind in set(map(type, found)):
        require_hook(kind, "inner_loop", "to compute recurrent layers faster")
    return found


@contextmanager
def fast_loops(recurrences: Sequence[layers.RNN], embeddings: Sequence[layers.Embedding]) -> Iterator[None]:
    """While this lasts, the layers of `plain_recurrences` run in `fast_recurrence`.

    Where one reads an embedding directly, words are projected instead of places (`project_tokens`).
    """
    sources: Sources = {}
    for layer in recurrences:
        vars(layer)["inner_loop"] = partial(_inner_loop, layer, sources)
    for layer in embeddings:
        vars(layer)["call"] = partial(_embed, layer, sources)
    try:
        yield
    finally:
        for layer in recurrences:
            del vars(layer)["inner_loop"]
        for layer in embeddings:
            del vars(layer)["call"]


def plain_embeddings(model: keras.Model) -> list[layers.Embedding]:
    """The embeddings of the model, nested ones too, that look rows up in float32 and nothing more."""
    return [layer for layer in layers_of(model) if type(layer) is layers.Embedding and _is_exact(layer)]


def _is_exact(layer: layers.Layer) -> bool:
    exact = layer.compute_dtype == layer.variable_dtype == "float32"
    return exact and layer.quantization_mode is None and not getattr(layer, "lora_enabled", False)


def _is_plain(layer: layers.RNN) -> bool:
    cell = layer.cell
    usual = cell.activation is keras.activations.tanh and cell.recurrent_activation is keras.activations.sigmoid
    dropout = not cell.recurrent_dropout and (cell.implementation == 2 or not cell.dropout)
    return usual and dropout and _is_exact(cell) and not layer.unroll and getattr(cell, "reset_after", True)


def _embed(layer: layers.Embedding, sources: Sources, tokens: Tensor) -> Tensor:
    if keras.backend.standardize_dtype(tokens.dtype) not in ("int32", "int64"):
        tokens = keras.ops.cast(tokens, "int32")  # as Keras does: an input is float32 where nobody says otherwise
    embedded = type(layer).call(layer, tokens)
    if len(tokens.shape) == 2:
        sources[id(embedded)] = embedded, tokens, layer
    return embedded


def _inner_loop(
    layer: layers.RNN,
    sources: Sources,
    sequences: Tensor,
    initial_state: Any,
    mask: Any,
    training: bool | None = False,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """What `RNN.inner_loop` returns: last output, all outputs, last states."""
    import tensorflow as tf

    from zoo.training.acceleration import fast_recurrence

    cell, every = layer.cell, layer.return_sequences

    def time_major(x: Tensor) -> Tensor:
        x = tf.transpose(x, (1, 0, *range(2, len(x.shape))))
        return tf.reverse(x, (0,)) if layer.go_backwards else x

    mask = keras.tree.flatten(mask)[0] if mask is not None else None
    mask = None if mask is None else time_major(tf.cast(mask, tf.bool))[..., None]
    bias = cell.bias.value if cell.use_bias else None
    inner_bias = None
    if type(layer) is layers.GRU and bias is not None:
        bias, inner_bias = tf.unstack(bias)
    kernel, recurrent_kernel = cell.kernel.value, cell.recurrent_kernel.value
    _, tokens, embedding = sources.get(id(sequences), (None, None, None))
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0])[:, None]
        embedding = None
    if embedding is not None:
        x = fast_recurrence.project_tokens(time_major(tokens), embedding.embeddings.value, kernel, bias)
    else:
        x = fast_recurrence.project(time_major(sequences), kernel, bias)
    states = keras.tree.flatten(initial_state)
    if type(layer) is layers.GRU:
        outputs, *states = fast_recurrence.gru(x, recurrent_kernel, inner_bias, states[0], mask, every=every)
    else:
        outputs, *states = fast_recurrence.lstm(x, recurrent_kernel, states[0], states[1], mask, every=every)
    return _as_keras(layer, outputs, states, mask)


def _as_keras(
    layer: layers.RNN, outputs: Tensor | None, states: list[Tensor], mask: Tensor | None
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Keras' outputs of masked steps: the one before, and zeros (not the first state) where there is none."""
    import tensorflow as tf

    last = states[0]
    if mask is not None:
        if layer.zero_output_for_mask:
            shown, shown_last = mask, mask[-1]
        else:
            shown, shown_last = tf.cumsum(tf.cast(mask, tf.int32)) > 0, tf.reduce_any(mask, axis=0)
        last = tf.where(shown_last, last, 0.0)
        outputs = None if outputs is None else tf.where(shown, outputs, 0.0)
    outputs = last[:, None] if outputs is None else tf.transpose(outputs, (1, 0, 2))
    return last, outputs, states
