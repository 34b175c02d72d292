"""Questions about stories, and their answers. All choices were made on validation splits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.columns.reading import FORMATS
from zoo.columns.story import sentences_of
from zoo.columns.tokeniser import Tokeniser
from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.datasets.questions.babi import babi_named
from zoo.errors import DataError
from zoo.samples import Samples
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task
from zoo.training import Optimiser, Recipe, Run, fit

SOLVED = 0.98  # validation skill (`fit`) from which another start would not do better
JOINT = 10_000  # questions from which on a network is trained in larger batches, for fewer epochs, and begins once
# Where learnt weights of places were better on validation than those of the paper; on other tasks they fit too closely.
LEARNT = ("babi-qa4", "babi-qa16", "babi-qa17", "babi-qa19")

TWO_LSTMS = Settings(
    training={
        "epochs": 30,
        "batch_size": 32,
        "patience": 8,
        "optimiser": Optimiser("adam", learning_rate=3e-3, clip_norm=1.0),
        "trim_padding": True,
    },
)
# With products, dropout of tables and 40 numbers a word, validation of tasks 6, 9, 10 is 97, 97, 96 %; with the paper's
# network of 20 numbers 82, 80, 74.
# Plain gradient descent, as in the paper (which sums the gradient over a batch of 32 and begins at 0.01): with Adam the
# network learns the training stories by heart sooner.
MEMORY = Settings(
    config={"embedding_dim": 40, "multiplicative": True, "weight_dropout": 0.1},
    training={
        "epochs": 100,
        "batch_size": 32,
        "optimiser": Optimiser("sgd", learning_rate=0.3, clip_norm=1.25),
        "start_at_prior": False,  # the scores of tied answers have no bias
        "restarts": 3,
        "linear_start": 0.15,
    },
)
MEMORY_LEARNT = replace(MEMORY, config={**MEMORY.config, "encoding": "learnt"})
# Most questions about sizes are answered by names alone, so that the network learns names and does not read. On stories
# held out of the training split (twelve splits) names tell 90 % of the answers, and the network found 88 %; with names
# exchanged and a longer training 92 %.
MEMORY_SIZES = replace(
    MEMORY,
    training={
        **MEMORY.training,
        "epochs": 800,
        "linear_start": 15 / 800,
        "optimiser": Optimiser("sgd", learning_rate=0.5, clip_norm=1.25),
    },
    shuffled_entities=(("box", "chest", "chocolate", "container", "suitcase"),),
)
MEMORY_JOINT = replace(
    MEMORY_LEARNT,
    training={**MEMORY.training, "batch_size": 64, "epochs": 50, "restarts": 1, "linear_start": 8 / 50},
)


def settings_of(entry: str, data: str, questions: int) -> Settings:
    """The settings of an entry on this data, with so many questions to train on."""
    if describe(entry).family == "question_answering":
        return TWO_LSTMS
    if questions >= JOINT:
        return MEMORY_JOINT
    if data == "babi-qa18":
        return MEMORY_SIZES
    return MEMORY_LEARNT if data in LEARNT else MEMORY


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """`settings_of`, with the tokens of the words that may stand for each other."""
    found = settings_of(entry, data, len(dataset.train))
    shuffled = _tokens_of(found.shuffled_entities, dataset.schema.column("text").tokeniser)
    return replace(found, training={**found.training, "shuffled_entities": shuffled})


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The vocabulary, and how many answers there are."""
    answers = len(dataset.targets["answer"].labels)
    return {**settings.config, "vocabulary_size": dataset.schema.column("text").size, "answers": answers}


def options(entry: str, weights: str | None = None) -> Mapping[str, Any]:
    """How a family reads a story."""
    return {"layout": {"question_answering": "words", "memory_network": "sentences"}[describe(entry).family]}


def _tokens_of(groups: tuple[tuple[str, ...], ...], tokeniser: Tokeniser) -> tuple[tuple[int, ...], ...] | None:
    """The tokens of the words that the vocabulary holds."""
    known = [[word for word in group if word in tokeniser.words] for group in groups]
    return tuple(tuple(int(tokeniser.encode(word)[0]) for word in group) for group in known) or None


