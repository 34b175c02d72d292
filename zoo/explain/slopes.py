"""Explanations by the gradient at the input: saliency, SmoothGrad, integrated gradients, guided backpropagation.

Simonyan et al. 2014; Smilkov et al. 2017; Sundararajan et al. 2017; Springenberg et al. 2015.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.explain.fills import filled
from zoo.explain.places import layers_between
from zoo.explain.subject import BATCH, Subject
from zoo.tracing.call_recorder import operations
from zoo.tracing.gradients import GradientFunction

# layers that are linear, or choose among their values: the rule of guided backpropagation leaves them alone; names
# without "2D" and "Transpose"
HARMLESS = (
    "Add", "AveragePooling", "BatchNormalization", "Concatenate", "Conv", "Cropping", "Dense", "DepthwiseConv",
    "Dropout", "Flatten", "GlobalAveragePooling", "GlobalMaxPooling", "GetItem", "Identity", "MaxPooling", "Permute",
    "Reshape", "Rescaling", "SeparableConv", "SpatialDropout", "Squeeze", "Subtract", "UpSampling", "ZeroPadding",
    "Normalization",
)  # fmt: skip


def saliency(subject: Subject) -> np.ndarray:
    """The gradient by the input, (...): its shape."""
    return subject.gradients([subject.input]).gradients[0][0]


def smoothgrad(subject: Subject, *, samples: int = 32, noise: float = 0.15, seed: int = 0) -> np.ndarray:
    """The mean gradient over `samples` noisy copies; `noise` is the deviation as a share of the input's range."""
    value = subject.value
    deviation = noise * float(value.max() - value.min())
    random = np.random.default_rng(seed)
    noisy = value + deviation * random.normal(size=(samples, *value.shape[1:])).astype(value.dtype)
    return _mean_gradient(subject, noisy)


def integrated_gradients(subject: Subject, *, steps: int = 64, baseline: Any = "zero") -> tuple[np.ndarray, float]:
    """(input - baseline) * mean gradient on the straight line between; and how far their sum is from the difference of
    the scores, as a share of it (completeness, 0 when exact).

    Gauss-Legendre points: `steps` of them integrate a polynomial of degree 2 * steps - 1 exactly.
    """
    value = subject.value
    start = filled(value[0], baseline)[None]
    points, weights = gauss_legendre(steps)
    line = start + points.reshape(-1, *[1] * (value.ndim - 1)).astype(value.dtype) * (value - start)
    gradient = _mean_gradient(subject, line.astype(value.dtype), weights)
    found = (value - start)[0] * gradient
    ends = subject.gradients([], _with(subject, np.concatenate([start, value]))).scores
    return found, completeness_gap(found, float(ends[1] - ends[0]))


def gauss_legendre(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """(points, weights) from 0 to 1, the weights adding to 1."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return (points + 1) / 2, weights / 2


def completeness_gap(attributions: np.ndarray, difference: float) -> float:
    """|sum - difference| / max(|difference|, 1e-6)."""
    return float(abs(float(attributions.sum(dtype=np.float64)) - difference) / max(abs(difference), 1e-6))


def guided_backpropagation(subject: Subject) -> np.ndarray:
    """The gradient by the input where every ReLU also stops what is below 0 on the way back.

    Raises `ConfigError` where other curved layers (swish, attention, LSTM, ...) stand on the way from the input to the
    output: the rule says nothing of them, and the picture would be neither a gradient nor guided.
    """
    with subject.logits() as target, _guided(subject.model, subject.input, target.output):
        function = GradientFunction(subject.model, target.score, [subject.input])
        return function(subject.inputs).gradients[0][0]


def _mean_gradient(subject: Subject, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    weights = np.full(len(values), 1 / len(values)) if weights is None else weights
    total = np.zeros(values.shape[1:], np.float64)
    with subject.compiled([subject.input]) as function:
        for first in range(0, len(values), BATCH):
            part = values[first : first + BATCH]
            found = function(_with(subject, part)).gradients[0]
            total += np.tensordot(weights[first : first + BATCH], found.astype(np.float64), axes=1)
    return total


def _with(subject: Subject, values: np.ndarray) -> Mapping[str, np.ndarray]:
    others = {name: np.repeat(each[:1], len(values), axis=0) for name, each in subject.inputs.items()}
    return {**others, subject.input: values}


@contextmanager
def _guided(model: keras.Model, input_name: str, output: str) -> Iterator[None]:
    way = {each.path for each in layers_between(model, input_name, output)}
    found, other = [], []
    for path, each in operations(model):
        if not any(path == on_it or path.startswith(f"{on_it}/") for on_it in way):  # the parts of a wrapper too
            continue
        kind, name = type(each).__name__, getattr(getattr(each, "activation", None), "__name__", "linear")
        if isinstance(each, keras.Model | keras.layers.TimeDistributed) or path == output:
            continue
        if (kind == "ReLU" and not float(getattr(each, "negative_slope", 0))) or (
            kind.lower() == "relu" and not isinstance(each, keras.Layer)
        ):
            found.append((each, "call"))
        elif name in ("relu", "relu6"):
            found.append((each, "activation"))
        elif name != "linear" or not (kind == "Activation" or _without_rank(kind) in HARMLESS):
            other.append(path)
    if other:
        raise ConfigError(
            f"Guided backpropagation is defined for ReLU networks alone; {model.name} has '{other[0]}'"
            + (f" and {len(other) - 1} more layers of other kinds" if len(other) > 1 else "")
            + ": use saliency, smoothgrad or integrated-gradients."
        )
    before = [getattr(each, name) if name == "activation" else None for each, name in found]
    try:
        for each, name in found:
            six = getattr(getattr(each, "activation", None), "__name__", "") == "relu6"
            most = 6.0 if six else getattr(each, "max_value", None)
            guided = _guided_relu(None if most is None else float(most))
            if name == "activation":
                each.activation = guided
            else:
                each.__dict__["call"] = lambda x, *_, guided=guided, **__: guided(x)
        yield
    finally:
        for (each, name), value in zip(found, before, strict=True):
            if name == "activation":
                each.activation = value
            else:
                del each.__dict__["call"]


def _without_rank(kind: str) -> str:
    """
    >>> _without_rank("Conv2DTranspose"), _without_rank("AdditiveAttention")
    ('Conv', 'AdditiveAttention')
    """
    return re.sub(r"[123]D(Transpose)?$", "", kind)


def _guided_relu(most: float | None) -> Any:
    """A ReLU (up to `most`) whose gradient is cut at 0 on the way back as well."""

    @keras.ops.custom_gradient
    def relu(x: Any) -> Any:
        open_ = x > 0 if most is None else keras.ops.logical_and(x > 0, x < most)

        def back(*args: Any, upstream: Any = None) -> Any:
            upstream = args[0] if upstream is None else upstream
            return keras.ops.relu(upstream) * keras.ops.cast(open_, upstream.dtype)

        return keras.ops.relu(x) if most is None else keras.ops.clip(x, 0.0, most), back

    return relu
