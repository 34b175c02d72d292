"""A lower learning rate in the middle of a training, whether the rate is a number or a schedule."""

from typing import Any

import keras

from zoo.keras_internals.optimiser import rate_of, set_schedule
from zoo.sentinel.steps import Snapshot, Steps
from zoo.tracing.call_recorder import to_array


@keras.saving.register_keras_serializable(package="zoo")
class Lowered(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule times a factor."""

    def __init__(self, schedule: Any, factor: float):
        self.schedule, self.factor = schedule, factor

    def __call__(self, step: Any) -> Any:
        return self.schedule(step) * self.factor

    def get_config(self) -> dict[str, Any]:
        schedule = keras.optimizers.schedules.serialize(self.schedule)
        return {"schedule": schedule, "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Lowered":
        return cls(keras.optimizers.schedules.deserialize(config["schedule"]), config["factor"])


def lowered(steps: Steps, snapshot: Snapshot, factor: float) -> tuple[Snapshot, str]:
    """The state with a rate that is `factor` times as high, and how to say so; "" when the optimiser has no rate."""
    rate = rate_of(steps.model.optimizer)
    row = steps.row_of(rate)
    if row is not None:
        value = float(to_array(snapshot[row])) * factor
        changed = keras.ops.cast(keras.ops.convert_to_tensor(value), rate.dtype)
        return [*snapshot[:row], changed, *snapshot[row + 1 :]], f"the learning rate lowered to {value:g}"
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return snapshot, ""
    lower_schedule(steps.model.optimizer, factor)
    steps.rebuild()
    return snapshot, f"its schedule of learning rates times {schedule_factor(steps.model.optimizer):g}"


def schedule_factor(optimizer: Any) -> float:
    """By what the optimiser's schedule of rates has been multiplied."""
    rate = rate_of(optimizer)
    return rate.factor if isinstance(rate, Lowered) else 1.0


def lower_schedule(optimizer: Any, factor: float) -> None:
    """Multiply the optimiser's schedule of rates, before its step is compiled."""
    rate = rate_of(optimizer)
    schedule = rate.schedule if isinstance(rate, Lowered) else rate
    set_schedule(optimizer, Lowered(schedule, schedule_factor(optimizer) * factor))
