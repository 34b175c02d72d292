"""Pictures, and what is to be said of each: classes, numbers, tags; of folders, of tables with paths, of known sets.

All choices of the settings were made on validation splits.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.catalogue import describe
from zoo.catalogue.images import FAMILIES
from zoo.columns import Schema
from zoo.columns.frames import Frame, pandas
from zoo.datasets.dataset import Dataset
from zoo.errors import DataError, UnknownNameError
from zoo.pretrained import Preprocessing, pretrained, pretrained_sets
from zoo.tasks.settings import Settings
from zoo.tasks.task import Task
from zoo.training import Optimiser
from zoo.weights import metadata_if_ours

PICTURE_SOURCES = "zoo.datasets.pictures"

# From fresh weights, the rates of a one-cycle schedule.
FRESH = Settings(
    training={
        "epochs": 20,
        "batch_size": 64,
        "optimiser": Optimiser("adamw", learning_rate=2e-3, schedule="one_cycle", weight_decay=2e-2),
    },
)
SETTINGS: dict[tuple[str, str], Settings] = {}  # (entry, data) -> settings; `FRESH` for the others


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry on this data."""
    return SETTINGS.get((entry, dataset.name), FRESH)


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The shape of the pictures, and a head for each target."""
    (shape,) = dataset.schema.model_config()["pictures"].values()
    return {**settings.config, "input_shape": shape, "outputs": dataset.schema.model_config()["outputs"]}


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


def is_base(entry: str, weights: str | Path) -> bool:
    """Whether these are weights to fine-tune: a published set by its tag, or a file that no training here made."""
    if str(weights) in describe(entry).weights:
        return True
    path = Path(weights)
    return path.is_file() and path.suffix != ".keras" and not metadata_if_ours(path).get("pipeline")


def rows(files: Sequence[str], schema: Schema) -> Frame:
    """A picture a row: files, and those in folders."""
    from zoo.pictures.photos import find_photos

    names = schema.names
    if len(names) != 1:
        raise DataError(f"The model reads the columns {', '.join(names)}; give a file of rows.")
    return pandas().DataFrame({names[0]: [str(path) for path in find_photos(files)]}, dtype=object)


TASK = Task(
    name="pictures",
    families=(*FAMILIES, "small_images"),
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
    folders=True,
    is_base=is_base,
    rows=rows,
)
