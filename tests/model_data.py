"""Data and recipes from descriptions (`tests.model_cases`), and the mistakes that they may hold."""

from dataclasses import replace
from typing import Any

import numpy as np

from tests.model_building import NUMBERS, SIDE, STEPS, TOKENS, WIDTHS, Unfit, first, names
from tests.model_cases import CLASSES, Case, Input, Output
from zoo.samples import Samples, Target
from zoo.training import Head, Imbalance, Optimiser, Recipe

LABELS = {"binary": ("no", "yes"), "classification": ("low", "mid", "high"), "tags": ("red", "green", "blue")}
VALIDATION = 48  # rows
NUMBERS_KINDS = ("regression", "vector")


def data(case: Case) -> tuple[Samples, Samples]:
    """The training and the validation split, with the case's mistake where it is one of the data."""
    train, validation = _arrays(case, 0), _arrays(case, 1)
    _spoil(case, train, validation)
    return Samples(**train), Samples(**validation)


def _arrays(case: Case, split: int) -> dict[str, Any]:
    """Split 0 for training, 1 for validation: every target follows from the inputs, with a little noise."""
    rows = VALIDATION if split else case.rows
    random = np.random.default_rng([case.seed, split])
    inputs = {f"in{place}": _values(each, random, rows) for place, each in enumerate(case.inputs)}
    signal = sum(_signal(values) for values in inputs.values())
    targets = {name: _target(each, signal, random) for name, each in zip(names(case), case.outputs, strict=True)}
    if case.feed == "unnamed":
        inputs = {"any name": inputs["in0"]}
    arrays = {"inputs": inputs, "targets": targets}
    if case.weighted:
        weight = {name: random.choice([0.0, 0.5, 1.0, 2.0], rows).astype("float32") for name in targets}
        arrays["sample_weight"] = weight if case.weighted == "some" else next(iter(weight.values()))
    return arrays


def _values(given: Input, random: np.random.Generator, rows: int) -> np.ndarray:
    if given.kind == "tokens":
        return random.integers(1, TOKENS, (rows, STEPS)).astype("int32")
    values = random.normal(size=(rows, NUMBERS) if given.kind == "numbers" else (rows, SIDE, SIDE, 1))
    return (np.round(2 * values) if given.dtype == "int32" else values).astype(given.dtype)


def _signal(values: np.ndarray) -> np.ndarray:
    mean = values.reshape(len(values), -1).astype("float64").mean(axis=1)
    return (mean - mean.mean()) / mean.std()


def _target(output: Output, signal: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(n,), or (n, width) of vectors and tags."""
    width = WIDTHS[output.kind] if output.kind in ("vector", "tags") else 1
    drawn = signal[:, None] * random.choice([-1.0, 1.0], width) + 0.3 * random.normal(size=(len(signal), width))
    missing = random.random(drawn.shape) < output.missing
    if output.kind in CLASSES:
        cuts = ([0.8, 0.92] if output.rare else [0.4, 0.7])[: 2 if output.kind == "classification" else 1]
        values = np.where(missing, -1, sum((drawn > np.quantile(drawn, cut)).astype(int) for cut in cuts))
    else:
        values = output.unit * (drawn + output.shift)
        values = np.where(missing, np.nan, values) if output.missing else values
    return (values if output.kind in ("vector", "tags") else values[:, 0]).astype(output.dtype)


def recipe(case: Case) -> Recipe:
    """The recipe, with the case's mistake where it is one of the heads."""
    heads = {name: _head(each, case) for name, each in zip(names(case), case.outputs, strict=True)}
    name = next(iter(heads))
    if case.wrong == "head_key":
        heads = {f"{key}s": value for key, value in heads.items()}
    if case.wrong == "head_kind":
        wide = WIDTHS[case.outputs[0].kind] > 1
        heads[name] = Head(Target("binary", ("no", "yes")) if wide else Target("classification", tuple("abc")))
    average = {"average": {"average": 0.9}, "average_last": {"average_last": 0.5}}.get(case.average, {})
    clip = 1.0 if case.optimiser in ("sgd", "muon") else None
    return Recipe(
        heads,
        optimiser=Optimiser(case.optimiser, 1e-2, case.schedule, clip_norm=clip, **average),
        balance=case.balance,
        epochs=case.epochs,
        batch_size=case.batch_size,
        on_nonfinite=case.on_nonfinite,
        patience=case.patience,
        steps_per_execution=case.steps_per_execution,
        standard_units=case.standard_units,
        start_at_prior=case.start_at_prior,
    )


def _head(output: Output, case: Case) -> Head:
    calibration = {} if output.form == "dense" and not case.wrapped else {"calibration": "none"}
    return Head(
        Target("regression" if output.kind == "vector" else output.kind, LABELS.get(output.kind, ())),
        loss=output.loss,
        weight=output.weight,
        class_weights="balanced" if output.class_weights else None,
        imbalance=Imbalance(output.method, **calibration) if output.method else None,
    )


def _spoil(case: Case, train: dict[str, Any], validation: dict[str, Any]) -> None:
    """Put the case's mistake into the arrays; `Unfit` where there is no place for it."""
    wrong, rows = case.wrong, case.rows
    inputs, targets = train["inputs"], train["targets"]
    name, column = next(iter(targets)), next(iter(inputs))
    weights = {
        "short_weight": np.ones(rows - 1, "float32"),
        "negative_weight": np.full(rows, -1.0, "float32"),
        "nan_weight": np.full(rows, np.nan, "float32"),
        "weight_key": {"nothing": np.ones(rows, "float32")},
    }
    if wrong in weights:
        train["sample_weight"] = weights[wrong]
    elif wrong == "no_target":
        del targets[name]
    elif wrong == "input_name":
        _require(len(inputs) > 1)
        inputs[f"{column}x"] = inputs.pop(column)
    elif wrong == "input_shape":
        inputs[column] = np.concatenate([inputs[column]] * 2, axis=-1)
    elif wrong == "nan_input":
        _require(inputs[column].dtype.kind == "f")
        inputs[column][rows // 2] = np.nan
    elif wrong == "text_input":
        inputs[column] = np.full(inputs[column].shape, "a word")
    elif wrong == "all_missing":
        _require(targets[name].dtype.kind == "f" or case.outputs[0].kind in CLASSES)
        targets[name][:] = np.nan if targets[name].dtype.kind == "f" else -1
    elif wrong == "empty":
        for part in validation.values():
            for key in part if isinstance(part, dict) else ():
                part[key] = part[key][:0]
        validation.pop("sample_weight", None)
    elif wrong == "rank":
        targets[name] = targets[name][..., None, None]
    elif wrong in ("label", "float_labels"):
        place = names(case)[case.outputs.index(first(case, CLASSES))]
        targets[place] = targets[place] + (5 if wrong == "label" else 0.5)
    elif wrong in ("infinite", "text_target"):
        place = names(case)[case.outputs.index(first(case, NUMBERS_KINDS))]
        _require(targets[place].dtype.kind == "f")
        if wrong == "infinite":
            targets[place][rows // 2] = np.inf
        else:
            targets[place] = np.full(targets[place].shape, "dear")


def _require(fits: bool) -> None:
    if not fits:
        raise Unfit("the mistake has no place here")


def tiny_rate(again: Recipe) -> Recipe:
    """This recipe for one more epoch in which weights stay what they are but for rounding."""
    still = Optimiser("adam", 1e-12, "constant")
    return replace(again, optimiser=still, epochs=1, patience=None)
