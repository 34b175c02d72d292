"""Shared (siamese) encoder: one layer, or a whole model, reads several inputs with the same weights."""

from collections.abc import Sequence

import keras


def shared_encoder(
    encoder: keras.Layer,
    inputs: Sequence[keras.KerasTensor],
    masks: Sequence[keras.KerasTensor] | None = None,
) -> list[keras.KerasTensor]:
    """Apply `encoder`, a layer or a model, to each input: one output for each, in the same order.

    `masks` (B, L), one an input, tell a recurrent encoder where there is something to read. The weights exist once, and
    the gradients of all uses add up. Bromley et al. 1993.
    """
    if not isinstance(encoder, keras.Layer):
        raise ValueError(f"'encoder' must be one layer or model, made before it is shared; received {encoder!r}.")
    if not isinstance(inputs, list | tuple) or len(inputs) < 2:
        raise ValueError(f"'inputs' must be a list of at least two tensors to share an encoder; received {inputs!r}.")
    if masks is None:
        return [encoder(x) for x in inputs]
    if not isinstance(masks, list | tuple) or len(masks) != len(inputs):
        raise ValueError(f"'masks' must be a list of {len(inputs)} tensors, one for each input; received {masks!r}.")
    return [encoder(x, mask=mask) for x, mask in zip(inputs, masks, strict=True)]
