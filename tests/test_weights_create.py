"""Weights given with the name: fresh heads, inflated stems, graphs that were changed, and no random numbers wasted."""

import inspect

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.backend.common import global_state

import zoo
from zoo.artifacts.folders import mirror_base
from zoo.errors import UnknownNameError, WeightsError
from zoo.weights import give_initial_values, without_values
from zoo.weights.arrays import inflated
from zoo.weights.memory import can_be_shared
from zoo.weights.places import graph_version, head_of, places_of, stems_of
from zoo.weights.readers import opened
from zoo.weights.values import give

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet_tiny.h5"
    model = zoo.create_model("mobilenet_tiny", classes=5)
    for variable in model.weights:
        variable.assign(RANDOM.uniform(0.2, 1.0, size=variable.shape))
    zoo.save_weights(model, path, metadata={"entry": "mobilenet_tiny", "config": {"classes": 5}})
    return path


def logits(model, image):
    head = head_of(model)
    inner = keras.Model(model.inputs, model.get_layer(head).input)
    return np.asarray(inner([image]))


def test_other_classes_get_a_fresh_head_and_nothing_else_is_fresh(saved):
    model, original = (
        zoo.create_model("mobilenet_tiny", weights=saved, classes=3),
        zoo.create_model("mobilenet_tiny", weights=saved),
    )
    report = zoo.load_report(model)
    head = head_of(model)
    assert report.reinitialised == tuple(f"{head}/{role}" for role in ("kernel", "bias"))
    assert set(report.unused) == set(report.reinitialised)
    assert len(report.matched) == len(model.weights) - 2
    assert zoo.load_report(original).reinitialised == ()
    kernel = np.asarray(model.get_layer(head).kernel)
    assert 0 < np.abs(kernel).max() < 2  # by its initialiser, not zeros
    assert kernel.std() > 0
    image = RANDOM.uniform(size=(1, *model.inputs[0].shape[1:])).astype("float32")
    np.testing.assert_array_equal(logits(model, image), logits(original, image))


def test_classes_that_are_not_asked_for_are_refused(saved, tmp_path):
    model = zoo.create_model("mobilenet_tiny", classes=3)
    with pytest.raises(WeightsError, match=r"is .*5.* in .* but .*3.* in the model"):
        zoo.load_weights(model, saved)
    with pytest.raises(UnknownNameError, match="did you mean 'head'"):
        zoo.load_weights(model, saved, fit=["heads"])


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_other_channels_inflate_the_stem_and_grey_images_get_the_same_answer(saved, channels):
    original = zoo.create_model("mobilenet_tiny", weights=saved)
    height, width, _ = original.inputs[0].shape[1:]
    model = zoo.create_model("mobilenet_tiny", weights=saved, input_shape=(height, width, channels))
    assert zoo.load_report(model).inflated == tuple(f"{stem}/kernel" for stem in stems_of(model))
    grey = RANDOM.uniform(size=(2, height, width, 1)).astype("float32")
    answer, expected = logits(model, np.repeat(grey, channels, -1)), logits(original, np.repeat(grey, 3, -1))
    np.testing.assert_allclose(answer, expected, atol=1e-5 * np.ptp(expected), rtol=1e-5)


def test_one_channel_gets_the_sum_of_the_kernel():
    kernel = RANDOM.normal(size=(3, 3, 3, 2))
    np.testing.assert_allclose(inflated(kernel, 1), kernel.sum(2, keepdims=True))
    np.testing.assert_array_equal(inflated(kernel, 3), kernel)


def test_without_the_top_the_files_head_is_left_aside(saved):
    model = zoo.create_model("mobilenet_tiny", weights=saved, include_top=False, pooling="avg")
    assert len(zoo.load_report(model).unused) == 2
    assert all("top" in reason for reason in zoo.load_report(model).reasons.values())
    assert len(zoo.load_report(model).matched) == len(model.weights)


def test_weights_of_another_family_are_refused(saved):
    with pytest.raises(WeightsError, match="holds weights of mobilenet_tiny, not of vgg_tiny"):
        zoo.create_model("vgg_tiny", weights=saved)
    with pytest.raises(WeightsError, match=r"does not fit the model|weights of another model"):
        zoo.load_weights(zoo.create_model("vgg_tiny"), saved)


def two_branches(*, swapped=False, drop=False, order=("left", "right"), merge=layers.Add):
    x = keras.Input((3,), name="x")
    branches = [layers.Dense(3, name=name)(x) for name in order]
    if drop:
        branches[1] = layers.Dropout(0.2, noise_shape=(None, 1))(branches[1])
    y = merge()(branches[::-1] if swapped else branches)
    return keras.Model([x], layers.Dense(2, name="end")(y))


