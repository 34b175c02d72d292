"""`fit` on models of any shape: what is given back is what was measured, whatever reads what."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from blocks.heads import expected_value_head
from tests.shapes import LINE, NUMBER, X, best, hidden, number, r2, samples, train
from zoo.errors import ConfigError, TrainingError, UnknownNameError
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, fit, predict
from zoo.training.output_layers.layers import OutputLayers
from zoo.training.output_layers.raw_units import TargetScaleWarning
from zoo.training.validation import Validation


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


def is_measured(model, run, data, tolerance=1e-4):
    """The model's own predictions have the r2 of the best row."""
    found = model.predict(data.inputs, verbose=0)
    found = found if isinstance(found, dict) else {next(iter(data.targets)): found}
    for name, target in data.targets.items():
        assert r2(found[name], target) == pytest.approx(best(run)[f"val_{name}_r2"], abs=tolerance)


@pytest.mark.parametrize("scale", [1e3, pytest.param(1e-3, marks=pytest.mark.backends)])
def test_an_output_may_feed_another_output(scale):
    x = keras.Input((4,), name="x")
    low = number("low")(hidden(x))
    model = keras.Model([x], {"low": low, "high": number("high")(layers.Concatenate()([hidden(x, name="h2"), low]))})
    data = samples(low=LINE * scale + 20 * scale, high=LINE * 3 + 25)
    is_measured(model, train(model, data), data)


def test_keys_may_be_the_names_of_other_layers():
    x = keras.Input((4,), name="x")
    h = hidden(x)
    model = keras.Model([x], {"price": number("rent")(h), "rent": number("price")(h)})
    data = samples(price=LINE * 1000 + 5000, rent=X[:, 2] * 5 + 20)
    run = train(model, data, epochs=40)
    is_measured(model, run, data)
    assert min(best(run)["val_price_r2"], best(run)["val_rent_r2"]) > 0.9


@pytest.mark.backends
def test_a_key_need_not_be_the_name_of_a_layer():
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"price": number("out")(hidden(x))})
    data = samples(price=LINE * 1000 + 5000)
    run = train(model, data)
    is_measured(model, run, data)
    assert best(run)["val_price_r2"] > 0.9


def test_a_layer_may_be_called_twice_and_one_of_its_tensors_be_an_output():
    head, encoder = number("a"), layers.Dense(16, activation="relu", name="encoder")
    x, z = keras.Input((4,), name="x"), keras.Input((4,), name="z")
    u, v = head(encoder(x)), head(encoder(z))
    model = keras.Model([x, z], {"a": u, "both": layers.Subtract(name="both")([u, v])})
    data = samples(inputs={"x": X, "z": X[::-1].copy()}, a=LINE * 10 + 50, both=(LINE - LINE[::-1]) * 10)
    run = train(model, data)
    is_measured(model, run, data)
    assert best(run)["val_a_r2"] > 0.9


def test_two_outputs_may_be_one_tensor():
    x = keras.Input((4,), name="x")
    out = number("out")(hidden(x))
    model = keras.Model([x], {"a": out, "b": out})
    data = samples(a=LINE + 5, b=LINE + 7)
    is_measured(model, train(model, data), data)


@pytest.mark.parametrize("output", ["tensor", "list", "sequential", "unnamed input", "dict input"])
def test_outputs_without_keys_are_named_after_their_layers(output):
    x = keras.Input((4,), name=None if output == "unnamed input" else "x")
    tensor = number("a")(hidden(x))
    model = {
        "tensor": lambda: keras.Model(x, tensor),
        "unnamed input": lambda: keras.Model(x, tensor),
        "dict input": lambda: keras.Model({"x": x}, tensor),
        "list": lambda: keras.Model([x], [tensor]),
        "sequential": lambda: keras.Sequential([keras.Input((4,)), layers.Dense(16, "relu"), number("a")]),
    }[output]()
    names, structure = [layer.name for layer in model.layers], type(model.predict(X[:2], verbose=0))
    target = LINE * 1000 + 5000
    run = train(model, samples(a=target))
    assert best(run)["val_a_r2"] > 0.9
    assert r2(predict(model, samples(a=target), {"a": NUMBER})["a"], target) == pytest.approx(best(run)["val_a_r2"])
    after = model.predict(X, verbose=0)
    assert [layer.name for layer in model.layers] == names
    assert type(after) is structure


