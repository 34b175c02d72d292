"""The gradients of a training loss by all values on the way, on TensorFlow, JAX and PyTorch."""

from collections.abc import Callable
from itertools import count
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.keras_internals.trainer import call_model, training_loss
from zoo.tracing.call_recorder import LayerCall, Values, is_float, record_calls

Tensor = Any
Key = tuple[int, str, int]  # place of a call, "in" or "out", place among the floats of that side
Gradients = tuple[dict[Key, Tensor], list[Tensor]]  # of all values on the way, and of the trainable weights
SIDES = {"in": "inputs", "out": "outputs"}


def gradients_of(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    """Back through `model` from its compiled loss on the batch (x, y, sample weights), whose forward `calls` are known.

    None stands for the gradient of a value that the loss does not depend on.
    """
    kinds = {"tensorflow": _gradients_tensorflow, "jax": _gradients_jax, "torch": _gradients_torch}
    return kinds[keras.backend.backend()](model, batch, training, calls)


class _Probes(Values):
    """Sends every float tensor through `tap(key, tensor)`, key = (place of the call, side, place among its floats)."""

    def __init__(self, tap: Callable[[Key, Tensor], Tensor]):
        super().__init__()
        self.tap = tap

    def enter(self, record: LayerCall, values: Any) -> Any:
        return self._tapped(record.place, "in", values)

    def leave(self, record: LayerCall, values: Any) -> Any:
        return self._tapped(record.place, "out", values)

    def _tapped(self, place: int, side: str, values: Any) -> Any:
        counter = count()
        return tree.map_structure(
            lambda each: self.tap((place, side, next(counter)), each) if is_float(each) else each, values
        )


def _gradients_tensorflow(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    import tensorflow as tf

    values: dict[Key, Tensor] = {}
    x, y, sample_weight = batch
    with tf.GradientTape() as tape:

        def tap(key: Key, value: Tensor) -> Tensor:
            values[key] = tf.identity(value)
            tape.watch(values[key])  # what stands before the first weight has a gradient too
            return values[key]

        with record_calls(model, _Probes(tap)):
            outputs = call_model(model, x, training)
        loss = training_loss(model, x, y, outputs, sample_weight, training)
    weights = [variable.value for variable in model.trainable_variables]
    found = tape.gradient(loss, [*values.values(), *weights])
    found = [None if each is None else tf.convert_to_tensor(each) for each in found]
    return dict(zip(values, found, strict=False)), found[len(values) :]


def _gradients_jax(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    import jax

    sides = [(call.place, side, getattr(call, name)) for call in calls for side, name in SIDES.items()]
    zeros = {
        (place, side, row): np.zeros_like(each) for place, side, arrays in sides for row, each in enumerate(arrays)
    }
    trainable, *rest = (
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
    )
    settings = [variable.value for variable in model.optimizer.variables] if model.optimizer else None

    def loss(trainable: Any, probes: dict[Key, Tensor]) -> Tensor:
        def tap(key: Key, value: Tensor) -> Tensor:  # the gradient of an added zero is that of the value
            return value + probes[key].astype(value.dtype)

        with record_calls(model, _Probes(tap)):
            return model.compute_loss_and_updates(
                trainable, *rest, *batch, training=training, optimizer_variables=settings
            )[0]

    weights, values = jax.grad(loss, argnums=(0, 1))(trainable, zeros)
    return values, weights


def _gradients_torch(model: keras.Model, batch: tuple, training: bool, calls: list[LayerCall]) -> Gradients:
    values: dict[Key, Tensor] = {}
    x, y, sample_weight = batch

    def tap(key: Key, value: Tensor) -> Tensor:
        value = value.clone() if value.requires_grad else value.clone().requires_grad_()
        value.retain_grad()
        values[key] = value
        return value

    model.zero_grad()
    with record_calls(model, _Probes(tap)):
        outputs = call_model(model, x, training)
    training_loss(model, x, y, outputs, sample_weight, training).backward()
    found = [variable.value.grad for variable in model.trainable_variables]
    found = [None if each is None else each.clone() for each in found]
    model.zero_grad()
    return {key: value.grad for key, value in values.items()}, found
