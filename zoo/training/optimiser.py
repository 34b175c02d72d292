"""Optimisers and learning-rate schedules as data: what a recipe says and a run folder records."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras

from zoo.errors import ConfigError, is_number, require_known
from zoo.training.muon import ConvolutionMuon

OPTIMISERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "muon": ConvolutionMuon,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Optimiser:
    """An optimiser by name.

    schedule      "constant", or "cosine": a linear rise over the share `warm_up` of all steps, then half a cosine
                  down to 0 (Loshchilov and Hutter 2017).
    clip_norm     the largest norm of all gradients together; None leaves them alone.
    average       momentum of a moving average of the weights (Polyak and Juditsky 1992), which validation and the
                  finished run then use, for example 0.99; None for the weights themselves.
    lazy_rows     on TensorFlow, with "adam" or "rmsprop", update only the embedding rows that a batch touched.
    """

    name: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warm_up: float = 0.05
    weight_decay: float = 0.0
    clip_norm: float | None = None
    average: float | None = None
    lazy_rows: bool = False

    def __post_init__(self) -> None:
        require_known("optimiser", self.name, OPTIMISERS)
        require_known("schedule", self.schedule, SCHEDULES)
        for name, least, most in (("learning_rate", 0, float("inf")), ("warm_up", 0, 1), ("weight_decay", 0, 1)):
            value = getattr(self, name)
            if not is_number(value) or not least <= value <= most:
                raise ConfigError(f"'{name}' of an optimiser must lie in {least}..{most}; received {value!r}.")
        if self.clip_norm is not None and not (is_number(self.clip_norm) and self.clip_norm > 0):
            raise ConfigError(f"'clip_norm' of an optimiser must be None or a number > 0; received {self.clip_norm!r}.")
        if self.average is not None and not (is_number(self.average) and 0 < self.average < 1):
            raise ConfigError(
                f"'average' of an optimiser must be None or lie between 0 and 1; received {self.average!r}."
            )

    def build(self, steps: int, heads: Iterable[str] = ()) -> keras.optimizers.Optimizer:
        """The Keras optimiser for a run of `steps` steps. Muon leaves the layers `heads` to Adam."""
        rate: float | keras.optimizers.schedules.LearningRateSchedule = self.learning_rate
        if self.schedule == "cosine":
            rising = round(self.warm_up * steps)
            rate = keras.optimizers.schedules.CosineDecay(
                self.learning_rate / 100 if rising else self.learning_rate,
                max(steps - rising, 1),
                warmup_target=self.learning_rate if rising else None,
                warmup_steps=rising,
            )
        options: dict[str, Any] = {"weight_decay": self.weight_decay or None, "global_clipnorm": self.clip_norm}
        if self.average is not None:
            options |= {"use_ema": True, "ema_momentum": self.average}
        if self.name == "adamw":
            options["weight_decay"] = self.weight_decay
        if self.name == "muon":
            layers = [f"(^|/){re.escape(name)}/" for name in heads]
            options |= {"adam_weight_decay": self.weight_decay or None, "exclude_layers": layers}
        return self._class()(learning_rate=rate, **options)

    def _class(self) -> type[keras.optimizers.Optimizer]:
        if not self.lazy_rows or keras.backend.backend() != "tensorflow":
            return OPTIMISERS[self.name]
        from zoo.training.lazy_rows import LAZY_OPTIMISERS

        require_known("optimiser with lazy rows", self.name, LAZY_OPTIMISERS)
        return LAZY_OPTIMISERS[self.name]
