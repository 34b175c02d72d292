"""Co-teaching: each network learns from the rows whose labels the other finds likely, and wrong labels harm less."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ConfigError
from zoo.samples import Samples, Target
from zoo.training import AdversarialTraining, CoTeaching, Optimiser, Recipe, fit, predict
from zoo.training.resampling.co_teaching import CoTeachers, with_peer

LABELS = ("left", "right")
HEADS = {"side": zoo.Head(Target("classification", LABELS))}
WRONG = 0.3


def samples(rows, seed, wrong=0.0):
    """A side that one of 20 numbers tells; of some rows the other label."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 20)).astype(np.float32)
    values[:, 0] += 3 * np.sign(values[:, 0])
    label = (values[:, 0] > 0).astype(np.int32)
    return Samples({"values": values}, {"side": np.where(random.random(rows) < wrong, 1 - label, label)})


def network(seed=0):
    keras.utils.set_random_seed(seed)
    given = keras.Input((20,), name="values")
    x = keras.layers.Dense(64, activation="relu", name="hidden")(given)
    return keras.Model([given], {"side": keras.layers.Dense(2, activation="softmax", name="side")(x)})


def recipe(**changes):
    options = {"epochs": 12, "batch_size": 50, "optimiser": Optimiser(learning_rate=1e-2), "fine_tune": None}
    return Recipe(HEADS, **{**options, **changes})


def accuracy(model, split):
    return float((predict(model, split, HEADS)["side"].argmax(axis=1) == split.targets["side"]).mean())


@pytest.mark.backends
def test_rows_are_chosen_by_the_other_network():
    model, split = network(), samples(50, 0, WRONG)
    pair, heads, (both,) = with_peer(model, HEADS, 3, split)
    outputs = pair.predict_on_batch(split.inputs)
    assert np.abs(outputs["side"] - outputs["side_peer"]).max() > 0.01
    teachers = CoTeachers(CoTeaching(WRONG, epochs=2), heads, pair)
    batch = (split.inputs, both.targets)
    for epoch, few in ((0, 50), (1, 43), (2, 35), (9, 35)):
        _, targets, weights = teachers.taught(batch, epoch)
        assert targets is both.targets
        for name, other in (("side", "side_peer"), ("side_peer", "side")):
            share = outputs[other][np.arange(50), split.targets["side"]]
            likely = np.argsort(-share, kind="stable")[:few]
            expected = np.zeros(50)
            expected[likely] = 50 / few
            np.testing.assert_allclose(weights[name], expected, rtol=1e-6)
    given = {"side": np.full(50, 3.0), "side_peer": np.ones(50)}
    weighed = teachers.taught((*batch, given), 9)[2]
    np.testing.assert_allclose(weighed["side"], 3 * weights["side"])
    missing = {name: np.where(np.arange(50) < 20, -1, values) for name, values in both.targets.items()}
    few = teachers.taught((split.inputs, missing), 9)[2]["side"]
    assert not few[:20].any()
    assert np.count_nonzero(few) == 21


def test_wrong_labels_are_not_learnt():
    """What is surest wrong in the end are the rows with a wrong label, though there are weights to learn them too."""
    train = samples(300, 1, WRONG)
    right = (train.inputs["values"][:, 0] > 0).astype(np.int32)
    model = network()
    run = fit(model, train, samples(100, 2), recipe(co_teaching=CoTeaching(WRONG, epochs=4)))
    assert list(model.output) == ["side"]
    assert not any("_peer" in name for name in run.calibrations)
    assert {"val_side_loss", "val_side_peer_loss"} <= set(run.history[-1])
    share = predict(model, train, HEADS)["side"][np.arange(300), train.targets["side"]]
    wrong = train.targets["side"] != right
    least = np.argsort(share)[: wrong.sum()]
    assert wrong[least].mean() > 0.9


