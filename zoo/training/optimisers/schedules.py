"""Learning rates, and what goes with them, as functions of the number of steps done.

Nothing here has a state of its own: a checkpoint holds the optimiser's number of steps, and with it the place in every
schedule, so that a resumed run goes on exactly. (A schedule that waits for a plateau has memory, and is left out:
`Recipe.patience` stops instead.)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ConfigError
from zoo.sentinel.rate import Lowered

SCHEDULES = ("constant", "cosine", "linear", "one_cycle", "step")
WARM_UP = {"cosine": 0.05, "linear": 0.05, "step": 0.05, "one_cycle": 0.25}  # share of all steps, where none is given
LOWEST = 1e-2  # of the highest rate, where a warm-up begins
FIRST, LAST = 1 / 25, 1e-5  # of the highest rate, where one cycle begins and ends (fast.ai's div and div_final)
MOMENTA = (0.95, 0.85, 0.95)  # at the beginning, at the highest rate and at the end of one cycle (fast.ai's moms)
DROPS = (0.5, 0.75)  # shares of all steps after which "step" divides the rate by 10 (He et al. 2015, section 4.2)

Tensor = Any


@dataclass(frozen=True)
class Phase:
    """From step `begin`, over `steps` steps, from one value to another: along half a cosine, or a line."""

    begin: int
    steps: int
    start: float
    end: float
    line: bool = False

    def at(self, step: Tensor) -> Tensor:
        done = ops.clip((step - self.begin) / max(self.steps, 1), 0.0, 1.0)
        share = done if self.line else (1.0 - ops.cos(np.pi * done)) / 2.0
        return self.start + (self.end - self.start) * share


class Phases(keras.optimizers.schedules.LearningRateSchedule):
    """One phase after the other; the last value stays."""

    def __init__(self, phases: Sequence[Phase]):
        self.phases = tuple(phases)

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        value = self.phases[0].at(step)
        for phase in self.phases[1:]:
            value = ops.where(step >= phase.begin, phase.at(step), value)
        return value

    def get_config(self) -> dict[str, Any]:
        return {"phases": [vars(phase) for phase in self.phases]}


def learning_rate(schedule: str, highest: float, warm_up: float | None, steps: int) -> Any:
    """A number or a Keras schedule for a run of `steps` steps that reaches the rate `highest`."""
    share = WARM_UP.get(schedule, 0.0) if warm_up is None else warm_up
    rising = round(share * steps)
    if schedule == "constant":
        return highest
    first = [Phase(0, rising, highest * LOWEST, highest, line=True)] if rising else []
    if schedule == "cosine":
        return Phases([*first, Phase(rising, steps - rising, highest, 0.0)])
    if schedule == "linear":
        return Phases([*first, Phase(rising, steps - rising, highest, 0.0, line=True)])
    if schedule == "step":
        levels = [highest * 0.1**drop for drop in range(len(DROPS) + 1)]
        begins = [rising, *(max(round(share * steps), rising) for share in DROPS)]
        return Phases([*first, *(Phase(begin, 1, level, level) for begin, level in zip(begins, levels, strict=True))])
    return Phases(_cycle(rising, steps, highest * FIRST, highest, highest * LAST))


def momentum(schedule: str, warm_up: float | None, steps: int) -> Phases | None:
    """The share of the last gradients that one cycle keeps: little while the rate is high. None for other schedules."""
    if schedule != "one_cycle":
        return None
    rising = round((WARM_UP[schedule] if warm_up is None else warm_up) * steps)
    return Phases(_cycle(rising, steps, *MOMENTA))


def _cycle(rising: int, steps: int, start: float, middle: float, end: float) -> list[Phase]:
    up = [Phase(0, rising, start, middle)] if rising else []
    return [*up, Phase(rising, steps - rising, middle, end)]


def equal_average(share: float, steps: int) -> Callable[[Tensor], Tensor]:
    """The momentum under which a moving average weighs the last `share` of all steps equally (0 until then).

    After n further steps it is n / (n + 1): stochastic weight averaging (Izmailov et al. 2018), at every step.
    """
    begin = average_begin(share, steps)

    def at(step: Tensor) -> Tensor:
        seen = ops.maximum(ops.cast(step, "float32") - begin, 0.0)
        return seen / (seen + 1.0)

    return at


def average_begin(share: float, steps: int) -> int:
    """How many steps are done before the last `share` of them."""
    return min(round((1.0 - share) * steps), steps - 1)


def following(kind: type[keras.optimizers.Optimizer], **schedules: Callable[[Tensor], Tensor]) -> type:
    """The optimiser class with hyperparameters that follow the number of steps, as Keras lets the rate alone do."""

    def property_of(schedule: Callable[[Tensor], Tensor]) -> property:
        return property(lambda self: schedule(self.iterations), lambda self, value: None)

    return type(kind.__name__, (kind,), {name: property_of(each) for name, each in schedules.items()})


def keeping_its_schedule(kind: type[keras.optimizers.Optimizer], schedule: str) -> type[keras.optimizers.Optimizer]:
    """The optimiser class, whose rates a callback may set where the recipe's schedule is "constant", to numbers.

    Keras refuses a number where there is a schedule, and takes a schedule that a compiled step never reads.
    """

    class Scheduled(kind):
        @property
        def learning_rate(self) -> Any:
            return super().learning_rate

        @learning_rate.setter
        def learning_rate(self, rate: Any) -> None:
            if not isinstance(rate, Lowered):  # the sentinel's
                if schedule != "constant":
                    raise ConfigError(
                        f"The learning rate was set by hand, and the schedule '{schedule}' sets it too; use "
                        "Optimiser(schedule='constant') where a callback moves the rate."
                    )
                if callable(rate):
                    raise ConfigError(
                        "The learning rate of a training under way takes numbers, no schedule; name one of "
                        f"{', '.join(SCHEDULES)} in Optimiser(schedule=...)."
                    )
            kind.learning_rate.fset(self, rate)

    Scheduled.__name__ = kind.__name__
    return Scheduled
