"""Regressions are trained in standard units and predict in the target's own.

An output layer learns slowly when its target is far from 0 and wide: every weight must grow to the target's scale,
at the optimiser's pace. While training, the layer's values are therefore multiplied by the target's standard
deviation and shifted by its mean at each of its calls, whoever reads them. Whoever looks at the model, in validation,
in a callback or in the end, finds both merged into the layer's weights.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers, ops

from zoo.samples import Samples, present
from zoo.training.heads import Head
from zoo.training.output_layers.layers import OutputLayers


@dataclass(frozen=True)
class Scaling:
    """value in the target's units = scale * value of the layer + shift; both (k,), one number a column."""

    layer: layers.Dense
    scale: np.ndarray
    shift: np.ndarray

    def merge(self) -> None:
        """Let the layer predict in the target's units itself."""
        kernel, bias = weights_of(self.layer)
        assign(self.layer, kernel * self.scale, bias * self.scale + self.shift)

    def unmerge(self) -> None:
        """The inverse of `merge`: for training on from weights that predict in the target's units."""
        kernel, bias = weights_of(self.layer)
        assign(self.layer, kernel / self.scale, (bias - self.shift) / self.scale)


def target_scalings(outputs: OutputLayers, heads: Mapping[str, Head], train: Samples) -> dict[str, Scaling]:
    """Mean and deviation of every regression that comes from a plain linear layer."""
    found: dict[str, Scaling] = {}
    for name, head in heads.items():
        layer = outputs.linear(name) if head.target.kind == "regression" else None
        if layer is None or any(layer is each.layer for each in found.values()):
            continue
        shift, scale = moments(train, name)
        varies = scale > 1e-6 * np.abs(shift)  # rounding gives a constant a tiny deviation
        found[name] = Scaling(layer, np.where(varies, scale, 1.0).astype("float32"), shift.astype("float32"))
    return found


def moments(train: Samples, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (k,) of a target, NaN where missing, under the weights of its samples."""
    values, weights = train.targets[name], train.sample_weight.get(name)
    columns = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1).astype(np.float64)
    shares = np.ones(len(columns)) if weights is None else np.repeat(weights, len(columns) // len(weights))
    known = present(columns) & (shares > 0)[:, None]
    counted = np.ma.masked_array(columns, ~known)
    shift = np.ma.average(counted, axis=0, weights=shares)
    scale = np.sqrt(np.ma.average(np.square(counted - shift), axis=0, weights=shares))
    return np.ma.filled(shift, 0.0), np.ma.filled(scale, 0.0)


@contextmanager
def scaled_calls(scalings: Iterable[Scaling]) -> Iterator[None]:
    """While this lasts, every call of the layers gives the target's units, whatever their weights.

    In float32: half precision could not hold a mean of 5,000 with a deviation of 1.
    """
    scalings = tuple(scalings)
    listened = [vars(scaling.layer).get("call") for scaling in scalings]  # somebody else may stand before a call too
    for scaling in scalings:
        vars(scaling.layer)["call"] = _scaled(scaling, scaling.layer.call)
    try:
        yield
    finally:
        for scaling, before in zip(scalings, listened, strict=True):
            if before is None:
                del vars(scaling.layer)["call"]
            else:
                vars(scaling.layer)["call"] = before


def _scaled(scaling: Scaling, call: Callable[..., Any]) -> Callable[..., Any]:
    def scaled(*args: Any, **kwargs: Any) -> Any:
        values = ops.cast(call(*args, **kwargs), "float32")
        return ops.add(ops.multiply(values, scaling.scale), scaling.shift)

    return scaled


@contextmanager
def changed_for_now(
    touched: Mapping[str, layers.Dense], change: Callable[[str], None], undo: Callable[[str], None]
) -> Iterator[None]:
    """While this lasts, the layers (output -> layer) are changed; afterwards they have their weights of before.

    Bit for bit, but for a layer whose weights somebody else changed meanwhile: there the change alone is undone.
    """
    before = {name: weights_of(layer) for name, layer in touched.items()}
    for name in touched:
        change(name)
    after = {name: weights_of(layer) for name, layer in touched.items()}
    try:
        yield
    finally:
        for name, layer in touched.items():
            if all(map(np.array_equal, weights_of(layer), after[name])):
                assign(layer, *before[name])
            else:
                undo(name)


def weights_of(layer: layers.Dense) -> tuple[np.ndarray, np.ndarray]:
    """Copies of kernel and bias."""
    return np.array(ops.convert_to_numpy(layer.kernel)), np.array(ops.convert_to_numpy(layer.bias))


def assign(layer: layers.Dense, kernel: np.ndarray, bias: np.ndarray) -> None:
    """Give a layer these weights."""
    layer.kernel.assign(kernel.astype("float32"))
    layer.bias.assign(bias.astype("float32"))
