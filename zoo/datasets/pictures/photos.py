"""Samples of three collections of photos: breeds of pets, models of cars, faces of people whose age is known."""

import csv
import io

import numpy as np

from zoo.artifacts import fetch, read_members
from zoo.datasets.class_folders import LABEL
from zoo.datasets.pictures.build import Preprocessing, Size, table_of_files
from zoo.datasets.table import Table
from zoo.samples import Target

AGES = (20, 40, 60)  # a report breaks the errors down by these ages
OLDEST = 116.0  # years, in the collection
SEXES = ("male", "female")


def pets37(
    *, size: Size = None, channels: int | None = None, preprocessing: Preprocessing = None, seed: int = 0
) -> Table:
    """259 photos of cats and dogs, 7 of each of 37 breeds; target "label"."""
    members = sorted((name, content) for name, content in read_members(fetch("pets37.sample"), ".jpg"))
    breeds = [name.split("/")[-2] for name, _ in members]
    return table_of_files(
        "pets37",
        [content for _, content in members],
        {LABEL: breeds},
        {LABEL: Target("classification", tuple(sorted(set(breeds))))},
        strata=breeds,
        seed=seed,
        card={"source": "Parkhi et al. 2012, Oxford-IIIT Pets, a sample", "licence": "CC BY-SA 4.0"},
        options={"size": size, "channels": channels, "preprocessing": preprocessing},
    )


def cars64(
    *, size: Size = None, channels: int | None = None, preprocessing: Preprocessing = None, seed: int = 0
) -> Table:
    """2,000 photos of cars, 96x64, of 196 models, whose names the sample does not hold; target "label"."""
    files = dict(read_members(fetch("cars64.sample")))
    table = next(content for name, content in files.items() if name.endswith("labels.csv"))
    rows = list(csv.reader(io.StringIO(table.decode("utf-8"))))[1:]
    labels = [label for _, label in rows]
    return table_of_files(
        "cars64",
        [files[name] for name, _ in rows],
        {LABEL: labels},
        {LABEL: Target("classification", tuple(sorted(set(labels), key=int)))},
        strata=labels,
        seed=seed,
        card={"source": "Krause et al. 2013, Stanford Cars, a sample", "licence": "non-commercial research"},
        options={"size": size, "channels": channels, "preprocessing": preprocessing},
    )


def utkface(
    *, size: Size = None, channels: int | None = None, preprocessing: Preprocessing = None, seed: int = 0
) -> Table:
    """8,000 aligned faces, 64x64; target "age" in years. Real people: for figures alone, none is to be shown."""
    named = sorted(
        (name.rpartition("/")[2], content) for name, content in read_members(fetch("utkface.sample"), ".jpg")
    )
    parts = [name.split("_") for name, _ in named]
    ages = np.array([int(each[0]) for each in parts])
    return table_of_files(
        "utkface",
        [content for _, content in named],
        {"age": ages.astype(float).tolist(), "sex": [SEXES[int(each[1])] for each in parts]},
        {"age": Target("regression", unit="years")},
        strata=np.digitize(ages, AGES).tolist(),
        seed=seed,
        card={"source": "Zhang et al. 2017, UTKFace, a sample", "licence": "non-commercial research"},
        options={"size": size, "channels": channels, "preprocessing": preprocessing},
        groups=("sex",),
        ranges={"age": (0.0, OLDEST)},
    )