@pytest.mark.backends
def test_it_trains_on_every_backend_and_equally_again():
    train, validation = samples(100, 1, WRONG), samples(50, 2)
    plan = recipe(epochs=2, co_teaching=CoTeaching(WRONG, epochs=1))
    first, second, other = network(), network(), network()
    fit(first, train, validation, plan, seed=5)
    fit(second, train, validation, plan, seed=5)
    fit(other, train, validation, plan, seed=6)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert np.abs(first.get_weights()[0] - other.get_weights()[0]).max() > 1e-4


def test_a_run_goes_on_where_it_ended(tmp_path):
    train, validation = samples(100, 1, WRONG), samples(50, 2)
    plan = recipe(epochs=4, co_teaching=CoTeaching(WRONG, epochs=2))
    whole, halted = network(), network()
    fit(whole, train, validation, plan)

    class Ends(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(halted, train, validation, plan, folder=tmp_path / "run", callbacks=[Ends()])
    fit(halted, train, validation, plan, folder=tmp_path / "run")
    for a, b in zip(whole.get_weights(), halted.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_layers_are_those_of_the_first_network_and_others_are_fresh():
    model = network()
    model.get_layer("hidden").trainable = False
    model.get_layer("side").bias.assign([1.0, 2.0])
    pair, *_ = with_peer(model, HEADS, 0)
    first, second = model.get_layer("hidden"), pair.get_layer("hidden_peer")
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])
    assert not second.trainable
    assert not pair.get_layer("side_peer").get_weights()[1].any()
    assert np.abs(pair.get_layer("side_peer").get_weights()[0] - model.get_layer("side").get_weights()[0]).max() > 0.01


def test_what_inputs_are_scaled_by_stays_and_layers_in_wrappers_begin_by_the_seed():
    def scaled(begin):
        keras.utils.set_random_seed(begin)
        given = keras.Input((20,), name="values")
        scale = keras.layers.Normalization(name="scale", mean=np.arange(20.0), variance=np.full(20, 4.0))
        learnt = keras.layers.Normalization(name="learnt")
        learnt.adapt(np.arange(40.0).reshape(2, 20))
        x = keras.layers.Reshape((5, 4))(learnt(scale(given)))
        x = keras.layers.Bidirectional(keras.layers.LSTM(2), name="both")(x)
        return keras.Model([given], {"side": keras.layers.Dense(2, activation="softmax", name="side")(x)})

    pairs = [with_peer(scaled(begin), HEADS, seed)[0] for begin, seed in ((0, 3), (1, 3), (1, 4))]
    np.testing.assert_array_equal(pairs[0].get_layer("learnt_peer").get_weights()[0], np.arange(20.0) + 10)
    first, again, other = (pair.get_layer("both_peer").get_weights()[0] for pair in pairs)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_what_does_not_go_with_it_is_told():
    for wrong in (0, 1, "many", True):
        with pytest.raises(ConfigError, match="'wrong' of CoTeaching is the share of wrong labels"):
            CoTeaching(wrong)
    with pytest.raises(ConfigError, match="'co_teaching' must be a CoTeaching, as in CoTeaching"):
        recipe(co_teaching=0.2)
    with pytest.raises(ConfigError, match="not in stages: freeze what was pretrained"):
        fit(network(), samples(50, 0), samples(50, 1), recipe(co_teaching=CoTeaching(0.2), fine_tune="all"))
    with pytest.raises(ConfigError, match="'adversarial' and 'co_teaching' do not go together"):
        recipe(co_teaching=CoTeaching(0.2), adversarial=AdversarialTraining(0.1))
    for method in ("over_sampling", "smote"):
        drawn = {"side": zoo.Head(HEADS["side"].target, imbalance=method)}
        with pytest.raises(ConfigError, match=f"'{method}' for the imbalance of 'side' draws or makes up rows"):
            with_peer(network(), drawn, 0)
    assert recipe(co_teaching=CoTeaching(0.2)).to_json()["co_teaching"] == {"wrong": 0.2, "epochs": 10}
