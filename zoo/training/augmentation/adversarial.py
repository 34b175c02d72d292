"""Adversarial training (Madry et al. 2018): each batch is attacked first, and the model learns from what fooled it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ConfigError, is_number
from zoo.lazy_array import LazyArray
from zoo.pictures.pixel_scale import REACH, PixelScale
from zoo.pictures.views import is_pictures
from zoo.samples import CLASSES, Samples
from zoo.tracing.gradients import GradientFunction
from zoo.training.heads import Head

TINY = 1e-7


@dataclass(frozen=True)
class AdversarialTraining:
    """Of `Recipe.adversarial`: projected gradient ascent on the pictures of every batch, in the l-inf ball.

    strength  its radius, a share of a pixel's range: 8 / 255, or .3 for MNIST's digits.
    steps     of the attack; each costs about as much as a step of the training. One, from a random start, is fast
              adversarial training (Wong et al. 2020), which may collapse at large strengths.
    scale     (low, high), the input's numbers for black and white, or one for each channel; None: those of the pictures
              of a data set, which knows them.

    Pictures that are attacked are those after augmentation. Validation sees them as they are. Pictures that do not fit
    the scale are refused with a `ConfigError`.
    """

    strength: float = 8 / 255
    steps: int = 7
    scale: tuple[Any, Any] | None = None

    def __post_init__(self) -> None:
        if not is_number(self.strength) or not 0 < self.strength <= 1:
            raise ConfigError(
                "The strength of adversarial training is a share of a pixel's range, above 0, at most 1, as 8 / 255; "
                f"received {self.strength!r}."
            )
        if type(self.steps) is not int or self.steps < 1:
            raise ConfigError(
                f"Adversarial training needs a whole number of steps, at least 1; received {self.steps!r}."
            )


class Adversary:
    """`attacked(batch, epoch, step)`: the batch with the pictures on which the model errs more.

    Raises `ConfigError` where there is not exactly one input of pictures, no output of classes, or no scale.
    """

    def __init__(
        self, options: AdversarialTraining, model: keras.Model, heads: Mapping[str, Head], samples: Samples, seed: int
    ):
        pictures = [name for name, values in samples.inputs.items() if is_pictures(values)]
        self.heads = [name for name, head in heads.items() if head.target.kind in CLASSES]
        if len(pictures) != 1 or not self.heads:
            raise ConfigError(
                "Adversarial training is of one input of pictures and an output of classes; the pictures are "
                f"{', '.join(pictures) or 'none'}, the outputs of classes {', '.join(self.heads) or 'none'}."
            )
        self.options, self.seed, (self.name,) = options, seed, pictures
        self.scale = _scale(options.scale, samples.inputs[self.name])
        self.function = GradientFunction(model, self._loss, [self.name], compiled=True)

    def attacked(self, batch: Any, epoch: int, step: int) -> Any:
        """(inputs, targets, ...) -> the same with other pictures."""
        inputs, targets, *rest = batch
        random = np.random.default_rng([self.seed, epoch, step])
        radius = (self.options.strength * self.scale.width).astype(np.float32)
        given = self.scale.clipped(inputs[self.name])
        least, most = np.maximum(given - radius, self.scale.low), np.minimum(given + radius, self.scale.high)
        changed = np.clip(given + random.uniform(-1, 1, given.shape).astype(np.float32) * radius, least, most)
        count = self.options.steps
        length = radius * (REACH / count if count > 1 else REACH / 2)  # Wong et al. 2020
        labels = [np.asarray(targets[name]).reshape(-1) for name in self.heads]
        for _ in range(count):
            (gradient,) = self.function({**inputs, self.name: changed}, *labels).gradients
            changed = np.clip(changed + length * np.sign(gradient), least, most)
        return ({**inputs, self.name: changed}, targets, *rest)

    def _loss(self, outputs: Mapping[str, Any], *labels: Any) -> Any:
        """Cross-entropy of the outputs of classes, of the labels that are known."""
        total: Any = 0.0
        for name, label in zip(self.heads, labels, strict=True):
            shares = ops.cast(outputs[name], "float32")
            if shares.shape[-1] == 1:
                shares = ops.concatenate([1.0 - shares, shares], axis=-1)
            own = ops.sum(shares * ops.one_hot(ops.cast(label, "int32"), shares.shape[-1]), axis=-1)
            known = ops.cast(label >= 0, "float32")
            total = total - known * ops.log(ops.maximum(own, TINY))
        return total


def _scale(scale: Any, pictures: Any) -> PixelScale:
    """What was given, else that of a data set's pictures, which are computed from 0..255."""
    channels = pictures.shape[-1]
    if scale is None and isinstance(pictures, LazyArray) and pictures.finish is not None:
        finish = pictures.finish
        scale = tuple(finish(np.full((1, 1, 1, channels), value, np.uint8))[0, 0, 0] for value in (0, 255))
    return PixelScale.of(scale, channels)
