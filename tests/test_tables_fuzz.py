"""Whatever is given as a table: arrays as promised, or one sentence."""

import datetime
import string
from contextlib import contextmanager
from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo.columns import Schema
from zoo.errors import ZooError

TRAIN = pd.DataFrame(
    {
        "size": [1.0, 2.0, np.nan, 4.0],
        "town": ["a", "b", None, "a"],
        "day": pd.to_datetime(["2015-01-01", "2015-06-01", "2016-01-01", "2016-06-01"]),
        "price": [1.0, 2.0, 3.0, 4.0],
        "kind": ["x", "y", "x", "y"],
    }
)
SCHEMA = Schema.fit(TRAIN, {"price": "regression", "kind": "binary"})
ANYTHING = st.one_of(
    st.none(),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.text(max_size=8),
    st.text(alphabet=string.digits + "-+.eE_ nainfNAx", max_size=8),
    st.dates(),
    st.datetimes(),
    st.decimals(allow_nan=False),
    st.binary(max_size=4),
    st.sampled_from(["2015-01-01", "2015-02-30", "1", "a", "x", pd.NA, pd.NaT, np.float32(1), np.int64(2), Decimal(3)]),
    st.lists(st.integers(), max_size=2),
    st.complex_numbers(),
    st.just(datetime.timedelta(1)),
    st.just(object()),
)
SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def one_sentence():
    """An error of the zoo's is one short line; any other goes through."""
    try:
        yield
    except ZooError as error:
        told = str(error)
        if "\n" in told or len(told) > 1000:
            raise AssertionError(f"no sentence: {told}") from error


def check(samples, rows):
    numbers = samples.inputs["numbers"]
    assert numbers.shape == (rows, len(SCHEMA.of("number")))
    assert not np.isinf(numbers).any()
    for column in SCHEMA.of("category"):
        ids = samples.inputs[column.input]
        assert ids.shape == (rows,)
        assert ids.min() >= 0
        assert ids.max() < column.size
    assert set(samples.targets.get("kind", [])) <= {-1, 0, 1}


@SETTINGS
@given(st.data())
def test_any_values_are_encoded_or_refused_in_one_sentence(data):
    rows = data.draw(st.integers(0, 4))
    names = data.draw(st.lists(st.sampled_from(list(TRAIN.columns)), unique=True, min_size=3))
    frame = {}
    for name in names:
        sound = [TRAIN[name].iloc[row % 4] for row in range(rows)]
        frame[name] = data.draw(st.one_of(st.just(sound), st.lists(ANYTHING, min_size=rows, max_size=rows)))
    with one_sentence():
        samples = SCHEMA.encode(frame)
        assert {"size", "town", "day"} <= set(names)
        check(samples, rows)


@SETTINGS
@given(st.dictionaries(st.text(max_size=6), st.lists(ANYTHING, min_size=3, max_size=3), max_size=4), st.booleans())
def test_any_table_is_learnt_or_refused_in_one_sentence(table, classes):
    with one_sentence():
        schema = Schema.fit({**table, "target": [1, 2, 3]}, {"target": "classification" if classes else "regression"})
        assert Schema.from_json(schema.to_json()) == schema
        samples = schema.encode({**table, "target": [1, 2, 3]})
        assert len(samples) == 3
        assert all(np.isfinite(value) for values in schema.model_config()["numbers"].values() for value in values)


@SETTINGS
@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-(10**6), 10**6)), min_size=2, max_size=20))
def test_numbers_come_back_as_they_were(values):
    frame = {"x": pd.Series(values, dtype=object), "y": np.arange(len(values), dtype=float)}
    schema = Schema.fit(frame, {"y": "regression"}, types={"x": "number"})
    found = schema.encode(frame).inputs["numbers"][:, 0].astype(float) + schema.of("number")[0].origin
    expected = np.array([np.nan if value is None else float(value) for value in values])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-30)


@SETTINGS
@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=2, max_size=20))
def test_a_category_is_told_from_every_other(values):
    frame = {"x": pd.Series(values, dtype=object), "y": np.arange(len(values), dtype=float)}
    schema = Schema.fit(frame, {"y": "regression"}, types={"x": "category"})
    column = schema.of("category")[0]
    ids = schema.encode(frame).inputs[column.input]
    for value, number in zip(values, ids, strict=True):
        text = (value or "").strip()
        assert (number == 0) == (not text)
        if text.casefold() in ("true", "false"):  # one category however they are written, and under one name alone
            assert column.vocabulary[number - 2] == text.capitalize()
        else:
            assert not text or column.vocabulary[number - 2] in (text, text.partition(".")[0])
