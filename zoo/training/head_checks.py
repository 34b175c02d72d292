"""Whether heads, a model's outputs and inputs, and the samples agree by key, by shape and by type."""

from collections.abc import Mapping

import keras
import numpy as np

from zoo.errors import ConfigError, require_known
from zoo.keras_internals.graph import input_names
from zoo.samples import EXCLUSIVE, MAPS, Samples
from zoo.training.heads import NOISE_AWARE, Head, require_same_keys


def check_heads(model: keras.Model, heads: Mapping[str, Head], *splits: Samples) -> None:
    """Raise a `ConfigError` unless heads, outputs, inputs and targets agree by key and by shape.

    `model` has a dict of outputs (`named_graph`).
    """
    outputs = model.output
    require_same_keys("heads", heads, f"outputs of '{model.name}'", outputs)
    for name, head in heads.items():
        _check_output(model.name, name, head, tuple(outputs[name].shape))
    for samples in splits:
        _check_inputs(model, samples)
        for name, head in heads.items():
            require_known("target (heads are matched with targets by name)", name, samples.targets)
            steps = head.target.kind == "classification" and len(outputs[name].shape) == 3
            check_values(name, head, samples.targets[name], steps=steps)
            expected = tuple(outputs[name].shape)
            shape = samples.targets[name].shape
            shape = (*shape, expected[-1] or 1) if head.target.kind in MAPS else shape
            if head.target.kind in ("regression", "tags", *MAPS) and not _fits(shape, expected):
                raise ConfigError(
                    f"Output '{name}' of '{model.name}' has shape {expected}, and its target "
                    f"{samples.targets[name].shape}; the target must be {_told(expected)}."
                )
            unweighted = steps or head.loss == "expected_cost" or head.plan.method == "focal"
            if unweighted and name in samples.sample_weight:
                what = "predicts at every step" if steps else "is judged by another loss than it is trained by"
                raise ConfigError(f"Output '{name}' {what}; sample weights are not for it.")
            if head.target.kind == "regression" and outputs[name].dtype == "float16":
                _check_half(name, samples.targets[name])
            if steps and head.loss in NOISE_AWARE:
                raise ConfigError(f"'{name}' answers at every step; the loss '{head.loss}' is for whole samples.")
            if steps and head.imbalance is not None:
                raise ConfigError(f"'{name}' predicts at every step; methods against imbalance choose whole samples.")


def check_predictable(model: keras.Model, heads: Mapping[str, Head], samples: Samples) -> None:
    """Raise a `ZooError` unless the model has these outputs and takes these samples, of which there are some."""
    for name, head in heads.items():
        require_known("output", name, model.output)
        _check_output(model.name, name, head.settled(), tuple(model.output[name].shape))
    if not len(samples):
        raise ConfigError("There are no samples to predict for.")
    _check_inputs(model, samples)


def _check_output(model: str, name: str, head: Head, shape: tuple[int | None, ...]) -> None:
    """Raise unless the shape of an output is that of its kind."""
    kind, labels = head.target.kind, len(head.target.labels)
    if kind == "regression":
        fits, expected = len(shape) >= 2, "(None, k)"
    elif kind in MAPS:
        width = labels or 1
        fits, expected = len(shape) >= 4 and shape[-1] == width, f"(None, places along each axis, {width})"
    elif kind in EXCLUSIVE:
        fits, expected = len(shape) in (2, 3) and shape[-1] == labels, f"(None, {labels})"
    else:
        width = labels if kind == "tags" else 1
        fits, expected = shape[1:] == (width,), f"(None, {width})"
    if not fits:
        several = kind == "binary" and len(shape) == 2 and (shape[1] or 0) > 1
        cure = " For several labels at once there is Target('tags', labels)." if several else ""
        raise ConfigError(f"Output '{name}' of '{model}' has shape {shape}; its {kind} head needs {expected}.{cure}")


def _check_inputs(model: keras.Model, samples: Samples) -> None:
    """Raise unless the arrays are those of the model's inputs by name, and fit them dimension by dimension."""
    names = input_names(model)
    require_same_keys("inputs", samples.inputs, f"inputs of '{model.name}'", names)
    for name, tensor in zip(names, model.inputs, strict=True):
        values, what = samples.inputs[name], f"Input '{name}' of '{model.name}'"
        expected, given = tuple(tensor.shape), np.shape(values)
        if getattr(tensor, "sparse", False) or not hasattr(values, "dtype"):
            continue
        if not _fits(given, expected):
            raise ConfigError(f"{what} has shape {expected}; its values have {given}.")
        if values.dtype.kind not in "fiub":
            raise ConfigError(f"{what} must be numbers; received {values.dtype}.")
        whole = "int" in str(tensor.dtype)
        if whole and values.dtype.kind == "f" and not np.array_equal(values, np.round(values)):
            raise ConfigError(f"{what} takes whole numbers ({tensor.dtype}); received fractions or NaN.")


def _check_half(name: str, values: np.ndarray) -> None:
    """Raise where half precision cannot hold a target."""
    most = float(np.nanmax(np.abs(values), initial=0.0))
    if most > float(np.finfo(np.float16).max):
        raise ConfigError(
            f"Output '{name}' is float16, which ends at 65504, and its target reaches {most:.6g}; give its layer "
            "dtype='float32'."
        )


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    if len(shape) == 1 and expected[1:] == (1,):
        return True
    pairs = zip(expected[1:], shape[1:], strict=False)
    return len(shape) == len(expected) and all(each in (None, given) for each, given in pairs)


def _told(shape: tuple[int | None, ...]) -> str:
    rest = ", ".join("any" if each is None else str(each) for each in shape[1:])
    return "(n,)" if shape[1:] == (1,) else f"(n, {rest})"


def check_values(name: str, head: Head, values: np.ndarray, *, steps: bool = False) -> None:
    """Raise a `ConfigError` unless one split's target has the shape, type and range of its kind."""
    kind = head.target.kind
    if kind in (*EXCLUSIVE, "binary") and values.ndim != (2 if steps else 1):
        expected = "(n, steps), as the output predicts at every step" if steps else "(n,)"
        hint = " Of one-hot rows, give the places of the ones: values.argmax(axis=1)." if values.ndim == 2 else ""
        raise ConfigError(f"Target '{name}' must have shape {expected}; received {values.shape}.{hint}")
    if kind in ("regression", "heat_map"):
        if not np.issubdtype(values.dtype, np.floating):
            raise ConfigError(f"Target '{name}' must be floats (NaN where missing); received {values.dtype}.")
        if np.isinf(values).any():
            raise ConfigError(f"Target '{name}' must be finite (NaN where missing); received infinite numbers.")
        return
    if not np.issubdtype(values.dtype, np.integer):
        raise ConfigError(f"Target '{name}' must be integer labels; received {values.dtype}.")
    most = 1 if kind == "tags" else len(head.target.labels) - 1
    if values.size and not (values.min() >= -1 and values.max() <= most):
        shifted = values.min() == 1 and values.max() == most + 1
        cure = f" Of labels from 1 to {most + 1}, give values - 1." if shifted else ""
        labels = "" if kind == "tags" else f", for '{head.target.labels[0]}' to '{head.target.labels[-1]}'"
        raise ConfigError(
            f"Target '{name}' must lie in 0..{most} (-1 where missing){labels}; received "
            f"{values.min()}..{values.max()}.{cure}"
        )
