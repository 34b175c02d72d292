"""`zoo.explain`: from a model and a sample to an `Explanation`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError, DataError
from zoo.explain import rows, subjects
from zoo.explain.explanation import OF, PROBABILITY, Explanation
from zoo.explain.methods import METHODS, USUAL, Found, run_method
from zoo.explain.subject import SENSES, Subject
from zoo.explain.target import ends_in_squashing
from zoo.pipeline import Pipeline, load_pipeline


def explain(
    model: "keras.Model | Pipeline | Path | str",
    sample: Any,
    *,
    output: str | None = None,
    label: Any = None,
    method: str | None = None,
    layer: str | None = None,
    input: str | None = None,
    tag: str | None = None,
    labels: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    row: int = 0,
    check: bool = False,
    **options: Any,
) -> Explanation:
    """Why the model says what it says of one sample.

        zoo.explain("mobilenet.imagenet", "cat.jpg").save("cat.png")
        zoo.explain(pipeline, {"age": 41, "job": "clerk"}, method="shapley")
        zoo.explain(model, image, method="grad-cam", layer="encoder/conv5#2")

    model   a functional `keras.Model`; a pipeline, its file or a run folder; "entry.tag" of the catalogue.
    sample  what it reads: arrays as the model takes them; a row of the pipeline, a text, a picture, or a file of rows,
            of which the one number `row` is taken; a photo for official weights.
    output, label  what is explained; by default the first output and the label that is predicted.
    method  of `zoo.explain.methods.METHODS`; by default "grad-cam" of a picture, "occlusion" of a text's words,
            "shapley" of a table or of a sample of several senses, "integrated-gradients" of any other array.
    layer   of the heat maps, or the one that embeds words: a path as "encoder/conv", "encoder/conv#2" for the second
            call of a shared one; by default the last layer of maps.
    input   the explained input or column where there are several ("table", "senses").
    tag     of official weights that a given model has: how they read photos and name classes.
    labels  names of the labels of a `keras.Model` without a tag: of its first output (or `output`), or output -> names.
    check   measure how faithful the explanation is, and refuse a map that is the same with random weights.
    options of the method: window, stride, fill, steps, baseline, samples, noise, masks, cells, share, orders, seed;
            background: rows as the pipeline takes them, or of a `keras.Model` a dict, input -> (rows, ...).

    Raises `UnknownNameError` and `ConfigError` for names and settings that do not fit, `DataError` for the sample.
    """
    if isinstance(model, str | os.PathLike):
        model, tag = opened(model)
    subject = find_subject(
        model, sample, output=output, label=label, input=input, tag=tag, labels=labels, row=row,
        senses=input == SENSES,
    )  # fmt: skip
    if layer is not None:
        options["layer"] = layer
    if options.get("background") is not None:
        options["background"] = rows.background_of(model, options["background"])
    return explain_subject(subject, method, check=check, **options)


def explain_subject(subject: Subject, method: str | None = None, *, check: bool = False, **options: Any) -> Explanation:
    """The same for a subject that is known already."""
    name = method or USUAL[subject.sense]
    found = run_method(subject, name, options)
    measured = dict(found.measured)
    if check:
        from zoo.explain.checks import check_values

        measured |= check_values(subject, name, found, options)
    return explanation_of(subject, name, found, measured)


def explanation_of(subject: Subject, method: str, found: Found, measured: Mapping[str, float]) -> Explanation:
    """Values with what they are of. Raises `DataError` where the model's numbers are not finite."""
    if not np.isfinite(found.values).all():
        raise DataError(
            f"The explanation by '{method}' has values that are not finite: the model's own numbers are not."
        )
    probability, settings = _is_probability(subject), dict(found.settings)
    if METHODS[method].slopes and probability and subject.target.place is not None:
        with subject.logits() as target:
            settings |= {} if target.logit else {OF: PROBABILITY}
    return Explanation(
        method=method,
        sense=subject.sense,
        name=subject.name,
        output=subject.target.output,
        label=subject.target.label,
        score=subject.score,
        probability=probability,
        values=found.values,
        signed=METHODS[method].signed,
        parts=found.parts,
        shown=subject.shown,
        model=subject.model.name,
        settings=settings,
        faithfulness=measured,
    )


def _is_probability(subject: Subject) -> bool:
    return ends_in_squashing(subject.model, subject.target.output) or subject.target.bounded


def find_subject(
    model: Any,
    sample: Any,
    *,
    output: str | None = None,
    label: Any = None,
    input: str | None = None,
    tag: str | None = None,
    labels: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    row: int = 0,
    senses: bool = False,
) -> Subject:
    """The subject of whatever a user calls a model; arguments as of `explain`, `senses` for all of them together."""
    target: dict[str, Any] = {"output": output, "label": label, "input": input, "senses": senses}
    if isinstance(model, str | os.PathLike):
        model, tag = opened(model)
    if labels is not None and (tag is not None or isinstance(model, Pipeline)):
        raise ConfigError("labels= names those of a bare Keras model: this one brings the names of its own.")
    if isinstance(model, Pipeline):
        return rows.of_pipeline(model, sample, row=row, **target)
    if not isinstance(model, keras.Model):
        raise ConfigError(f"A Keras model, a pipeline, or the name of one is explained; received {model!r:.60}.")
    if not getattr(model, "inputs", None):
        raise ConfigError(f"'{model.name}' has no graph: a functional model is explained, or one called on an input.")
    if tag is not None:
        return subjects.of_photo(model, sample, tag, output=output, label=label)
    return subjects.of_model(model, sample, labels=labels, **target)


def opened(source: "os.PathLike[str] | str") -> "tuple[keras.Model | Pipeline, str | None]":
    """The pipeline of a file, run folder or "entry.tag"; or a network with official weights, and their tag."""
    official = _official(str(source))
    if official is None:
        return load_pipeline(os.fspath(source)), None
    from zoo.create import create_model

    return create_model(official), official


def _official(name: str) -> str | None:
    """The name with its tag where it is a network of the catalogue with official weights that have classes."""
    from zoo.catalogue import describe, list_models
    from zoo.pretrained.sets import pretrained_sets

    arch, _, tag = name.partition(".")
    if Path(name).exists() or arch not in list_models() or "image" not in describe(arch).inputs:
        return None
    known = [each for each in pretrained_sets(arch) if each.labels] if describe(arch).weights else []
    if not known or (tag and tag not in [each.tag for each in known]):
        return None
    return f"{arch}.{tag or known[0].tag}"
