"""Builders: functions that compose blocks into an uncompiled `keras.Model`."""

from zoo.models.author_profile import author_profile, author_profile_small, author_profile_tiny, author_profile_wide
from zoo.models.sequential_twin import sequential_stack, sequential_twin

__all__ = [
    "author_profile",
    "author_profile_small",
    "author_profile_tiny",
    "author_profile_wide",
    "sequential_stack",
    "sequential_twin",
]
