"""Blocks and builders of tables: values against arithmetic written again in numpy, and weights counted by hand."""

import json

import keras
import numpy as np
import pytest

import blocks
import zoo
from tests.tensors import outputs_of
from zoo.errors import ConfigError, UnknownNameError
from zoo.models import entity_embedding, linear_regression, mlp, softmax_regression

RANDOM = np.random.default_rng(0)
NUMBERS = {
    "medians": [1.0, 20.0, 5.0],
    "shifts": [0.5, 10.0, 5.0],
    "factors": [2.0, 0.1, 0.0],
    "flags": [1.0, 0.0, 1.0],
}
RAW = np.array([[1.0, np.nan, 3.0], [np.nan, 30.0, np.nan]], "float32")
SCALED = [[1.0, 1.0, 0.0], [1.0, 2.0, 0.0]]


def model_of(function, *shape, dtype="float32"):
    x = keras.Input(shape, dtype=dtype, name="x")
    return keras.Model([x], function(x))


def scramble(model):
    for variable in model.weights:
        variable.assign(np.abs(RANDOM.normal(size=variable.shape)) * 0.5 + 0.1)
    return model


# --- blocks


def test_missing_numbers_become_medians_and_all_are_scaled():
    affine = {key: NUMBERS[key] for key in ("medians", "shifts", "factors")}
    model = model_of(lambda x: blocks.impute_and_scale(x, **affine, name="scaled"), 3)
    np.testing.assert_allclose(outputs_of(model, [RAW]), SCALED, atol=1e-6)


def test_flags_say_what_is_missing_where_training_saw_it():
    model = model_of(lambda x: blocks.missing_flags(x, name="missing"), 3)
    np.testing.assert_array_equal(outputs_of(model, [RAW]), [[0, 1, 0], [1, 0, 1]])
    model = model_of(lambda x: blocks.missing_flags(x, known=NUMBERS["flags"], name="missing"), 3)
    np.testing.assert_array_equal(outputs_of(model, [RAW]), [[0, 0, 0], [1, 0, 1]])


@pytest.mark.parametrize(("values", "size"), [(1, 2), (2, 2), (7, 5), (12, 6), (1115, 81), (50_000, 600)])
def test_embedding_sizes_are_those_of_fast_ai(values, size):
    assert blocks.embedding_size(values) == size == min(600, round(1.6 * values**0.56))


def test_an_entity_is_a_row_of_the_table_of_vectors():
    model = scramble(model_of(lambda x: blocks.entity_embedding(x, 9, name="town"), dtype="int32"))
    np.testing.assert_array_equal(outputs_of(model, [np.array([3, 8])]), np.asarray(model.weights[0])[[3, 8]])
    assert model.weights[0].shape == (9, blocks.embedding_size(9))


def test_vectors_start_near_0():
    model = model_of(lambda x: blocks.entity_embedding(x, 1000, 50, name="town"), dtype="int32")
    assert 0.005 < np.std(np.asarray(model.weights[0])) < 0.01


