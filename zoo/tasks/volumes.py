"""Volumes, and what is to be said of each: classes, numbers; of folders, of tables with paths, of known sets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.columns.frames import Frame
from zoo.datasets.dataset import Dataset
from zoo.samples import Samples
from zoo.tasks.length import Length
from zoo.tasks.settings import Settings
from zoo.tasks.single_column import files_as_rows, trained_as
from zoo.tasks.task import Task
from zoo.training import Optimiser
from zoo.volumes import SUFFIXES

VOLUME_SOURCES = "zoo.datasets.volumes"
CHUNK = 64  # volumes decoded together
POOLED = 2  # places a side whose means simple models see beside the measures

USUAL = Settings(
    training={
        "optimiser": Optimiser("adamw", learning_rate=3e-3, schedule="one_cycle", weight_decay=5e-2),
        "augmentation": ["flip_axes", "quarter_turns"],
    },
    # Never stopped early: a cycle whose rate has not come down yet is no better for the epochs that it has had.
    length=Length(steps=400, epochs=(10, 40), batch_size=(16, 32), patience=1.0),
)


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry on this data: the same for all; a tiny member is not augmented."""
    if describe(entry).for_tests:
        return replace(USUAL, training={**USUAL.training, "augmentation": None})
    return USUAL


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The shape of the volumes, and a head for each target."""
    told = dataset.schema.model_config()
    (shape,) = told["volumes"].values()
    return {**settings.config, "input_shape": shape, "outputs": told["outputs"]}


def told(dataset: Dataset, entry: str, weights: str | None) -> list[str]:
    """How many volumes there are to train on and to judge by, and how they are read."""
    parts = (dataset.train, dataset.validation, dataset.test)
    left_out = len(dataset.card.get("left_out", ()))
    numbers = "{:,} volumes to train on, {:,} to validate, {:,} to test".format(*map(len, parts))
    numbers += f"; {left_out} files that cannot be read are left out." if left_out else "."
    (column,) = dataset.schema.of("volume")[:1]
    turned = [each for each in dataset.card.get("orientations", ()) if each != "RAS"]
    axes = f" Volumes that lie otherwise ({', '.join(turned)}) are turned to RAS." if turned else ""
    return [numbers, f"Volumes are read as {column.describe()}.{axes}"]


def baseline_inputs(samples: Samples) -> Samples:
    """What simple models are shown of volumes: `measures`, and the means of 2 x 2 x 2 parts."""
    (volumes,) = samples.inputs.values()
    least = min((float(volumes[rows].min()) for rows in _chunks(samples)), default=0.0)
    parts = [
        np.concatenate([measures(volumes[rows], least), pooled(volumes[rows])], axis=1) for rows in _chunks(samples)
    ]
    width = 7 + POOLED**3
    return replace(samples, inputs={"measures": np.concatenate(parts) if parts else np.empty((0, width), "float32")},
                   raw={})  # fmt: skip


def _chunks(samples: Samples) -> list[np.ndarray]:
    return [np.arange(start, min(start + CHUNK, len(samples))) for start in range(0, len(samples), CHUNK)]


def measures(volumes: np.ndarray, least: float) -> np.ndarray:
    """(n, D, H, W, 1) -> (n, 7): logarithm of the number of voxels above `least`, extents along the axes, mean and
    deviation there, and the share of the box around them that they fill."""
    found = np.zeros((len(volumes), 7), np.float32)
    for row, volume in enumerate(volumes[..., 0]):
        inside = volume > least
        count = int(inside.sum())
        if not count:
            continue
        sides = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        extents = [int(each[-1] - each[0] + 1) for each in sides]
        found[row] = [np.log(count), *extents, volume[inside].mean(), volume[inside].std(), count / np.prod(extents)]
    return found


def pooled(volumes: np.ndarray, places: int = POOLED) -> np.ndarray:
    """(n, D, H, W, 1) -> (n, places^3): the means of equal parts."""
    found = volumes[..., 0]
    for axis in (1, 2, 3):
        cuts = np.linspace(0, found.shape[axis], places + 1).astype(int)
        parts = [np.take(found, np.arange(low, max(high, low + 1)).clip(0, found.shape[axis] - 1), axis).mean(axis=axis)
                 for low, high in pairwise(cuts)]  # fmt: skip
        found = np.stack(parts, axis=axis)
    return found.reshape(len(found), -1)


def rows(files: Sequence[str], schema: Schema) -> Frame:
    """A volume a row: files, those in folders, and folders of DICOM slices."""
    from zoo.volumes.files import find_volumes

    return files_as_rows(files, schema, find_volumes)


TASK = Task(
    name="volumes",
    families=("volume_classifier",),
    of="volumes",
    sources={"nodules": f"{VOLUME_SOURCES}.nodules:nodules", "adrenal3d": f"{VOLUME_SOURCES}.adrenal:adrenal3d"},
    file=f"{VOLUME_SOURCES}.volumes_file:read_volumes",
    suffixes=(".csv", ".csv.gz", ".tsv", ".jsonl", ".parquet"),
    settings=settings,
    config=config,
    folder=f"{VOLUME_SOURCES}.volumes_file:read_volumes",
    inside=SUFFIXES,
    read_again=("types", "trained_as", "points"),
    file_options=partial(trained_as, kind="volume"),
    baseline_inputs=baseline_inputs,
    told=told,
    rows=rows,
)
