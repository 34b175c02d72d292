"""Rows, tables and options that do not fit a schema are refused in one sentence."""

import sys

import numpy as np
import pandas as pd
import pytest

from tests.table_fixtures import SCHEMA, TARGETS, houses
from zoo.columns import Schema
from zoo.errors import ConfigError, DataError, MissingExtraError, UnknownNameError, ZooError
from zoo.samples import Target


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
        (lambda f: f.assign(sold=20151304), "row 1 holds 20151304"),
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
    assert len(Schema.fit(frame, {"y": "regression"}, types={"area": "category"}).of("category")) == 1


def test_a_name_of_each_row_is_not_taken_for_a_category():
    frame = pd.DataFrame({"name": [f"n{row}" for row in range(12_000)], "y": range(12_000)})
    with pytest.raises(DataError, match="'name' has 12,000 different values in 12,000 rows"):
        Schema.fit(frame, {"y": "regression"})


def test_without_pandas_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"keras-functional-zoo\[tables\]"):
        SCHEMA.encode({"area": [1.0]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"options": {"town": 5}}, "The options of 'town' must map names to values; received 5"),
        ({"shared": [()]}, "'shared' must hold groups of two columns or more, each column once"),
        ({"shared": [("town", "garden"), ("garden", "floor")]}, "each column once"),
    ],
)
def test_options_of_columns_that_do_not_fit_are_told(options, words):
    with pytest.raises(ZooError, match=words):
        Schema.fit(houses(), TARGETS, **options)


def test_a_column_may_have_a_type_and_be_ignored():
    schema = Schema.fit(houses(), TARGETS, types={"town": "category"}, ignore=["town"])
    assert "town" not in schema.names
