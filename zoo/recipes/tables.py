"""How the models of tables are trained, for each table. All choices were made on validation splits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from zoo.datasets import list_tables, load_table
from zoo.datasets.dataset import Dataset
from zoo.errors import ConfigError
from zoo.pipeline import load_pipeline
from zoo.recipes.settings import Settings
from zoo.recipes.trained_table import TrainedTable
from zoo.samples import Samples
from zoo.tables.bins import bin_edges
from zoo.training import Optimiser, Recipe, heads_for

GRADIENT_DESCENT = Optimiser("sgd", learning_rate=0.5, schedule="constant")

# (entry, data) -> settings
SETTINGS: dict[tuple[str, str], Settings] = {
    ("linear_regression", "plane"): Settings(
        config={"flags": False},
        training={
            "epochs": 200,
            "batch_size": 100,  # all points at once
            "optimiser": GRADIENT_DESCENT,
            "standard_units": False,
        },
    ),
    ("softmax_regression", "older_than_five"): Settings(
        training={"epochs": 30, "batch_size": 100, "optimiser": Optimiser("adam", learning_rate=0.1)},
    ),
    # Pieces let a network bend along an address; one wide layer was better than two, and 16 pieces better than 8.
    ("mlp", "membership"): Settings(
        config={"units": (128,), "dropout": 0.3},
        training={
            "epochs": 40,
            "batch_size": 128,
            "optimiser": Optimiser("adamw", learning_rate=1e-2, weight_decay=0.3),
        },
        pieces=16,
        refit=True,
    ),
    # One number in standard units: the first step of gradient descent ends at the least squares.
    ("linear_regression", "california_one_feature"): Settings(
        config={"flags": False},
        training={"epochs": 3, "batch_size": 20_000, "optimiser": GRADIENT_DESCENT, "standard_units": False},
    ),
    ("entity_embedding", "california"): Settings(
        config={"units": (256, 128), "dropout": 0.1, "embedding_dropout": 0.2},
        training={
            "epochs": 30,
            "batch_size": 256,
            "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=1e-2),
        },
        losses={"value": "mae"},
        pieces=32,
    ),
    # The few people with a gain of capital are told apart by its very amount: 123 different values.
    ("entity_embedding", "adult"): Settings(
        config={"units": (256, 128), "dropout": 0.2, "embedding_dropout": 0.1},
        training={
            "epochs": 8,
            "batch_size": 256,
            "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=1e-2),
        },
        metrics={"income": ("auc", "accuracy", "log_loss")},
        pieces=128,
        bins=128,
    ),
    # Bins of their own made a network of the same size worse: what matters here rises or falls steadily.
    ("mlp", "credit"): Settings(
        config={"units": (128, 64), "dropout": 0.3},
        training={
            "epochs": 8,
            "batch_size": 512,
            "optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=0.3),
        },
        metrics={"default": ("auc", "average_precision", "log_loss")},
        pieces=32,
    ),
    # On the weeks before the test a decay of 0.02 was better than 0.06 and 0.1; and 12 epochs, with the average of the
    # weights over the last quarter of them (.113 and .115, two seeds), better than 7 without (.122) and than 18 (.116).
    ("entity_embedding", "rossmann"): Settings(
        training={
            "epochs": 12,
            "batch_size": 256,
            "optimiser": Optimiser(
                "adamw", learning_rate=3e-3, schedule="one_cycle", weight_decay=0.02, average_last=0.25
            ),
        },
        refit=True,
    ),
}
# entry -> settings for any other table
GENERAL = {
    "linear_regression": Settings(
        training={"epochs": 20, "batch_size": 256, "optimiser": Optimiser("adam", learning_rate=0.02)}
    ),
    "softmax_regression": Settings(
        training={"epochs": 20, "batch_size": 256, "optimiser": Optimiser("adam", learning_rate=0.02)}
    ),
    "mlp": Settings(
        config={"units": (128, 64), "dropout": 0.1},
        training={
            "epochs": 20,
            "batch_size": 128,
            "optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=1e-2),
        },
    ),
    "entity_embedding": Settings(
        config={"units": (200, 100), "dropout": 0.1, "embedding_dropout": 0.1},
        training={
            "epochs": 15,
            "batch_size": 256,
            "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=1e-2),
        },
    ),
}


def settings_of(entry: str, data: str) -> Settings:
    """The settings of an entry on a table, or those for tables of its kind. A tiny member has those of its family."""
    family = entry.removesuffix("_tiny")
    found = SETTINGS.get((family, data), GENERAL[family])
    if entry != family:  # its size is its own
        config = {key: value for key, value in found.config.items() if key == "flags"}
        return Settings(config, found.training, found.losses, found.weights, found.metrics, refit=found.refit)
    return found


def load(data: str, options: Mapping[str, Any], like: Path | None = None) -> Dataset:
    """The data set of this name or file; by the schema of the model in the file `like`, where given.

    Raises `ConfigError` where that model answers other targets than those asked for.
    """
    if like is None:
        return load_table(data, **options).dataset()
    schema = load_pipeline(like).schema
    targets = {column.name: column.target.kind for column in schema.outputs}
    if data not in list_tables():  # a file is read as the one that the model was trained on
        answers = {name: "number" if kind == "regression" else "category" for name, kind in targets.items()}
        options = {"targets": targets, "types": schema.types | answers} | dict(options)
    table = load_table(data, **options)
    if table.targets.keys() != targets.keys():
        raise ConfigError(f"The model answers {', '.join(targets)}; asked for are {', '.join(table.targets)}.")
    return table.dataset(schema)


def training_rows(dataset: Dataset, entry: str) -> Samples:
    """What is trained on: the training rows, and those of the validation where the settings say so."""
    refit = settings_of(entry, dataset.name).refit
    return dataset.train.joined(dataset.validation) if refit else dataset.train


def recipe(dataset: Dataset, entry: str, *, data: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe of `entry` on `dataset`, which was loaded as `data` with `options`."""
    assert dataset.schema is not None
    settings = settings_of(entry, dataset.name)
    logarithms = {column.output for column in dataset.schema.outputs if column.log}
    heads = heads_for(
        dataset.targets,
        loss=settings.losses,
        weight=settings.weights,
        metrics={**dict.fromkeys(logarithms, ("exp_rmspe", "mae", "rmse")), **settings.metrics},
        imbalance=settings.imbalance,
        costs=settings.costs,
    )
    config = {**dataset.schema.model_config(), **settings.config}
    for way, number in {"pieces": settings.pieces, "bins": settings.bins}.items():
        if number:
            config["numbers"] = config["numbers"] | {way: bin_edges(dataset.train.inputs["numbers"], number)}
    # The rates of these settings were chosen for the loss of one output as it is; several are brought to one scale.
    training = {"balance": "static" if len(heads) == 1 else "relative", **settings.training}
    return Recipe(heads, entry=entry, config=config, data=data, data_options=dict(options), **training)


def trained(model: keras.Model, recipe: Recipe, dataset: Dataset, *, origin: Mapping[str, Any]) -> TrainedTable:
    """The trained model with all that it needs to answer for new rows."""
    assert dataset.schema is not None
    return TrainedTable.of(recipe.entry, dataset.schema, model, recipe.heads, origin)