def test_one_hot_has_a_place_for_absence_and_none_for_values_never_seen():
    model = model_of(lambda x: blocks.one_hot(x, 5, name="town"), dtype="int32")
    expected = [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(outputs_of(model, [np.arange(5)]), expected)


def test_a_dense_stack_is_dense_relu_norm():
    model = scramble(model_of(lambda x: blocks.dense_stack(x, (4, 2), dropout=0.5, batch_norm=True, name="h"), 3))
    x = RANDOM.normal(size=(5, 3)).astype("float32")
    expected = x
    for number in (1, 2):
        (kernel,) = model.get_layer(f"h{number}_dense").get_weights()
        gamma, beta, mean, variance = model.get_layer(f"h{number}_norm").get_weights()
        expected = (np.maximum(expected @ kernel, 0) - mean) / np.sqrt(variance + 1e-5) * gamma + beta
    np.testing.assert_allclose(outputs_of(model, [x], training=False), expected, rtol=1e-4, atol=1e-5)


def test_a_dense_stack_without_norms_has_biases():
    model = model_of(lambda x: blocks.dense_stack(x, (4, 2), name="h"), 3)
    assert model.count_params() == (3 * 4 + 4) + (4 * 2 + 2)


def test_a_bounded_output_stays_within_its_range():
    model = model_of(lambda x: blocks.bounded_output(x, -2, 3, name="y"), 1)
    model.get_layer("y_scores").set_weights([np.ones((1, 1)), np.zeros(1)])
    x = np.array([[-1e9], [0.0], [1.0], [1e9]], "float32")
    np.testing.assert_allclose(outputs_of(model, [x]), [[-2], [0.5], [-2 + 5 / (1 + np.exp(-1))], [3]], rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (
            lambda x: blocks.impute_and_scale(x, medians=[1], shifts=[1] * 3, factors=[1] * 3, name="n"),
            "'medians' must be",
        ),
        (lambda x: blocks.missing_flags(x, known=[1], name="n"), "'known' must be a list of 3 numbers"),
        (lambda x: blocks.entity_embedding(x, 5, name="n"), "'ids' must be one id"),
        (lambda x: blocks.one_hot(x, 5, name="n"), "'ids' must be one id"),
        (lambda x: blocks.dense_stack(x, 5, name="n"), "'units' must be a list"),
        (lambda x: blocks.dense_stack(x, (5, 0), name="n"), "'units' must be a whole number"),
        (lambda x: blocks.dense_stack(x, (5, 4), dropout=(0.1,), name="n"), "one for each of 2 layers"),
        (lambda x: blocks.dense_stack(x, (5,), dropout=1.0, name="n"), "'dropout' must be a number from 0"),
        (lambda x: blocks.bounded_output(x, 3, 3, name="n"), "'low' must be a number below 'high'"),
    ],
)
def test_blocks_tell_wrong_arguments(function, sentence):
    with pytest.raises(ValueError, match=sentence):
        model_of(function, 3)


# --- builders


def test_linear_regression_is_a_weighted_sum():
    model = scramble(linear_regression(numbers=2, flags=False))
    kernel, bias = model.get_layer("target").get_weights()
    x = RANDOM.normal(size=(4, 2)).astype("float32")
    np.testing.assert_allclose(outputs_of(model, {"numbers": x})["target"], x @ kernel + bias, rtol=1e-5)
    assert kernel.shape == (2, 1)


def test_a_gap_where_training_had_none_is_answered_as_the_median():
    model = scramble(mlp(numbers=NUMBERS, units=(4,)))
    gap, median = RAW[:1].copy(), RAW[:1].copy()
    median[0, 1] = 20.0
    np.testing.assert_array_equal(
        outputs_of(model, {"numbers": gap})["target"], outputs_of(model, {"numbers": median})["target"]
    )
    gap[0, 0] = np.nan  # training had gaps here: another answer than the median's
    assert abs(float(model({"numbers": gap})["target"][0, 0] - model({"numbers": median})["target"][0, 0])) > 1e-3


def test_a_missing_category_where_training_had_none_is_one_never_seen():
    for builder in (linear_regression, mlp, entity_embedding):
        model = scramble(builder(numbers=0, categories={"a": 6, "b": 6}, complete=("a",)))
        pairs = np.array([[0, 3], [1, 3], [0, 0], [0, 1]])
        found = outputs_of(model, {"a": pairs[:, 0], "b": pairs[:, 1]})["target"][:, 0]
        answers = {tuple(pair): answer for pair, answer in zip(pairs.tolist(), found, strict=True)}
        assert answers[0, 3] == answers[1, 3]
        assert abs(answers[0, 0] - answers[0, 1]) > 1e-3


def test_raw_numbers_keep_their_digits_under_mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        years = {"medians": [2014.0], "shifts": [2014.0], "factors": [1.0], "flags": [0.0]}
        model = mlp(numbers=years, units=(2,))
        scaled = keras.Model(model.inputs, {"scaled": model.get_layer("numbers_scaled").output})
    finally:
        keras.config.set_dtype_policy(before)
    found = scaled.predict_on_batch({"numbers": np.array([[2013.0], [2014.0], [2015.0]], "float32")})["scaled"]
    np.testing.assert_array_equal(np.asarray(found, "float32"), [[-1], [0], [1]])  # bfloat16 has 2008, 2016, 2024


def test_softmax_regression_of_two_classes_and_logistic_regression_say_the_same():
    softmax = softmax_regression(numbers=2, flags=False)
    logistic = scramble(softmax_regression(numbers=2, flags=False, outputs={"target": {"kind": "binary"}}))
    kernel, bias = logistic.get_layer("target").get_weights()
    softmax.get_layer("target").set_weights([np.hstack([0 * kernel, kernel]), np.hstack([0 * bias, bias])])
    x = RANDOM.normal(size=(4, 2)).astype("float32")
    expected = outputs_of(logistic, [x])["target"]
    np.testing.assert_allclose(outputs_of(softmax, [x])["target"][:, 1:], expected, rtol=1e-5)


