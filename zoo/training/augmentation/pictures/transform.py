"""What every transform of pictures is: a name, checked options, and what it adds to the plan of a batch."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from zoo.errors import ConfigError, is_number


def option(default: float, *, low: float = 0.0, high: float = 1.0, whole: bool = False) -> Any:
    """A field that holds a number from `low` to `high`."""
    return field(default=default, metadata={"low": low, "high": high, "whole": whole})


def interval(default: tuple[float, float], *, low: float = 0.0, high: float = 1.0) -> Any:
    """A field that holds two numbers from `low` to `high`, the smaller first."""
    return field(default=default, metadata={"low": low, "high": high, "pair": True})


def choice(default: str, known: Sequence[str]) -> Any:
    """A field that holds one of the names `known`."""
    return field(default=default, metadata={"known": tuple(known)})


@dataclass(frozen=True)
class Draw:
    """What random numbers are drawn for: a batch of `count` pictures of `height` x `width` pixels.

    rows  (count,) numbers of the samples in their split, for what depends on the sample and the epoch alone.
    """

    random: np.random.Generator
    count: int
    height: int
    width: int
    rows: np.ndarray
    seed: int
    epoch: int

    def chosen(self, share: float) -> np.ndarray:
        """(count,) bool, True for about `share` of the pictures."""
        return self.random.random(self.count) < share

    def within(self, low: float, high: float) -> np.ndarray:
        """(count,) numbers, uniform from `low` to `high`."""
        return self.random.uniform(low, high, self.count)


class Plan:
    """What is done to each of B pictures, collected from all transforms and then done at once.

    matrices   (B, 3, 3): where, in pixels from the middle, an output pixel (x, y, 1) takes its value from.
    colours    (B, 3): out = a * value + b * luminance + c * mean luminance of the picture.
    tables     picture -> names and strengths of the changes to its values, one after the other (`tables.py`).
    sharpness  (B,): 1 leaves a picture, 0 smooths it, 2 sharpens it.
    """

    def __init__(self, count: int):
        self.matrices = np.tile(np.eye(3), (count, 1, 1))
        self.colours = np.tile([1.0, 0.0, 0.0], (count, 1))
        self.tables: dict[int, list[tuple[str, float]]] = {}
        self.sharpness = np.ones(count)

    def move(self, matrices: np.ndarray, chosen: np.ndarray | None = None) -> None:
        """Take pixels from where (B, 3, 3) `matrices` say, of the chosen pictures."""
        moved = self.matrices @ matrices
        self.matrices = moved if chosen is None else np.where(chosen[:, None, None], moved, self.matrices)

    def brighten(self, factors: np.ndarray) -> None:
        """Multiply all values by (B,) `factors`."""
        self.colours = self.colours * factors[:, None]

    def contrast(self, factors: np.ndarray) -> None:
        """Multiply the distance from the mean luminance."""
        mean = self.colours.sum(axis=1)  # of the picture as it is then, as a multiple of its mean at the beginning
        self.colours = self.colours * factors[:, None]
        self.colours[:, 2] += (1.0 - factors) * mean

    def saturate(self, factors: np.ndarray) -> None:
        """Multiply the distance of every pixel from its luminance; 0 makes a picture grey."""
        pixel = self.colours[:, 0] + self.colours[:, 1]
        self.colours[:, 0] *= factors
        self.colours[:, 1] = pixel - self.colours[:, 0]


@dataclass(frozen=True)
class Transform:
    """One transform: options that are checked when it is made, and plain values for a record."""

    name: ClassVar[str]
    changes_values: ClassVar[bool] = False  # whether it must know what the value of white is

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if "known" in each.metadata:
                if value not in each.metadata["known"]:
                    raise ConfigError(self._told(each.name, f"one of {', '.join(each.metadata['known'])}", value))
            elif "pair" in each.metadata:
                object.__setattr__(self, each.name, self._pair(each.name, value, each.metadata))
            elif "low" in each.metadata:
                self._check_number(each.name, value, each.metadata)

    def _check_number(self, name: str, value: Any, limits: Any) -> None:
        whole = limits.get("whole") and not isinstance(value, int)
        if not is_number(value) or whole or not limits["low"] <= value <= limits["high"]:
            kind = "a whole number" if limits.get("whole") else "a number"
            raise ConfigError(self._told(name, f"{kind} from {limits['low']:g} to {limits['high']:g}", value))

    def _pair(self, name: str, value: Any, limits: Any) -> tuple[float, float]:
        pair = tuple(value) if isinstance(value, list | tuple) else ()
        if len(pair) != 2 or not all(is_number(each) and limits["low"] <= each <= limits["high"] for each in pair):
            raise ConfigError(self._told(name, f"two numbers from {limits['low']:g} to {limits['high']:g}", value))
        if pair[0] > pair[1]:
            raise ConfigError(self._told(name, "the smaller number first", value))
        return pair

    def _told(self, name: str, expected: str, value: Any) -> str:
        return f"'{name}' of the augmentation '{self.name}' must be {expected}; received {value!r}."

    def to_json(self) -> dict[str, Any]:
        """Its name and options."""
        return {"name": self.name, **asdict(self)}

    def plan(self, plan: Plan, draw: Draw) -> None:
        """Add what it does to these pictures to the plan."""
