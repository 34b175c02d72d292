"""What Keras' `fit` keeps for itself."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

import keras

from zoo.keras_internals.checks import missing, private

Tensor = Any


def mean_loss(model: keras.Model) -> Any:
    """The metric of a compiled model that holds the mean loss of an epoch.

    Keras' own, wherever it is kept; else the one named "loss", as all the world sees it.
    """
    named = (metric for metric in model.metrics if metric.name == "loss")
    found = getattr(model, "_loss_tracker", None) or next(named, None)
    if found is None:
        raise missing("_loss_tracker", type(model).__name__, "to watch the mean loss")
    return found


def build_for(model: keras.Model, batch: tuple[Any, Any, Any]) -> None:
    """Let a compiled model make what it makes at its first batch (x, y, sample weights): optimiser and metrics."""
    private(model, "_symbolic_build", "to know all variables of a training before its first step")(data_batch=batch)


def call_model(model: keras.Model, x: Any, training: bool) -> Any:
    """The outputs, told whether this is training where the model wants to know."""
    return model(x, training=training) if "training" in signature(model.call).parameters else model(x)


def training_loss(model: keras.Model, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Tensor:
    """The loss of a compiled model, whose own `compute_loss` need not know of `training`."""
    known: Mapping[str, Any] = signature(model.compute_loss).parameters
    options = {"training": training} if "training" in known else {}
    return model.compute_loss(x, y, y_pred, sample_weight, **options)
