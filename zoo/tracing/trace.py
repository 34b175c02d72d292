"""One batch through a model, layer by layer: what every layer gives and, backwards, the gradients it gets and hands on.

The model is run eagerly: values may differ from those of the compiled step by rounding. Variables that a forward pass
changes (batch statistics, random seeds, sums of metrics) are put back.
"""

import math
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import tree

from zoo.keras_internals.trainer import call_model, training_loss
from zoo.tracing.call_recorder import LayerCall, Values, record_calls, to_array, variable_names
from zoo.tracing.layer_gradients import gradients_of
from zoo.tracing.preserve_state import preserve_state


@dataclass
class Trace:
    """One batch through a model.

    loss              the training loss; None where no targets were given. NaN, without gradients, where PyTorch refuses
                      to take it of outputs that are not finite.
    losses            name -> loss of single outputs, where the model keeps them.
    weight_gradients  name of a trainable weight, as in "encoder/dense/kernel" -> gradient of the loss; empty where
                      gradients were not asked for.
    """

    calls: list[LayerCall]
    loss: float | None = None
    losses: dict[str, float] = field(default_factory=dict)
    weight_gradients: dict[str, np.ndarray | None] = field(default_factory=dict)


def trace(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    training: bool = True,
    gradients: bool = False,
) -> Trace:
    """Run the batch x through `model`; with targets y also through its compiled loss, and back where asked.

    Variables end with the values that they had before.
    """
    x, y, sample_weight = (tree.map_structure(_to_tensor, each) for each in (x, y, sample_weight))
    with ExitStack() as stack:
        stack.enter_context(preserve_state(model))
        if hasattr(model, "plain"):  # a model that computes itself faster than layer by layer
            stack.enter_context(model.plain())
        for metric in model.metrics:
            metric.reset_state()
        with record_calls(model, Values()) as listener:
            outputs = call_model(model, x, training)
        found = Trace(listener.calls)
        if y is not None:
            try:
                loss = training_loss(model, x, y, outputs, sample_weight, training)
            except RuntimeError:  # of PyTorch's binary crossentropy, where other backends give NaN
                if _is_finite(outputs):
                    raise
                found.loss = math.nan
                return found
            found.loss = float(to_array(loss))
            found.losses = _terms(model)
        if gradients:
            _add_gradients(found, model, (x, y, sample_weight), training)
    return found


def _add_gradients(found: Trace, model: keras.Model, batch: tuple, training: bool) -> None:
    values, weights = gradients_of(model, batch, training, found.calls)
    arrays = {key: None if each is None else to_array(each) for key, each in values.items()}
    for call in found.calls:
        call.input_gradients = [arrays.get((call.place, "in", row)) for row in range(len(call.inputs))]
        call.output_gradients = [arrays.get((call.place, "out", row)) for row in range(len(call.outputs))]
    names = variable_names(model)
    for variable, gradient in zip(model.trainable_variables, weights, strict=True):
        found.weight_gradients[names.get(id(variable), variable.path)] = (
            None if gradient is None else to_array(gradient)
        )


def _to_tensor(value: Any) -> Any:
    return None if value is None else keras.ops.convert_to_tensor(value)


def _is_finite(outputs: Any) -> bool:
    return all(bool(np.isfinite(to_array(each)).all()) for each in tree.flatten(outputs))


def _terms(model: keras.Model) -> dict[str, float]:
    """Losses of single outputs that the model's metrics have just been told of."""
    terms: dict[str, float] = {}
    for metric in model.metrics:
        result = metric.result()
        for name, value in (result if isinstance(result, dict) else {metric.name: result}).items():
            if "loss" in name and name != "loss":
                terms[name] = float(to_array(value))
    return terms
