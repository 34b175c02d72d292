"""A warning where a regression cannot be scaled in the model, and its target is far from what a network begins with."""

import math
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from keras import activations, layers

from zoo.keras_internals.graph import is_graph, producer
from zoo.samples import Samples
from zoo.training.heads import Head
from zoo.training.output_layers.layers import PASSED, OutputLayers
from zoo.training.output_layers.target_scaling import Scaling, moments

FAR = 10.0  # times the units that a layer begins in, or a part of them
SUMS = (layers.Add, layers.Subtract, layers.Average)


class TargetScaleWarning(UserWarning):
    """A regression is trained in its target's own units, which are far from those that a network begins with."""


def warn_of_raw_units(
    outputs: OutputLayers,
    heads: Mapping[str, Head],
    train: Samples,
    scalings: Mapping[str, Scaling],
    started: Collection[str],
) -> None:
    """Warn of regressions without a scaling whose target is far from mean 0 and deviation 1.

    Only of those that come from a layer with weights, or a sum of such: what an operation of the author's gives, as the
    expected value of a distribution, has units of its own.

    started  outputs whose bias begins at the target's mean, so that this may lie anywhere.
    """
    for name, head in heads.items():
        found = None if head.target.kind != "regression" or name in scalings else _source(outputs.model.output[name])
        if found is None:
            continue
        layer, unit = found
        scaling = next((each for each in scalings.values() if each.layer is layer), None)
        if scaling is not None:  # it has the units of another output, wherever it is called
            unit *= float(scaling.scale.max())
        mean, deviation = moments(train, name)
        far = deviation > FAR * unit
        if layer.activation is activations.linear:
            far |= (deviation > 0) & (deviation < unit / FAR)
        if scaling is None and name not in started:
            far |= np.abs(mean) > FAR * unit
        if np.any(far):
            worst = int(np.argmax(far))
            why = outputs.why_not_linear(name) or f"'{layer.name}' is scaled for another output already"
            warnings.warn(
                f"The target of output '{name}' has mean {mean[worst]:.4g} and deviation {deviation[worst]:.4g}, and "
                f"is trained in these units, which may take long or fail: {why}. End the output in a Dense layer of "
                "its own (trainable, with a bias, without an activation), which is scaled for you, or subtract the "
                "mean from the target and divide it by the deviation.",
                TargetScaleWarning,
                stacklevel=2,
            )


def _source(tensor: Any) -> tuple[Any, float] | None:
    """The layer with weights that an output comes from, and the units that a `Rescaling` on the way gives it.

    None where another operation stands there.
    """
    call, place = producer(tensor)
    layer = call.operation
    if is_graph(layer):
        return _source(layer.outputs[place])
    if getattr(layer, "kernel", None) is not None and hasattr(layer, "activation"):
        return layer, 1.0
    is_linear = isinstance(layer, layers.Activation) and layer.activation is activations.linear
    if not isinstance(layer, (*PASSED, *SUMS, layers.Rescaling)) and not is_linear:
        return None
    found = next(filter(None, map(_source, call.inputs)), None)
    if found is not None and isinstance(layer, layers.Rescaling):
        return found[0], found[1] * (float(np.max(np.abs(layer.scale))) or math.inf)
    return found
