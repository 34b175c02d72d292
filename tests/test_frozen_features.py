"""What frozen layers give is computed once and kept on disk: the same training as that of the whole network."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.pretrained import changed, network, pictures, recipe, values
from zoo.training import FineTune, fit, freeze
from zoo.training.fine_tuning import features
from zoo.training.fine_tuning.freezing import still_below
from zoo.training.fine_tuning.network import Network
from zoo.training.fine_tuning.plan import plan_for

TRAIN, VALIDATION = pictures(48, 0), pictures(40, 1)


@pytest.fixture(autouse=True)
def kept_in(tmp_path, monkeypatch):
    """The features of a test stand in a folder of its own."""
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))
    return tmp_path / "features"


def plain(gib):
    """A head on features as they are, which are kept in so many GiB."""
    return FineTune("linear_probe", cache_gib=gib, standardise=False)


def test_features_on_disk_train_as_the_whole_network_does(kept_in):
    runs = []
    for gib in (0, 1):
        model = network()
        runs.append((fit(model, TRAIN, VALIDATION, recipe(fine_tune=plain(gib))), model))
    (slow, whole), (fast, upper) = runs
    assert [row["val_loss"] for row in fast.history] == pytest.approx(
        [row["val_loss"] for row in slow.history], rel=1e-4
    )
    assert "features not kept" in slow.notes[0]
    assert len(list(kept_in.glob("*.npy"))) == 2
    np.testing.assert_allclose(
        upper.predict(VALIDATION.inputs, verbose=0)["category"],
        whole.predict(VALIDATION.inputs, verbose=0)["category"],
        atol=1e-4,
    )


def test_several_views_of_each_picture_are_kept_and_stand_for_as_many_epochs(kept_in):
    shift = ("shift", {"horizontal": 0.2, "vertical": 0.2})
    tune = FineTune(("linear_probe", "last_stage"), views=3)
    runs = [fit(network(), TRAIN, VALIDATION, recipe(fine_tune=tune, augmentation=[shift], epochs=6)) for _ in (1, 2)]
    first, second = runs[0].notes
    assert "88 rows kept" in first  # a beginning sees 48 pictures as they are
    assert f"{3 * 48 + 40} rows kept" in second
    assert [row["stage"] for row in runs[0].history] == [1] * 6 + [2] * 2
    assert runs[0].planned == 8
    assert "last_stage, 2 epochs" in second
    assert [row["val_loss"] for row in runs[0].history] == [row["val_loss"] for row in runs[1].history]
    views = max((np.load(file) for file in kept_in.glob("*.npy")), key=len).reshape(-1, 48, 4, 4, 8)[:3]
    assert not np.array_equal(views[0], views[1])
    assert not np.array_equal(views[1], views[2])


def test_views_that_have_no_room_are_augmented_in_every_epoch():
    tune = FineTune("linear_probe", views=3, cache_gib=100 * 8 * 4 / 2**30)
    run = fit(network(), TRAIN, VALIDATION, recipe(fine_tune=tune, augmentation="flip"))
    assert "no room" in run.notes[0]
    assert len(run.history) == 3


def test_the_last_two_stages_are_trained_alone():
    model = network()
    plan = plan_for(model, recipe(fine_tune=FineTune("last_two_stages")), TRAIN)
    assert [stage.parts for stage in plan.stages] == [3]


def test_features_are_those_of_the_weights_the_rows_and_the_settings_and_are_computed_once(kept_in, monkeypatch):
    asked = []
    compute = features._compute
    monkeypatch.setattr(features, "_compute", lambda *rest: (asked.append(1), compute(*rest)))

    def new_files(model, train=TRAIN):
        before = len(asked)
        parts = None
        freeze(model, "head")
        parts = features.split(Network(model))
        assert not isinstance(features.cached(parts, (train, VALIDATION), 2**30), str)
        return len(asked) - before

    assert new_files(network()) == 2
    assert new_files(network()) == 0
    other = network()
    other.get_layer("conv1").kernel.assign(other.get_layer("conv1").kernel * 2)
    assert new_files(other) == 2
    assert new_files(network(), pictures(48, 5)) == 1
    slope = network()
    slope.get_layer("relu2").activation = keras.activations.relu6
    assert new_files(slope) == 2


def test_features_beyond_the_budget_are_not_kept_and_old_ones_make_room(kept_in):
    model = network()
    freeze(model, "head")
    parts = features.split(Network(model))
    need = 88 * 8 * 4  # rows, channels, bytes
    assert "more than 'cache_gib' allows" in features.cached(parts, (TRAIN, VALIDATION), need - 1)
    assert features.cached(parts, (TRAIN, VALIDATION), need).size == need
    first = {file.name for file in kept_in.glob("*.npy")}
    features.cached(parts, (pictures(48, 2), pictures(40, 3)), 3 * need)
    assert first < {file.name for file in kept_in.glob("*.npy")}
    features.cached(parts, (pictures(48, 4), pictures(40, 5)), need)
    assert len(list(kept_in.glob("*.npy"))) == 2
    assert first.isdisjoint(file.name for file in kept_in.glob("*.npy"))


def test_a_file_of_features_that_was_cut_short_is_computed_again(kept_in):
    model = network()
    freeze(model, "head")
    parts = features.split(Network(model))
    (found,) = features.cached(parts, (TRAIN,), 2**30).splits[0].inputs.values()
    (file,) = kept_in.glob("*.npy")
    file.write_bytes(file.read_bytes()[:200])
    (again,) = features.cached(parts, (TRAIN,), 2**30).splits[0].inputs.values()
    np.testing.assert_array_equal(again, found)


def test_what_draws_or_still_learns_stands_above_the_cut():
    model = network(dropout=0.3)
    freeze(model, "head")
    names = {layer.name for layer in features.split(Network(model)).upper.layers}
    assert names == {"average", "dropout", "category"}  # the first an input
    model.get_layer("norm2").trainable = True
    assert "norm2" in {layer.name for layer in features.split(Network(model)).upper.layers}
    assert features.split(Network(network())) is None


def test_a_model_that_somebody_froze_trains_the_rest_from_features():
    model = network(nested=True)
    model.get_layer("base").trainable = False
    before = values(model)
    run = fit(model, TRAIN, VALIDATION, recipe(fine_tune="auto"))
    assert changed(before, values(model)) == {"category"}
    assert run.notes[0].startswith("as_frozen, 3 epochs")
    assert "kept on disk" in run.notes[0]
    assert not model.get_layer("base").trainable


def test_learnt_batch_norm_is_held_above_what_somebody_froze_too():
    model = network()
    model.get_layer("conv1").trainable = False
    for how, held in (("hold", True), ("train", False)):
        plan = plan_for(model, recipe(fine_tune=FineTune("auto", batch_norm=how)), TRAIN)
        with plan.applied(plan.stages[0]) as (frozen, _):
            assert ("norm2" in frozen.held) is held
            assert "conv1" in frozen.layers
    assert model.get_layer("norm2").trainable


def test_layers_of_which_only_the_name_of_a_function_is_known_are_not_kept():
    x = keras.Input((4,), name="x")
    hidden = layers.Lambda(lambda x: x * 2, name="twice")(layers.Dense(3, name="below")(x))
    model = keras.Model([x], {"y": layers.Dense(1, name="y")(hidden)})
    freeze(model, "head")
    assert features.split(Network(model)) is None


def recurrent(dropout):
    """A pretrained convolution, dropout, a GRU over its rows, and a fresh head behind dropout of its own."""
    keras.utils.set_random_seed(3)
    given = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(4, 3, strides=4, padding="same", activation="relu", name="conv")(given)
    x = layers.Dropout(dropout, name="between")(x)
    x = layers.GRU(5, name="gru")(keras.ops.reshape(x, (-1, 4, 16)))
    x = layers.Dropout(0.25, name="before_head")(x)
    return keras.Model(given, {"category": layers.Dense(3, activation="softmax", name="category")(x)})


def test_dropout_between_frozen_layers_is_off_so_that_features_behind_it_are_kept(kept_in):
    model = recurrent(0.5)
    run = fit(model, TRAIN, VALIDATION, recipe(fine_tune=FineTune("linear_probe")))
    assert "88 rows kept" in run.notes[0]
    kept = max((np.load(file) for file in kept_in.glob("*.npy")), key=len)
    expected = keras.Model(model.inputs, model.get_layer("gru").output).predict(TRAIN.inputs["image"], verbose=0)
    np.testing.assert_allclose(kept.reshape(48, 5), expected, atol=1e-6)
    assert (model.get_layer("between").rate, model.get_layer("before_head").rate) == (0.5, 0.25)


def test_dropout_that_something_trained_reads_stays_on():
    model = recurrent(0.5)
    freeze(model, "conv")
    with still_below(Network(model)):
        assert (model.get_layer("between").rate, model.get_layer("before_head").rate) == (0.5, 0.25)
    freeze(model, "gru")
    with still_below(Network(model)):
        assert (model.get_layer("between").rate, model.get_layer("before_head").rate) == (0.0, 0.25)


class Noise(layers.Dropout):
    """A user's own layer, which is random at rate 0 too."""

    def call(self, inputs, training=False):
        return inputs + keras.random.normal(keras.ops.shape(inputs)) if training else inputs


@pytest.mark.parametrize(
    ("layer", "still"),
    [
        (layers.GRU(3), True),
        (layers.GRU(3, dropout=0.1), False),
        (layers.LSTM(3, recurrent_dropout=0.1), False),
        (layers.SimpleRNN(3, stateful=True), False),
        (layers.Dropout(0.0), True),
        (layers.Dropout(0.1), False),
        (Noise(0.0), False),
    ],
)
def test_layers_stand_still_whose_settings_leave_nothing_to_chance(layer, still):
    layer.build((2, 4, 3))
    layer.trainable = False
    assert features.stands_still(layer) is still


def test_features_of_the_same_weights_are_the_same_whatever_the_seed_of_what_is_random():
    keys = []
    for seed in (1, 2):
        model = recurrent(0.5)
        model.get_layer("gru").cell.seed_generator.state.assign([seed, 7])
        freeze(model, "head")
        network = Network(model)
        with still_below(network):
            keys.append(features.split(network).key)
    assert keys[0] == keys[1]
