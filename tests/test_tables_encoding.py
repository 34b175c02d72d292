"""Rows of a table become arrays by its schema: values, names of inputs, parts of dates."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import zoo
from tests.table_fixtures import SCHEMA, TARGETS, houses
from zoo.columns import Schema, add_date_parts
from zoo.columns.fitting import layer_names
from zoo.errors import DataError
from zoo.samples import Target


def test_rows_become_raw_numbers_and_ids():
    samples = SCHEMA.encode(houses())
    np.testing.assert_array_equal(samples.inputs["numbers"][:, 0], np.float32([50, np.nan, 70, 90, 110, 60]))
    np.testing.assert_array_equal(samples.inputs["town"], [4, 2, 0, 4, 0, 3])  # Bonn, Trier, Ulm from 2 on
    np.testing.assert_array_equal(samples.inputs["garden"], [3, 2, 3, 3, 2, 2])
    np.testing.assert_array_equal(samples.targets["kind"], [0, 1, 1, 0, 0, 1])
    assert samples.inputs["numbers"].dtype == np.float32
    assert samples.inputs["town"].dtype == samples.targets["kind"].dtype == np.int32


def test_columns_are_found_by_name_in_any_order_and_others_ignored():
    frame = houses(extra=range(6))
    shuffled = frame[sorted(frame.columns, reverse=True)]
    expected, found = SCHEMA.encode(houses()), SCHEMA.encode(shuffled)
    for name, values in expected.inputs.items():
        np.testing.assert_array_equal(found.inputs[name], values)


def test_a_row_means_the_same_alone_as_in_a_table_whatever_its_index():
    frame = houses().set_axis([9, 9, 7, 1, 0, 2])
    whole = SCHEMA.encode(frame)
    for row in range(6):
        alone = SCHEMA.encode(frame.iloc[[row]], targets=False)
        for name, values in alone.inputs.items():
            np.testing.assert_array_equal(values[0], whole.inputs[name][row])


def test_a_gap_where_training_had_none_is_a_gap():
    samples = SCHEMA.encode(houses(floor=[None, 2, 3, 4, 5, np.nan], garden=[None, *[True] * 5]), targets=False)
    np.testing.assert_array_equal(np.isnan(samples.inputs["numbers"][:, 1]), [True, False, False, False, False, True])
    assert samples.inputs["garden"][0] == 0


def test_a_missing_date_has_missing_parts():
    samples = SCHEMA.encode(houses(sold=[None, "", "2016-01-01", date(2016, 1, 1), pd.NaT, pd.Timestamp("2016-01-01")]))
    assert np.isnan(samples.inputs["numbers"][[0, 1, 4], 2:]).all()
    assert (samples.inputs["soldMonth"][[0, 1, 4]] == 0).all()
    assert (samples.inputs["soldIs_year_start"][[0, 1, 4]] == 0).all()
    assert len(set(samples.inputs["soldMonth"][[2, 3, 5]])) == 1


def test_a_category_never_seen_has_id_1():
    assert SCHEMA.encode(houses(town=["Köln"] * 6)).inputs["town"].tolist() == [1] * 6


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2", "3", "4", "5", " 6 "],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        [Decimal(number) for number in range(1, 7)],
        pd.Categorical([1, 2, 3, 4, 5, 6]),
        pd.array([1, 2, 3, 4, 5, 6], dtype="Int64"),
        np.arange(1, 7, dtype=np.uint8),
    ],
    ids=str,
)
def test_numbers_of_another_type_are_the_same_numbers(values):
    np.testing.assert_array_equal(SCHEMA.encode(houses(floor=values)).inputs["numbers"][:, 1], [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    "values", [[1, 2], [1.0, 2.0], ["1", "2"], ["1.0", " 2 "], pd.Categorical(["1", "2"])], ids=str
)
def test_categories_of_another_type_are_the_same_categories(values):
    schema = Schema.fit(
        pd.DataFrame({"store": [1, 2], "y": [1.0, 2.0]}), {"y": "regression"}, types={"store": "category"}
    )
    np.testing.assert_array_equal(schema.encode({"store": values}).inputs["store"], [2, 3])


def test_targets_are_encoded_where_they_are_and_asked_for():
    rows = houses().drop(columns="price")
    assert set(SCHEMA.encode(rows).targets) == {"kind"}
    assert SCHEMA.encode(houses(), targets=False).targets == {}
    with pytest.raises(DataError, match="lacks 'price', which are targets"):
        SCHEMA.encode(rows, targets=True)


def test_missing_targets_are_missing_labels():
    samples = SCHEMA.encode(houses(price=[None, 2, 3, 4, 5, 6], kind=["flat", None, "", "house", "flat", "flat"]))
    assert np.isnan(samples.targets["price"][0])
    np.testing.assert_array_equal(samples.targets["kind"], [0, -1, -1, 1, 0, 0])


def test_a_log_target_is_stored_as_its_logarithm_and_comes_back():
    schema = Schema.fit(houses(), TARGETS, log=["price"], ranges={"price": (50.0, 500.0)})
    stored = schema.encode(houses()).targets["price"]
    np.testing.assert_allclose(stored, np.log(houses()["price"]), rtol=1e-6)
    np.testing.assert_allclose(schema.original("price", stored), houses()["price"], rtol=1e-6)
    config = schema.model_config()["outputs"]["price"]
    assert (config["low"], config["high"]) == pytest.approx((np.log(50), np.log(500)))
    assert schema.targets["price"].unit == "log"
    euros = Schema.fit(houses(), {"price": Target("regression", unit="€")}, log=["price"])
    assert euros.targets["price"].unit == "log €"  # a report of what the model predicts is in that
    assert euros.outputs[0].target.unit == "€"
    assert Schema.from_json(euros.to_json()).targets == euros.targets


def test_the_range_of_training_is_a_tenth_wider_on_both_sides():
    config = Schema.fit(houses(), TARGETS, ranges={"price": "training"}).model_config()["outputs"]["price"]
    assert (config["low"], config["high"]) == pytest.approx((80.0, 320.0))


def test_groups_are_texts_of_columns():
    groups = SCHEMA.encode(houses(), groups=["town", "soldYear"]).groups
    assert groups["town"].tolist() == ["Ulm", "Bonn", "", "Ulm", "", "Trier"]
    assert groups["soldYear"].tolist()[:4] == ["2015", "2015", "2015", "2016"]


def test_times_of_one_day_in_seconds_are_told_apart():
    times = 1_700_000_000.0 + np.arange(100)
    schema = Schema.fit({"time": times, "y": np.arange(100.0)}, {"y": "regression"})
    assert len(np.unique(schema.encode({"time": times}).inputs["numbers"])) == 100
    config = schema.model_config()["numbers"]
    scaled = (schema.encode({"time": times}).inputs["numbers"] - np.float32(config["shifts"])) * np.float32(
        config["factors"]
    )
    np.testing.assert_allclose(scaled[:, 0], (times - times.mean()) / times.std(), atol=1e-5)


def test_names_that_no_layer_can_have_are_changed_for_the_model_alone():
    frame = pd.DataFrame({"work class": list("ab"), "work/class": list("cd"), "größe": [1, 2], "€": [1.0, 2.0]})
    schema = Schema.fit(frame, {"€": "regression"})
    assert [column.input for column in schema.of("category")] == ["work_class", "work_class_2"]
    assert schema.encode(frame).targets["column_"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("column", ["features", "cast", "where_1", "hidden1_dense", "town_embedding", "town_one_hot"])
@pytest.mark.parametrize("entry", ["mlp_tiny", "entity_embedding_tiny"])
def test_a_column_may_be_called_as_a_layer_inside_the_model(entry, column):
    frame = houses(**{column: list("xyzxyz")}).drop(columns="kind")
    schema = Schema.fit(frame, {"price": "regression"}, ranges={"price": "training"})
    model = zoo.create_model(entry, **schema.model_config())
    assert schema.column(column).input in [tensor.name for tensor in model.inputs]


@pytest.mark.parametrize("entry", ["mlp_tiny", "entity_embedding_tiny"])
def test_no_column_is_given_the_name_of_an_inner_layer(entry):
    schema = Schema.fit(houses(), TARGETS, ranges={"price": "training"})
    config = schema.model_config()
    edges = [[0.0, 1.0]] * len(schema.of("number"))
    model = zoo.create_model(entry, **config | {"numbers": config["numbers"] | {"pieces": edges, "bins": edges}})
    own = {tensor.name for tensor in model.inputs} | {*model.output}
    inner = [operation.name for operation in model.operations if operation.name not in own]
    assert [name for name in layer_names(inner, set()) if name in inner] == []


def test_a_category_called_numbers_does_not_take_the_place_of_the_numbers():
    schema = Schema.fit({"numbers": ["a", "b"], "x": [1, 2], "y": [1.0, 2.0]}, {"y": "regression"})
    assert list(schema.inputs) == ["numbers", "numbers_2"]
    assert schema.column("numbers").input == "numbers_2"


# --- dates


def test_parts_of_a_date_are_those_of_fast_ai():
    frame = add_date_parts(pd.DataFrame({"SaleDate": ["2016-02-29", "2015-12-31", "2016-01-01"]}), "SaleDate")
    assert list(frame.columns) == [
        "Sale" + part
        for part in (
            *("Year", "Month", "Week", "Day", "Dayofweek", "Dayofyear", "Is_month_end", "Is_month_start"),
            *("Is_quarter_end", "Is_quarter_start", "Is_year_end", "Is_year_start", "Elapsed"),
        )
    ]
    rows = frame.to_numpy().tolist()
    assert rows[0] == [2016, 2, 9, 29, 0, 60, True, False, False, False, False, False, 1456704000.0]
    assert rows[1] == [2015, 12, 53, 31, 3, 365, True, False, True, False, True, False, 1451520000.0]
    assert rows[2] == [2016, 1, 53, 1, 4, 1, False, True, False, True, False, True, 1451606400.0]


def test_date_parts_leave_the_table_itself_alone():
    frame = houses()
    added = add_date_parts(frame, "sold", prefix="", drop=False, time=True)
    assert list(frame.columns) == list(houses().columns)
    assert {"sold", "Year", "Hour", "Minute", "Second"} <= set(added.columns)


@pytest.mark.filterwarnings("error")
def test_parts_of_a_date_are_read_without_a_warning():
    add_date_parts(pd.DataFrame({"date": pd.to_datetime(["2015-07-31"])}), "date")


def test_days_of_pyarrow_are_days():
    days = pd.Series([date(2015, 7, 31), None]).astype("date32[pyarrow]")
    assert add_date_parts({"date": days}, "date")["Day"].tolist()[0] == 31


def test_times_with_a_zone_have_the_parts_of_their_own_clock():
    aware = pd.to_datetime(["2015-12-31 23:30:00+00:00"]).tz_convert("Europe/Berlin")
    assert add_date_parts(pd.DataFrame({"Date": aware}), "Date")["Year"].tolist() == [2016]
    assert add_date_parts(pd.DataFrame({"Date": ["2016-01-01T00:30:00+01:00"]}), "Date")["Year"].tolist() == [2016]
