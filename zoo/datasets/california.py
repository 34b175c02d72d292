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
UNIT = "$100,000"


def california(*, seed: int = 0, only: str | None = None) -> Table:
    """The districts shared out 70:10:20 at random; target "value" in units of $100,000 (capped at 5).

    Eight columns and three of their ratios; `only` keeps a single one, such as "rooms_per_household", which is as
    near as this table comes to the area of a house. Raises `UnknownNameError` for another column.
    """
    with np.load(fetch(ARTIFACT), allow_pickle=False) as arrays:
        frame = pd.DataFrame(arrays["x"].astype(np.float32), columns=list(COLUMNS))
        frame["value"] = arrays["y"].astype(np.float32) / 1e5
    frame["rooms_per_household"] = frame["rooms"] / frame["households"]
    frame["bedrooms_per_room"] = frame["bedrooms"] / frame["rooms"]
    frame["people_per_household"] = frame["population"] / frame["households"]
    if only is not None:
        require_known("column of california", only, (*COLUMNS, *DERIVED))
        frame = frame[[only, "value"]]
    train, validation, test = split_rows(frame, seed=seed)
    return Table(
        "california",
        train,
        validation,
        test,
        targets={"value": Target("regression", unit=UNIT)},
        card={
            "source": "Pace and Barry 1997, as keras.datasets.california_housing ships it",
            "licence": "public",
            "split": "70:10:20 at random",
            "seed": seed,
        },
    )
