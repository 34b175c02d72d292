"""The NaN sentinel: watches any training for NaN and Inf, names where they come from, keeps the weights sound."""

from zoo.training.sentinel.callback import ON_TROUBLE, NaNSentinel
from zoo.training.sentinel.trouble import Trouble

__all__ = ["ON_TROUBLE", "NaNSentinel", "Trouble"]
