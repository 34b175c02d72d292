"""Draws descriptions of models, data and recipes (`tests.model_cases`); about one of eight holds a mistake."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from tests.model_cases import (
    ALONE,
    CLASSES,
    HALF,
    KEYS,
    KINDS,
    LAYERS,
    NAMED,
    PLAIN,
    RANGES,
    TRUNK,
    UNNAMED,
    WRONG,
    WRONG_CLASSES,
    WRONG_NUMBERS,
    WRONG_WEIGHTS,
    Case,
    Input,
    Layer,
    Output,
)


def often(usual: Any, *others: Any, share: int = 3) -> st.SearchStrategy:
    """The usual value in `share` draws for each one of another."""
    return st.sampled_from([usual] * share * max(len(others), 1) + list(others))


INPUTS = st.builds(
    Input,
    kind=often("numbers", "tokens", "picture", share=1),
    dtype=often("float32", "float64", "int32", share=2),
    encoder=st.sampled_from(["mean", "lstm", "gru", "conv"]),
    frozen=often(False, True, share=6),
)


@st.composite
def outputs(draw: Any, place: int, *, forms: tuple[str, ...], several: bool, half: bool) -> Output:
    """One output; its names are given by the case."""
    kind = draw(st.sampled_from(KINDS))
    numbers = kind not in CLASSES
    form = draw(st.sampled_from(["dense"] * 6 + [*forms, *(RANGES if numbers else ())]))
    policy = draw(often("", "float32", share=1) if half else often("", *HALF, share=3))
    low = (half and policy != "float32") or policy in HALF
    dtype = draw(often("float32", "float64", "float16", "int64", share=1)) if numbers else draw(often("int32", "int64"))
    whole = dtype == "int64" and numbers
    narrow = low or dtype == "float16"  # half precision ends at 65,504
    unit = 100.0 if whole else draw(st.sampled_from([1.0, 10.0] if narrow else [1.0, 1e-6, 1e-3, 1e3, 1e6]))
    method = ""
    if kind in ("binary", "classification"):
        method = draw(often("", "over_sampling", "under_sampling", "class_weights", share=1))
    return Output(
        kind=kind,
        form=form,
        source=draw(st.integers(-3, 3)),
        reads=draw(often(None, 0, 1, share=1)) if place else None,
        reads_scores=draw(st.booleans()),
        frozen=several and draw(often(False, True, share=8)),
        policy=policy,
        constraint=draw(often("", "max_norm", "non_neg", share=5)),
        regularizer=draw(often("", "l2", share=5)),
        unit=unit if numbers else 1.0,
        shift=draw(st.sampled_from([0.0, 3.0, -20.0])) if numbers else 0.0,
        dtype=dtype,
        missing=0.0 if whole else draw(often(0.0, 0.2, 0.6, share=1)),
        rare=not numbers and draw(st.booleans()),
        loss=draw(st.sampled_from(["mse", "mae", "huber"])) if numbers else "",
        weight=draw(often(1.0, 0.3, share=2)),
        class_weights=kind in ("binary", "classification") and not method and draw(often(False, True)),
        method=method,
    )


@st.composite
def cases(draw: Any, *, several_steps: bool = True) -> Case:
    """A case; of eight, about one holds a mistake. `several_steps`: whether the backend takes some in one call."""
    form = draw(often("dict", "list", "single", "sequential", share=2))
    one = form in ("single", "sequential")
    inputs = draw(st.lists(INPUTS, min_size=1, max_size=1 if form == "sequential" else 3))
    if form == "sequential":
        inputs = [replace(inputs[0], kind="numbers")]
    kinds = ALONE if form == "sequential" else TRUNK
    layers = st.builds(
        Layer,
        kind=st.sampled_from(kinds),
        source=often(-1, 0, 1, 2, share=1),
        other=st.integers(0, 3),
        frozen=often(False, True, share=5),
        policy=often("", "float32", *HALF, share=2),
    )
    policy = draw(often("float32", *HALF, share=2))
    forms = PLAIN if form == "sequential" else NAMED if form != "dict" else (*NAMED, *UNNAMED)
    count = 1 if one else draw(st.integers(1, 3))
    drawn = [draw(outputs(place, forms=forms, several=count > 1, half=policy in HALF)) for place in range(count)]
    keys, names = draw(st.permutations(KEYS)), draw(st.permutations(LAYERS))
    named = [replace(each, key=key, layer=name) for each, key, name in zip(drawn, keys, names, strict=False)]
    batch_size = draw(st.sampled_from([16, 32, 50]))
    wrong = draw(mistakes({each.kind for each in named})) if draw(often(False, True, share=7)) else ""
    return Case(
        inputs=tuple(inputs),
        trunk=tuple(draw(st.lists(layers, max_size=4))),
        outputs=tuple(named),
        form=form,
        feed=draw(st.sampled_from(["list", "dict", *(["single", "unnamed"] if len(inputs) == 1 else [])])),
        wrapped=form in ("dict", "single") and draw(often(False, True, share=6)),
        policy=policy,
        rows=batch_size * draw(st.integers(2, 5)) + draw(often(0, 9, 14, share=1)),
        batch_size=batch_size,
        weighted=draw(often("", "some", "all", share=1)),
        epochs=draw(st.integers(1, 3)),
        optimiser=draw(often("adam", "sgd", "adamw", "rmsprop", "muon", share=1)),
        schedule=draw(st.sampled_from(["constant", "cosine", "one_cycle"])),
        average=draw(often("", "average", "average_last", share=2)),
        on_nonfinite="stop" if wrong else draw(often("stop", None, "skip", share=1)),
        balance=draw(often("relative", "static", "uncertainty", share=2)),
        patience=draw(often(None, 1, share=2)),
        steps_per_execution=draw(st.sampled_from([None, 1, 2, 3])) if several_steps else None,
        standard_units=draw(often(True, False, share=6)),
        start_at_prior=draw(often(True, False)),
        seed=draw(st.integers(0, 99)),
        stop=draw(st.sampled_from(["epoch", "batch", "data"])),
        stop_at=draw(st.integers(1, 6)),
        wrong=wrong,
    )


def mistakes(kinds: set[str]) -> st.SearchStrategy:
    """Mistakes that outputs of these kinds can hold."""
    classes, numbers = kinds & set(CLASSES), kinds - set(CLASSES)
    more = [*(WRONG_CLASSES if classes else ()), *(WRONG_NUMBERS if numbers else ())]
    return st.sampled_from([*WRONG, *WRONG_WEIGHTS, *more])


def drawn(seed: int, *, several_steps: bool = True) -> Iterator[Case]:
    """Cases without end, each the last of a run of hypothesis' own: within one run, examples are often alike."""
    found: list[Case] = []
    for number in itertools.count(1_000_000 * seed):

        @hypothesis.seed(number)
        @hypothesis.settings(max_examples=4, phases=[hypothesis.Phase.generate], database=None, deadline=None)
        @hypothesis.given(cases(several_steps=several_steps))
        def remember(case: Case) -> None:
            found.append(case)

        remember()
        yield found[-1]
