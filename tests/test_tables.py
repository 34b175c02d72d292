"""A table's schema: what is learnt of the training rows, and that it survives a file."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.table_fixtures import SCHEMA, TARGETS, houses
from zoo.columns import Schema
from zoo.errors import DataError, ZooError
from zoo.samples import Target


def test_the_dtype_decides_the_kind():
    assert [column.name for column in SCHEMA.of("number")] == [
        "area",
        "floor",
        "soldYear",
        "soldDayofyear",
        "soldElapsed",
    ]
    assert [column.name for column in SCHEMA.of("category")][:2] == ["town", "garden"]
    assert [column.name for column in SCHEMA.of("date")] == ["sold"]
    assert SCHEMA.targets == {"price": Target("regression"), "kind": Target("binary", ("flat", "house"))}
    assert SCHEMA.names == ("area", "floor", "town", "garden", "sold")


def test_types_force_a_kind_of_a_column_and_of_a_part_of_a_date():
    schema = Schema.fit(houses(), TARGETS, types={"floor": "category", "soldYear": "category", "soldMonth": "number"})
    assert {"floor", "soldYear"} <= {column.name for column in schema.of("category")}
    assert "soldMonth" in [column.name for column in schema.of("number")]


def test_statistics_are_those_of_the_rows_where_the_number_is_known():
    area = SCHEMA.of("number")[0]
    known = np.array([50.0, 70.0, 90.0, 110.0, 60.0])
    assert (area.median, area.low, area.high, area.missing) == (70.0, 50.0, 110.0, 1)
    assert (area.mean, area.deviation) == (pytest.approx(known.mean()), pytest.approx(known.std()))


@pytest.mark.parametrize(
    ("scaling", "expected"), [("z-score", (76.0, 1 / 21.540659)), ("min-max", (50.0, 1 / 60)), (None, (0.0, 1.0))]
)
def test_the_model_is_told_how_to_scale(scaling, expected):
    numbers = Schema.fit(houses(), TARGETS, scaling=scaling).model_config()["numbers"]
    assert (numbers["shifts"][0], numbers["factors"][0]) == pytest.approx(expected)


def test_a_column_that_never_varies_is_scaled_to_nothing():
    numbers = Schema.fit(houses(floor=[3] * 6), TARGETS).model_config()["numbers"]
    assert numbers["factors"][1] == 0.0


def test_the_config_says_which_columns_had_a_gap():
    config = SCHEMA.model_config()
    assert config["numbers"]["flags"] == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert "garden" in config["complete"]
    assert "town" not in config["complete"]


def test_ignored_columns_are_no_inputs():
    schema = Schema.fit(houses(), TARGETS, ignore=("town", "sold", "garden"))
    assert schema.names == ("area", "floor")


def test_parts_of_a_date_can_be_ignored_too_and_take_the_place_of_columns_that_are():
    schema = Schema.fit(houses(soldYear=0), TARGETS, ignore=("soldElapsed", "soldYear"))
    assert [column.name for column in schema.of("number")] == ["area", "floor", "soldDayofyear"]
    assert len(schema.encode(houses())) == 6


def test_rare_values_share_the_id_of_values_never_seen():
    frame = pd.DataFrame({"town": [*"aaaabbbccd"], "y": range(10)})
    frequent = Schema.fit(frame, {"y": "regression"}, max_cardinality=2)
    often = Schema.fit(frame, {"y": "regression"}, min_count=2)
    assert frequent.of("category")[0].vocabulary == ("a", "b")
    assert often.of("category")[0].vocabulary == ("a", "b", "c")
    np.testing.assert_array_equal(often.encode(frame).inputs["town"], [2, 2, 2, 2, 3, 3, 3, 4, 4, 1])
    assert often.of("category")[0].rare == 1


def test_a_schema_survives_json():
    schema = Schema.fit(houses(), TARGETS, log=["price"], ranges={"price": "training"})
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_a_column_narrower_than_float32_can_scale_says_nothing():
    frame = {"thin": [1e-42, 2e-42] * 3, "price": range(6)}
    assert Schema.fit(frame, {"price": "regression"}).model_config()["numbers"]["factors"] == [0.0]


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("number", "origin", "0"),
        ("number", "median", float("nan")),
        ("number", "name", ["area"]),
        ("category", "vocabulary", "ab"),
        ("category", "vocabulary", [["a"]]),
        ("category", "input", 5),
        ("date", "first", "once"),
        ("date", "prefix", 5),
        ("outputs", "log", "no"),
        ("outputs", "target", {"kind": "binary", "labels": [1, 2], "unit": ""}),
    ],
)
def test_a_value_of_another_type_in_a_schema_is_told_when_it_is_read(part, name, value):
    values = json.loads(json.dumps(SCHEMA.to_json()))
    parts = values["outputs"] if part == "outputs" else [each for each in values["columns"] if each["kind"] == part]
    parts[0][name] = value
    with pytest.raises(DataError, match=r"schema is damaged: .*" if part != "outputs" or name == "log" else "labels"):
        Schema.from_json(values)


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 9},
        {"numbers": [{"name": "a"}]},
        {"columns": [{"name": "a"}]},
        {"columns": [{"kind": "number", "name": "a", "meen": 1.0}]},
        {"outputs": None},
        {"rows": ...},
        {"rows": "six"},
        {"scaling": "none"},
    ],
)
def test_a_damaged_schema_is_told(damage):
    values = {key: value for key, value in (SCHEMA.to_json() | damage).items() if value is not ...}
    with pytest.raises(ZooError, match=r"schema|scaling"):
        Schema.from_json(values)
