"""The NaN sentinel: watches any training for NaN and Inf, names where they come from, keeps the weights sound."""

from zoo.training.sentinel.callback import NaNSentinel, TroubleWarning, batches_between_looks
from zoo.training.sentinel.rate import lower_schedule, schedule_factor
from zoo.training.sentinel.trouble import Trouble

__all__ = ["NaNSentinel", "Trouble", "TroubleWarning", "batches_between_looks", "lower_schedule", "schedule_factor"]
