"""Gradients of a score by inputs and by what layers give: nested and shared models, whole numbers, compiled or not."""

import keras
import numpy as np
import pytest

from zoo.errors import ConfigError, UnknownNameError
from zoo.tracing.gradients import GradientFunction, Place

pytestmark = pytest.mark.backends


@pytest.fixture(scope="module")
def model():
    """Two pictures read by one nested encoder, and words with padding."""
    keras.utils.set_random_seed(0)
    left, right = keras.Input((6, 6, 1), name="left"), keras.Input((6, 6, 1), name="right")
    words = keras.Input((4,), dtype="int32", name="words")
    picture = keras.Input((6, 6, 1), name="picture")
    x = keras.layers.Conv2D(3, 3, activation="tanh", name="conv")(picture)
    encoder = keras.Model(picture, keras.layers.GlobalAveragePooling2D(name="pool")(x), name="encoder")
    embedded = keras.layers.Embedding(9, 5, mask_zero=True, name="embedding")(words)
    x = keras.layers.Concatenate()([encoder(left), encoder(right), keras.layers.LSTM(4, name="lstm")(embedded)])
    outputs = {
        "label": keras.layers.Dense(3, activation="softmax", name="label")(x),
        "size": keras.layers.Dense(1, name="size")(keras.ops.exp(x)),
    }
    return keras.Model([left, right, words], outputs, name="pairs")


@pytest.fixture(scope="module")
def inputs():
    random = np.random.default_rng(0)
    return {
        "left": random.normal(size=(2, 6, 6, 1)).astype("float32"),
        "right": random.normal(size=(2, 6, 6, 1)).astype("float32"),
        "words": np.array([[1, 2, 0, 0], [3, 4, 5, 6]], "int32"),
    }


def score(outputs):
    return keras.ops.log(outputs["label"][:, 1]) + outputs["size"][:, 0]


def test_the_gradient_by_an_input_is_the_limit_of_differences(model, inputs):
    found = GradientFunction(model, score, by=["left"])(inputs)
    step = 1e-2
    function = GradientFunction(model, score)
    for row, column in ((0, 0), (2, 3), (5, 5)):
        ends = []
        for sign in (1, -1):
            moved = inputs["left"].copy()
            moved[:, row, column, 0] += sign * step
            ends.append(function({**inputs, "left": moved}).scores)
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(found.gradients[0][:, row, column, 0], expected, rtol=0.02, atol=1e-4)


def test_each_call_of_a_shared_layer_has_its_own_gradient(model, inputs):
    by = [Place("conv", 1), Place("encoder/conv", 2), Place("pool", 1), "left", "right"]
    found = GradientFunction(model, score, by=by)(inputs)
    first, second, pooled, left, right = found.gradients
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_allclose(first, np.broadcast_to(pooled[:, None, None] / 16, first.shape), rtol=1e-4)
    kernel = model.get_layer("encoder").get_layer("conv").get_weights()[0]
    for values, gradient, by_picture in ((found.values[0], first, left), (found.values[1], second, right)):
        before = gradient * (1 - values**2)  # back through tanh, then through the convolution by hand
        expected = np.zeros_like(by_picture)
        for row in range(3):
            for column in range(3):
                expected[:, row : row + 4, column : column + 4] += before @ kernel[row, column].T
        np.testing.assert_allclose(by_picture, expected, rtol=1e-3, atol=1e-6)


def test_whole_numbers_have_the_gradient_of_their_embedding(model, inputs):
    (gradient,) = GradientFunction(model, score, by=[Place("embedding")])(inputs).gradients
    assert gradient.shape == (2, 4, 5)
    assert np.abs(gradient[0, :2]).min() > 0
    assert not gradient[0, 2:].any()  # padding is masked
    with pytest.raises(ConfigError, match="'words' of pairs holds whole numbers"):
        GradientFunction(model, score, by=["words"])


def test_a_value_that_the_score_does_not_read_has_no_gradient(model, inputs):
    found = GradientFunction(model, lambda outputs: outputs["size"][:, 0], by=[Place("label")])(inputs)
    assert not found.gradients[0].any()
    np.testing.assert_allclose(found.values[0], found.outputs["label"], rtol=1e-6)


def test_a_score_may_take_arrays_and_be_compiled(model, inputs):
    def loss(outputs, labels):
        return keras.ops.categorical_crossentropy(labels, outputs["label"])

    labels = np.eye(3, dtype="float32")[[2, 0]]
    plain = GradientFunction(model, loss, by=["left"])(inputs, labels)
    function = GradientFunction(model, loss, by=["left"], compiled=True)
    function(inputs, labels[::-1].copy())
    compiled = function(inputs, labels)
    np.testing.assert_allclose(compiled.gradients[0], plain.gradients[0], rtol=1e-4, atol=1e-7)
    expected = -np.log(plain.outputs["label"][[0, 1], [2, 0]])
    np.testing.assert_allclose(compiled.scores, expected, rtol=1e-4)


def test_the_model_is_as_it_was(model, inputs):
    before = [each.copy() for each in model.get_weights()]
    trainable = [getattr(each.value, "requires_grad", None) for each in model.variables]
    GradientFunction(model, score, by=["left", Place("conv", 2)])(inputs)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert [getattr(each.value, "requires_grad", None) for each in model.variables] == trainable
    assert "call" not in vars(model.get_layer("lstm"))


def test_a_wrong_place_is_told(model, inputs):
    with pytest.raises(UnknownNameError, match="Unknown layer of pairs 'convv'; did you mean 'conv'"):
        GradientFunction(model, score, by=[Place("convv")])
    with pytest.raises(UnknownNameError, match="Unknown input of pairs 'lefft'; did you mean 'left'"):
        GradientFunction(model, score, by=["lefft"])
    with pytest.raises(ConfigError, match="gives no output 0 of floats at a call 3"):
        GradientFunction(model, score, by=[Place("conv", 3)])(inputs)
