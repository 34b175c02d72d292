"""A model as attacks see it: pictures of pixels from 0 to 1 in, scores of classes and gradients by the pixels out."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ConfigError, DataError
from zoo.pictures.pixel_scale import PixelScale
from zoo.pictures.views import is_pictures
from zoo.robustness.logits import LOGITS, with_logits
from zoo.tracing.gradients import GradientFunction

BATCH = 64  # pictures at once; fewer where they are large
VALUES = 1 << 23  # numbers of the pictures of a batch at the most
TINY = 1e-30
MARGIN = "margin"
NEVER = 1e9  # below all other scores


class Classifier:
    """`model` with one of its outputs and the one input that holds pictures.

    samples   name of an input -> (n, ...); all but the pictures stay as they are.
    pictures  (n, H, W, C) the pictures as shares of the range of a pixel.
    decide    (k, classes) probabilities -> (k,) what is predicted, of a pipeline by its own rule; None: the likeliest.
    """

    def __init__(
        self,
        model: keras.Model,
        samples: Mapping[str, Any],
        output: str | None,
        scale: Any,
        decide: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        self._decide = decide
        self.scorer, self.output, self.gives, width = with_logits(model, output)
        self.classes = max(width, 2)
        self.name = picture_input(model, samples)
        self.scale = PixelScale.of(scale, samples[self.name].shape[-1])
        given = np.asarray(samples[self.name][np.arange(len(samples[self.name]))], np.float32)
        if not np.isfinite(given).all():
            raise DataError("The pictures hold NaN or Inf.")
        self.pictures = self.scale.to_share(given)
        self.others = {name: np.asarray(values) for name, values in samples.items() if name != self.name}
        size = int(np.prod(given.shape[1:]))
        self.batch = max(1, min(BATCH, VALUES // max(size, 1), 2 ** (max(len(given), 1) - 1).bit_length()))
        self._functions: dict[str, GradientFunction] = {}

    def scores(self, pictures: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(k, H, W, C) pixels from 0 to 1, in the place of the pictures `rows` -> (k, classes) log probabilities."""
        found = [
            _two_classes(np.asarray(self._forward(inputs), np.float32)[:count], self.gives)
            for inputs, count, _ in self._batches(pictures, rows)
        ]
        return log_softmax(np.concatenate(found)) if found else np.zeros((0, self.classes), np.float32)

    def decided(self, scores: np.ndarray) -> np.ndarray:
        """(k, classes) log probabilities -> (k,) the classes that are predicted."""
        return scores.argmax(axis=1) if self._decide is None or not len(scores) else self._decide(np.exp(scores))

    def gradient(
        self, pictures: np.ndarray, rows: np.ndarray, labels: np.ndarray, loss: str = "cross_entropy"
    ) -> tuple[np.ndarray, np.ndarray]:
        """((k, classes) log probabilities, (k, H, W, C) gradients of the loss by the pixels), for labels (k,).

        "cross_entropy" is followed as log(e^loss - 1), the log odds against the label: it grows with the loss, and has
        a gradient also where the label's probability is 1 in float32. "margin" is by how much the best other score is
        above the label's.
        """
        function = self._functions.get(loss)
        if function is None:
            function = self._functions[loss] = GradientFunction(
                self.scorer, self._loss(loss), [self.name], compiled=True
            )
        scores, gradients = [], []
        one_hot = np.eye(self.classes, dtype=np.float32)
        for inputs, count, part in self._batches(pictures, rows):
            found = function(inputs, one_hot[labels[part]])
            scores.append(_two_classes(found.outputs["scores"][:count].astype(np.float32), self.gives))
            gradients.append(found.gradients[0][:count] * self.scale.width)
        return log_softmax(np.concatenate(scores)), np.concatenate(gradients)

    def _batches(self, pictures: np.ndarray, rows: np.ndarray) -> Any:
        """(inputs, how many of them are asked for, their places), each batch of one size."""
        for start in range(0, len(pictures), self.batch):
            places = np.arange(start, min(start + self.batch, len(pictures)))
            count = len(places)
            places = np.concatenate([places, np.repeat(places[-1:], self.batch - count)])
            inputs = {name: values[rows[places]] for name, values in self.others.items()}
            yield {**inputs, self.name: self.scale.to_numbers(pictures[places])}, count, places

    def _forward(self, inputs: Mapping[str, np.ndarray]) -> Any:
        return self.scorer.predict_on_batch(dict(inputs))["scores"]

    def _loss(self, loss: str) -> Any:
        gives = self.gives

        def score(outputs: Mapping[str, Any], one_hot: Any) -> Any:
            z = ops.cast(outputs["scores"], "float32")
            if z.shape[-1] == 1:
                z = z if gives == LOGITS else ops.log(ops.maximum(z, TINY)) - ops.log(ops.maximum(1.0 - z, TINY))
                z = ops.concatenate([ops.zeros_like(z), z], axis=-1)
            elif gives != LOGITS:
                z = ops.log(ops.maximum(z, TINY))
            own = ops.sum(z * one_hot, axis=-1)
            if loss == MARGIN:
                return ops.max(z - NEVER * one_hot, axis=-1) - own
            return ops.logsumexp(z - NEVER * one_hot, axis=-1) - own

        return score


def picture_input(model: keras.Model, samples: Mapping[str, Any]) -> str:
    """The one input that holds pictures. Raises `ConfigError` where there is none, or more than one."""
    names = [each.name for each in model.inputs]
    for name in names:
        if name not in samples:
            raise ConfigError(f"{model.name} also takes {name}, which the samples lack.")
    found = [name for name in names if is_pictures(samples[name])]
    if len(found) != 1:
        told = "none of them holds pictures" if not found else f"{', '.join(found)} hold pictures"
        raise ConfigError(
            f"This attack changes the pixels of one input (n, height, width, channels); {model.name} has the inputs "
            f"{', '.join(names)}, and {told}."
        )
    return found[0]


def log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _two_classes(scores: np.ndarray, gives: str) -> np.ndarray:
    """(k, width) logits or probabilities -> (k, classes) logits."""
    if gives != LOGITS:
        scores = np.clip(scores, TINY, None)
        scores = np.log(scores) - (np.log(np.clip(1 - scores, TINY, None)) if scores.shape[-1] == 1 else 0.0)
    return np.concatenate([np.zeros_like(scores), scores], axis=-1) if scores.shape[-1] == 1 else scores
