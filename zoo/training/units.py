"""Regressions are trained in standard units and answer in the target's own.

An output layer learns slowly when its target is far from 0 and wide: every weight must grow to the target's scale,
at the optimiser's pace. While training, the layer's values are therefore multiplied by the target's standard
deviation and shifted by its mean outside the model; in the end both are folded into the layer's weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from zoo.samples import Samples, present
from zoo.training.heads import Head


@dataclass(frozen=True)
class Affine:
    """value in the target's units = scale * value of the layer + shift."""

    scale: float
    shift: float


def units_of(model: keras.Model, heads: Mapping[str, Head], train: Samples) -> dict[str, Affine]:
    """Mean and deviation of every regression whose output layer is a plain `Dense` with a bias."""
    found = {}
    for name, head in heads.items():
        layer = model.get_layer(name)
        if head.target.kind == "regression" and _is_linear(layer):
            known = train.targets[name][present(train.targets[name])].astype(np.float64)
            scale, shift = float(np.std(known)), float(np.mean(known))
            varies = scale > 1e-6 * max(abs(shift), 1.0)  # rounding gives a constant a tiny deviation
            found[name] = Affine(scale if varies else 1.0, shift)
    return found


def _is_linear(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Dense) and layer.use_bias and layer.activation is keras.activations.linear


def fold(model: keras.Model, units: Mapping[str, Affine]) -> None:
    """Let the layers answer in the targets' units themselves."""
    for name, unit in units.items():
        layer = model.get_layer(name)
        layer.kernel.assign(layer.kernel * unit.scale)
        layer.bias.assign(layer.bias * unit.scale + unit.shift)


def unfold(model: keras.Model, units: Mapping[str, Affine]) -> None:
    """The inverse of `fold`: for training on from weights that answer in the targets' units."""
    for name, unit in units.items():
        layer = model.get_layer(name)
        layer.kernel.assign(layer.kernel / unit.scale)
        layer.bias.assign((layer.bias - unit.shift) / unit.scale)