def test_several_unnamed_inputs_are_fed_by_the_names_of_their_layers():
    x, z = keras.Input((4,)), keras.Input((4,))
    model = keras.Model([x, z], number("a")(layers.Concatenate()([x, z])))
    names = [each._keras_history.operation.name for each in model.inputs]
    run = train(model, samples(inputs={names[0]: X, names[1]: X}, a=LINE))
    assert best(run)["val_a_r2"] > 0.3
    with pytest.raises(UnknownNameError, match=names[0]):
        train(model, samples(inputs={"left": X, "right": X}, a=LINE))


def test_a_head_may_stand_inside_a_nested_model():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(16, "relu"), number("head")], name="inner")
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"a": inner(x * 1.0)})
    data = samples(a=LINE * 1000 + 5000)
    run = train(model, data, epochs=40)
    is_measured(model, run, data)
    assert best(run)["val_a_r2"] > 0.9
    assert OutputLayers(model).linear("a") is inner.get_layer("head")


def test_what_has_no_graph_or_ambiguous_names_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ConfigError, match="functional API"):
        train(Own(), samples(a=LINE))
    with pytest.raises(ConfigError, match="build"):
        train(keras.Sequential([number("a")]), samples(a=LINE))
    x = keras.Input((4,), name="x")
    shared = number("a")
    with pytest.raises(ConfigError, match="come from the layer 'a'"):
        train(keras.Model(x, [shared(x), shared(x * 2.0)]), samples(a=LINE))


@pytest.mark.backends
def test_a_layer_that_remembers_the_batch_before_is_refused():
    x = keras.Input(batch_shape=(32, 4, 1), name="x")
    model = keras.Model(x, number("a")(layers.LSTM(2, stateful=True, name="memory")(x)))
    with pytest.raises(ConfigError, match=r"'memory'.*stateful=False"):
        train(model, samples(inputs={"x": X[:, :, None]}, a=LINE))


def test_shapes_that_do_not_fit_are_told_before_training():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, number("a")(x))
    with pytest.raises(ConfigError, match=r"Input 'x' .* has shape \(None, 4\)"):
        train(model, samples(inputs={"x": X[:, :3]}, a=LINE))
    with pytest.raises(ConfigError, match=r"must be \(n,\)"):
        train(model, samples(a=np.stack([LINE, LINE], axis=1)))


@pytest.mark.backends
def test_a_model_that_is_not_what_was_measured_is_not_given_back(monkeypatch):
    """The check can fail: here the measured predictions are falsified."""
    judge = Validation.judge

    def lying(self, model, epoch):
        found = judge(self, model, epoch)
        found.sample["a"] += 1.0
        return found

    monkeypatch.setattr(Validation, "judge", lying)
    x = keras.Input((4,), name="x")
    with pytest.raises(TrainingError, match="'a'"):
        train(keras.Model(x, number("a")(x)), samples(a=LINE), epochs=1)


def test_a_model_that_draws_random_numbers_when_it_predicts_is_not_compared():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, number("a")(layers.Dropout(0.5)(hidden(x), training=True)))
    assert train(model, samples(a=LINE), epochs=2).best_epoch


@pytest.mark.parametrize("where", ["head", pytest.param("all but one head", marks=pytest.mark.backends), "body"])
def test_frozen_weights_end_bit_equal(where):
    x = keras.Input((4,), name="x")
    h = layers.BatchNormalization(name="norm")(hidden(x))
    model = keras.Model([x], {"a": number("a")(h), "b": number("b")(h)})
    frozen = {"head": ["a"], "all but one head": ["hidden", "norm", "a"], "body": ["hidden", "norm"]}[where]
    for name in frozen:
        model.get_layer(name).trainable = False
    before = {name: model.get_layer(name).get_weights() for name in frozen}
    train(model, samples(a=LINE * 1000 + 5000, b=X[:, 2].copy()), epochs=2)
    for name in frozen:
        for old, new in zip(before[name], model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("scale", [1e6, 1.0, 1e-6])
def test_a_second_training_goes_on_without_a_jump_in_any_units(scale):
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"a": number("a")(hidden(x))})
    data = samples(a=(LINE + 3) * scale)
    first = train(model, data, epochs=30)
    second = train(model, data, epochs=2)
    assert best(first)["val_a_r2"] > 0.95
    assert second.history[0]["val_skill"] > best(first)["val_skill"] - 0.01


