"""Rows of several senses: a table's columns, texts and pictures at once, and what is to be said of each row.

All choices of the settings were made on validation splits.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.columns.bins import bin_edges
from zoo.columns.frames import Frame, pandas
from zoo.columns.reading import FORMATS
from zoo.datasets.dataset import Dataset
from zoo.pipeline import Pipeline
from zoo.report.senses import sense_changes
from zoo.samples import Samples
from zoo.tasks.backbones import backbones_in, load_imagenet
from zoo.tasks.length import Length
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task, targets_of
from zoo.training import Optimiser, Run, fit
from zoo.training.batches import Batches
from zoo.training.fine_tuning.fine_tune import AS_FROZEN, AUTO, FineTune
from zoo.training.predictions import outputs_of as predict_outputs

JOINT_SOURCES = "zoo.datasets.joint"
TABLE_KEYS = ("numbers", "categories", "complete", "outputs", "optional")  # what a schema tells beside senses
SENSE_KEYS = ("texts", "pictures")

USUAL = Settings(
    config={"dropout": 0.3, "hidden_senses": 0.1, "skip": True},
    training={"optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=5e-2, average=0.99)},
    length=Length(steps=1_500, epochs=(10, 60), batch_size=(16, 64)),
)
SETTINGS: dict[tuple[str, str], Settings] = {  # (entry, data) -> settings; `USUAL` for the others
    # By the mean skill on validation (one split, one seed): outputs that read the senses too .635, others .616;
    # no picture .604, a bag of words in the place of the convolution .589; 256 numbers a sense .637, 128 .635; senses
    # hidden in a tenth of the rows .63, in none .622, in three tenths .600. All were best after six to eight epochs.
    # Accuracy of season, trained on three quarters of the rows and tried on the others: .774; gated .765, product .769,
    # 64 numbers a sense .735, 512 .773; the mean of six such models .778.
    ("fashion_trend", "fashion"): Settings(
        config={"picture": "mobilenet", "width": 256, "dropout": 0.4, "hidden_senses": 0.1, "skip": True},
        training={
            "epochs": 8,
            "batch_size": 64,
            "optimiser": Optimiser("adamw", learning_rate=2e-3, weight_decay=5e-2, average=0.99),
        },
        losses={"year": "mae"},
    ),
    # By the share of the way to the price's limit, on validation (one seed): 12 epochs at a decay of .2 .91, 24 epochs
    # .93, at .4 .94, at .8 .96; the trend's is .96 with 12 epochs and 1 with 24.
    ("joint", "shop"): Settings(
        config={"dropout": 0.1, "hidden_senses": 0.05, "skip": True},
        training={
            "epochs": 24,
            "batch_size": 64,
            "optimiser": Optimiser("adamw", learning_rate=3e-3, weight_decay=0.8, average=0.99),
        },
    ),
    # The table alone, mean absolute error on inner folds of the 320 rows that fold 0 does not test on (two draws of
    # five folds, two seeds each, by a replica of the network in numpy): zip codes of fewer than four rows without an id
    # 155.6, all with one 142.6; from two rows on, and a category of their first three digits, 141.1; `wide` too 139.3,
    # with that a squared error 143.4, five times the decay 140.0.
    ("house_photos", "houses"): Settings(
        config={
            "picture": "mobilenet",
            "width": 16,
            "units": (32,),
            "dropout": 0.2,
            "hidden_senses": 0.05,
            "skip": True,
            "wide": True,
        },
        training={
            "refit": True,
            "epochs": 60,
            "batch_size": 16,
            "optimiser": Optimiser("adamw", learning_rate=5e-3, weight_decay=0.1, average=0.99),
        },
        losses={"price": "mae"},
        pieces=8,
    ),
}


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry on this data; a tiny member has its own size."""
    found = SETTINGS.get((entry, dataset.name), USUAL)
    return replace(found, config={}) if describe(entry).for_tests else found


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The table's columns, and under "others" what the schema tells of columns that are neither text nor picture."""
    told = dataset.schema.model_config()
    others = {key: value for key, value in told.items() if key not in (*TABLE_KEYS, *SENSE_KEYS)}
    known = {key: value for key, value in told.items() if key in TABLE_KEYS}
    for way, number in {"pieces": settings.pieces, "bins": settings.bins}.items():
        if number and "numbers" in dataset.train.inputs:
            edges = bin_edges(dataset.train.inputs["numbers"], number)
            known["numbers"] = known["numbers"] | {way: edges}
    return {**known, **{key: told.get(key, {}) for key in SENSE_KEYS}, "others": others, **settings.config}


def init_model(model: keras.Model, dataset: Dataset) -> None:
    """Give the networks of the catalogue in it the weights that they learnt on ImageNet."""
    for network in backbones_in(model):
        load_imagenet(network, dataset.schema)


def fit_joint(model: keras.Model, train: Any, validation: Any, recipe: Any, **options: Any) -> Run:
    """`fit`, in which networks that were trained elsewhere stand still: what they give is computed once and kept."""
    frozen = list(backbones_in(model))
    for network in frozen:
        network.trainable = False
    if frozen and recipe.fine_tune == AUTO:
        recipe = replace(recipe, fine_tune=FineTune(AS_FROZEN, standardise=False))  # as the settings were chosen
    return fit(model, train, validation, recipe, **options)


def senses_of(schema: Schema) -> dict[str, tuple[str, ...]]:
    """Sense -> the inputs that belong to it: the columns of the table are one, each text and each picture is one."""
    found: dict[str, tuple[str, ...]] = {}
    for column in schema.columns:
        names = tuple(column.inputs) if not column.shared_input else (column.shared_input,)
        sense = "table" if column.shared_input or column.kind == "category" else column.name
        if names:
            found[sense] = tuple(dict.fromkeys((*found.get(sense, ()), *names)))
    return found


def explain_senses(pipeline: Pipeline, rows: Any) -> Frame:
    """One row for each of `rows`: its predictions, and beside them "output from sense", what each owes to a sense.

    That is the prediction less the one without the sense: a number in the target's units, of classes the probability of
    the label that is predicted.
    """
    frame = pipeline.rows(rows)
    samples = pipeline.schema.encode(frame, targets=False)
    own = {column.output for column in pipeline.schema.outputs}

    def predict(samples: Samples) -> dict[str, np.ndarray]:
        found = predict_outputs(pipeline.model, Batches(samples, batch_size=256))
        alone = {name: values[:, 0] if values.shape[1] == 1 else values for name, values in found.items()}
        kinds = pipeline.schema.targets
        return {
            name: pipeline.schema.original(name, values) if kinds[name].kind == "regression" else values
            for name, values in alone.items()
            if name in own
        }

    changes = sense_changes(predict, samples, senses_of(pipeline.schema))
    found = {f"{name} from {sense}": values for name, each in changes.items() for sense, values in each.items()}
    return pipeline.predict(frame).join(pandas().DataFrame(found, index=frame.index))


def file_options(schema: Schema) -> Mapping[str, Any]:
    """What other rows are read for: what the model predicts, with its kinds."""
    return {"targets": targets_of(schema)}


TASK = Task(
    name="joint",
    families=("joint",),
    of="rows of several senses",
    sources={
        "fashion": f"{JOINT_SOURCES}.fashion:fashion",
        "houses": f"{JOINT_SOURCES}.houses:houses",
        "shop": f"{JOINT_SOURCES}.shop:shop",
    },
    file=f"{JOINT_SOURCES}.joint_file:read_joint_file",
    suffixes=FORMATS,
    settings=settings,
    config=config,
    init_model=init_model,
    fit=fit_joint,
    file_options=file_options,
)
