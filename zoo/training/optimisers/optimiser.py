"""Optimisers as data: what a recipe says and a run folder records."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from zoo.errors import ConfigError, is_number, require_known
from zoo.training.acceleration.accelerate import accelerate_optimiser
from zoo.training.optimisers.layerwise_rates import with_layerwise_rates
from zoo.training.optimisers.muon import ConvolutionMuon
from zoo.training.optimisers.schedules import (
    SCHEDULES,
    average_begin,
    equal_average,
    following,
    keeping_its_schedule,
    learning_rate,
    momentum,
)
from zoo.training.optimisers.summed_rows import SummedAdam, SummedAdamW

ON_TENSORFLOW = keras.backend.backend() == "tensorflow"
OPTIMISERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "adam": SummedAdam if ON_TENSORFLOW else keras.optimizers.Adam,
    "adamw": SummedAdamW if ON_TENSORFLOW else keras.optimizers.AdamW,
    "muon": ConvolutionMuon,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
MOMENTUM_OF = {"adam": "beta_1", "adamw": "beta_1"}  # what one cycle moves; the others keep theirs


class Share(NamedTuple):
    """Which share of a training's rate, and of its weight decay, a weight has."""

    rate: float = 1.0
    weight_decay: float = 1.0


@dataclass(frozen=True)
class Optimiser:
    """An optimiser by name.

    schedule      "constant"; "cosine", half a cosine down to 0 (Loshchilov and Hutter 2017); "linear", a line down to
                  0; "step", a tenth after half and again after three quarters of all steps; "one_cycle", from a 25th of
                  the rate up and down to nearly 0 along cosines, while the momentum of "adam" and "adamw" goes from .95
                  to .85 and back (Smith 2018, in fast.ai's form).
    warm_up       share of all steps in which the rate rises, in a straight line but for "one_cycle"; None for the
                  schedule's own: a quarter for "one_cycle", a twentieth for the others, "constant" has none.
    weight_decay  share of a weight that is lost a step, times the rate, apart from the gradient (Loshchilov and Hutter
                  2019), whatever the optimiser. Biases and the scales of normalisations (all vectors) keep theirs.
    clip_norm     the largest norm of all gradients together; None leaves them alone.
    average       momentum of a moving average of the weights (Polyak and Juditsky 1992), which validation and the
                  finished run then use, for example 0.99; None for the weights themselves.
    average_last  instead, the plain mean of the weights of the last share of all steps, for example 0.25 (Izmailov et
                  al. 2018); until then the weights themselves. Batch normalisation takes its statistics anew after each
                  of those epochs, on up to 256 batches and 65,536 rows; under `average`, which lags little, they are
                  those of the training's last steps.
    """

    name: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warm_up: float | None = None
    weight_decay: float = 0.0
    clip_norm: float | None = None
    average: float | None = None
    average_last: float | None = None

    def __post_init__(self) -> None:
        require_known("optimiser", self.name, OPTIMISERS)
        require_known("schedule", self.schedule, SCHEDULES)
        for name, most in (("learning_rate", float("inf")), ("warm_up", 1), ("weight_decay", 1)):
            value = getattr(self, name)
            if value is None and name == "warm_up":
                continue
            if not is_number(value) or not 0 <= value <= most:
                raise ConfigError(f"'{name}' of an optimiser must lie in 0..{most}; received {value!r}.")
        if self.clip_norm is not None and not (is_number(self.clip_norm) and self.clip_norm > 0):
            raise ConfigError(f"'clip_norm' of an optimiser must be None or a number > 0; received {self.clip_norm!r}.")
        for name in ("average", "average_last"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and 0 < value < 1):
                raise ConfigError(f"'{name}' of an optimiser must be None or lie between 0 and 1; received {value!r}.")
        if self.average is not None and self.average_last is not None:
            raise ConfigError(
                "Give an optimiser 'average' or 'average_last', not both: each is an average of all weights."
            )

    def build(
        self,
        steps: int,
        heads: Iterable[str] = (),
        variables: Iterable[keras.Variable] = (),
        *,
        acceleration: bool = True,
        shares: Sequence[Share] | None = None,
    ) -> keras.optimizers.Optimizer:
        """The Keras optimiser for a run of `steps` steps. Muon leaves the layers `heads` to Adam.

        shares  for each of `variables`, which share of the rate and of the weight decay is its own.

        The vectors among `variables`, all that are to be trained, keep their size under weight decay. Where it is known
        to be right, `acceleration` gives an optimiser that makes the same steps in less time.
        """
        rate = learning_rate(self.schedule, self.learning_rate, self.warm_up, steps)
        options: dict[str, Any] = {"weight_decay": self.weight_decay or None, "global_clipnorm": self.clip_norm}
        if self.average is not None or self.average_last is not None:
            options |= {"use_ema": True, "ema_momentum": self.average or 0.0}
        if self.name == "adamw":
            options["weight_decay"] = self.weight_decay
        if self.name == "muon":
            layers = [f"(^|/){re.escape(name)}/" for name in heads]
            options |= {"adam_weight_decay": self.weight_decay or None, "exclude_layers": layers}
        variables = list(variables)
        other = next((each for each in variables if each.dtype != "float32"), None)
        if other is not None and (self.name == "muon" or self.clip_norm is not None):
            what = "The optimiser 'muon' computes" if self.name == "muon" else "'clip_norm' clips gradients"
            raise ConfigError(
                f"{what} in float32, and the weight '{other.path}' is {other.dtype}; use "
                f"{'another optimiser' if self.name == 'muon' else 'clip_norm=None'}, or a policy such as "
                "'mixed_bfloat16', whose weights are float32."
            )
        kind = self._class(steps, acceleration=acceleration and other is None)
        if shares is not None:
            lost = [0.0 if len(each.shape) < 2 else self.weight_decay for each in variables]
            decays = [decay * each.weight_decay for decay, each in zip(lost, shares, strict=True)]
            kind = with_layerwise_rates(kind, [each.rate for each in shares], decays)
        optimizer = kind(learning_rate=rate, **options)
        if self.weight_decay and shares is None:
            optimizer.exclude_from_weight_decay([each for each in variables if len(each.shape) < 2])
        return optimizer

    def average_from(self, steps: int) -> int | None:
        """How many of a run's `steps` steps come before those that `average_last` averages; None without it."""
        return None if self.average_last is None else average_begin(self.average_last, steps)

    def _class(self, steps: int, *, acceleration: bool) -> type[keras.optimizers.Optimizer]:
        """The named class, or a faster equal one, with what a schedule moves beside the rate."""
        kind = OPTIMISERS[self.name]
        if acceleration:
            kind = accelerate_optimiser(kind, self.average_from(steps))
        moved: dict[str, Any] = {}
        cycle = momentum(self.schedule, self.warm_up, steps)
        if cycle is not None and self.name in MOMENTUM_OF:
            moved[MOMENTUM_OF[self.name]] = cycle
        if self.average_last is not None:
            moved["ema_momentum"] = equal_average(self.average_last, steps)
        return keeping_its_schedule(following(kind, **moved) if moved else kind, self.schedule)
