"""What `model.evaluate` gives in callbacks, of a model that its user did not compile: the losses of the heads."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from zoo.samples import MAPS, MISSING_CLASS
from zoo.training.heads import Head
from zoo.training.labels import label_table
from zoo.training.losses import sample_losses
from zoo.training.named_graph import output_names

Tensor = Any


def evaluation_of(model: keras.Model, heads: Mapping[str, Head]) -> Callable[..., Any]:
    """`model.evaluate` as if the model were compiled with the losses of the heads and their weights.

    Another model of the same layers is compiled, when this is called first; the user's own stays as it is.
    """
    compiled: list[keras.Model] = []

    def evaluate(*args: Any, **options: Any) -> Any:
        if not compiled:
            compiled.append(_compiled(model, heads))
        return compiled[0].evaluate(*args, **options)

    return evaluate


def _compiled(model: keras.Model, heads: Mapping[str, Head]) -> keras.Model:
    names = output_names(model)
    stack = isinstance(model, keras.Sequential)
    inputs, outputs = (model.inputs[0], model.outputs[0]) if stack else (model.input, model.output)
    twin = keras.Model(inputs, outputs, name=model.name)
    losses = keras.tree.pack_sequence_as(outputs, [_loss(heads[name]) for name in names])
    weights = keras.tree.pack_sequence_as(outputs, [float(heads[name].weight) for name in names])
    twin.compile(loss=losses, loss_weights=weights)
    return twin


def _loss(head: Head) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a head as Keras calls it, of targets as the user has them."""
    settled = head.settled()

    def loss(target: Tensor, output: Tensor) -> Tensor:
        if head.target.kind in MAPS:
            known = ops.where(ops.isnan(target), MISSING_CLASS, target)
            return _mean(*sample_losses(settled, ops.cast(known, "int32") if head.target.labels else target, output))
        if head.target.kind == "regression":
            return _mean(*sample_losses(settled, ops.reshape(target, ops.shape(output)), output))
        target = ops.cast(ops.where(ops.isnan(target), MISSING_CLASS, target), "int32")
        shape = ops.shape(output)
        target = ops.reshape(target, shape if head.target.kind == "tags" else shape[:-1])
        if head.plan.merge or head.plan.ignore:
            target = ops.take(label_table(head), target % (len(head.target.labels) + 1))  # -1 is the last place
        return _mean(*sample_losses(settled, target, output))

    return loss


def _mean(losses: Tensor, known: Tensor) -> Tensor:
    return ops.sum(losses) / ops.maximum(ops.sum(known), 1.0)
