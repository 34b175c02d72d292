"""Heat maps of a layer of maps: its mean activation, and those that weigh channels by gradients.

Selvaraju et al. 2017 (Grad-CAM), Chattopadhay et al. 2018 (Grad-CAM++), Jiang et al. 2021 (LayerCAM).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.errors import ConfigError
from zoo.explain.places import place_of, sees_steps
from zoo.explain.subject import Subject
from zoo.tracing.gradients import Place


def activation(values: np.ndarray, _: np.ndarray) -> np.ndarray:
    """(h, w, C) -> (h, w): the mean over channels."""
    return values.mean(axis=-1)


def grad_cam(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """(h, w, C), (h, w, C) -> (h, w): channels weighed by their mean gradient, what speaks for the label alone."""
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((values * weights).sum(axis=-1), 0)


def grad_cam_plus_plus(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """As `grad_cam`, the gradients > 0 weighed by place: several objects of a label count alike (equation 19)."""
    square, cube = gradients.astype(np.float64) ** 2, gradients.astype(np.float64) ** 3
    total = values.sum(axis=(0, 1), keepdims=True, dtype=np.float64)
    divisor = 2 * square + total * cube
    alpha = np.divide(square, divisor, out=np.zeros_like(square), where=divisor != 0)
    weights = (np.maximum(gradients, 0) * alpha).sum(axis=(0, 1))
    return np.maximum((values * weights).sum(axis=-1), 0)


def layer_cam(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """As `grad_cam`, each place of a channel weighed by its own gradient where that is > 0."""
    return np.maximum((np.maximum(gradients, 0) * values).sum(axis=-1), 0)


FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "activation": activation,
    "grad-cam": grad_cam,
    "grad-cam++": grad_cam_plus_plus,
    "layer-cam": layer_cam,
}


def heat_map(subject: Subject, method: str, layer: str | None = None) -> tuple[np.ndarray, dict[str, Any]]:
    """(H, W) of the picture, bilinear from the layer's own (h, w); and the settings."""
    place = place_of(subject.model, subject.inputs, subject.input, subject.target.output, layer)
    steps = sees_steps(subject.model, place.layer)
    if steps is not None:
        raise ConfigError(
            f"'{place.layer}' sees a step of '{steps}' at a time, not the whole picture: name another layer, or use "
            "method='integrated-gradients' or 'occlusion'."
        )
    found = subject.gradients([place])
    values, gradients = found.values[0][0], found.gradients[0][0]
    if values.ndim != 3:
        raise ConfigError(
            f"'{place.layer}' gives {found.values[0].shape[1:]} for a sample; a heat map needs a layer of maps "
            "(height, width, channels)."
        )
    map_ = FORMULAS[method](values.astype(np.float64), gradients.astype(np.float64))
    height, width = subject.value.shape[1:3]
    return resized(map_, height, width), {"layer": named(place), "map": list(map_.shape)}


def named(place: Place) -> str:
    """As a user names it: "encoder/conv", "encoder/conv#2" for a second call."""
    return place.layer if place.call == 1 else f"{place.layer}#{place.call}"


def resized(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """(h, w) -> (height, width), bilinear between the middles of pixels, as images are enlarged everywhere."""
    for axis, side in ((0, height), (1, width)):
        size = values.shape[axis]
        at = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
        low = np.floor(at).astype(int)
        share = (at - low).reshape([-1 if each == axis else 1 for each in (0, 1)])
        high = np.minimum(low + 1, size - 1)
        values = np.take(values, low, axis=axis) * (1 - share) + np.take(values, high, axis=axis) * share
    return values
