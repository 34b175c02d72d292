"""Losses of single samples and of batches with missing labels, on any backend."""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.samples import MISSING_CLASS
from zoo.training.heads import Head

Tensor = Any  # a backend tensor or a numpy array


def sample_losses(head: Head, target: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """Targets (B,), outputs (B, 1) or (B, classes) -> losses (B,) and 1.0 where the label is known, else 0.0 (B,).

    A missing label is replaced before the loss is taken: NaN times a weight of 0 would still be NaN.
    """
    if head.target.kind == "regression":
        output = ops.squeeze(output, -1)
        known = ops.logical_not(ops.isnan(target))
        error = ops.where(known, target, output) - output
        return _regression_loss(head, error), ops.cast(known, output.dtype)
    known = ops.not_equal(target, MISSING_CLASS)
    label = ops.where(known, target, ops.zeros_like(target))
    mask = ops.cast(known, output.dtype)
    if head.target.kind == "binary":
        loss = ops.binary_crossentropy(ops.expand_dims(ops.cast(label, output.dtype), -1), output)
        return ops.squeeze(loss, -1) * mask, mask
    return ops.sparse_categorical_crossentropy(label, output) * mask, mask


def _regression_loss(head: Head, error: Tensor) -> Tensor:
    if head.loss == "mse":
        return ops.square(error)
    size = ops.abs(error)
    if head.loss == "mae":
        return size
    delta = head.huber_delta
    return ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta**2)


def batch_loss(head: Head, target: Tensor, output: Tensor, class_weights: np.ndarray | None) -> tuple[Tensor, Tensor]:
    """The mean loss over the known labels of a batch (0 where there is none), and how many there are."""
    losses, mask = sample_losses(head, target, output)
    count = ops.sum(mask)
    if class_weights is not None:
        label = ops.maximum(target, 0)
        losses = losses * ops.take(ops.convert_to_tensor(class_weights, dtype=losses.dtype), label)
    return ops.sum(losses) / ops.maximum(count, 1.0), count


def mean_loss(head: Head, target: np.ndarray, output: np.ndarray) -> float | None:
    """The mean loss over the known labels of a whole split, in numpy; None when no label is known."""
    losses, mask = sample_losses(head, ops.convert_to_tensor(target), ops.convert_to_tensor(output))
    count = float(np.sum(keras.ops.convert_to_numpy(mask)))
    return float(np.sum(keras.ops.convert_to_numpy(losses), dtype=np.float64)) / count if count else None
