"""A head learns on standardised features, and the finished model has their scale in its weights."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.pretrained import changed, network, pictures, recipe, values
from zoo.training import FineTune, fit
from zoo.training.fine_tuning.standardised import as_given, on_standardised, with_standardised

TRAIN, VALIDATION = pictures(48, 0), pictures(40, 1)
FEATURES = (np.random.default_rng(0).normal(size=(50, 3)) * (1e-3, 1.0, 40.0) + (5.0, 0.0, 9.0)).astype("float32")


@pytest.fixture(autouse=True)
def kept_in(tmp_path, monkeypatch):
    """The features of a test stand in a folder of its own."""
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))


def small_features():
    """A network whose features are a ten-thousandth of what heads are made for."""
    model = network()
    for each in (model.get_layer("norm2").gamma, model.get_layer("norm2").beta):
        each.assign(each * 1e-4)
    return model


def upper(between=None):
    x = keras.Input((3,), name="f")
    y = layers.Dropout(0.5, name="dropout")(x) if between is None else between(x)
    heads = {name: layers.Dense(2, name=name)(y) for name in ("a", "b")}
    model = keras.Model([x], heads)
    model.get_layer("a").bias.assign([0.5, -1.0])  # it has learnt something; "b" is fresh
    return model


def test_the_size_of_features_does_not_matter_and_the_model_keeps_its_layers():
    losses = {}
    for standardise in (False, True):
        for build in (network, small_features):
            model = build()
            before = {path: each.shape for path, each in values(model).items()}
            tune = FineTune("linear_probe", standardise=standardise)
            run = fit(model, TRAIN, VALIDATION, recipe(fine_tune=tune))
            losses[standardise, build] = [row["val_loss"] for row in run.history]
            assert {path: each.shape for path, each in values(model).items()} == before
    assert losses[True, small_features] == pytest.approx(losses[True, network], rel=1e-3)
    assert losses[False, small_features] != pytest.approx(losses[False, network], rel=1e-2)


def test_a_head_predicts_the_same_on_features_and_on_standardised_ones_and_is_given_back_exactly():
    model = upper()
    expected = model.predict(FEATURES, verbose=0)
    inner, scales = with_standardised(model, {"f": FEATURES})
    assert [head.name for head in scales[0].heads] == ["a", "b"]
    with on_standardised(scales):
        fresh = model.get_layer("b")
        assert not np.any(fresh.get_weights()[0])
        fresh.set_weights([np.arange(6.0).reshape(3, 2) - 2, np.ones(2)])  # it learns
        learnt = inner.predict(FEATURES, verbose=0)
        held = values(model)
        with as_given(scales):
            shown = model.predict(FEATURES, verbose=0)
        assert changed(held, values(model)) == set()
    given = model.predict(FEATURES, verbose=0)
    np.testing.assert_allclose(learnt["a"], expected["a"], atol=2e-4)
    for name in ("a", "b"):
        np.testing.assert_allclose(shown[name], learnt[name], atol=2e-4)
        np.testing.assert_allclose(given[name], learnt[name], atol=2e-4)
    assert np.abs(learnt["b"] - 1).max() > 2


def test_a_kernel_of_its_own_is_kept_though_its_bias_is_0():
    model = upper()
    model.get_layer("b").kernel.assign(np.arange(6.0).reshape(3, 2) - 2)
    expected = model.predict(FEATURES, verbose=0)
    inner, scales = with_standardised(model, {"f": FEATURES})
    with on_standardised(scales):
        found = inner.predict(FEATURES, verbose=0)
    for name, each in expected.items():
        np.testing.assert_allclose(found[name], each, rtol=1e-3, atol=2e-4)


def test_a_fresh_hidden_layer_begins_as_it_was_made():
    x = keras.Input((3,), name="f")
    hidden = layers.Dense(4, activation="relu", name="hidden")
    model = keras.Model([x], {"a": layers.Dense(1, name="a")(hidden(x))})
    before = hidden.get_weights()[0]
    _, scales = with_standardised(model, {"f": FEATURES})
    with on_standardised(scales):
        np.testing.assert_array_equal(hidden.get_weights()[0], before)
    np.testing.assert_allclose(hidden.get_weights()[0], before / scales[0].deviation[:, None], rtol=1e-6)
    assert (scales[0].deviation[:2] == 1).tolist() == [True, False]


@pytest.mark.parametrize("between", [layers.BatchNormalization(), layers.Dense(3, use_bias=False), layers.ReLU()])
def test_what_is_no_dense_layer_with_a_bias_reads_features_as_they_are(between):
    model = upper(between)
    assert with_standardised(model, {"f": FEATURES}) == (model, ())


def test_features_that_something_else_reads_too_or_that_do_not_vary_are_left_alone():
    x = keras.Input((3,), name="f")
    head = layers.Dense(1, name="a")
    model = keras.Model([x], {"a": head(x), "sum": layers.Dense(1, name="b")(keras.ops.abs(x))})
    assert with_standardised(model, {"f": FEATURES}) == (model, ())
    broken = np.where(np.arange(len(FEATURES))[:, None] == 7, np.float32(np.nan), FEATURES)
    model = upper()
    assert with_standardised(model, {"f": broken}) == (model, ())
    constant = np.ones_like(FEATURES) * np.float32(7.1)
    _, (scale,) = with_standardised(upper(), {"f": constant})
    assert (scale.deviation == 1).all()


def test_an_interrupted_probe_goes_on_to_the_same_bits_and_callbacks_see_the_whole_model(tmp_path):
    class Watch(keras.callbacks.Callback):
        stop, seen = False, []

        def on_epoch_end(self, epoch, logs=None):
            found = self.model.predict(VALIDATION.inputs, verbose=0)["category"]
            right = (found.argmax(axis=1) == VALIDATION.targets["category"]).mean()
            self.seen.append((right, logs["val_category_accuracy"]))
            if self.stop and epoch == 1:
                raise KeyboardInterrupt

    plan = recipe(fine_tune=FineTune("linear_probe"), epochs=4)
    whole, watch = small_features(), Watch()
    expected = fit(whole, TRAIN, VALIDATION, plan, folder=tmp_path / "whole", callbacks=[watch])
    assert [right for right, _ in watch.seen] == pytest.approx([told for _, told in watch.seen])
    broken = small_features()
    watch.stop = True
    with pytest.raises(KeyboardInterrupt):
        fit(broken, TRAIN, VALIDATION, plan, folder=tmp_path / "broken", callbacks=[watch])
    resumed = small_features()
    run = fit(resumed, TRAIN, VALIDATION, plan, folder=tmp_path / "broken")
    assert [row["val_loss"] for row in run.history] == [row["val_loss"] for row in expected.history]
    assert changed(values(whole), values(resumed)) == set()
    again = fit(resumed, TRAIN, VALIDATION, plan, folder=tmp_path / "broken")
    assert again.best_epoch == run.best_epoch
    assert changed(values(whole), values(resumed)) == set()
