"""The methods by name: which senses each explains, and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from zoo.errors import ConfigError, is_number, require_known
from zoo.explain import heat_maps, occlusion, slopes, tables, texts
from zoo.explain.fills import map_of
from zoo.explain.subject import ARRAY, PICTURE, SENSES, TABLE, TEXT, Subject


@dataclass(frozen=True)
class Found:
    """What a method gives: values, the settings that gave them, names of the parts, what it measured of itself."""

    values: np.ndarray
    settings: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """`run(subject, **options)` for each sense that it explains.

    options  that it takes, of any sense.
    fewer    sense -> those that it takes there, where it does not take all.
    slopes   whether it follows gradients, which are taken of a label's logit.
    """

    runs: Mapping[str, Callable[..., Found]]
    options: tuple[str, ...] = ()
    signed: bool = True
    fewer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slopes: bool = False

    def options_of(self, sense: str) -> tuple[str, ...]:
        return self.fewer.get(sense, self.options)


def _heat_map(name: str) -> Method:
    def run(subject: Subject, *, layer: str | None = None) -> Found:
        return Found(*heat_maps.heat_map(subject, name, layer))

    return Method({PICTURE: run}, ("layer",), signed=False, slopes=name != "activation")


def _pixels(subject: Subject, values: np.ndarray, *, signed: bool) -> np.ndarray:
    return map_of(values, signed=signed) if subject.sense == PICTURE else values


def _saliency(subject: Subject) -> Found:
    return Found(_pixels(subject, slopes.saliency(subject), signed=False))


def _guided(subject: Subject) -> Found:
    return Found(_pixels(subject, slopes.guided_backpropagation(subject), signed=False))


def _smoothgrad(subject: Subject, *, samples: int = 32, noise: float = 0.15, seed: int = 0) -> Found:
    found = slopes.smoothgrad(subject, samples=samples, noise=noise, seed=seed)
    settings = {"samples": samples, "noise": noise, "seed": seed}
    return Found(_pixels(subject, found, signed=False), settings)


def _integrated(subject: Subject, *, steps: int = 64, baseline: Any = "zero") -> Found:
    found, gap = slopes.integrated_gradients(subject, steps=steps, baseline=baseline)
    told = baseline if isinstance(baseline, str | int | float) else "array"
    return Found(
        _pixels(subject, found, signed=True), {"steps": steps, "baseline": told}, measured={"completeness_gap": gap}
    )


def _integrated_text(subject: Subject, *, steps: int = 64, layer: str | None = None) -> Found:
    words, values, settings, gap = texts.integrated_gradients(subject, steps=steps, layer=layer)
    return Found(values, settings, tuple(words), {"completeness_gap": gap})


def _integrated_table(subject: Subject, *, steps: int = 64) -> Found:
    values, settings, gap = tables.integrated_gradients(subject, steps=steps)
    return Found(values, settings, tuple(subject.columns), {"completeness_gap": gap})


def _occlusion(subject: Subject, **options: Any) -> Found:
    return Found(*occlusion.occlusion(subject, **options))


def _rise(subject: Subject, **options: Any) -> Found:
    return Found(*occlusion.rise(subject, **options))


def _occlusion_text(subject: Subject, *, parts: str, **options: Any) -> Found:
    names, values, settings = texts.occlusion(subject, parts=parts, **options)
    return Found(values, settings, tuple(names))


def _shapley(subject: Subject, **options: Any) -> Found:
    values, settings = tables.shapley(subject, **options)
    error = settings.pop("standard_error", None)
    measured = {} if error is None else {"standard_error": error}
    return Found(values, settings, tuple(subject.columns), measured)


def _permutation(subject: Subject, **options: Any) -> Found:
    return Found(*tables.permutation(subject, **options), tuple(subject.columns))


METHODS: dict[str, Method] = {
    **{name: _heat_map(name) for name in heat_maps.FORMULAS},
    "saliency": Method({PICTURE: _saliency, ARRAY: _saliency}, (), signed=False, slopes=True),
    "smoothgrad": Method(
        {PICTURE: _smoothgrad, ARRAY: _smoothgrad}, ("samples", "noise", "seed"), signed=False, slopes=True
    ),
    "guided-backpropagation": Method({PICTURE: _guided}, (), signed=False, slopes=True),
    "integrated-gradients": Method(
        {PICTURE: _integrated, ARRAY: _integrated, TEXT: _integrated_text, TABLE: _integrated_table},
        ("steps", "baseline", "layer"),
        fewer={
            PICTURE: ("steps", "baseline"),
            ARRAY: ("steps", "baseline"),
            TEXT: ("steps", "layer"),
            TABLE: ("steps",),
        },
        slopes=True,
    ),
    "occlusion": Method(
        {PICTURE: _occlusion, TEXT: partial(_occlusion_text, parts="words")},
        ("window", "stride", "fill"),
        fewer={TEXT: ("window",)},
    ),
    "sentence-occlusion": Method({TEXT: partial(_occlusion_text, parts="sentences")}, ("window",)),
    "rise": Method({PICTURE: _rise}, ("masks", "cells", "share", "fill", "seed"), signed=False),
    "shapley": Method({TABLE: _shapley, SENSES: _shapley}, ("background", "orders", "seed")),
    "permutation": Method({TABLE: _permutation}, ("background",)),
}
USUAL = {PICTURE: "grad-cam", TEXT: "occlusion", TABLE: "shapley", SENSES: "shapley", ARRAY: "integrated-gradients"}


def run_method(subject: Subject, name: str, options: Mapping[str, Any]) -> Found:
    """The method's values. Raises `UnknownNameError` and `ConfigError` for what does not fit."""
    require_known("method", name, METHODS)
    method = METHODS[name]
    if subject.sense not in method.runs:
        fitting = [each for each, other in METHODS.items() if subject.sense in other.runs]
        raise ConfigError(f"'{name}' does not explain a {subject.sense}; these do: {', '.join(fitting)}.")
    for option in options:
        require_known(f"option of {name}", option, method.options)
        if option not in method.options_of(subject.sense):
            raise ConfigError(f"'{name}' of a {subject.sense} does not take '{option}'.")
    require_valid(options)
    return method.runs[subject.sense](subject, **options)


def require_valid(options: Mapping[str, Any]) -> None:
    """`ConfigError` for a value that no method can work with; sizes of windows, fills and orders are told later."""
    for name, value in options.items():
        whole, number = is_whole(value), is_number(value) or isinstance(value, np.number)
        rules = {
            **dict.fromkeys(("steps", "samples", "masks", "cells"), (whole and value >= 1, "a number of at least 1")),
            "seed": (whole and value >= 0, "a whole number of at least 0"),
            "noise": (number and value >= 0, "a number of at least 0"),
            "share": (number and 0 < value < 1, "a number between 0 and 1"),
            "layer": (value is None or isinstance(value, str), "the name of a layer"),
            "background": (value is None or isinstance(value, Mapping), "a dict, input -> rows"),
        }
        fits, expected = rules.get(name, (True, ""))
        if not fits:
            raise ConfigError(f"'{name}' must be {expected}; received {value!r}.")


def is_whole(value: Any) -> bool:
    """
    >>> is_whole(3), is_whole(True), is_whole(3.0)
    (True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
