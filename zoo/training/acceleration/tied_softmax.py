"""A softmax over a large vocabulary whose output layer is the embedding itself, trained without its full table.

The likelihood of the right label needs all labels only for the sum below the line. That sum is estimated, without
bias: the most frequent labels, which hold most of it, are all in it, and a sample of the others stands for the rest
(importance sampling, Bengio and Senecal 2008; the same sample for all steps of a batch, Jozefowicz et al. 2016). At
6,000 labels a step costs about a third. Validation and the finished model use all labels.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.keras_internals.graph import producer

Tensor = Any

COMMON, SAMPLED = 1024, 512  # labels that always compete, and of the others; more than the vocabulary: all of them
NEVER = -1e9  # a logit


class TiedSoftmax:
    """One output of a model: softmax(x @ embeddings.T), in terms of `x` (B, L, D).

    order  (V,) labels, the most frequent first.
    """

    def __init__(self, features: Any, embedding: layers.ReversibleEmbedding, order: np.ndarray, seed: int):
        self.features, self.embedding = features, embedding
        size = len(order)
        self.common, self.sampled = (COMMON, SAMPLED) if size > COMMON + SAMPLED else (size, 0)
        self.order = np.asarray(order, dtype="int32")
        self.rank = np.argsort(self.order).astype("int32")
        self.correction = float(np.log((size - self.common) / self.sampled)) if self.sampled else 0.0
        self.random = keras.random.SeedGenerator(seed)

    def losses(self, features: Tensor, label: Tensor) -> Tensor:
        """Features (B, L, D) and known labels (B, L) -> an estimate of each step's cross-entropy (B, L)."""
        table = self.embedding.embeddings
        x = ops.reshape(features, (-1, features.shape[-1]))  # (N, D)
        rank = ops.reshape(ops.take(ops.convert_to_tensor(self.rank), label), (-1,))
        if not self.sampled:
            logits = ops.matmul(x, ops.transpose(ops.take(table, self.order, axis=0)))
            return ops.reshape(ops.sparse_categorical_crossentropy(rank, logits, from_logits=True), ops.shape(label))
        rare = ops.arange(self.common, len(self.order), dtype="int32")
        sample = keras.random.shuffle(rare, seed=self.random)[: self.sampled]
        ranks = ops.concatenate([ops.arange(self.common, dtype="int32"), sample])
        logits = ops.matmul(x, ops.transpose(ops.take(table, ops.take(self.order, ranks), axis=0)))
        # The right label stands beside the others, for itself alone; those of the sample stand for several.
        own = ops.sum(x * ops.take(table, ops.take(self.order, rank), axis=0), axis=-1, keepdims=True)  # (N, 1)
        is_own = ops.equal(ops.expand_dims(rank, -1), sample)
        others = ops.where(is_own, NEVER, logits[:, self.common :] + self.correction)
        is_rare = rank >= self.common
        logits = ops.concatenate(
            [logits[:, : self.common], others, ops.where(ops.expand_dims(is_rare, -1), own, NEVER)], axis=-1
        )
        place = ops.where(is_rare, self.common + self.sampled, rank)
        return ops.reshape(ops.sparse_categorical_crossentropy(place, logits, from_logits=True), ops.shape(label))

    def judge(self, features: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, L, D), known labels (B, L) -> cross-entropy over all labels, whether right; (B, L) each."""
        logits = ops.cast(self.embedding(features, reverse=True), "float32")
        return (
            ops.sparse_categorical_crossentropy(label, logits, from_logits=True),
            ops.equal(ops.argmax(logits, axis=-1), ops.cast(label, "int32")),
        )


def tied_softmaxes(model: keras.Model, orders: Mapping[str, np.ndarray], seed: int) -> dict[str, TiedSoftmax]:
    """The outputs among `orders` (output -> labels by frequency) that are a softmax of a reversed embedding."""
    found = {}
    for name, order in orders.items():
        softmax, _ = producer(model.output[name])
        if not isinstance(softmax.operation, layers.Softmax):
            continue
        call, _ = producer(softmax.inputs[0])
        embedding = call.operation
        plain = isinstance(embedding, layers.ReversibleEmbedding) and embedding.tie_weights
        if plain and embedding.logit_soft_cap is None and call.kwargs.get("reverse"):
            found[name] = TiedSoftmax(call.inputs[0], embedding, order, seed)
    return found
