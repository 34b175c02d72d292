"""Lung nodules cut out of CT scans, benign or malignant: a sample of LIDC-IDRI, the background masked out.

Armato et al. 2011, The Lung Image Database Consortium.
"""

from typing import Any

import numpy as np
import pandas as pd

from zoo.artifacts import fetch
from zoo.datasets.checks import require_seed
from zoo.datasets.pictures.splitting import parts_of, split_pictures
from zoo.datasets.table import Table
from zoo.datasets.volumes.build import VOLUME, volume_columns
from zoo.samples import Target

ARTIFACT = "lidc.nodules"
KINDS = ("benign", "malignant")
SHAPE = (16, 32, 32)  # of 16 x 48 x 48: nineteen nodules of twenty are no wider than 30 voxels


def nodules(*, seed: int = 0, shape: Any = SHAPE) -> Table:
    """597 nodules, shared out 70:10:20 by exam, alike in kinds; target "malignancy"."""
    volumes, labels, exams = read_nodules()
    frame = nodule_rows(volumes, labels, exams)
    groups = np.unique(exams, return_inverse=True)[1]
    split = split_pictures(labels, groups, seed=require_seed(seed), of="nodules")
    return Table(
        "nodules",
        *parts_of(frame, split),
        targets={"malignancy": Target("binary", KINDS)},
        columns=volume_columns({"shape": shape}, ignore=["exam"]),
        unit="nodules",
        card={
            "source": "Armato et al. 2011, LIDC-IDRI, The Cancer Imaging Archive, a sample of masked nodules",
            "licence": "CC BY 3.0",
            "split": "70:10:20 by exam",
            "seed": seed,
        },
    )


def nodule_rows(volumes: np.ndarray, labels: np.ndarray, exams: np.ndarray) -> pd.DataFrame:
    """What `read_nodules` gives, a nodule a row."""
    kinds = np.array(KINDS)[labels]
    return pd.DataFrame({VOLUME: pd.Series(list(volumes), dtype=object), "malignancy": kinds, "exam": exams})


def read_nodules() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(597, 16, 48, 48) bytes, (597,) 1 where malignant, (597,) names of exams."""
    with np.load(fetch(ARTIFACT), allow_pickle=False) as file:
        exams = np.array([str(name).partition("|")[0] for name in file["ids"]])
        return file["volumes"], file["labels"].astype(int), exams
