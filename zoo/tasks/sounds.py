"""Sounds, and what is to be said of each: classes, numbers, tags; of folders, of tables with paths, of known sets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from zoo.catalogue import describe
from zoo.columns import Schema
from zoo.columns.frames import Frame
from zoo.datasets.dataset import Dataset
from zoo.samples import Samples
from zoo.sounds import SUFFIXES
from zoo.sounds.mel import FrontEnd
from zoo.tasks.length import Length
from zoo.tasks.settings import Settings
from zoo.tasks.single_column import files_as_rows, trained_as
from zoo.tasks.task import Task
from zoo.training import FineTune, Optimiser
from zoo.weights import metadata_if_ours

SOUND_SOURCES = "zoo.datasets.sounds"
# As the published weights were trained (Choi, audio_processor.py): mel power squared, then decibels, as they are.
TAGGER = {**asdict(FrontEnd(exponent=2.0)), "mean": 0.0, "std": 1.0}

USUAL = Settings(
    training={
        "optimiser": Optimiser("adamw", learning_rate=3e-3, schedule="one_cycle", weight_decay=2e-2),
        "augmentation": ["time_shift", "gain", "spec_augment"],
    },
    length=Length(steps=1_500, epochs=(10, 60), batch_size=(16, 64)),
)
# Heads are solved; the rate and the weight decay are for those that cannot be.
FINE_TUNING = Settings(
    config={"statistics": True},
    training={
        "optimiser": Optimiser("adamw", learning_rate=3e-3, schedule="one_cycle", weight_decay=1.0),
        "fine_tune": FineTune("linear_probe", solve=True),
    },
    length=Length(steps=1_500, epochs=(10, 60), batch_size=(16, 64)),
)
CHUNK = 64  # sounds decoded together


def settings(dataset: Dataset, entry: str, data: str) -> Settings:
    """Those of the entry on this data: the same for all; a tiny member has its own size."""
    if describe(entry).for_tests:
        return replace(USUAL, training={**USUAL.training, "augmentation": None})
    return USUAL


def config(dataset: Dataset, entry: str, settings: Settings) -> Mapping[str, Any]:
    """The shape of the spectrograms, and a head for each target."""
    told = dataset.schema.model_config()
    (shape,) = told["sounds"].values()
    return {**settings.config, "input_shape": shape, "outputs": told["outputs"]}


def options(entry: str, weights: str | None) -> Mapping[str, Any]:
    """How the entry wants its sounds: as its published weights were trained, or with the bands that its pools take."""
    from zoo import models

    if weights in describe(entry).weights:
        return {"front_end": dict(TAGGER)}
    taken = signature(getattr(models, entry)).parameters
    return {"front_end": {"bands": taken["input_shape"].default[0]}} if "pools" in taken else {}


def told(dataset: Dataset, entry: str, weights: str | None) -> list[str]:
    """How many sounds there are to train on and to judge by, and how they are read."""
    parts = (dataset.train, dataset.validation, dataset.test)
    left_out = len(dataset.card.get("left_out", ()))
    numbers = "{:,} sounds to train on, {:,} to validate, {:,} to test".format(*map(len, parts))
    numbers += f"; {left_out} files that cannot be read are left out." if left_out else "."
    (column,) = dataset.schema.of("sound")[:1]
    published = weights in describe(entry).weights
    how = f"prepared as {entry}.{weights} was trained" if published else "brought to mean and deviation of the training"
    return [numbers, f"Sounds are read as {column.describe()}, and {how}."]


def is_base(entry: str, weights: str | Path) -> bool:
    """Whether these are weights to fine-tune: a published set by its tag, or a file that no training here made."""
    if str(weights) in describe(entry).weights:
        return True
    path = Path(weights)
    return path.is_file() and path.suffix != ".keras" and not metadata_if_ours(path).get("pipeline")


def baseline_inputs(samples: Samples) -> Samples:
    """Mean and deviation of each mel band over time, which are few enough numbers for simple models."""
    (sounds,) = samples.inputs.values()
    starts = range(0, len(samples), CHUNK)
    parts = [row_statistics(sounds[np.arange(start, min(start + CHUNK, len(samples)))]) for start in starts]
    bands = sounds.shape[1]
    return replace(
        samples, inputs={"bands": np.concatenate(parts) if parts else np.empty((0, 2 * bands), np.float32)}, raw={}
    )


def row_statistics(sounds: np.ndarray) -> np.ndarray:
    """(n, bands, frames, 1) -> (n, 2 * bands): the mean of each band over time, and its deviation."""
    return np.concatenate([sounds.mean(axis=(2, 3)), sounds.std(axis=(2, 3))], axis=1)


def rows(files: Sequence[str], schema: Schema) -> Frame:
    """A sound a row: files, and those in folders."""
    from zoo.sounds.files import find_sounds

    return files_as_rows(files, schema, find_sounds)


TASK = Task(
    name="sounds",
    families=("music_tagger", "sound_cnn"),
    of="sounds",
    sources={"tones": f"{SOUND_SOURCES}.tones:tones", "genres": f"{SOUND_SOURCES}.genres:genres"},
    file=f"{SOUND_SOURCES}.sounds_file:read_sounds",
    suffixes=(".csv", ".csv.gz", ".tsv", ".jsonl", ".parquet"),
    settings=settings,
    config=config,
    options=options,
    folder=f"{SOUND_SOURCES}.sounds_file:read_sounds",
    inside=SUFFIXES,
    read_again=("types", "trained_as"),
    is_base=is_base,
    file_options=partial(trained_as, kind="sound"),
    fine_tuning=FINE_TUNING,
    baseline_inputs=baseline_inputs,
    told=told,
    rows=rows,
)
