"""Pairs of pictures, and whether both show the same. All choices were made on validation splits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.datasets.dataset import Dataset
from zoo.datasets.image_pairs.build import LABELS, SAME, SIDES
from zoo.errors import ConfigError, DataError
from zoo.models.metric_learning import DISCRIMINANT, VERIFIED
from zoo.pictures import SUFFIXES
from zoo.samples import Samples
from zoo.tasks.backbones import PRETRAINED, backbones_in, load_imagenet
from zoo.tasks.discriminant import EMBEDDING, fit_discriminant
from zoo.tasks.length import Length
from zoo.tasks.metric_learning import fit_encoder, fit_verification, folder_of
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task
from zoo.training import Optimiser, Run, fit
from zoo.training.fine_tuning.fine_tune import AS_FROZEN, AUTO, FineTune

SOURCES = "zoo.datasets.image_pairs"
METRICS = {SAME: ("equal_error_rate", "auc", "accuracy", "log_loss")}
SEPARATOR = "\t"  # between the two files of a pair, where they stand in one line
THUMBNAIL = 16  # pixels a side of what simple models are shown
CHUNK = 512  # pictures decoded together
ADDED = (EMBEDDING,)  # what a pretrained backbone is trained to be followed by

USUAL = Settings(
    config={"comparison": "difference", "dropout": 0.2},
    training={"optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=2e-2, schedule="one_cycle")},
    length=Length(steps=1_500, epochs=(10, 40), batch_size=(16, 64)),
)
SMALL = Settings(
    training={
        "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=2e-2, schedule="one_cycle"),
        "augmentation": "drawings",
    },
    length=Length(steps=2_500, epochs=(10, 60), batch_size=(32, 64)),
)
SETTINGS: dict[tuple[str, str], Settings] = {  # (entry, data) -> settings; those of the entry for the others
    # 20-way one-shot on Greek, which is held out: 83.2 % after 8 epochs of four times 64 filters; of
    # these filters 89.1 % after 12 epochs, 90.5 % after 30.
    ("image_similarity_small", "omniglot"): Settings(
        training={
            "epochs": 30,
            "batch_size": 64,
            "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=2e-2, schedule="one_cycle"),
            "augmentation": "drawings",
        },
    ),
    # A place has two pictures, one a camera: too few for a class each.
    ("image_similarity_small", "middlebury"): Settings(
        config={"objective": "contrastive"},
        training={
            "epochs": 8,
            "batch_size": 64,
            "optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=2e-2, schedule="one_cycle"),
        },
    ),
    ("image_similarity_small", "orl"): Settings(
        training={
            "epochs": 30,
            "batch_size": 16,
            "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=2e-2, schedule="one_cycle"),
            "augmentation": ["faces", ("zoom", {"factor": [0.9, 1.1]})],
        },
    ),
}
# On the people of ORL held out for validation: .031 of pairs told wrong at equal errors (mean over places of the stride
# 16; .070 of the last layer), where `image_similarity_small` had .13 and the cosine of MobileNet's last layer .096.
SETTINGS["image_similarity", "orl"] = Settings(
    config={"picture": "mobilenet", "tap": "s16", "units": 200, "comparison": "cosine", "objective": DISCRIMINANT}
)
OF_ENTRY = {"image_similarity_small": SMALL}


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry on this data; a tiny member has its own size."""
    found = SETTINGS.get((entry, dataset.name)) or OF_ENTRY.get(entry, USUAL)
    found = replace(found, config={}) if describe(entry).for_tests else found
    return replace(found, metrics=METRICS)


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The shape of the pictures, which is one for both sides."""
    column = dataset.schema.column(SIDES[0])
    return {**settings.config, "input_shape": [column.height, column.width, column.channels]}


def init_model(model: keras.Model, dataset: Dataset) -> None:
    """Give a backbone of the catalogue the weights that it learnt on ImageNet, where there are such."""
    for network in _pretrained(model):
        load_imagenet(network, dataset.schema)


def _pretrained(model: keras.Model) -> list[Any]:
    return [network for network in backbones_in(model) if PRETRAINED in describe(network.name).weights]


def fit_pairs(
    model: keras.Model,
    train: Samples,
    validation: Samples,
    recipe: Any,
    *,
    seed: int = 0,
    folder: Path | str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """`fit`; of another objective than the verification itself, first the backbone and then the verification.

    A pretrained backbone stands still where `recipe.fine_tune` says nothing: what it gives is computed once and kept.
    Raises `ConfigError` where an objective of its own would so have nothing to train.
    """
    objective = recipe.config.get("objective", _objective(recipe.entry))
    if objective == DISCRIMINANT and recipe.start is None and recipe.fine_tune not in (AUTO, AS_FROZEN, None):
        raise ConfigError(
            f"objective={objective} computes the embedding of a backbone that stands still: leave fine_tune out, or "
            "take another objective, as classes."
        )
    if objective == DISCRIMINANT and not _pretrained(model):
        raise ConfigError(
            f"objective={objective} reads features that were learnt elsewhere: give a backbone with weights, as "
            "picture='mobilenet', or another objective."
        )
    if _pretrained(model) and recipe.fine_tune == AUTO:
        network = _pretrained(model)[0]
        if objective != VERIFIED and recipe.start is None and not any(each.name in ADDED for each in network.layers):
            raise ConfigError(
                f"objective={objective} has nothing to train: the pretrained backbone '{network.name}' stands still, "
                "and no layer follows it. Add one with units=128, or train the backbone too with fine_tune='all'."
            )
        for layer in _pretrained(model)[0].layers:
            layer.trainable = layer.name in ADDED
        recipe = replace(recipe, fine_tune=FineTune(AS_FROZEN, standardise=False))  # as its settings were chosen
    options: dict[str, Any] = {"seed": seed, "callbacks": callbacks}
    if objective == VERIFIED or recipe.start is not None:
        return fit(model, train, validation, recipe, folder=folder, **options)
    encoder = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    parts = {part: folder_of(folder, part) for part in ("encoder", "verification")}
    if objective == DISCRIMINANT:
        notes = [fit_discriminant(encoder, train, seed)]
    else:
        first = fit_encoder(encoder, train, validation, recipe, objective, folder=parts["encoder"], **options)
        kept = f"{objective}: epoch {first.best_epoch} of {len(first.history)} of the backbone is kept"
        notes = [*first.notes, f"{kept}; then the verification"]
    run = fit_verification(model, train, validation, recipe, encoder, folder=parts["verification"], **options)
    return replace(run, folder=None if folder is None else Path(folder), notes=(*notes, *run.notes))


def _objective(entry: str) -> str:
    """What the entry's builder takes where the recipe says nothing."""
    from zoo.create import full_config

    return str(full_config(entry, {})["objective"])


