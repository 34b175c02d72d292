"""Fashion items of a shop: a picture, a name and attributes, from which season, usage and year are to be told.

The pictures are a shop's: they are for figures alone, and none is to be shown.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from zoo.artifacts import fetch, read_members
from zoo.datasets.joint.senses import column_options
from zoo.datasets.table import Table, split_rows
from zoo.samples import Target

PICTURE, NAME = "picture", "name"
ATTRIBUTES = ("gender", "masterCategory", "subCategory", "articleType", "baseColour")
SEASONS = ("Spring", "Summer", "Fall", "Winter")
USAGES = ("Casual", "Ethnic", "Formal", "Sports")  # those of 30 items or more; others have no label
SIZE = (160, 120)  # height and width of twice the pictures' own


def fashion(
    *, size: int | Sequence[int] = SIZE, preprocessing: Mapping[str, Any] | None = None, seed: int = 0
) -> Table:
    """6,000 items, shared out 70:10:20, seasons and usages alike; targets "season", "usage" and "year"."""
    files = dict(read_members(fetch("fashion.sample")))
    rows = pd.read_csv(io.BytesIO(next(text for name, text in files.items() if name.endswith("styles.csv"))), dtype=str)
    pictures = [files[f"images/{number}.jpg"] for number in rows["id"]]
    frame = pd.DataFrame(
        {
            PICTURE: pd.Series(pictures, dtype=object),
            NAME: rows["productDisplayName"],
            **{name: rows[name] for name in ATTRIBUTES},
            "season": rows["season"],
            "usage": rows["usage"].where(rows["usage"].isin(USAGES)),
            "year": pd.to_numeric(rows["year"]),
        }
    )
    strata = frame[["season", "usage"]].fillna("").astype(str).to_numpy()
    train, validation, test = split_rows(frame, seed=seed, strata=strata)
    return Table(
        "fashion",
        train,
        validation,
        test,
        targets={
            "season": Target("classification", SEASONS),
            "usage": Target("classification", USAGES),
            "year": Target("regression"),
        },
        columns={
            "types": {PICTURE: "picture", NAME: "text", **dict.fromkeys(ATTRIBUTES, "category")},
            "options": column_options([PICTURE], [NAME], size=size, preprocessing=preprocessing, words=30),
        },
        unit="items",
        card={
            "source": "Param Aggarwal, Fashion Product Images (Small), kaggle.com, a sample",
            "licence": "MIT (as published); the pictures are a shop's",
            "split": "70:10:20, stratified by season and usage",
            "seed": seed,
        },
    )
