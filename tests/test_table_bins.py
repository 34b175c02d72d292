"""Numbers cut into pieces and bins: exact values, missing ones, outliers, and the graph that holds the edges."""

import keras
import numpy as np
import pytest

from blocks import bin_indicators, piecewise_linear
from zoo import create_model
from zoo.columns.bins import bin_edges
from zoo.errors import ConfigError

EDGES = [[0.0, 1.0, 3.0], [], [10.0, 20.0]]


def answers(block, rows):
    x = keras.Input((3,), name="x")
    model = keras.Model(x, block(x, EDGES, name="cut"))
    return model.predict_on_batch(np.array(rows, np.float32)).tolist()


def test_every_piece_says_which_share_of_it_lies_below_the_number():
    rows = [[0.5, 7.0, 10.0], [2.0, 7.0, 15.0], [-5.0, 7.0, 1e30]]
    assert answers(piecewise_linear, rows) == [[0.5, 0.0, 0.0], [1.0, 0.5, 0.5], [0.0, 0.0, 1.0]]


def test_one_bin_of_a_column_holds_the_number_and_none_a_missing_one():
    rows = [[0.5, 7.0, 10.0], [1.0, 7.0, 25.0], [-9.0, 7.0, np.nan]]
    assert answers(bin_indicators, rows) == [[1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [1, 0, 0, 0, 0]]


@pytest.mark.parametrize("edges", [[[1.0, 0.0], [], []], [[], [], []], [[0.0, 1.0]]])
def test_edges_that_do_not_fit_are_refused(edges):
    with pytest.raises(ValueError, match=r"ascend|No column|list of 3"):
        piecewise_linear(keras.Input((3,)), edges, name="cut")


def test_edges_are_quantiles_or_the_values_themselves():
    random = np.random.default_rng(0)
    numbers = np.stack([random.normal(size=1000), random.integers(0, 3, 1000), np.full(1000, np.nan)], axis=1)
    many, few, none = bin_edges(numbers, 10)
    counts = np.histogram(numbers[:, 0], many)[0]
    assert len(many) == 11
    assert counts.min() >= 95
    assert (few, none) == ([0.0, 1.0, 2.0], [])


@pytest.mark.parametrize("name", ["mlp", "entity_embedding"])
def test_a_model_with_bins_answers_for_outliers_and_missing_numbers_and_is_saved_with_its_edges(name, tmp_path):
    statistics = {"medians": [1.0, 0.0], "shifts": [0.0, 0.0], "factors": [1.0, 1.0], "flags": [1.0, 0.0]}
    edges = {"pieces": [[0.0, 1.0, 2.0], []], "bins": [[0.0, 1.0, 2.0], [5.0]]}
    model = create_model(name, numbers=statistics | edges, categories={"kind": 4})
    rows = {"numbers": np.array([[np.nan, 0.0], [1e20, 1.0], [1e30, 1.0]], np.float32), "kind": np.array([2, 3, 3])}
    given = model.predict_on_batch(rows)["target"]
    assert np.isfinite(given).all()
    alone = [{"numbers": np.array([[number, 1.0]], np.float32), "kind": np.array([3])} for number in (1e20, 1e30)]
    # Beyond the last edge nothing changes any more; rows of one batch may be added up in different orders.
    np.testing.assert_array_equal(*(model.predict_on_batch(row)["target"] for row in alone))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(again.predict_on_batch(rows)["target"], given)


def test_edges_for_another_number_of_columns_are_refused():
    with pytest.raises(ConfigError, match="one value a column"):
        create_model("mlp", numbers={"medians": [0.0], "shifts": [0.0], "factors": [1.0], "flags": [0.0], "pieces": []})
