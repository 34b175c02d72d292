"""Shapes of adrenal glands, normal or with a mass: a sample of AdrenalMNIST3D at 32 voxels a side.

Yang et al. 2023, MedMNIST v2, doi 10.1038/s41597-022-01721-8.
"""

import numpy as np
import pandas as pd

from zoo.artifacts import fetch
from zoo.datasets.checks import require_seed
from zoo.datasets.splits import split_by_labels
from zoo.datasets.table import Table
from zoo.datasets.volumes.build import VOLUME, volume_columns
from zoo.samples import Target

ARTIFACT = "adrenal3d.sample"
KINDS = ("normal", "mass")
HELD_OUT = 0.12  # of the training part, to choose by


def adrenal3d(*, seed: int = 0) -> Table:
    """1,188 glands to train on, of which 12 % are held out to choose by, and 98 to test, which are its validation part;
    target "state"."""
    parts = read_adrenal()
    frames = [
        pd.DataFrame({VOLUME: pd.Series(list(volumes), dtype=object), "state": np.array(KINDS)[labels]})
        for volumes, labels in parts
    ]
    random = np.random.default_rng(require_seed(seed))
    held_out = split_by_labels(parts[0][1][:, None], (HELD_OUT, 0.0), random) == 1
    train, validation = (frames[0][rows].reset_index(drop=True) for rows in (~held_out, held_out))
    return Table(
        "adrenal3d",
        train,
        validation,
        frames[1],
        targets={"state": Target("binary", KINDS)},
        columns=volume_columns({}),
        unit="glands",
        card={
            "source": "Yang et al. 2023, MedMNIST v2, AdrenalMNIST3D, half of its training and validation parts",
            "licence": "CC BY 4.0",
            "split": "validation out of its training part; the test is its validation part",
            "seed": seed,
        },
    )


def read_adrenal() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(volumes (n, 32, 32, 32) bytes, labels (n,)) of its training part, and of its validation part."""
    with np.load(fetch(ARTIFACT), allow_pickle=False) as file:
        parts = [(file[f"{part}_images"], file[f"{part}_labels"].reshape(-1).astype(int)) for part in ("train", "val")]
    return parts[0], parts[1]
