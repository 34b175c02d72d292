"""How language models of poems are trained, and what is kept of one. All choices were made on validation poems."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets import load_poems
from zoo.datasets.dataset import Dataset
from zoo.datasets.poems import UNKNOWN
from zoo.datasets.poems_samples import TARGET
from zoo.datasets.splits import SPLITS
from zoo.errors import ConfigError
from zoo.recipes.settings import Settings
from zoo.recipes.trained_poem import METRICS, TrainedPoem, read_trained_poem
from zoo.report.language import LanguageReport, language_report
from zoo.samples import Samples, present
from zoo.training import Head, Optimiser, Recipe, Run, judge_steps

QUATRAINS = ("5x4", "7x4")

# Few passes over many poems: a large rate, which a straight line down to 0 makes up for in the end.
LARGE = Settings(
    config={"dropout": 0.1},
    training={
        "epochs": 8,
        "batch_size": 128,
        "optimiser": Optimiser("adam", learning_rate=4e-3, schedule="linear", clip_norm=1.0),
    },
)
# Some dozens of poems: many passes over batches of a few, most of the input dropped.
SMALL = Settings(
    config={"dropout": 0.5, "embedding_dim": 64, "units": 128},
    training={
        "epochs": 20,
        "batch_size": 8,
        "optimiser": Optimiser("adam", learning_rate=4e-3, schedule="linear", clip_norm=1.0),
    },
)
LARGE_CORPUS = 5_000  # pieces to train on


def recipe(dataset: Dataset, entry: str, *, data: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe of `entry` on the corpus `dataset`, which was loaded as `data` with `options`."""
    assert dataset.characters is not None
    settings = LARGE if len(dataset.train) >= LARGE_CORPUS else SMALL
    tiny = entry == "poem_tiny"
    return Recipe(
        {TARGET: Head(dataset.targets[TARGET], metrics=METRICS)},
        entry=entry,
        config={**({} if tiny else settings.config), "vocabulary_size": dataset.characters.size},
        data=data,
        data_options=dict(options),
        trim_padding=True,
        start_at_prior=False,  # the answer layer is the embedding, which has no bias
        **{"balance": "static", **settings.training},  # one output: its loss is what its rates were chosen for
    )


def honest_loss(judged: np.ndarray, target: np.ndarray, others: int) -> float:
    """`zoo.training.judge_steps` (n, L, 2) and targets (n, L) -> nats a character, unknown ones counted in full.

    "Unknown" is `others` different characters, so that which of them it is costs log(others) more.
    """
    known = present(target)
    return float(
        np.mean(judged[known, 0], dtype=np.float64) + np.mean(target[known] == UNKNOWN) * np.log(max(others, 1))
    )


def of_forms(samples: Samples, forms: tuple[str, ...]) -> Samples:
    """The samples of these forms."""
    return samples.take(np.flatnonzero(np.isin(samples.groups["form"], forms)))


def load(data: str, options: Mapping[str, Any], like: Path | None = None) -> Dataset:
    """The corpus of this name or file; in the vocabulary of the model in the file `like`, where given."""
    if like is None:
        return load_poems(data, **options)
    known = read_trained_poem(like)
    dataset = load_poems(data, **{**options, "characters": known.characters})
    if dataset.card["free"] != known.free:
        taught, given = ("free text" if free else "poems of given forms" for free in (known.free, dataset.card["free"]))
        raise ConfigError(f"'{like}' was taught {taught}, and '{data}' is a corpus of {given}.")
    return dataset


def training_rows(dataset: Dataset, entry: str) -> Samples:
    """What is trained on."""
    return dataset.train


def trained(model: keras.Model, recipe: Recipe, dataset: Dataset, *, origin: Mapping[str, Any]) -> TrainedPoem:
    """The trained model with all that it needs to go on with a poem."""
    assert dataset.characters is not None
    card = dataset.card
    return TrainedPoem(
        recipe.entry, recipe.config, model, dataset.characters, card["free"], card["other_characters"], origin
    )


def judge(model: keras.Model, recipe: Recipe, dataset: Dataset, *, run: Run | None = None, seed: int) -> LanguageReport:
    """The report of a model on the test split of `dataset`."""
    return language_report(
        judge_steps(model, dataset.test, (TARGET,))[TARGET],
        TARGET,
        train=dataset.train,
        test=dataset.test,
        classes=len(dataset.targets[TARGET].labels),
        unknown=UNKNOWN,
        others=dataset.card["other_characters"],
        sizes={name: len(getattr(dataset, name)) for name in SPLITS},
        history=run.history if run else (),
        title=f"{recipe.entry} on {dataset.name}",
    )
