"""The NaN sentinel: watches any training for NaN and Inf, names where they come from, keeps the weights sound."""

from zoo.sentinel.callback import IncidentWarning, NaNSentinel, batches_between_looks
from zoo.sentinel.incident import Incident
from zoo.sentinel.rate import lower_schedule, schedule_factor

__all__ = ["Incident", "IncidentWarning", "NaNSentinel", "batches_between_looks", "lower_schedule", "schedule_factor"]
