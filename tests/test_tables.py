"""A table's schema: what is learnt of the training rows, how rows become arrays, and what is said of unfit rows."""

import json
import sys
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import ConfigError, DataError, MissingExtraError, UnknownNameError, ZooError
from zoo.samples import Target
from zoo.tables import Schema, add_date_parts
from zoo.tables.fitting import layer_names


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


# --- learning


def test_the_dtype_decides_the_kind():
    assert [column.name for column in SCHEMA.numbers] == ["area", "floor", "soldYear", "soldDayofyear", "soldElapsed"]
    assert [column.name for column in SCHEMA.categories][:2] == ["town", "garden"]
    assert [column.name for column in SCHEMA.dates] == ["sold"]
    assert SCHEMA.targets == {"price": Target("regression"), "kind": Target("binary", ("flat", "house"))}
    assert SCHEMA.columns == ("area", "floor", "town", "garden", "sold")


def test_types_force_a_kind_of_a_column_and_of_a_part_of_a_date():
    schema = Schema.fit(houses(), TARGETS, types={"floor": "category", "soldYear": "category", "soldMonth": "number"})
    assert {"floor", "soldYear"} <= {column.name for column in schema.categories}
    assert "soldMonth" in [column.name for column in schema.numbers]


def test_statistics_are_those_of_the_rows_where_the_number_is_known():
    area = SCHEMA.numbers[0]
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
    assert schema.columns == ("area", "floor")


def test_parts_of_a_date_can_be_ignored_too_and_take_the_place_of_columns_that_are():
    schema = Schema.fit(houses(soldYear=0), TARGETS, ignore=("soldElapsed", "soldYear"))
    assert [column.name for column in schema.numbers] == ["area", "floor", "soldDayofyear"]
    assert len(schema.encode(houses())) == 6


def test_rare_values_share_the_id_of_values_never_seen():
    frame = pd.DataFrame({"town": [*"aaaabbbccd"], "y": range(10)})
    frequent = Schema.fit(frame, {"y": "regression"}, max_cardinality=2)
    often = Schema.fit(frame, {"y": "regression"}, min_count=2)
    assert frequent.categories[0].vocabulary == ("a", "b")
    assert often.categories[0].vocabulary == ("a", "b", "c")
    np.testing.assert_array_equal(often.encode(frame).inputs["town"], [2, 2, 2, 2, 3, 3, 3, 4, 4, 1])
    assert often.categories[0].rare == 1


def test_a_schema_survives_json():
    schema = Schema.fit(houses(), TARGETS, log=["price"], ranges={"price": "training"})
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_a_column_narrower_than_float32_can_scale_says_nothing():
    frame = {"thin": [1e-42, 2e-42] * 3, "price": range(6)}
    assert Schema.fit(frame, {"price": "regression"}).model_config()["numbers"]["factors"] == [0.0]


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("numbers", "origin", "0"),
        ("numbers", "median", float("nan")),
        ("numbers", "name", ["area"]),
        ("categories", "vocabulary", "ab"),
        ("categories", "vocabulary", [["a"]]),
        ("categories", "input", 5),
        ("dates", "first", "once"),
        ("dates", "prefix", 5),
        ("outputs", "log", "no"),
        ("outputs", "target", {"kind": "binary", "labels": [1, 2], "unit": ""}),
    ],
)
def test_a_value_of_another_type_in_a_schema_is_told_when_it_is_read(part, name, value):
    values = json.loads(json.dumps(SCHEMA.to_json()))
    values[part][0][name] = value
    with pytest.raises(DataError, match=r"schema is damaged: .*" if part != "outputs" or name == "log" else "labels"):
        Schema.from_json(values)


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 9},
        {"numbers": [{"name": "a"}]},
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


