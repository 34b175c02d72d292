"""Probabilities that come true as often as they say: a scale and a shift of the logits, folded into the model.

After resampling or weighting, a label's odds are too high by exactly the factor by which it was seen more often; its
logit is lowered by the logarithm of that factor (Elkan 2001, Saerens et al. 2002). What has no closed form is learnt on
the validation split. Both are an affine change of the logits, and so of the output layer's own kernel and bias: the
finished model needs nothing beside itself, in a file, on another backend or after an export.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import activations, layers

from zoo.errors import ConfigError
from zoo.metrics import TINY
from zoo.samples import EXCLUSIVE, present
from zoo.training.heads import Head
from zoo.training.output_layers.layers import OutputLayers
from zoo.training.output_layers.target_scaling import assign, weights_of
from zoo.training.resampling.imbalance import LEARNT

PROBABILITIES = {"classification": activations.softmax, "ordered": activations.softmax, "binary": activations.sigmoid}
RIDGE = 1.0  # of the weight of one sample: where validation is separable, the best scale would be infinite
SCALES = (0.01, 100.0)  # a negative scale would turn the ranking round
STEPS, CLOSE = 50, 1e-9
LEAST, TOP = 1e-37, 1e-16  # next to 0 and to 1: where float32 and float64 end


@dataclass(frozen=True)
class Calibration:
    """logit -> scale * logit + shift, one shift for each label of a softmax, one in all for a sigmoid.

    `apply` and `undo` take and give probabilities, (n,) or (n, 1) of the positive label, or (n, classes).
    """

    scale: float = 1.0
    shift: tuple[float, ...] = (0.0,)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Calibration":
        """From its fields as JSON has them."""
        return cls(float(facts["scale"]), tuple(float(each) for each in facts["shift"]))

    @property
    def is_identity(self) -> bool:
        return self.scale == 1.0 and not any(self.shift)

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """What the calibrated model predicts where the uncalibrated one predicts `probabilities`."""
        if self.is_identity:
            return probabilities
        return _probabilities(self.scale * _logits(probabilities) + np.array(self.shift)).astype(probabilities.dtype)

    def undo(self, probabilities: np.ndarray) -> np.ndarray:
        """The inverse of `apply`: what the model predicted before."""
        if self.is_identity:
            return probabilities
        return _probabilities((_logits(probabilities) - np.array(self.shift)) / self.scale).astype(probabilities.dtype)


def _is_wide(probabilities: np.ndarray) -> bool:
    return probabilities.ndim == 2 and probabilities.shape[1] > 1


def _logits(probabilities: np.ndarray, least: float = LEAST) -> np.ndarray:
    clipped = np.clip(np.asarray(probabilities, dtype=np.float64), least, 1.0 - max(least, TOP))
    return np.log(clipped) if _is_wide(probabilities) else np.log(clipped) - np.log1p(-clipped)


def _probabilities(logits: np.ndarray) -> np.ndarray:
    if not _is_wide(logits):
        return 1.0 / (1.0 + np.exp(-np.clip(logits, -700.0, 700.0)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def prior_shift(head: Head, labels: np.ndarray, seen: np.ndarray, weights: np.ndarray | None) -> Calibration:
    """The closed form: natural labels (n,), those that an epoch reads (m,), class weights -> the shift back.

    Nothing is corrected where the head's calibration is "none". A label that never occurs keeps its probability.
    """
    classes = len(head.target.labels) if head.target.kind in EXCLUSIVE else 2
    if head.plan.calibration == "none":
        return Calibration(1.0, (0.0,) * (classes if head.target.kind in EXCLUSIVE else 1))
    factor = seen_factor(classes, labels, seen, weights)
    if not (factor > 0).all():
        raise ConfigError("A class weight of 0 cannot be corrected; set calibration='none', or ignore the label.")
    shift = -np.log(factor)
    if head.target.kind == "binary":
        return Calibration(1.0, (float(shift[1] - shift[0]),))
    return Calibration(1.0, tuple(float(each) for each in shift - shift.mean()))


def seen_factor(classes: int, labels: np.ndarray, seen: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """(classes,) how many times its natural weight each label has in an epoch; 1 for a label that never occurs."""
    before = np.bincount(labels[present(labels)], minlength=classes).astype(np.float64)
    after = np.bincount(seen[present(seen)], minlength=classes) * (1.0 if weights is None else weights)
    return np.divide(after, before, out=np.ones(classes), where=before > 0)


def learn(head: Head, start: Calibration, labels: np.ndarray, outputs: np.ndarray) -> Calibration:
    """Labels (n,) and outputs (n, 1) or (n, classes) of validation -> `start`, or with scale and shift learnt from it.

    The smallest log loss by Newton's method: it is convex in both.
    """
    known = present(labels)
    if head.plan.calibration not in LEARNT or not known.any() or not np.isfinite(outputs[known]).all():
        return start
    logits = start.scale * _logits(outputs[known], TINY) + np.array(start.shift)
    if head.target.kind == "binary":
        logits = np.concatenate([np.zeros((len(logits), 1)), logits.reshape(-1, 1)], axis=1)
    scale, shift = _newton(logits, labels[known], shifted=head.plan.calibration == "temperature_and_prior")
    own = np.array([shift[1] - shift[0]]) if head.target.kind == "binary" else shift
    total = scale * np.array(start.shift) + own
    return Calibration(scale * start.scale, tuple(float(each) for each in total))


def _newton(logits: np.ndarray, labels: np.ndarray, *, shifted: bool) -> tuple[float, np.ndarray]:
    """(n, classes) logits -> the scale and the shifts (classes,) of the smallest ridged log loss."""
    classes = logits.shape[1]
    truth = np.eye(classes)[labels]
    point = np.concatenate([[1.0], np.zeros(classes)])
    home, free = point.copy(), np.arange(1 + classes if shifted else 1)

    def loss(where: np.ndarray) -> float:
        p = _probabilities(where[0] * logits + where[1:])
        likely = np.clip(p[np.arange(len(labels)), labels], TINY * TINY, 1.0)
        return float(-np.sum(np.log(likely)) + 0.5 * RIDGE * np.sum(np.square(where - home)))

    for _ in range(STEPS):
        p = _probabilities(point[0] * logits + point[1:])
        mean = np.sum(p * logits, axis=1, keepdims=True)
        gradient = np.concatenate([[np.sum((p - truth) * logits)], np.sum(p - truth, axis=0)])
        curvature = np.zeros((1 + classes, 1 + classes))
        curvature[0, 0] = np.sum(p * np.square(logits - mean))
        curvature[0, 1:] = curvature[1:, 0] = np.sum(p * (logits - mean), axis=0)
        curvature[1:, 1:] = np.diag(np.sum(p, axis=0)) - p.T @ p
        gradient += RIDGE * (point - home)
        curvature += RIDGE * np.eye(1 + classes)
        step = np.zeros_like(point)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        before, size = loss(point), 1.0
        while size > 1e-6 and loss(_bounded(point - size * step)) > before:
            size /= 2
        if size <= 1e-6:
            break
        moved = _bounded(point - size * step)
        done = np.abs(moved - point).max() < CLOSE
        point = moved
        if done:
            break
    return float(point[0]), point[1:]


def _bounded(point: np.ndarray) -> np.ndarray:
    return np.concatenate([[np.clip(point[0], *SCALES)], point[1:]])


def require_foldable(outputs: OutputLayers, heads: Mapping[str, Head]) -> dict[str, layers.Dense]:
    """Output of classes -> the layer that its calibration becomes part of; raises where there is none."""
    found = {}
    for name, head in heads.items():
        if head.plan.calibration == "none" or head.target.kind not in PROBABILITIES:
            continue
        activation = PROBABILITIES[head.target.kind]
        layer = outputs.alone(name, activation)
        if layer is None:
            raise ConfigError(
                f"The calibration '{head.plan.calibration}' of output '{name}' cannot become part of its layer: "
                f"{outputs.why_not_alone(name, activation)}. Set calibration='none'."
            )
        found[name] = layer
    return found


def calibrate(layer: layers.Dense, found: Calibration) -> None:
    """Let an output layer predict calibrated."""
    if not found.is_identity:
        kernel, bias = weights_of(layer)
        assign(layer, kernel * found.scale, bias * found.scale + np.array(found.shift))


def uncalibrate(layer: layers.Dense, found: Calibration) -> None:
    """The inverse of `calibrate`: for training on from calibrated weights."""
    calibrate(layer, Calibration(1.0 / found.scale, tuple(-each / found.scale for each in found.shift)))
