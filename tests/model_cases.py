"""Descriptions of small functional models, their data and recipes: plain values, printed as the code that makes them.

A number that refers to a tensor, a layer or an output is taken modulo how many there are, so that any part of a
description may be left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

KINDS = ("regression", "vector", "binary", "classification", "tags")
CLASSES = ("binary", "classification", "tags")
PLAIN = ("dense", "activation", "no_bias", "reshape")  # these close a Sequential too
RANGES = ("rescaled", "bounded", "positive")  # of regressions alone
NAMED = (*PLAIN, "nested", "sum", "dot")  # a layer of the output's own name produces it
UNNAMED = ("ops", "sliced", "shared", "same")
ALONE = ("dense", "norm", "dropout", "layer_norm", "nested")  # layers of one input and weights of their own
TRUNK = (*ALONE, "again", "nested_again", "add", "ops")
HALF = ("mixed_float16", "float16", "mixed_bfloat16", "bfloat16")
KEYS = ("price", "rent", "area", "size (m)", "a.b", "loss", "mae", "in0")
LAYERS = ("rent", "price", "out", "area")
WRONG = (
    "head_key",
    "head_kind",
    "no_target",
    "input_name",
    "input_shape",
    "nan_input",
    "text_input",
    "all_missing",
    "empty",
    "rank",
)
WRONG_WEIGHTS = ("short_weight", "negative_weight", "nan_weight", "weight_key")
WRONG_CLASSES = ("logits", "label", "float_labels")
WRONG_NUMBERS = ("infinite", "text_target")


@dataclass(frozen=True)
class Input:
    """`dtype` is that of the data; `encoder` what makes one vector of tokens: "mean", "lstm", "gru", "conv"."""

    kind: str = "numbers"  # or "tokens", "picture"
    dtype: str = "float32"
    encoder: str = "mean"
    frozen: bool = False


@dataclass(frozen=True)
class Layer:
    """One layer of the trunk, from tensor number `source` and, of two, `other`."""

    kind: str = "dense"
    source: int = -1
    other: int = 0
    frozen: bool = False
    policy: str = ""


@dataclass(frozen=True)
class Output:
    """One output, its head and its targets.

    form       how it is produced, one of `NAMED`, `UNNAMED` and, of regressions, `RANGES`.
    source     the trunk's tensor that it reads; `reads`, an earlier output that it reads too, or its scores before the
               activation (`reads_scores`).
    unit       deviation of a regression's targets, `shift` their mean in units.
    """

    kind: str = "regression"
    key: str = "price"
    layer: str = "out"
    form: str = "dense"
    source: int = -1
    reads: int | None = None
    reads_scores: bool = False
    frozen: bool = False
    policy: str = ""
    constraint: str = ""
    regularizer: str = ""
    unit: float = 1.0
    shift: float = 0.0
    dtype: str = "float32"
    missing: float = 0.0
    rare: bool = False
    loss: str = ""
    weight: float = 1.0
    class_weights: bool = False
    method: str = ""


@dataclass(frozen=True)
class Case:
    """A model, its data and its recipe.

    form      "dict", "list", "single" or "sequential": what the model's output is.
    feed      "list", "dict", "single" or "unnamed": what the model's input is.
    wrapped   the whole model stands as one layer in another.
    weighted  sample weights: "", "some" (of each output by itself) or "all" (one array).
    wrong     the mistake that must be refused, one of `WRONG`, `WRONG_WEIGHTS`, `WRONG_CLASSES`, `WRONG_NUMBERS`.
    stop      where the run that is resumed was stopped: "epoch" or "batch", the end of the one of number `stop_at`, or
              "data", when a batch is read for the time of that number.
    """

    inputs: tuple[Input, ...] = (Input(),)
    trunk: tuple[Layer, ...] = ()
    outputs: tuple[Output, ...] = (Output(),)
    form: str = "dict"
    feed: str = "list"
    wrapped: bool = False
    policy: str = "float32"
    rows: int = 64
    batch_size: int = 32
    weighted: str = ""
    epochs: int = 1
    optimiser: str = "adam"
    schedule: str = "cosine"
    average: str = ""
    on_nonfinite: str | None = "stop"
    balance: str = "relative"
    patience: int | None = None
    steps_per_execution: int | None = None
    standard_units: bool = True
    start_at_prior: bool = True
    seed: int = 0
    stop: str = "epoch"
    stop_at: int = 1
    wrong: str = ""


def code(value: Any) -> str:
    """The Python expression of a description, values by default left out.

    >>> code(Case(outputs=(Output(kind="tags"),), rows=100))
    "Case(outputs=(Output(kind='tags'),), rows=100)"
    """
    if is_dataclass(value):
        given = [
            (each.name, getattr(value, each.name))
            for each in fields(value)
            if getattr(value, each.name) != each.default
        ]
        return f"{type(value).__name__}({', '.join(f'{name}={code(part)}' for name, part in given)})"
    if isinstance(value, tuple):
        return "(" + "".join(f"{code(part)}, " for part in value).removesuffix(" " if len(value) == 1 else ", ") + ")"
    return repr(value)


def simpler(value: Any) -> Iterator[Any]:
    """Descriptions with one part less, or one value back at its default."""
    for each in fields(value):
        found = getattr(value, each.name)
        if isinstance(found, tuple):
            for place, part in enumerate(found):
                rest = found[:place], found[place + 1 :]
                if len(found) > 1 or each.name == "trunk":
                    yield replace(value, **{each.name: (*rest[0], *rest[1])})
                for less in simpler(part):
                    yield replace(value, **{each.name: (*rest[0], less, *rest[1])})
        elif found != each.default:
            yield replace(value, **{each.name: each.default})


def reduced(case: Case, fails: Callable[[Case], bool], *, tries: int = 60) -> Case:
    """The simplest case found in so many tries that fails as well."""
    candidates = simpler(case)
    for _ in range(tries):
        candidate = next(candidates, None)
        if candidate is None:
            break
        if fails(candidate):
            case, candidates = candidate, simpler(candidate)
    return case