def baseline_inputs(samples: Samples) -> Samples:
    """What simple models are shown of pairs: how small grey pictures differ, and the cosine of all pixels."""
    from zoo.pictures.pixels import shrunk

    rows = [np.arange(start, min(start + CHUNK, len(samples))) for start in range(0, len(samples), CHUNK)]
    found = []
    for part in rows:
        left, right = (np.asarray(samples.inputs[side][part]) for side in SIDES)
        small = np.abs(shrunk(left, THUMBNAIL) - shrunk(right, THUMBNAIL))
        found.append(np.concatenate([small, pixel_cosine(left, right)[:, None]], axis=1))
    together = np.concatenate(found) if found else np.empty((0, THUMBNAIL**2 + 1))
    return replace(samples, inputs={"likeness": together.astype(np.float32)}, raw={})


def pixel_cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n, ...), (n, ...) -> (n,) the cosine of all values of each pair."""
    one, other = (each.reshape(len(each), -1).astype(np.float64) for each in (left, right))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(lengths, 1e-12))


def file_options(schema: Schema) -> Mapping[str, Any]:
    """What other pairs are read for: the two labels that a trained model predicts, where they have names of their own.

    "different" and "same" are what 0 and 1, or no and yes, are called too: those of a file need no names.
    """
    labels = schema.outputs[0].target.labels
    return {} if tuple(labels) == LABELS else {"labels": list(labels)}


def told(dataset: Dataset, entry: str, weights: str | None) -> list[str]:
    """How many pairs there are, and how pictures are read."""
    parts = (dataset.train, dataset.validation, dataset.test)
    numbers = ", ".join(
        f"{len(part):,} pairs {what} ({int((part.targets[SAME] == 1).sum()):,} of the same)"
        for part, what in zip(parts, ("to train on", "to validate", "to test"), strict=True)
    )
    column = dataset.schema.column(SIDES[0])
    return [f"{numbers}; nobody stands in two splits.", f"Left and right pictures are read as {column.describe()}."]


def rows(files: Sequence[str], schema: Schema) -> Frame:
    """Pairs out of the names of files: each text holds two with a tab between them, or there are two texts."""
    halves = [text.split(SEPARATOR) for text in files]
    if len(files) == 2 and all(len(each) == 1 for each in halves):
        halves = [[files[0], files[1]]]
    if any(len(each) != 2 for each in halves):
        raise DataError(
            "A pair is two files of pictures: give two, or lines that hold both, separated by a tab; received "
            f"{len(files)} without a tab ({files[0][:60]!r})."
        )
    return pandas().DataFrame(halves, columns=list(SIDES), dtype=object)


TASK = Task(
    name="image_pairs",
    families=("image_similarity",),
    of="pairs of pictures",
    sources={
        "signs": f"{SOURCES}.signs:signs",
        "orl": f"{SOURCES}.orl:orl",
        "omniglot": f"{SOURCES}.omniglot:omniglot",
        "middlebury": f"{SOURCES}.middlebury:middlebury",
    },
    file=f"{SOURCES}.pairs_file:read_image_pairs",
    suffixes=(".csv", ".csv.gz", ".tsv", ".jsonl", ".parquet"),
    folder=f"{SOURCES}.folders:read_class_folders",
    inside=SUFFIXES,
    settings=settings,
    config=config,
    init_model=init_model,
    fit=fit_pairs,
    baseline_inputs=baseline_inputs,
    file_options=file_options,
    told=told,
    rows=rows,
)
