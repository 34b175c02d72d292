"""Pairs of texts, and how alike they are. All choices were made on validation splits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.columns.reading import FORMATS
from zoo.datasets.dataset import Dataset
from zoo.datasets.pairs.build import SEPARATOR, SIDES, overlap, pairs_of
from zoo.datasets.pairs.spelling import spelling_vectors
from zoo.errors import DataError
from zoo.samples import Samples
from zoo.tasks.length import Length
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task
from zoo.training import Optimiser

CHOSEN_ON = 5_000  # pairs, of SICK and STS-B
METRICS = {"regression": ("pearson", "spearman", "mse"), "binary": ("auc", "accuracy", "f1", "log_loss")}

# Side by side, as in the book, the two halves only add up: r = .2 on SICK, however the LSTM is trained.
REFERENCE = Settings(
    config={"dropout": 0.2, "comparison": "symmetric"},
    training={
        "epochs": 15,
        "batch_size": 64,
        "trim_padding": True,
        "optimiser": Optimiser("adam", learning_rate=3e-3, average=0.99),
    },
)
# The similarity has no bias that could begin at the mean score.
MANHATTAN = replace(REFERENCE, config={"dropout": 0.2}, training={**REFERENCE.training, "start_at_prior": False})
ALIGNED = Settings(
    training={
        "epochs": 8,
        "batch_size": 32,
        "trim_padding": True,
        "optimiser": Optimiser("adam", learning_rate=1e-3, average=0.99),
    },
)
SETTINGS = {
    "text_similarity_manhattan": MANHATTAN,
    "text_similarity_aligned": ALIGNED,
    "text_similarity_aligned_tiny": ALIGNED,
}  # entry -> settings; `REFERENCE` for the others


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry; on a file of one's own, as long as suits its number of pairs."""
    metrics = {name: METRICS[target.kind] for name, target in dataset.targets.items()}
    found = replace(SETTINGS.get(entry, REFERENCE), metrics=metrics)
    return found if data in TASK.sources else replace(found, length=Length.like(found.training, CHOSEN_ON))


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The vocabulary, and the scale of the scores."""
    return {**settings.config, "vocabulary_size": dataset.schema.column("left").size, **output_scale(dataset)}


def output_scale(dataset: Dataset) -> Mapping[str, float]:
    """The ends of the scale of the scores; of two labels those of a probability."""
    (score,) = dataset.schema.outputs
    low, high = (0.0, 1.0) if score.target.kind == "binary" else score.scale
    return {"low": low, "high": high}


def file_options(schema: Schema) -> Mapping[str, Any]:
    """What other pairs are read for: the labels that a trained model predicts, or the ends of its scale."""
    (score,) = schema.outputs
    if score.target.kind == "binary":
        return {"labels": score.target.labels}
    low, high = score.scale
    return {"low": low, "high": high}


def init_model(model: keras.Model, dataset: Dataset) -> None:
    """Tell a fresh model how the words of its vocabulary are spelt, where it has a table for that."""
    tables = {layer.name: layer for layer in model.layers}
    if (table := tables.get("spelling")) is not None:
        table.embeddings.assign(spelling_vectors(dataset.schema.column("left").vocabulary, table.output_dim))


def baseline_inputs(samples: Samples) -> Samples:
    """What simple models are shown of pairs: how much the texts share, in numbers. Words alone would tell nothing."""
    return replace(samples, inputs={"overlap": overlap(pairs_of(samples))}, raw={})


def rows(texts: Sequence[str], schema: Schema) -> Frame:
    """Pairs out of texts: each holds a tab, or there are two."""
    halves = [text.split(SEPARATOR) for text in texts]
    if all(len(each) == 1 for each in halves):
        if len(texts) != 2:
            raise DataError(
                "A model of pairs compares two texts: give two, or lines that hold both, separated by a tab; received "
                f"{len(texts)} without a tab."
            )
        halves = [[texts[0], texts[1]]]
    for text, each in zip(texts, halves, strict=False):
        if len(each) != 2:
            raise DataError(f"A pair is two texts separated by one tab; received {len(each)} parts in {text[:60]!r}.")
    return pandas().DataFrame(halves, columns=list(SIDES), dtype=object)


TASK = Task(
    name="pairs",
    families=("text_similarity",),
    of="pairs",
    sources={
        "pairs": "zoo.datasets.pairs.generated:pairs",
        "sick": "zoo.datasets.pairs.sick:sick",
        "sts-b": "zoo.datasets.pairs.sts_benchmark:sts_benchmark",
    },
    file="zoo.datasets.pairs.pairs_file:read_pairs",
    suffixes=FORMATS,
    settings=settings,
    config=config,
    output_scale=output_scale,
    file_options=file_options,
    init_model=init_model,
    baseline_inputs=baseline_inputs,
    rows=rows,
)
