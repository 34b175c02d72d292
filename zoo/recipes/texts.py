"""What training, judging and keeping a model of texts needs beside its recipe: the vocabulary."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo.datasets import load_posts
from zoo.datasets.dataset import Dataset
from zoo.datasets.tokeniser import Tokeniser
from zoo.errors import WeightsError
from zoo.recipes.trained import Trained, half_widths
from zoo.samples import Samples
from zoo.training import Recipe
from zoo.weights import read_metadata


def load(data: str, options: Mapping[str, Any], like: Path | None = None) -> Dataset:
    """The data set of this name or file; with the vocabulary of the model in the file `like`, where given."""
    dataset = load_posts(data, **options)
    if like is None:
        return dataset
    words = read_metadata(like).get("vocabulary")
    if words is None:
        raise WeightsError(f"'{like}' holds no vocabulary, so that its embedding cannot be used for other texts.")
    return _encoded(dataset, Tokeniser(words))


def training_rows(dataset: Dataset, entry: str) -> Samples:
    """What is trained on."""
    return dataset.train


def trained(model: keras.Model, recipe: Recipe, dataset: Dataset, *, origin: Mapping[str, Any]) -> Trained:
    """The trained model with all that it needs to answer for new texts."""
    assert dataset.tokeniser is not None
    return Trained(
        entry=recipe.entry,
        config=recipe.config,
        model=model,
        heads=recipe.heads,
        tokeniser=dataset.tokeniser,
        half_widths=half_widths(model, recipe.heads, dataset),
        words=int(dataset.train.inputs["posts"].shape[1]),
        origin=origin,
    )


def _encoded(dataset: Dataset, tokeniser: Tokeniser) -> Dataset:
    """The same texts as numbers of another vocabulary."""
    if dataset.tokeniser is not None and dataset.tokeniser.words == tokeniser.words:
        return dataset
    length = dataset.train.inputs["posts"].shape[1]

    def encode(samples: Samples) -> Samples:
        return replace(samples, inputs={"posts": tokeniser.encode_batch(samples.texts, max_length=length)})

    return replace(
        dataset,
        train=encode(dataset.train),
        validation=encode(dataset.validation),
        test=encode(dataset.test),
        tokeniser=tokeniser,
    )
