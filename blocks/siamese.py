"""Shared (siamese) encoder: one layer, or a whole model, reads several inputs with the same weights."""

from collections.abc import Sequence

import keras


def shared_encoder(encoder: keras.Layer, inputs: Sequence[keras.KerasTensor]) -> list[keras.KerasTensor]:
    """Apply `encoder`, a layer or a model, to each input: one output for each, in the same order.

    The weights exist once, and the gradients of all uses add up. Bromley et al. 1993.
    """
    if not isinstance(encoder, keras.Layer):
        raise ValueError(f"'encoder' must be one layer or model, made before it is shared; received {encoder!r}.")
    if not isinstance(inputs, list | tuple) or len(inputs) < 2:
        raise ValueError(f"'inputs' must be a list of at least two tensors to share an encoder; received {inputs!r}.")
    return [encoder(x) for x in inputs]