@pytest.mark.parametrize("change", [{"swapped": True}, {"drop": True}, {"order": ("right", "left")}])
def test_summands_that_change_places_and_an_inserted_drop_path_change_no_answer(tmp_path, change):
    model, changed = two_branches(), two_branches(**change)
    zoo.save_weights(model, tmp_path / "f")
    model.save_weights(tmp_path / "f.weights.h5")
    x = RANDOM.normal(size=(4, 3)).astype("float32")
    for name in ("f", "f.weights.h5"):
        report = zoo.load_weights(changed, tmp_path / name)
        np.testing.assert_allclose(changed([x]), model([x]), rtol=1e-5, atol=1e-6)
        assert report.notes == ()


def test_a_graph_that_answers_otherwise_is_told_in_the_report(tmp_path):
    model, changed = two_branches(merge=layers.Subtract), two_branches(merge=layers.Subtract, swapped=True)
    assert graph_version(model) != graph_version(changed)
    zoo.save_weights(model, tmp_path / "f")
    assert "saved from another graph" in zoo.load_weights(changed, tmp_path / "f").notes[0]
    assert zoo.load_weights(two_branches(merge=layers.Subtract), tmp_path / "f").notes == ()


def test_building_without_values_draws_no_random_numbers_and_leaves_nothing_waiting():
    waiting = len(global_state.get_global_attribute("uninitialized_variables", []))
    with without_values():
        model = zoo.create_model("mobilenet_tiny", dropout=0.5)
    assert all(variable._value is None for variable in model.variables)
    assert len(global_state.get_global_attribute("uninitialized_variables", [])) == waiting
    give_initial_values(model)
    assert all(variable._value is not None for variable in model.variables)
    norm = next(layer for layer in model.layers if isinstance(layer, layers.BatchNormalization))
    np.testing.assert_array_equal(norm.moving_variance, np.ones(norm.moving_variance.shape))
    with keras.StatelessScope():
        pass  # its end gives values to what waits: there is nothing left


def test_a_model_that_was_built_without_values_trains_and_saves_like_any_other(saved, tmp_path):
    model = zoo.create_model("mobilenet_tiny", weights=saved)
    image = np.zeros((2, *model.inputs[0].shape[1:]), "float32")
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit({"image": image}, {"predictions": np.array([0, 1])}, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again([image])["predictions"], model([image])["predictions"], atol=1e-6)


def test_the_seed_decides_a_fresh_head_though_nothing_else_was_drawn(saved):
    heads = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        model = zoo.create_model("mobilenet_tiny", weights=saved, classes=3)
        heads.append(np.asarray(model.get_layer(head_of(model)).kernel))
    np.testing.assert_array_equal(*heads)


def test_the_private_parts_of_keras_are_where_they_were():
    variable = keras.Variable(np.zeros(2), name="v")
    assert variable._value is not None
    assert variable._initializer is None
    assert "initialize_variables" in inspect.signature(keras.StatelessScope).parameters
    assert callable(variable._deferred_initialize)
    assert callable(layers.Dense(1)._flatten_layers)


MIRROR = mirror_base()


@pytest.mark.skipif(not MIRROR or MIRROR.startswith("http"), reason="no folder of real files: set ZOO_MIRROR")
@pytest.mark.parametrize(
    ("name", "file"),
    [("mobilenet", "mobilenet_1_0_224_tf.h5"), ("mobilenet_025", "mobilenet_2_5_224_tf.h5")],
)
def test_the_official_mobilenets_are_explained_to_the_last_weight(name, file):
    from pathlib import Path

    model = zoo.create_model(name, weights=Path(MIRROR) / "weights" / file)
    report = zoo.load_report(model)
    assert len(report.matched) == len(model.weights) == 137
    assert report.unused == report.reinitialised == report.inflated == ()


def test_training_leaves_the_arrays_that_were_loaded_alone(saved):
    with opened(saved) as stored:
        arrays = {f"{layer}/{role}": array.read() for layer, role, array in stored.arrays()}
    before = {address: array.copy() for address, array in arrays.items()}
    with without_values():
        model = zoo.create_model("mobilenet_tiny", classes=5)
    for address, place in places_of(model).items():
        give(place.variable, arrays[address])
        place.variable.assign_add(np.ones(place.shape))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(place.variable), before[address] + 1, rtol=1e-6)
        if keras.backend.backend() != "torch":  # there the arrays become the parameters
            np.testing.assert_array_equal(arrays[address], before[address])


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_arrays_are_read_to_where_a_backend_can_leave_them(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    model = zoo.create_model("mobilenet_tiny")
    model.save_weights(path) if suffix == ".weights.h5" else model.save(path)
    with opened(path) as stored:
        assert all(can_be_shared(array.read()) for _, _, array in stored.arrays())


def test_operations_of_keras_between_an_input_and_its_layers_are_no_stems():
    given = keras.Input((8, 4, 1))
    x = keras.layers.Dense(2, name="first")(keras.ops.squeeze(given, -1))
    model = keras.Model(given, keras.layers.Dense(1, name="last")(keras.ops.mean(x, axis=1)))
    assert stems_of(model) == ["first"]
    assert head_of(model, "last") == "last"
