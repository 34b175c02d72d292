"""A batch that spoils the weights, taken apart: the first layer, loss, gradient or update that is not finite."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from zoo.tracing.call_recorder import LayerCall, first_unsound, to_array, variable_names
from zoo.tracing.trace import Trace, trace


@dataclass(frozen=True)
class StepFault:
    """Where a training step turned NaN or infinite.

    kind        "weights" (before the step), "layer", "loss", "gradient", "update" (the new weights), or "outside" (not
                in any step).
    name        of the layer, of the output whose loss it is, or of the weight.
    row         of the batch, from 0, where the fault is in one sample.
    value       the first number that is not finite, where known.
    low, high   range of the finite numbers that went into the layer, or of the weight before the update.
    """

    kind: str
    name: str
    row: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None


def diagnose(model: keras.Model, batch: Any, broken_after: str) -> StepFault:
    """The first fault of a training step on `batch`; the model holds the weights of before it.

    `broken_after` names the first array that was not finite when the compiled step was done.
    """
    x, y, sample_weight = (*batch, None, None)[:3] if isinstance(batch, tuple) else (batch, None, None)
    found = trace(model, x, y, sample_weight)
    fault = in_forward(found, rows=_rows(x)) or in_loss(found)
    if fault is None:
        found = trace(model, x, y, sample_weight, gradients=True)
        fault = in_gradients(found)
    if fault is None:
        names = variable_names(model)
        low, high = _range([to_array(each) for each in model.variables if names.get(id(each)) == broken_after])
        fault = StepFault("update", broken_after, low=low, high=high)
    return fault


def in_forward(found: Trace, rows: int | None = None) -> StepFault | None:
    """The first layer that made finite numbers infinite or NaN, or whose weights are not finite.

    A layer that only hands on what was not finite before is not to blame: NaN may stand for a missing number.
    """
    for call in found.calls:
        for variable in getattr(call.operation, "weights", ()):
            values = to_array(variable)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                low, high = _range([values])
                return StepFault("weights", call.name, value=first_unsound(values), low=low, high=high)
        for values in call.outputs if _all_finite(list(call.inputs)) else ():
            if not np.isfinite(values).all():
                low, high = _range(call.inputs)
                row = int(np.argwhere(~np.isfinite(values))[0][0]) if values.ndim and len(values) == rows else None
                return StepFault("layer", call.said, row, first_unsound(values), low, high)
    return None


def in_loss(found: Trace) -> StepFault | None:
    """The loss that is not finite, of one output where the model tells them apart."""
    if found.loss is None or np.isfinite(found.loss):
        return None
    for name, value in found.losses.items():
        if not np.isfinite(value):
            return StepFault("loss", name.removeprefix("loss_").removesuffix("_loss"), value=value)
    return StepFault("loss", "", value=found.loss)


def in_gradients(found: Trace) -> StepFault | None:
    """The layer whose gradient is not finite though the one that it gets is; it is nearest to the loss."""
    last_layer = None
    for call in sorted(found.calls, key=lambda each: -each.place):  # an operation before the model that holds it
        if not _all_finite(call.output_gradients):
            last_layer = last_layer or call
            continue
        own = [each for name, each in found.weight_gradients.items() if name.startswith(f"{call.name}/")]
        if not _all_finite(call.input_gradients) or (not _is_model(call) and not _all_finite(own)):
            if _is_model(call):
                continue  # one of its parts is to blame
            wrong = [each for each in (*call.input_gradients, *own) if each is not None and not np.isfinite(each).all()]
            low, high = _range(call.inputs)
            return StepFault("gradient", call.said, value=first_unsound(wrong[0]), low=low, high=high)
    return StepFault("gradient", f"the loss after {last_layer.said}") if last_layer else None


def _is_model(call: LayerCall) -> bool:
    return isinstance(call.operation, keras.Model)


def _all_finite(arrays: list[np.ndarray | None]) -> bool:
    return all(each is None or bool(np.isfinite(each).all()) for each in arrays)


def _range(arrays: list[np.ndarray]) -> tuple[float | None, float | None]:
    """Least and largest finite number in the arrays."""
    finite = [each[np.isfinite(each)] for each in arrays]
    finite = [each for each in finite if each.size]
    if not finite:
        return None, None
    return float(min(each.min() for each in finite)), float(max(each.max() for each in finite))


def _rows(x: Any) -> int | None:
    leaves = [each for each in keras.tree.flatten(x) if each is not None]
    return int(leaves[0].shape[0]) if leaves and len(leaves[0].shape) else None
