"""A table of flats with gaps and a target of each kind, its schema, and a pipeline that answers for it."""

import numpy as np
import pandas as pd

import zoo
from zoo.columns import Schema
from zoo.pipeline import Pipeline

ROWS = 70


def flats(seed=0):
    """Numbers with gaps, categories with gaps, a date, and a target of each kind."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "area": random.normal(50, 20, ROWS).round(1),
            "floor": random.integers(0, 6, ROWS),
            "work class": random.choice(["a", "b", "c", None], ROWS),
            "store": random.integers(1, 9, ROWS),
            "day": pd.to_datetime("2015-01-01") + pd.to_timedelta(random.integers(0, 500, ROWS), "D"),
            "price": np.exp(random.normal(5, 1, ROWS)),
            "ok": random.choice(["no", "yes"], ROWS),
            "kind": random.choice(list("xyz"), ROWS),
        }
    )
    frame.loc[::7, "area"] = np.nan
    return frame


SCHEMA = Schema.fit(
    flats(),
    {"price": "regression", "ok": "binary", "kind": "classification"},
    types={"store": "category"},
    log=["price"],
    ranges={"price": "training"},
)


def hard_rows():
    """Rows with gaps where training had none, and values that it had not."""
    frame = flats(1).astype({"floor": "float64"})
    frame.loc[:10, "floor"] = np.nan
    frame.loc[5:15, "work class"] = "never seen"
    frame.loc[3:8, "store"] = 99
    frame.loc[20:25, "day"] = pd.NaT
    return frame


def pipeline_of(name="entity_embedding_tiny", **options):
    """A pipeline with random weights that tell rows apart."""
    model = zoo.create_model(name, **SCHEMA.model_config(), **options)
    random = np.random.default_rng(3)
    for variable in model.weights:
        positive = np.abs(random.normal(size=variable.shape)) * 0.3 + 0.1
        variable.assign(random.normal(size=variable.shape) * 0.3 if len(variable.shape) > 1 else positive)
    return Pipeline(SCHEMA, model)