def test_trained_classes_go_on_too():
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"c": layers.Dense(3, activation="softmax", name="c")(hidden(x))})
    data = samples(c=np.digitize(X[:, 0], [0.8, 1.5]).astype(np.int64))
    heads = {"c": Head(Target("classification", ("low", "mid", "high")), imbalance="over_sampling")}
    first = train(model, data, heads=heads, epochs=30)
    second = train(model, data, heads=heads, epochs=1)
    assert second.history[0]["val_skill"] > best(first)["val_skill"] - 0.02


@pytest.mark.backends
def test_a_calibration_that_another_part_would_read_is_refused_in_a_sentence():
    x = keras.Input((4,), name="x")
    b = layers.Dense(1, activation="sigmoid", name="b")(hidden(x))
    model = keras.Model([x], {"b": b, "c": number("c")(b)})
    data = samples(b=(X[:, 0] > 1).astype(np.int32), c=LINE)
    heads = {"b": Head(Target("binary", ("no", "yes")), imbalance="over_sampling"), "c": NUMBER}
    with pytest.raises(ConfigError, match="another part of the model reads it"):
        train(model, data, heads=heads)


@pytest.mark.backends
def test_the_prior_is_not_put_where_it_is_not_exact():
    """A bias before an activation other than the one assumed keeps its value."""
    x = keras.Input((4,), name="x")
    model = keras.Model([x], {"a": number("a", activation="softplus")(hidden(x))})
    data = samples(a=np.abs(LINE) + 100)
    still = Recipe({"a": NUMBER}, epochs=1, optimiser=Optimiser("sgd", learning_rate=0.0, schedule="constant"))
    fit(model, data, data, still)
    assert not np.any(model.get_layer("a").get_weights()[1])


def told_of_units(output, target):
    """The warnings of a training about its target's units; `output` makes the output of a hidden layer."""
    x = keras.Input((4,), name="x")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        train(keras.Model(x, {"price": output(hidden(x))}), samples(price=target), epochs=1)
    return [str(each.message) for each in told if each.category is TargetScaleWarning]


def added(x):
    return layers.Add(name="sum")([number("first")(x), number("second")(x)])


def rescaled(x):
    return layers.Rescaling(1000.0, 5000.0)(number("inner")(x))


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (added, "'sum' is no plain Dense layer"),
        (lambda x: number("head", trainable=False)(x), "the weights of 'head' are frozen"),
        (lambda x: number("head", activation="softplus")(x), "the activation of 'head' is softplus, not linear"),
    ],
)
def test_a_target_that_is_trained_in_raw_units_is_warned_of(output, why):
    (told,) = told_of_units(output, LINE * 1000 + 5000)
    assert all(each in told for each in ("output 'price' has mean 4", why, "Dense layer of its own"))


def test_units_that_fit_are_not_warned_of():
    assert not told_of_units(number("head"), LINE * 1000 + 5000)  # scaled
    assert not told_of_units(added, LINE + 50)  # begins at the mean
    assert not told_of_units(rescaled, LINE * 1000 + 5000)  # by the author
    assert told_of_units(rescaled, LINE)
    assert told_of_units(added, LINE * 1e-3)
    assert not told_of_units(lambda x: expected_value_head(x, 0, 9000, 10, name="price"), LINE * 1000 + 5000)


def test_units_of_a_layer_that_is_scaled_for_another_output_are_told_apart():
    x, head = keras.Input((4,), name="x"), number("head")
    first, second = head(hidden(x)), head(hidden(x, name="h2"))
    for factor, count in ((3, 0), (1e3, 1)):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            train(keras.Model(x, {"a": first, "b": second}), samples(a=LINE * 30, b=LINE * 30 * factor), epochs=1)
        told = [str(each.message) for each in told if each.category is TargetScaleWarning]
        assert len(told) == count
        assert all("'b'" in each and "'head' is scaled for another output already" in each for each in told)


def test_samples_of_the_user_stay_as_they_are():
    x = keras.Input((4,), name="x")
    data = Samples({"any name": X}, {"a": LINE.astype(np.float64)})
    train(keras.Model(x, number("a")(x)), data, epochs=1)
    assert list(data.inputs) == ["any name"]
    assert data.targets["a"].dtype == np.float64
