"""Poems, character by character: language models. All choices were made on validation poems."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from zoo.columns import VerseColumn
from zoo.columns.characters import FREE, UNKNOWN, step_inputs
from zoo.columns.verse import RESERVED_LABELS, TARGET
from zoo.datasets.dataset import Dataset
from zoo.datasets.poems.corpora import VERSE
from zoo.datasets.splits import SPLITS
from zoo.errors import DataError
from zoo.models.poem import step_model
from zoo.pipeline import Pipeline
from zoo.report.language import LanguageReport, language_report
from zoo.samples import Samples, present
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task
from zoo.training import Optimiser, Recipe, Run, judge_steps

METRICS = {TARGET: ("perplexity", "accuracy")}
LIKELIEST = 20  # characters that a prediction holds
SEVEN_BY_FOUR = (7, 7, 7, 7)
QUATRAINS = ("5x4", "7x4")

# Few passes over many poems: a large rate, which a straight line down to 0 makes up for in the end.
LARGE = Settings(
    metrics=METRICS,
    config={"dropout": 0.1},
    training={
        "epochs": 8,
        "batch_size": 128,
        "trim_padding": True,
        "start_at_prior": False,  # the output layer is the embedding, which has no bias
        "optimiser": Optimiser("adam", learning_rate=4e-3, schedule="linear", clip_norm=1.0),
    },
)
# Some dozens of poems: many passes over batches of a few, most of the input dropped.
SMALL = Settings(
    metrics=METRICS,
    config={"dropout": 0.5, "embedding_dim": 64, "units": 128},
    training={
        "epochs": 20,
        "batch_size": 8,
        "trim_padding": True,
        "start_at_prior": False,  # the output layer is the embedding, which has no bias
        "optimiser": Optimiser("adam", learning_rate=4e-3, schedule="linear", clip_norm=1.0),
    },
)
LARGE_CORPUS = 5_000  # pieces to train on


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """By the size of the corpus."""
    return LARGE if len(dataset.train) >= LARGE_CORPUS else SMALL


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The vocabulary; the tiny member has its own sizes."""
    own = {} if entry == "poem_tiny" else settings.config
    return {**own, "vocabulary_size": verse_of(dataset.schema).vocabulary.size}


def verse_of(schema: Any) -> VerseColumn:
    """The column of the poems."""
    return schema.column(VERSE)


def honest_loss(judged: np.ndarray, target: np.ndarray, others: int) -> float:
    """`zoo.training.judge_steps` (n, L, 2) and targets (n, L) -> nats a character, unknown ones counted in full.

    "Unknown" is `others` different characters, so that which of them it is costs log(others) more.
    """
    known = present(target)
    return float(
        np.mean(judged[known, 0], dtype=np.float64) + np.mean(target[known] == UNKNOWN) * np.log(max(others, 1))
    )


def other_characters(dataset: Dataset) -> int:
    """How many characters of the corpus the vocabulary lacks: that of a trained model may not be the corpus' own."""
    table, known = dataset.table, verse_of(dataset.schema).vocabulary
    assert table is not None
    poems = (poem for rows in (table.train, table.validation, table.test) for poem in rows[VERSE])
    return len({unit for poem in poems for line in poem for unit in known.units(line)} - known.ids.keys())


def of_forms(samples: Samples, forms: tuple[str, ...]) -> Samples:
    """The samples of these forms."""
    return samples.take(np.flatnonzero(np.isin(samples.groups["form"], forms)))


def evaluate(
    model: keras.Model, recipe: Recipe, dataset: Dataset, *, run: Run | None = None, seed: int, **nothing: Any
) -> LanguageReport:
    """The report of a model on the test split of `dataset`."""
    return language_report(
        judge_steps(model, dataset.test, (TARGET,))[TARGET],
        TARGET,
        train=dataset.train,
        test=dataset.test,
        classes=len(dataset.targets[TARGET].labels),
        unknown=UNKNOWN,
        others=other_characters(dataset),
        sizes={name: len(getattr(dataset, name)) for name in SPLITS},
        history=run.history if run else (),
        title=f"{recipe.entry} on {dataset.name}",
    )


def next_characters(
    pipeline: Pipeline, text: str, *, form: Sequence[int] = SEVEN_BY_FOUR
) -> tuple[tuple[str, float], ...]:
    """The beginning of a poem, line breaks as "/" -> the likeliest next characters, in a poem of this form.

    Of free text the form is not read, of poems of a form the punctuation. Raises `DataError` for a text that is
    complete, or of unknown characters only.
    """
    verse = verse_of(pipeline.schema)
    form = FREE if verse.free else tuple(form)
    ids = verse.vocabulary.encode(text.replace("/", "\n") if verse.free else _without_punctuation(text))
    if not any(ids >= len(RESERVED_LABELS)):
        raise DataError(f"'{text[:60]}' has no character that the model knows.")
    if form and len(ids) >= sum(form):
        raise DataError(f"'{text[:60]}' has {len(ids)} characters: a poem of {sum(form)} is complete with them.")
    one_step = step_model(pipeline.model)
    found: dict[str, Any] = {tensor.name: np.zeros((1, *tensor.shape[1:]), "float32") for tensor in one_step.inputs}
    for at in range(len(ids) + 1):
        states = {name: np.asarray(keras.ops.convert_to_numpy(found[name])) for name in found if "state" in name}
        found = one_step({**step_inputs(ids[None], form, at=at), **states}, training=False)
    shares = keras.ops.convert_to_numpy(keras.ops.softmax(found["logits"]))[0]
    labels = pipeline.schema.targets[TARGET].labels
    order = np.argsort(-shares, kind="stable")[:LIKELIEST]
    return tuple((labels[row].replace("\n", "/"), float(shares[row])) for row in order)


def show(pipeline: Pipeline, texts: Sequence[str]) -> list[str]:
    """A line for each beginning: what may come next."""
    found = []
    for text in texts:
        (likeliest, share), *others = next_characters(pipeline, text)[:5]
        rest = ", ".join(f"{other} {part:.0%}" for other, part in others)
        found.append(f"{text}\n  {TARGET}  {likeliest} ({share:.0%})  {rest}")
    return found


def _without_punctuation(text: str) -> str:
    """What a corpus of given forms keeps of a text: a comma would take the place of a character."""
    return "".join(each for each in text if not each.isspace() and not unicodedata.category(each).startswith("P"))


TASK = Task(
    name="poems",
    families=("poem",),
    of="poems",
    sources={
        "sonnets": "zoo.datasets.poems.corpora:sonnets",
        "song_ci": "zoo.datasets.poems.corpora:song_ci",
        "tang": "zoo.datasets.poems.corpora:tang",
    },
    file="zoo.datasets.poems.corpora:read_poems",
    suffixes=(".txt",),
    settings=settings,
    config=config,
    evaluate=evaluate,
    show=show,
)