# --- encoding


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
    assert schema.inputs == {"work class": "work_class", "work/class": "work_class_2"}
    assert schema.encode(frame).targets["column_"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("column", ["features", "cast", "where_1", "hidden1_dense", "town_embedding", "town_one_hot"])
@pytest.mark.parametrize("entry", ["mlp_tiny", "entity_embedding_tiny"])
def test_a_column_may_be_called_as_a_layer_inside_the_model(entry, column):
    frame = houses(**{column: list("xyzxyz")}).drop(columns="kind")
    schema = Schema.fit(frame, {"price": "regression"}, ranges={"price": "training"})
    model = zoo.create_model(entry, **schema.model_config())
    assert schema.inputs[column] in [tensor.name for tensor in model.inputs]


@pytest.mark.parametrize("entry", ["mlp_tiny", "entity_embedding_tiny"])
def test_no_column_is_given_the_name_of_an_inner_layer(entry):
    schema = Schema.fit(houses(), TARGETS, ranges={"price": "training"})
    config = schema.model_config()
    edges = [[0.0, 1.0]] * len(schema.numbers)
    model = zoo.create_model(entry, **config | {"numbers": config["numbers"] | {"pieces": edges, "bins": edges}})
    own = {tensor.name for tensor in model.inputs} | {*model.output}
    inner = [operation.name for operation in model.operations if operation.name not in own]
    assert [name for name in layer_names(inner, set()) if name in inner] == []


def test_a_category_called_numbers_does_not_take_the_place_of_the_numbers():
    schema = Schema.fit({"numbers": ["a", "b"], "x": [1, 2], "y": [1.0, 2.0]}, {"y": "regression"})
    assert schema.inputs == {"numbers": "numbers_2"}


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


def test_times_with_a_zone_are_those_of_utc():
    aware = pd.to_datetime(["2015-12-31 23:30:00+00:00"]).tz_convert("Europe/Berlin")
    assert add_date_parts(pd.DataFrame({"Date": aware}), "Date")["Year"].tolist() == [2015]
    assert add_date_parts(pd.DataFrame({"Date": ["2016-01-01T00:30:00+01:00"]}), "Date")["Year"].tolist() == [2015]


# --- what does not fit is told in one sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.drop(columns="area"), "lacks 'area'"),
        (lambda f: f.rename(columns={"area": "Area"}), "lacks 'area'.*Did you mean 'Area' for 'area'"),
        (lambda f: f.iloc[:0], "is empty: it has 7 columns and no row"),
        (lambda f: f.assign(floor=["1", "2", "three", "4", "5", "6"]), "'floor' must be numbers; row 3 holds 'three'"),
        (lambda f: f.assign(floor=f["sold"]), "'floor' must be numbers; it holds datetime64"),
        (lambda f: f.assign(floor=np.inf), "'floor' must be finite numbers; row 1 holds inf"),
        (lambda f: f.assign(floor=1e300), "'floor' must be finite numbers; row 1 holds 1e\\+300"),
        (lambda f: f.assign(floor=["1", "2", "3", "4", "1_000", "6"]), "row 5 holds '1_000'"),
        (lambda f: f.assign(floor=[[1], 2, 3, 4, 5, 6]), "'floor' holds values that are neither numbers nor text"),
        (lambda f: f.assign(town=[[1], 2, 3, 4, 5, 6]), "'town' holds values that are neither numbers nor text"),
        (lambda f: f.assign(sold=["2015-13-45"] * 6), "'sold' must be dates as 2015-07-31; row 1 holds '2015-13-45'"),
        (lambda f: f.assign(sold=["2015-02-30"] * 6), "row 1 holds '2015-02-30'"),
        (lambda f: f.assign(sold=["3/4/2015"] * 6), "row 1 holds '3/4/2015'"),
        (lambda f: f.assign(sold=20150304), "row 1 holds 20150304"),
        (lambda f: f.assign(sold=["2015-01-01"] * 5 + ["1815-01-01"]), "holds 1815-01-01 in row 6, a century away"),
        (lambda f: f.assign(kind=["flat", "hause", *["flat"] * 4]), "'hause' in row 2; did you mean 'house'"),
        (lambda f: f.assign(price="dear"), "'price' must be numbers; row 1 holds 'dear'"),
        (lambda f: pd.concat([f, f[["area"]]], axis=1), "more than one 'area'"),
        (lambda f: 5, "must be a DataFrame.*received int"),
        (lambda f: {"area": [1, 2], "floor": [1]}, "do not make a table"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        SCHEMA.encode(change(houses()))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ({"kind": ["flat"] * 6}, {}, "'kind' has only 'flat' in the training rows; a classifier needs at least two"),
        ({"kind": [None] * 6}, {}, "'kind' has no label"),
        ({"kind": list("abcabc")}, {}, "binary target 'kind' has 3 labels: 'a', 'b', 'c'"),
        ({"price": [None] * 6}, {}, "'price' is missing in every training row"),
        (
            {"price": [0.0, *range(1, 6)]},
            {"log": ["price"]},
            "'price' must be above 0 to have a logarithm; the least is 0",
        ),
        ({"price": [7.0] * 6}, {"ranges": {"price": "training"}}, "'price' is 7 in every training row"),
        ({"sold": [None] * 6}, {"types": {"sold": "date"}}, "'sold' has no date in any training row"),
        ({"Year": range(6), "Date": ["2015-01-01"] * 6}, {}, "parts of a date would replace 'Year'"),
        ({"floor": [1j] * 6}, {}, "'floor' holds complex128 values"),
        ({"town": [10**5000, *range(5)]}, {}, "'town' holds a whole number of more than a thousand digits"),
        ({"sold": np.array(["20000-01-01"] * 6, dtype="datetime64[s]")}, {}, "row 1 holds 20000-01-01"),
    ],
)
def test_training_rows_that_teach_nothing_are_refused(change, options, sentence):
    with pytest.raises(DataError, match=sentence):
        Schema.fit(houses(**change), TARGETS, **options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"targets": {"prize": "regression"}}, "lacks 'prize'.*Did you mean 'price'"),
        ({"targets": {"price": "regresion"}}, "did you mean 'regression'"),
        ({"targets": "price"}, "'targets' must map columns to kinds"),
        ({"types": {"flor": "number"}}, "did you mean 'floor'"),
        ({"types": {"floor": "numeric"}}, "did you mean 'number'"),
        ({"types": {"soldYear": "date"}}, "Unknown type of the part 'soldYear' 'date'"),
        ({"types": {"kind": "category"}}, "column of 'types' 'kind'"),
        ({"ignore": ["towns"]}, "did you mean 'town'"),
        ({"ignore": "town"}, "'ignore' must be a list of columns; received 'town'"),
        ({"types": ["floor"]}, "'types' must map columns to values"),
        ({"scaling": "zscore"}, "did you mean 'z-score'"),
        ({"max_cardinality": 0}, "'max_cardinality' must be a whole number"),
        ({"log": ["area"]}, "column of 'log' 'area'"),
        ({"log": ["kind"]}, "'kind' is a binary: it has neither"),
        ({"ranges": {"price": (5, 1)}}, "must be \\(low, high\\) or 'training'"),
        ({"ranges": {"price": (0, 1)}, "log": ["price"]}, "must begin above 0"),
        ({"ignore": ["area", "floor", "town", "garden", "sold"]}, "no column to predict from"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(ZooError, match=sentence) as caught:
        Schema.fit(houses(), **{"targets": TARGETS} | options)
    assert isinstance(caught.value, ConfigError | DataError | UnknownNameError)


def test_one_class_of_the_labels_given_is_one_class_only():
    with pytest.raises(DataError, match="'kind' has only 'flat' in the training rows"):
        Schema.fit(houses(kind=["flat"] * 6), {"kind": Target("binary", ("flat", "house"))})


def test_a_name_with_a_line_break_is_told_on_one_line():
    with pytest.raises(DataError, match=r"lacks 'a\\nb'"):
        Schema.fit({"a\nb": [1, 2], "y": [1, 2]}, {"y": "regression"}).encode({"a": [1]})


def test_one_row_can_be_predicted_and_learnt_from():
    schema = Schema.fit(houses().iloc[:1], {"price": "regression"})
    assert len(schema.encode(houses().iloc[[3]])) == 1


def test_a_word_among_numbers_is_not_taken_for_a_category():
    frame = pd.DataFrame({"area": [*map(str, range(99)), "unknown"], "y": range(100)})
    with pytest.raises(DataError, match="'area' holds numbers, but text in row 100: 'unknown'"):
        Schema.fit(frame, {"y": "regression"})
    assert len(Schema.fit(frame, {"y": "regression"}, types={"area": "category"}).categories) == 1


def test_a_name_of_each_row_is_not_taken_for_a_category():
    frame = pd.DataFrame({"name": [f"n{row}" for row in range(12_000)], "y": range(12_000)})
    with pytest.raises(DataError, match="'name' has 12,000 different values in 12,000 rows"):
        Schema.fit(frame, {"y": "regression"})


def test_without_pandas_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"keras-functional-zoo\[tables\]"):
        SCHEMA.encode({"area": [1.0]})
