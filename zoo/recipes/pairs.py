"""How the models of pairs of texts are trained, judged and kept. All choices were made on validation splits."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo.datasets import load_pairs
from zoo.datasets.dataset import Dataset
from zoo.datasets.pairs import encode_pairs, overlap, pairs_of
from zoo.datasets.spelling import spelling_vectors
from zoo.datasets.tokeniser import Tokeniser
from zoo.errors import WeightsError
from zoo.recipes.settings import Settings
from zoo.recipes.trained import half_widths
from zoo.recipes.trained_pairs import METRICS, TrainedPairs
from zoo.samples import Samples
from zoo.training import Optimiser, Recipe, heads_for
from zoo.weights import read_metadata

# Side by side, as in the book, the two halves only add up: r = .2 on SICK, however the LSTM is trained.
REFERENCE = Settings(
    config={"dropout": 0.2, "comparison": "symmetric"},
    training={
        "epochs": 15,
        "batch_size": 64,
        "optimiser": Optimiser("adam", learning_rate=3e-3, average=0.99),
    },
)
# The similarity has no bias that could begin at the mean score.
MANHATTAN = replace(REFERENCE, config={"dropout": 0.2}, training={**REFERENCE.training, "start_at_prior": False})
ALIGNED = Settings(
    training={
        "epochs": 8,
        "batch_size": 32,
        "optimiser": Optimiser("adam", learning_rate=1e-3, average=0.99),
    },
)
SETTINGS = {
    "text_similarity_manhattan": MANHATTAN,
    "text_similarity_aligned": ALIGNED,
    "text_similarity_aligned_tiny": ALIGNED,
}  # entry -> settings; `REFERENCE` for the others


def load(data: str, options: Mapping[str, Any], like: Path | None = None) -> Dataset:
    """The data set of this name or file; with the vocabulary of the model in the file `like`, where given."""
    dataset = load_pairs(data, **options)
    if like is None:
        return dataset
    words = read_metadata(like).get("vocabulary")
    if words is None:
        raise WeightsError(f"'{like}' holds no vocabulary, so that its embedding cannot be used for other texts.")
    tokeniser = Tokeniser(words)

    def encoded(samples: Samples) -> Samples:
        return replace(samples, inputs=encode_pairs(pairs_of(samples), tokeniser, words=dataset.card["words"]))

    train, validation, test = (encoded(split) for split in (dataset.train, dataset.validation, dataset.test))
    return replace(dataset, train=train, validation=validation, test=test, tokeniser=tokeniser)


def recipe(dataset: Dataset, entry: str, *, data: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe of `entry` on `dataset`, which was loaded as `data` with `options`."""
    assert dataset.tokeniser is not None
    settings = SETTINGS.get(entry, REFERENCE)
    low, high = dataset.card["scale"]
    return Recipe(
        heads_for(dataset.targets, metrics=dict.fromkeys(dataset.targets, METRICS)),
        entry=entry,
        config={**settings.config, "vocabulary_size": dataset.tokeniser.size, "low": low, "high": high},
        data=data,
        data_options=dict(options),
        trim_padding=True,
        **{"balance": "static", **settings.training},  # one output: its loss is what its rates were chosen for
    )


def begin(model: keras.Model, dataset: Dataset) -> None:
    """Tell a fresh model how the words of its vocabulary are spelt, where it has a table for that."""
    assert dataset.tokeniser is not None
    tables = {layer.name: layer for layer in model.layers}
    if (table := tables.get("spelling")) is not None:
        table.embeddings.assign(spelling_vectors(dataset.tokeniser.words, table.output_dim))


def training_rows(dataset: Dataset, entry: str) -> Samples:
    """What is trained on."""
    return dataset.train


def seen(samples: Samples) -> Samples:
    """What simple models are shown of pairs: how much the texts share, in numbers. Words alone would tell nothing."""
    return replace(samples, inputs={"overlap": overlap(pairs_of(samples))}, texts=())


def trained(model: keras.Model, recipe: Recipe, dataset: Dataset, *, origin: Mapping[str, Any]) -> TrainedPairs:
    """The trained model with all that it needs to compare new texts."""
    assert dataset.tokeniser is not None
    return TrainedPairs(
        entry=recipe.entry,
        config=recipe.config,
        model=model,
        heads=recipe.heads,
        tokeniser=dataset.tokeniser,
        half_widths=half_widths(model, recipe.heads, dataset),
        words=dataset.card["words"],
        origin=origin,
    )
