"""Subjects out of a model and arrays, or of a network of the catalogue and a photo."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.columns.frames import shown
from zoo.drawing.picture_grid import as_bytes
from zoo.errors import ConfigError, DataError, require_known
from zoo.explain.subject import ARRAY, PICTURE, SENSES, TABLE, TABLE_NAME, TEXT, Slots, Subject, without_senses
from zoo.explain.target import choose_target, ends_in_squashing
from zoo.tracing.gradients import GradientFunction

WIDEST_TABLE = 256  # numbers of a vector that is shown column by column


def of_model(
    model: keras.Model,
    sample: Any,
    *,
    output: str | None = None,
    label: Any = None,
    input: str | None = None,
    labels: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
    pixels: np.ndarray | None = None,
    senses: bool = False,
) -> Subject:
    """Any functional model, and a sample as it takes it: an array, or input -> array, with or without the batch."""
    inputs = _arrays(model, sample)
    outputs = GradientFunction(model, None)(inputs).outputs
    first = next(iter(outputs)) if output is None else output
    named = _named(labels, first, outputs)
    target = choose_target(outputs, output, label, named, {}, _probabilities(model, outputs))
    subject = Subject(model, inputs, ARRAY, "", "", target, said=float(target.of(outputs)[0]))
    if senses:
        columns: dict[str, Slots] = {name: ((name, None),) for name in inputs}
        return replace(subject, sense=SENSES, name=SENSES, columns=columns, typical=without_senses(inputs))
    name = input or next(iter(inputs))
    require_known(f"input of {model.name}", name, inputs)
    value = inputs[name]
    subject = replace(subject, name=name, input=name)
    if value.ndim == 4 and value.shape[-1] in (1, 3, 4) and (value.dtype == np.uint8 or value.dtype.kind == "f"):
        return replace(subject, sense=PICTURE, shown=as_bytes(value)[0] if pixels is None else pixels)
    if np.issubdtype(value.dtype, np.integer) and value.ndim in (2, 3):
        return _tokens(subject)
    if value.ndim == 2 and value.shape[1] <= WIDEST_TABLE:
        numbers = [each for each, array in inputs.items() if array.ndim == 2 and array.dtype.kind == "f"]
        slots = {f"{each}[{place}]": ((each, place),) for each in numbers for place in range(inputs[each].shape[1])}
        typical = {each: np.zeros_like(array) if each in numbers else array for each, array in inputs.items()}
        return replace(subject, sense=TABLE, name=TABLE_NAME, input="", columns=slots, typical=typical,
                       shown=_cells(slots, inputs))  # fmt: skip
    return subject


def of_photo(model: keras.Model, photo: Any, tag: str, *, output: str | None = None, label: Any = None) -> Subject:
    """A network with the official weights `tag`, and a photo as `zoo.preprocess` takes it; labels by name or id."""
    from zoo.pretrained.images import preprocess
    from zoo.pretrained.labels import classes_of
    from zoo.pretrained.sets import pretrained

    row = pretrained(tag).preprocessing
    channels = model.inputs[0].shape[-1]
    plain = replace(row, colour="rgb", scale=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    pixels = np.rint(np.clip(preprocess(photo, plain, channels=channels)[0], 0, 255)).astype(np.uint8)
    names = classes_of(tag)
    labels, label = [name for _, name in names], class_number(label, names, tag)
    image = preprocess(photo, tag, channels=channels)
    return of_model(model, image, output=output, label=label, labels=labels, pixels=pixels)


def class_number(label: Any, names: Sequence[tuple[str, str]], tag: str) -> Any:
    """The number of a class given by its id; any other label as it is. `ConfigError` for the name of several classes.

    names  (id, name) of all.
    """
    ids = [identity for identity, _ in names]
    if isinstance(label, str) and label in ids:
        return ids.index(label)
    same = [identity for identity, name in names if name == label]
    if len(same) > 1:
        raise ConfigError(f"'{label}' is the name of {len(same)} classes of {tag}: give {' or '.join(same)}.")
    return label


def _named(labels: Any, first: str, outputs: Mapping[str, np.ndarray]) -> Mapping[str, Sequence[str]]:
    """Output -> names of its labels, as a user gave them."""
    if labels is None:
        return {}
    named = labels if isinstance(labels, Mapping) else {first: labels}
    for output, names in named.items():
        require_known("output in labels=", output, outputs)
        if isinstance(names, str) or not hasattr(names, "__len__"):
            raise ConfigError(f"labels= are names in a list, or output -> list; received {names!r}.")
    return named


def _tokens(subject: Subject) -> Subject:
    """Words as the numbers that a model takes, 0 for padding: what is left of them stands where they stood."""
    ids = subject.value
    flat = ids.reshape(-1)
    at = np.flatnonzero(flat)
    words = [str(each) for each in flat[at]]
    if len(at) and len(at) != at[-1] - at[0] + 1:  # what is left could not be put where the model expects it
        return replace(subject, sense=TEXT, shown=" ".join(words), words=words)
    first = int(at[0]) if len(at) else 0
    last = flat.size if len(at) and at[-1] + 1 == flat.size and first else None  # padded on the left alone

    def encode(texts: Sequence[str]) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
        rows = np.zeros((len(texts), *ids.shape[1:]), ids.dtype)
        for row, text in zip(rows, texts, strict=True):
            numbers = [int(each) for each in text.split()]
            start = first if last is None else last - len(numbers)
            row.reshape(-1)[start : start + len(numbers)] = numbers
        others = {name: np.repeat(each, len(texts), axis=0) for name, each in subject.inputs.items()}
        return {**others, subject.input: rows}, np.arange(len(texts))

    return replace(subject, sense=TEXT, shown=" ".join(words), encode=encode, words=words)


def _cells(slots: Mapping[str, Slots], inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: float(inputs[each][0, place]) for name, ((each, place),) in slots.items()}


def _arrays(model: keras.Model, sample: Any) -> dict[str, np.ndarray]:
    """Input -> (1, ...) in the type that the model takes."""
    names = [each.name for each in model.inputs]
    if not isinstance(sample, Mapping):
        if len(names) > 1:
            raise DataError(f"{model.name} has the inputs {', '.join(names)}: give a dict with an array for each.")
        sample = {names[0]: sample}
    for name in sample:
        require_known(f"input of {model.name}", name, names)
    found = {}
    for each in model.inputs:
        if each.name not in sample:
            raise DataError(f"{model.name} also takes '{each.name}', which the sample lacks.")
        array, sides = np.asarray(sample[each.name]), tuple(each.shape)
        if array.dtype.kind not in "biuf":
            raise DataError(f"'{each.name}' of {model.name} takes numbers; received {shown(repr(sample[each.name]))}.")
        array = array[None] if array.ndim == len(sides) - 1 else array
        fits = array.ndim == len(sides) and len(array) == 1 and all(b in (None, a) for a, b in
                                                                   zip(array.shape, sides, strict=True))  # fmt: skip
        if not fits:
            wanted = ", ".join("any" if side is None else str(side) for side in sides[1:])
            raise DataError(
                f"'{each.name}' of {model.name} takes one sample of shape ({wanted}); received an array of shape "
                f"{np.shape(sample[each.name])}."
            )
        found[each.name] = _converted(array, each, model.name)
    return found


def _converted(array: np.ndarray, wanted: Any, model: str) -> np.ndarray:
    """In the type of the input; `DataError` where whole numbers would be cut off or wrap round."""
    dtype = keras.backend.standardize_dtype(wanted.dtype)
    if "int" in dtype and array.dtype != dtype:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        if not ((array >= low) & (array <= high) & (array == np.rint(array))).all():
            raise DataError(
                f"'{wanted.name}' of {model} takes whole numbers from {low} to {high}; received numbers from "
                f"{array.min():.4g} to {array.max():.4g}."
            )
    return array.astype(dtype)


def _probabilities(model: keras.Model, outputs: Mapping[str, np.ndarray]) -> list[str]:
    """The outputs (B, 1) that end in a sigmoid: of two labels."""
    return [name for name, values in outputs.items() if values.shape[-1] == 1 and ends_in_squashing(model, name)]
