"""An embedding in closed form: what it does to the spread within people; and a pretrained backbone read at a tap."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops

import zoo
from zoo.datasets.image_pairs.build import SAME
from zoo.datasets.image_pairs.signs import signs
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.models import image_similarity_tiny
from zoo.models.image_similarity import encoder
from zoo.tasks.discriminant import SHRINKAGE, discriminant, fit_discriminant
from zoo.tasks.image_pairs import fit_pairs
from zoo.training import Head, Recipe


@pytest.fixture(scope="module")
def people():
    """300 vectors of 30 people: thirty numbers tell people apart, two vary wildly within a person."""
    random = np.random.default_rng(0)
    classes = np.repeat(np.arange(30), 10)
    own, within = random.normal(size=(30, 30)), random.normal(size=(300, 30)) * 0.3
    wild = random.normal(size=(300, 2)) * 10
    return np.concatenate([own[classes] + within, wild], axis=1).astype("float32") + 5.0, classes


def nearest_is_same(vectors, classes):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = unit @ unit.T - 2 * np.eye(len(unit))
    return (classes[likeness.argmax(axis=1)] == classes).mean()


def test_the_covariance_within_a_class_becomes_what_shrinkage_leaves_of_the_identity(people):
    features, classes = people
    weights, bias = discriminant(features, classes, 32)
    embedded = features @ weights + bias
    np.testing.assert_allclose(embedded.mean(axis=0), 0.0, atol=1e-3)
    centred = features - np.stack([features[classes == each].mean(axis=0) for each in classes])
    covariance = centred.T @ centred / len(centred)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / 32 * np.eye(32)
    np.testing.assert_allclose(weights.T @ shrunk @ weights, np.eye(32), atol=1e-3)


def test_what_varies_within_people_counts_for_little(people):
    features, classes = people
    weights, bias = discriminant(features, classes, 32)
    assert nearest_is_same(features - features.mean(axis=0), classes) < 0.7
    assert nearest_is_same(features @ weights + bias, classes) > 0.95


def test_units_beyond_the_rank_are_zero():
    random = np.random.default_rng(0)
    weights, bias = discriminant(random.normal(size=(6, 9)), np.array([0, 0, 0, 1, 1, 1]), 8)
    assert np.abs(weights[:, :5]).max(axis=0).min() > 0
    assert not np.abs(weights[:, 5:]).any()
    assert not np.abs(bias[5:]).any()


@pytest.mark.parametrize(
    ("features", "told"),
    [(np.repeat(np.eye(2), 3, axis=0), "all equal"), (np.full((6, 2), np.nan), "not finite")],
)
def test_features_that_tell_nothing_are_refused(features, told):
    with pytest.raises(DataError, match=told):
        discriminant(features, np.array([0, 0, 0, 1, 1, 1]), 2)


@pytest.mark.backends
def test_the_embedding_of_a_network_is_computed_from_its_pairs():
    data = signs(classes=12, drawn=4, count=80, size=16).dataset()
    reader = encoder("cnn_tiny", (16, 16, 1), units=6, unit_length=True)
    before = reader.get_layer("embedding").get_weights()[0]
    told = fit_discriminant(reader, data.train)
    assert told.startswith("discriminant: the embedding is computed from ")
    assert np.abs(reader.get_layer("embedding").get_weights()[0] - before).max() > 1e-3
    again = encoder("cnn_tiny", (16, 16, 1), units=6, unit_length=True)
    again.set_weights(reader.get_weights())
    fit_discriminant(again, data.train)
    np.testing.assert_array_equal(*(each.get_layer("embedding").get_weights()[0] for each in (reader, again)))


def test_a_backbone_without_weights_is_refused():
    data = signs(classes=12, drawn=4, count=80, size=16).dataset()
    config = {"objective": "discriminant", "units": 4}
    recipe = Recipe({SAME: Head(data.targets[SAME])}, entry="image_similarity_tiny", config=config, epochs=1)
    with pytest.raises(ConfigError, match="features that were learnt elsewhere"):
        fit_pairs(image_similarity_tiny(**config), data.train, data.validation, recipe)
    with pytest.raises(ConfigError, match="a backbone that stands still: leave fine_tune out"):
        fit_pairs(image_similarity_tiny(**config), data.train, data.validation, replace(recipe, fine_tune="all"))


def test_a_tap_gives_the_mean_over_places_and_leaves_out_what_lies_above():
    options = {"include_top": False, "input_shape": (32, 32, 3), "taps": ("s8",)}
    whole = zoo.create_model("mobilenet_tiny", **options)
    reader = encoder("mobilenet_tiny", (32, 32, 3), tap="s8")
    for layer in reader.layers:
        layer.set_weights(whole.get_layer(layer.name).get_weights() if layer.weights else [])
    assert len(reader.layers) < len(whole.layers)
    given = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    expected = ops.convert_to_numpy(whole([given])["s8"]).mean(axis=(1, 2))
    np.testing.assert_allclose(ops.convert_to_numpy(reader([given])), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"tap": "s8"}, ConfigError, "'cnn_tiny' has none"),
        ({"picture": "mobilenet_tiny", "tap": "s7", "input_shape": (32, 32, 3)}, UnknownNameError, "tap"),
        ({"objective": "discriminant"}, ConfigError, "units=128"),
    ],
)
def test_a_wrong_tap_or_no_units_are_told(given, error, told):
    with pytest.raises(error, match=told):
        zoo.create_model("image_similarity_tiny", **given)
