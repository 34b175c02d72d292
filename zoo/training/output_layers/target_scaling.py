"""Regressions are trained in standard units and predict in the target's own.

An output layer learns slowly when its target is far from 0 and wide: every weight must grow to the target's scale,
at the optimiser's pace. While training, the layer's values are therefore multiplied by the target's standard
deviation and shifted by its mean at each of its calls, whoever reads them. Whoever looks at the model, in validation,
in a callback or in the end, finds both merged into the layer's weights.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers, ops

from zoo.samples import Samples, present
from zoo.training.heads import Head
from zoo.training.output_layers.layers import OutputLayers

FAR = 10.0  # times the units that a layer begins in, or a part of them: from there on raw units are warned of


class TargetScaleWarning(UserWarning):
    """A regression is trained in its target's own units, which are far from those that a network begins in."""


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
        shift, scale = _moments(train, name)
        varies = scale > 1e-6 * np.abs(shift)  # rounding gives a constant a tiny deviation
        found[name] = Scaling(layer, np.where(varies, scale, 1.0).astype("float32"), shift.astype("float32"))
    return found


def _moments(train: Samples, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (k,) of a target, NaN where missing, under the weights of its samples."""
    values, weights = train.targets[name], train.sample_weight.get(name)
    columns = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1).astype(np.float64)
    shares = np.ones(len(columns)) if weights is None else np.repeat(weights, len(columns) // len(weights))
    known = present(columns) & (shares > 0)[:, None]
    counted = np.ma.masked_array(columns, ~known)
    shift = np.ma.average(counted, axis=0, weights=shares)
    scale = np.sqrt(np.ma.average(np.square(counted - shift), axis=0, weights=shares))
    return np.ma.filled(shift, 0.0), np.ma.filled(scale, 0.0)


def warn_of_raw_units(
    outputs: OutputLayers,
    heads: Mapping[str, Head],
    train: Samples,
    scalings: Mapping[str, Scaling],
    started: Collection[str],
) -> None:
    """Warn of regressions without a scaling whose target is far from mean 0 and deviation 1.

    started  outputs whose bias begins at the target's mean, so that this may lie anywhere.
    """
    for name, head in heads.items():
        if head.target.kind != "regression" or name in scalings:
            continue
        why, (unit, origin) = outputs.why_not_linear(name), outputs.rescaled_by(name)
        if not why:  # one layer gives several outputs, and has the units of the first
            other = next(key for key, each in scalings.items() if each.layer is outputs.linear(name))
            why, unit, origin = f"its layer has the units of '{other}'", scalings[other].scale, scalings[other].shift
        shift, scale = _moments(train, name)
        deviation, mean = scale / np.abs(unit), np.abs(shift - origin) / np.abs(unit)
        far = (deviation > FAR) | ((deviation > 0) & (deviation < 1 / FAR)) | ((mean > FAR) & (name not in started))
        if np.any(far):
            worst = int(np.argmax(far))
            warnings.warn(
                f"The target of output '{name}' has mean {shift[worst]:.4g} and deviation {scale[worst]:.4g}, and is "
                f"trained in these units, which may take long or fail: {why}. End the output in a Dense layer of its "
                "own (trainable, with a bias, without an activation), which is scaled for you, or subtract the mean "
                "from the target and divide it by the deviation.",
                TargetScaleWarning,
                stacklevel=2,
            )


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
