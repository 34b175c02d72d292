"""Layers inside `TimeDistributed` and `Bidirectional`: explained and traced as the same network without wrappers."""

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests.explain_models import convolutions, picture, sample_of, with_weights
from zoo.errors import ConfigError
from zoo.tracing.call_recorder import operations
from zoo.tracing.gradients import GradientFunction, Place
from zoo.tracing.trace import trace

pytestmark = pytest.mark.backends
ROWS, UNITS = 4, 3


def network(each_row, both_ways):
    """Rows of maps read one after the other, forwards and backwards."""
    x = layers.Reshape((ROWS, 20))(convolutions(image := picture()))
    x = both_ways(each_row(layers.Dense(6, activation="tanh", name="dense"))(x))
    return keras.Model(image, layers.Dense(3, activation="softmax", name="label")(x), name="rows")


def one_after_the_other(x):
    ways = [layers.LSTM(UNITS, name="forward"), layers.LSTM(UNITS, go_backwards=True, name="backward")]
    return layers.Concatenate()([way(x) for way in ways])


@pytest.fixture(scope="module")
def wrapped():
    both_ways = layers.Bidirectional(layers.LSTM(UNITS, name="lstm"), name="both_ways")
    return with_weights(network(lambda dense: layers.TimeDistributed(dense, name="each_row"), both_ways))


@pytest.fixture(scope="module")
def plain():
    return with_weights(network(lambda dense: dense, one_after_the_other))


@pytest.mark.parametrize(
    ("method", "options"),
    [("grad-cam", {}), ("layer-cam", {}), ("integrated-gradients", {"steps": 8}), ("occlusion", {"window": 4})],
)
def test_explanations_are_those_without_wrappers(wrapped, plain, method, options):
    sample = sample_of(wrapped)
    found, expected = (zoo.explain(model, sample, method=method, label=1, **options) for model in (wrapped, plain))
    assert np.abs(expected.values).max() > 1e-4
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4 * np.abs(expected.values).max())
    assert found.settings == expected.settings


def test_what_a_wrapped_layer_gives_has_gradients(wrapped, plain):
    """At each step that of the same row where all rows are seen at once."""
    image = {"image": sample_of(wrapped)["image"][None]}
    steps = [Place("each_row/dense", call) for call in range(1, ROWS + 1)]

    def score(outputs):
        return outputs["label"][:, 1]

    found = GradientFunction(wrapped, score, by=[*steps, Place("forward_lstm")])(image)
    expected = GradientFunction(plain, score, by=[Place("dense"), Place("forward")])(image)
    for what in ("values", "gradients"):
        rows, way = getattr(expected, what)
        *each, own = getattr(found, what)
        np.testing.assert_allclose(np.stack(each, axis=1), rows, rtol=1e-3, atol=1e-6, err_msg=what)
        np.testing.assert_allclose(own, way, rtol=1e-3, atol=1e-6, err_msg=what)


def test_a_trace_tells_every_step_of_a_wrapped_layer(wrapped):
    wrapped.compile(loss="sparse_categorical_crossentropy")
    image = sample_of(wrapped)["image"][None]
    found = trace(wrapped, image, np.array([1]), gradients=True)
    calls = {(call.name, call.number): call for call in found.calls}
    inner = [calls["each_row/dense", number] for number in range(1, ROWS + 1)]
    (whole,) = calls["each_row", 1].outputs
    np.testing.assert_allclose(np.stack([each.outputs[0] for each in inner], axis=1), whole, rtol=1e-5)
    (gradient,) = calls["each_row", 1].output_gradients
    steps = np.stack([each.output_gradients[0] for each in inner], axis=1)
    np.testing.assert_allclose(steps, gradient, rtol=1e-3, atol=1e-7)
    assert {"both_ways/forward_lstm", "both_ways/backward_lstm"} <= {call.name for call in found.calls}
    assert not any("call" in each.__dict__ for _, each in operations(wrapped))


def test_embeddings_of_each_sentence_integrate():
    ids = keras.Input((2, 3), dtype="int32", name="words")
    x = layers.TimeDistributed(layers.Embedding(9, 5, name="embedding"), name="each")(ids)
    x = layers.TimeDistributed(layers.Bidirectional(layers.GRU(3)), name="each_sentence")(x)
    model = with_weights(keras.Model(ids, layers.Dense(1, name="price")(layers.Flatten()(x))))
    found = zoo.explain(model, sample_of(model), method="integrated-gradients", steps=16)
    assert found.values.shape == (6,)
    assert found.faithfulness["completeness_gap"] < 1e-3
    assert found.settings["layers"] == ["each"]


def test_a_map_of_one_step_is_not_shown_as_one_of_the_picture():
    strip = keras.Input((4, 8, 3), name="strip")
    encoder = keras.Model(strip, layers.GlobalAveragePooling2D()(convolutions(strip)), name="encoder")
    x = layers.TimeDistributed(encoder, name="each_strip")(layers.Reshape((2, 4, 8, 3))(image := picture()))
    model = with_weights(keras.Model(image, layers.Dense(2, name="label")(layers.Flatten()(x)), name="strips"))
    with pytest.raises(ConfigError, match="'each_strip/encoder/conv2' sees a step of 'each_strip' at a time"):
        zoo.explain(model, sample_of(model), method="grad-cam", layer="conv2")
    whole = zoo.explain(model, sample_of(model), method="integrated-gradients", steps=16)
    assert whole.faithfulness["completeness_gap"] < 1e-3