def test_entity_embedding_counts_the_weights_of_the_store_sales():
    categories = {"store": 1117, "day": 9}
    model = entity_embedding(
        numbers=3, categories=categories, outputs={"sales": {"kind": "regression", "low": 0.0, "high": 12.0}}
    )
    vectors = 1117 * 81 + 9 * 5
    norms = 4 * (3 + 1000 + 500)
    dense = (3 + 3 + 81 + 5) * 1000 + 1000 * 500 + (500 + 1)
    assert model.count_params() == vectors + norms + dense
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.04, 0.04, 0.001, 0.01]
    assert model.output_names == ["sales"]


def test_inputs_are_sorted_by_name_so_that_any_dict_feeds_them():
    model = mlp(numbers=2, categories={"Zip": 9, "area": 9})
    assert [tensor.name for tensor in model.inputs] == ["Zip", "area", "numbers"]
    other = {name: keras.Input(tensor.shape[1:], dtype=tensor.dtype) for name, tensor in
             zip(("Zip", "area", "numbers"), model.inputs, strict=True)}  # fmt: skip
    assert model(other)["target"].shape == (None, 1)


@pytest.mark.parametrize(
    "name", zoo.list_models(task="tabular-regression", for_tests=True) + zoo.list_models(task="tabular-classification")
)
def test_the_configuration_is_plain_data(name):
    config = {
        "numbers": NUMBERS,
        "categories": {"town": 9},
        "complete": ["town"],
        "outputs": {"y": {"kind": "regression"}}
        if "softmax" not in name
        else {"y": {"kind": "classification", "classes": 3}},
    }
    full = json.loads(json.dumps(zoo.full_config(name, config)))
    model, again = zoo.create_model(name, **config), zoo.create_model(name, **full)
    assert [layer.name for layer in model.layers] == [layer.name for layer in again.layers]
    assert [tensor.name for tensor in model.inputs] == ["numbers", "town"]


@pytest.mark.parametrize(
    ("config", "error", "sentence"),
    [
        ({"numbers": 0}, ConfigError, "needs a number or a category"),
        ({"numbers": -1}, ConfigError, "'numbers' must be a whole number"),
        ({"numbers": {"median": [1.0]}}, UnknownNameError, "did you mean 'medians'"),
        ({"numbers": NUMBERS | {"shifts": [1.0]}}, ConfigError, "one value a column in each list"),
        (
            {"numbers": NUMBERS | {"shifts": [1.0, 2.0, float("nan")]}},
            ConfigError,
            "'shifts' .* must be finite numbers",
        ),
        ({"categories": ["town"]}, ConfigError, "'categories' must map inputs"),
        ({"categories": {"town": 1}}, ConfigError, "number of ids of town"),
        ({"categories": {"town": 9}, "complete": ["twon"]}, UnknownNameError, "did you mean 'town'"),
        ({"outputs": {}}, ConfigError, "'outputs' must map names"),
        ({"outputs": {"y": "regression"}}, ConfigError, "'outputs' must map names"),
        ({"outputs": {"y": {"kind": "regresion"}}}, UnknownNameError, "did you mean 'regression'"),
        ({"outputs": {"y": {"kind": "regression", "lo": 1}}}, UnknownNameError, "did you mean 'low'"),
        ({"outputs": {"y": {"kind": "regression", "low": 1}}}, ConfigError, "'low' must be a number below 'high'"),
        ({"outputs": {"y": {"kind": "classification", "classes": 1}}}, ConfigError, "'classes' must be"),
        ({"dims": {"twon": 3}, "categories": {"town": 9}}, UnknownNameError, "did you mean 'town'"),
        ({"units": 5}, ConfigError, "'units' must be a list"),
        ({"categories": {"numbers": 9}}, ConfigError, "cannot be built|named 'numbers'"),
    ],
)
def test_builders_tell_wrong_options(config, error, sentence):
    with pytest.raises(error, match=sentence):
        zoo.create_model("entity_embedding_tiny", **config | ({"categories": {}} if config.get("numbers") == 0 else {}))
