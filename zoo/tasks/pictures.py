"""Pictures, and what is to be said of each: classes, numbers, tags; of folders, of tables with paths, of known sets.

`SETTINGS` were chosen on validation pictures (benchmarks/pictures/small_pictures.py); `USUAL` is what is usual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.catalogue import describe
from zoo.catalogue.images import FAMILIES
from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.datasets.dataset import Dataset
from zoo.errors import DataError, UnknownNameError
from zoo.models.dex import AGES
from zoo.pictures import SUFFIXES
from zoo.pretrained import Preprocessing, pretrained, pretrained_sets
from zoo.samples import Samples
from zoo.tasks.length import Length
from zoo.tasks.picture_groups import picture_groups
from zoo.tasks.picture_report import picture_report
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task, targets_of
from zoo.training import FineTune, Optimiser
from zoo.weights import metadata_if_ours

PICTURE_SOURCES = "zoo.datasets.pictures"

USUAL = Settings(
    training={"optimiser": Optimiser("adamw", learning_rate=2e-3, schedule="one_cycle", weight_decay=2e-2)},
    length=Length(steps=1_500, epochs=(10, 60), batch_size=(16, 64)),
)
# Of pretrained bases: a new layer on few photos wants a strong decay, and what is below it low rates, for it lost what
# it had learnt at higher ones; results/fine_tuning.json is what they reach.
FINE_TUNING = Settings(
    training={
        "optimiser": Optimiser("adamw", learning_rate=5e-3, schedule="one_cycle", weight_decay=1.0),
        "augmentation": "light",
        "fine_tune": FineTune("auto", rate=0.04, weight_decay=0.1, views=4, solve=True),
    },
    length=Length(steps=1_500, epochs=(10, 60), batch_size=(16, 64)),
)
DEX = "dex"  # the family whose outputs are ages of a fixed range
WHITENING = "whitening"
WHITENED = 5_000  # training pictures that it is learnt of
WHITENING_FLOOR = 5e-4  # of the variances, so that no noise is blown up
THUMBNAIL = 16  # pixels a side of what simple models are shown
LEAST_BINS, MOST_BINS = 11, 201
CHUNK = 512  # pictures decoded together
NAMED = 5  # labels that are named before a training
# (entry, data) -> settings; `USUAL` for the others
SETTINGS: dict[tuple[str, str], Settings] = {
    # A step of .05 on the mean of 50 pixels-by-deviation is the course's .01 on the sum of 50 pixels from 0 to 1.
    ("image_softmax", "mnist"): Settings(
        training={
            "epochs": 10,
            "batch_size": 50,
            "optimiser": Optimiser("sgd", learning_rate=0.05, schedule="constant", average_last=0.5),
        },
    ),
    ("image_mlp", "mnist"): Settings(
        config={"units": (512, 512), "dropout": 0.2},
        training={
            "epochs": 12,
            "batch_size": 128,
            "optimiser": Optimiser("adamw", learning_rate=2e-3, schedule="one_cycle", weight_decay=2e-2),
            "augmentation": "digits",
        },
    ),
    ("mnist_cnn", "mnist"): Settings(
        config={"filters": (16, 32, 64), "dropout": 0.2},
        training={
            "epochs": 10,
            "batch_size": 128,
            "optimiser": Optimiser("muon", learning_rate=1e-2, schedule="linear"),
            "augmentation": "digits",
        },
    ),
    # Two cores in some minutes: narrower than the published network, which is for a graphics processor.
    ("airbench94", "cifar10"): Settings(
        config={"widths": (24, 96, 128)},
        training={
            "epochs": 7,
            "batch_size": 256,
            "optimiser": Optimiser("muon", learning_rate=4e-2, schedule="linear"),
            "augmentation": ["alternating_flip", ("crop", {"padding": 0.0625})],  # 2 of 32 pixels
        },
        losses={"label": "smoothed_crossentropy"},
    ),
}


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry on this data."""
    return SETTINGS.get((entry, dataset.name), USUAL)


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The shape of the pictures, and a head for each target."""
    told = dataset.schema.model_config()
    (shape,) = told["pictures"].values()
    outputs = {name: _with_bins(options) for name, options in told["outputs"].items()}
    return {**settings.config, "input_shape": shape, "outputs": outputs}


def _with_bins(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """A number of known range is what a distribution over the whole numbers in it expects, as in DEX."""
    if "low" not in options:
        return options
    return {**options, "bins": min(MOST_BINS, max(LEAST_BINS, round(options["high"] - options["low"]) + 1))}


def options(entry: str, weights: str | None) -> Mapping[str, Any]:
    """How the entry wants its pictures: as its weights were trained, or of the size that it was designed for."""
    from zoo import models

    row = preprocessing_of(entry, weights) if weights else None
    if row is not None:
        return {"size": row.size, "channels": 3, "preprocessing": row.as_json()}
    size = getattr(getattr(models, entry), "size", None)
    return {} if size is None else {"size": size}


def preprocessing_of(entry: str, weights: str) -> Preprocessing | None:
    """How these weights of the entry want pictures; of a file that of its official set; None for our own files."""
    try:
        return pretrained(f"{entry}.{weights}").preprocessing
    except UnknownNameError:
        return pretrained_sets(entry)[0].preprocessing if describe(entry).weights else None


def told(dataset: Dataset, entry: str, weights: str | None) -> list[str]:
    """How many pictures there are to train on and to judge by, and how they are prepared."""
    parts = (dataset.train, dataset.validation, dataset.test)
    numbers = "{:,} pictures to train on, {:,} to validate, {:,} to test".format(*map(len, parts))
    classes = {name: target.labels for name, target in dataset.targets.items() if target.labels}
    numbers += "".join(f"; {len(labels)} classes of {name}: {_some(labels)}" for name, labels in classes.items())
    left_out = len(dataset.card.get("left_out", ()))
    found = [numbers + (f"; {left_out} files that cannot be read are left out." if left_out else ".")]
    found += _beyond(dataset) if describe(entry).family == DEX else []
    (column,) = dataset.schema.of("picture")[:1]
    sizes = f"Pictures are read as {column.describe()}"
    row = preprocessing_of(entry, weights) if weights else None
    if row is None:
        return [*found, f"{sizes}, and brought to the mean and deviation of the training pictures."]
    if weights in describe(entry).weights:
        return [*found, f"{sizes}, and prepared as {entry}.{weights} was trained."]
    official = pretrained_sets(entry)[0].tag
    return [*found, f"{sizes}, and prepared as {entry}.{official} was trained: '{weights}' does not say how."]


def _some(labels: Sequence[str]) -> str:
    """The first labels, and how many others there are."""
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(labels[:NAMED]) + more


def _beyond(dataset: Dataset) -> list[str]:
    """A sentence for each output with training labels that a distribution over 101 years cannot expect."""
    high = AGES - 1
    beyond = {name: int(((labels < 0) | (labels > high)).sum()) for name, labels in dataset.train.targets.items()}
    return [
        f"{rows} rows to train on have a '{name}' that is not within 0 to {high}: the model predicts none there."
        for name, rows in beyond.items()
        if rows
    ]


def is_base(entry: str, weights: str | Path) -> bool:
    """Whether these are weights to fine-tune: a published set by its tag, or a file that no training here made."""
    if str(weights) in describe(entry).weights:
        return True
    path = Path(weights)
    return path.is_file() and path.suffix != ".keras" and not metadata_if_ours(path).get("pipeline")


def init_model(model: keras.Model, dataset: Dataset) -> None:
    """A layer "whitening" gets the patches of the training pictures, rotated and scaled to be uncorrelated."""
    for layer in model.layers:
        if layer.name == WHITENING:
            pictures = next(iter(dataset.train.inputs.values()))
            layer.set_weights(whitening_weights(pictures[: min(len(pictures), WHITENED)], layer.kernel_size[0]))


def whitening_weights(pictures: np.ndarray, size: int) -> list[np.ndarray]:
    """(n, H, W, C) -> kernel (size, size, C, 2 * size * size * C) and bias: every eigenvector of the patches'
    covariance over its deviation, and the same with the other sign. Jordan 2024, section 3.2."""
    patches = np.lib.stride_tricks.sliding_window_view(pictures, (size, size), axis=(1, 2))  # (n, H', W', C, s, s)
    rows = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * pictures.shape[-1])
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    scaled = vectors / np.sqrt(values + WHITENING_FLOOR)
    both = np.concatenate([scaled, -scaled], axis=1).astype(np.float32)
    return [both.reshape(size, size, pictures.shape[-1], -1), np.zeros(both.shape[1], np.float32)]


def baseline_inputs(samples: Samples) -> Samples:
    """Small grey pictures, which are few enough numbers for simple models."""
    from zoo.pictures.pixels import shrunk

    (pictures,) = samples.inputs.values()
    parts = [shrunk(pictures[np.arange(start, min(start + CHUNK, len(samples)))], THUMBNAIL)
             for start in range(0, len(samples), CHUNK)]  # fmt: skip
    small = np.concatenate(parts) if parts else np.empty((0, THUMBNAIL**2), np.float32)
    return replace(samples, inputs={"pixels": small}, raw={})


def file_options(schema: Schema) -> Mapping[str, Any]:
    """What other pictures are read for: what the model predicts, whatever it is called there, however few labels."""
    targets, (picture, *_) = targets_of(schema), schema.of("picture")
    return {"targets": targets, "trained_as": {"picture": picture.name, "targets": targets, "outputs": schema.outputs}}


def rows(files: Sequence[str], schema: Schema) -> Frame:
    """A picture a row: files, and those in folders."""
    from zoo.pictures.photos import find_photos

    names = schema.names
    if len(names) != 1:
        raise DataError(f"The model reads the columns {', '.join(names)}; give a file of rows.")
    return pandas().DataFrame({names[0]: [str(path) for path in find_photos(files)]}, dtype=object)


TASK = Task(
    name="pictures",
    families=(*FAMILIES, "small_images", DEX),
    of="pictures",
    sources={
        "mnist": f"{PICTURE_SOURCES}.mnist:mnist",
        "cifar10": f"{PICTURE_SOURCES}.cifar10:cifar10",
        "pets37": f"{PICTURE_SOURCES}.photos:pets37",
        "cars64": f"{PICTURE_SOURCES}.photos:cars64",
        "utkface": f"{PICTURE_SOURCES}.photos:utkface",
    },
    file=f"{PICTURE_SOURCES}.pictures_file:read_pictures",
    suffixes=(".zip", ".csv", ".csv.gz", ".tsv", ".jsonl", ".parquet"),
    settings=settings,
    config=config,
    options=options,
    folder=f"{PICTURE_SOURCES}.pictures_file:read_pictures",
    inside=SUFFIXES,
    read_again=("picture", "group", "types", "trained_as"),
    is_base=is_base,
    file_options=file_options,
    fine_tuning=FINE_TUNING,
    init_model=init_model,
    baseline_inputs=baseline_inputs,
    told=told,
    groups=picture_groups,
    supplement=picture_report,
    rows=rows,
)
