"""A small table with every kind of column, and the schema learnt of it."""

import numpy as np
import pandas as pd

from zoo.columns import Schema


def houses(**changes):
    """Six rows of every kind of column."""
    columns = {
        "area": [50.0, np.nan, 70.0, 90.0, 110.0, 60.0],
        "floor": [1, 2, 3, 4, 5, 6],
        "town": ["Ulm", "Bonn", None, "Ulm", " ", "Trier"],
        "garden": [True, False, True, True, False, False],
        "sold": pd.to_datetime(["2015-01-31", "2015-02-28", "2015-12-31", "2016-01-01", "2016-02-29", "2016-06-15"]),
        "price": [100.0, 200.0, 150.0, 300.0, 250.0, 120.0],
        "kind": ["flat", "house", "house", "flat", "flat", "house"],
    }
    return pd.DataFrame(columns | changes)


TARGETS = {"price": "regression", "kind": "binary"}
SCHEMA = Schema.fit(houses(), TARGETS)