def baseline_inputs(samples: Samples) -> Samples:
    """What simple models are shown: the words of story and question."""
    texts = [" ".join(pair) for pair in zip(samples.raw["text"], samples.raw["question"], strict=True)]
    return replace(samples, inputs={"question": samples.inputs["question"]}, raw={"question": texts})


def fit_from_starts(
    model: keras.Model,
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    *,
    seed: int = 0,
    folder: Path | str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Train from several fresh starts, each with linear attention first; `model` ends as the best on validation.

    A memory network may end in a bad optimum, so the paper kept the best of ten. Starts end early once one has
    solved the task. Each has a folder of its own in `folder`, so that an interrupted training goes on from there.
    """
    if recipe.start is not None:  # weights that know something already
        return fit(model, train, validation, recipe, seed=seed, folder=folder, callbacks=callbacks)
    best: tuple[float, Run, keras.Model] | None = None
    for number in range(recipe.restarts):
        start_seed = (seed + 1_000_003 * number) % 2**32
        place = Path(folder) / f"start{number}" if folder is not None else None
        keras.utils.set_random_seed(start_seed)
        fresh = create_model(recipe.entry, **recipe.config)
        if recipe.linear_start:
            epochs = max(1, round(recipe.epochs * recipe.linear_start))  # a shorter training has a shorter beginning
            _start_linearly(fresh, train, validation, recipe, epochs, start_seed)
            begun = replace(recipe, start_at_prior=False)  # which would throw away what the output has learnt
        else:
            begun = recipe
        run = fit(fresh, train, validation, begun, seed=start_seed, folder=place, callbacks=callbacks)
        skill = run.history[run.best_epoch - 1]["val_skill"] if run.best_epoch else float("-inf")
        if best is None or skill > best[0]:
            best = skill, run, fresh
        if skill > SOLVED:
            break
    assert best is not None
    _copy_weights(best[2], model)
    return best[1]


def _start_linearly(
    model: keras.Model, train: Samples, validation: Samples, recipe: Recipe, epochs: int, seed: int
) -> None:
    """Train the same network without the softmax of its attention, and give `model` the weights of the last epoch.

    Not of the best one, which comes too early: networks that began so were worse on validation in the end.
    """
    config = {**recipe.config, "linear": True}
    linear = create_model(recipe.entry, **config)
    _copy_weights(model, linear)
    optimiser = replace(recipe.optimiser, schedule="constant", learning_rate=recipe.optimiser.learning_rate / 2)
    begun = replace(recipe, config=config, epochs=epochs, optimiser=optimiser)
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: _copy_weights(linear, model))
    fit(linear, train, validation, begun, seed=seed, callbacks=[keep])


def _copy_weights(source: keras.Model, target: keras.Model) -> None:
    """By layer name: where only the attention differs, the order of the layers does too."""
    for layer in source.layers:
        if layer.weights:
            target.get_layer(layer.name).set_weights(layer.get_weights())


def rows(texts: Sequence[str], schema: Schema) -> Frame:
    """The last sentence of each text is a question about the others."""
    found = []
    for text in texts:
        sentences = sentences_of(text)
        if len(sentences) < 2:
            raise DataError(
                "A question is asked about a story: write the story's sentences and, as the last one, the question; "
                f"received '{text[:60]}'."
            )
        found.append((" ".join(sentences[:-1]), sentences[-1]))
    return pandas().DataFrame(found, columns=["text", "question"], dtype=object)


TASK = Task(
    name="questions",
    families=("question_answering", "memory_network"),
    of="questions",
    sources={"babi": "zoo.datasets.questions.babi:babi", "stories": "zoo.datasets.questions.stories:stories"},
    file="zoo.datasets.questions.questions_file:read_questions",
    suffixes=(*FORMATS, ".txt"),
    settings=settings,
    config=config,
    named=babi_named,
    options=options,
    baseline_inputs=baseline_inputs,
    fit=fit_from_starts,
    rows=rows,
)
