"""Houses for sale in California: four photos, rooms, area and zip code, and the price. Ahmed and Moustafa 2016."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zoo.artifacts import fetch, read_members
from zoo.datasets.checks import require_count, require_seed
from zoo.datasets.joint.senses import column_options
from zoo.datasets.table import Table, split_rows
from zoo.errors import ConfigError
from zoo.samples import Target

ROOMS = ("bathroom", "bedroom", "frontal", "kitchen")
NUMBERS = ("bedrooms", "bathrooms", "area")
SIZE = 160
FOLDS = 5
# A zip code of one training row has no id: those that begin alike, with the three digits of a region, tell more of it.
CODES = {"min_count": 2, "prefixes": [3]}


def houses(
    *,
    size: int | Sequence[int] = SIZE,
    preprocessing: Mapping[str, Any] | None = None,
    fold: int | None = None,
    seed: int = 0,
) -> Table:
    """400 houses; target "price" in thousands of US dollars.

    They are shared out 70:10:20; or, with a `fold` from 0 to 4, that fifth of them is the test and an eighth of the
    others validation, so that five trainings predict each house once.
    """
    files = {name.rpartition("/")[2]: content for name, content in read_members(fetch("houses.sample"))}
    rows = pd.read_csv(io.BytesIO(files["houses.csv"]), dtype={"zipcode": str})
    frame = rows[[*NUMBERS, "zipcode"]].astype(dict.fromkeys(NUMBERS, float))
    for room in ROOMS:
        frame[room] = pd.Series([files.get(f"{number}_{room}.jpg") for number in rows["id"]], dtype=object)
    frame["price"] = rows["price"] / 1000.0
    train, validation, test = split_rows(frame, seed=seed) if fold is None else _fold(frame, fold, seed)
    return Table(
        "houses",
        train,
        validation,
        test,
        targets={"price": Target("regression", unit="1000 USD")},
        columns={
            "log": ("price",),
            "types": {"zipcode": "category", **dict.fromkeys(ROOMS, "picture")},
            "options": {
                **column_options(ROOMS, [], size=size, preprocessing=preprocessing),
                "zipcode": CODES,
            },
        },
        unit="houses",
        card={
            "source": "Ahmed and Moustafa 2016, House price estimation from visual and textual features, a sample",
            "licence": "none stated",
            "split": "70:10:20" if fold is None else f"fold {fold} of {FOLDS}",
            "seed": seed,
        },
    )


def _fold(frame: pd.DataFrame, fold: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Training, validation and test rows of one fold."""
    if require_count("fold", fold, least=0) >= FOLDS:
        raise ConfigError(f"'fold' must be a whole number from 0 to {FOLDS - 1}; received {fold!r}.")
    order = np.random.default_rng(require_seed(seed)).permutation(len(frame))
    tested = order[fold::FOLDS]
    rest = np.setdiff1d(order, tested)
    held_out = np.random.default_rng([seed, fold]).permutation(rest)[: len(rest) // 8]
    parts = (np.setdiff1d(rest, held_out), held_out, tested)
    train, validation, test = (frame.iloc[rows].reset_index(drop=True) for rows in parts)
    return train, validation, test
