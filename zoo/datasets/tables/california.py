"""California housing: the median house value of 20,640 districts of the census of 1990.

Pace and Barry, "Sparse Spatial Autoregressions", Statistics and Probability Letters 33, 1997.
"""

import numpy as np
import pandas as pd

from zoo.artifacts import fetch
from zoo.datasets.table import Table, split_rows
from zoo.errors import require_known
from zoo.samples import Target

ARTIFACT = "california-housing"
COLUMNS = ("longitude", "latitude", "age", "rooms", "bedrooms", "population", "households", "income")
DERIVED = ("rooms_per_household", "bedrooms_per_room", "people_per_household")
SQUARES = {"square_half": 2, "square_fifth": 5, "square_tenth": 10}  # column -> squares a degree
UNIT = "$100,000"
LEAST_DISTRICTS = 3  # of training in a square that has a vector of its own


def california(*, seed: int = 0, only: str | None = None) -> Table:
    """The districts shared out 70:10:20 at random; target "value" in units of $100,000 (capped at 5).

    Eight columns, three of their ratios, the coordinates along and across the coast, and the square of the map, of
    three sizes, as categories. `only` keeps a single column, such as "rooms_per_household", which is as near as this
    table comes to the area of a house. Raises `UnknownNameError` for another column.
    """
    with np.load(fetch(ARTIFACT), allow_pickle=False) as arrays:
        frame = pd.DataFrame(arrays["x"].astype(np.float32), columns=list(COLUMNS))
        frame["value"] = arrays["y"].astype(np.float32) / 1e5
    frame["rooms_per_household"] = frame["rooms"] / frame["households"]
    frame["bedrooms_per_room"] = frame["bedrooms"] / frame["rooms"]
    frame["people_per_household"] = frame["population"] / frame["households"]
    frame["across_coast"] = frame["latitude"] + frame["longitude"]
    frame["along_coast"] = frame["latitude"] - frame["longitude"]
    for name, squares in SQUARES.items():
        frame[name] = _squares(frame["latitude"], squares) + "_" + _squares(frame["longitude"], squares)
    if only is not None:
        require_known("column of california", only, (*COLUMNS, *DERIVED))
        frame = frame[[only, "value"]]
    train, validation, test = split_rows(frame, seed=seed)
    return Table(
        "california" if only is None else "california_one_feature",
        train,
        validation,
        test,
        targets={"value": Target("regression", unit=UNIT)},
        columns={"min_count": LEAST_DISTRICTS},
        card={
            "source": "Pace and Barry 1997, as keras.datasets.california_housing ships it",
            "licence": "public",
            "split": "70:10:20 at random",
            "seed": seed,
        },
    )


def _squares(degrees: pd.Series, squares: int) -> pd.Series:
    return np.floor(degrees * squares).astype(int).astype(str)
