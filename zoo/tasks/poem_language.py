"""A trained language model of poems as what `zoo.poetry` writes with: its vocabulary, and one step of it at a time."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.catalogue import ENTRIES
from zoo.columns.characters import FREE, LINE_END, RESERVED, STEP_INPUTS, Characters, step_inputs
from zoo.datasets.poems.chinese import FOLDERS, read_chinese
from zoo.errors import WeightsError, require_known
from zoo.models.poem import step_model
from zoo.pipeline import Pipeline, load_pipeline
from zoo.poetry import Language, Memory

Arrays = Mapping[str, np.ndarray]


def read_poem_model(source: str | Path) -> Pipeline:
    """A trained language model of poems, from a run folder, a file or "entry.tag".

    Raises `WeightsError` for weights of another model.
    """
    found = load_pipeline(source)
    if found.entry not in ENTRIES or ENTRIES[found.entry].family != "poem":
        raise WeightsError(f"'{source}' holds no language model of poems, but {found.entry or 'another model'}.")
    return found


def lines_of(corpus: str, language: Language) -> frozenset[str]:
    """All lines of "tang" or "song_ci", as the language writes them."""
    require_known("corpus", corpus, FOLDERS)
    return frozenset(language.separator.join(language.split(line)) for poem in read_chinese(corpus) for line in poem)


def language_of(model: keras.Model, characters: Characters, *, free: bool) -> Language:
    """What `zoo.poetry` asks of a model of `zoo.models.poem`.

    free  whether it was taught free text, in which lines end with a character of their own.
    """
    one_step = step_model(model)
    states = {each.name: each.shape[1:] for each in one_step.inputs if each.name not in STEP_INPUTS}
    answer = _answering(one_step)

    def step(written: np.ndarray, length: np.ndarray, memory: Memory, form: Sequence[int]) -> tuple[np.ndarray, Memory]:
        before = memory or {name: np.zeros((len(written), *shape), "float32") for name, shape in states.items()}
        found = answer({**_inputs(written, length, FREE if free else form), **before})
        return found["logits"], {name: found[name] for name in states}

    tokens = ("",) * RESERVED + characters.characters
    return Language(
        tokens, step, line_end=LINE_END if free else None, separator=characters.separator, split=characters.units
    )


def _inputs(written: np.ndarray, length: np.ndarray, form: Sequence[int]) -> Arrays:
    """The inputs (B,) of every poem's next step; poems of equal length are looked up together."""
    found = {name: np.empty(len(written), dtype="int32") for name in STEP_INPUTS}
    for at in np.unique(length).tolist():
        rows = np.flatnonzero(length == at)
        for name, values in step_inputs(written[rows], form, at=at).items():
            found[name][rows] = values
    return found


def _answering(model: keras.Model) -> Callable[[Arrays], Arrays]:
    """The model as a function of arrays, without the preparations of `predict`, which cost more than such a step."""
    if keras.backend.backend() == "jax":
        return _compiled(model)

    def answer(inputs: Arrays) -> Arrays:
        with _without_gradients():
            return keras.tree.map_structure(keras.ops.convert_to_numpy, model(dict(inputs), training=False))

    return answer


def _compiled(model: keras.Model) -> Callable[[Arrays], Arrays]:
    """On JAX, which compiles for every size of a batch: sizes are powers of two, the rows behind are not looked at."""
    import jax

    weights = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]
    run = jax.jit(lambda weights, others, inputs: model.stateless_call(weights, others, inputs, training=False)[0])

    def answer(inputs: Arrays) -> Arrays:
        count = len(next(iter(inputs.values())))
        more = (1 << (count - 1).bit_length()) - count
        padded = {
            name: np.concatenate([values, np.zeros_like(values[:1]).repeat(more, 0)]) for name, values in inputs.items()
        }
        return {name: np.asarray(values)[:count] for name, values in run(weights, others, padded).items()}

    return answer


def _without_gradients() -> Any:
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
