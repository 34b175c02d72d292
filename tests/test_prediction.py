"""`zoo.predict` and `zoo.classify`: the answers of `model.predict`, for few samples without compiling anything."""

import weakref

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.errors import ConfigError, DataError, UnknownNameError
from zoo.prediction import FEW, walk_graph

RANDOM = np.random.default_rng(0)


@pytest.fixture
def model():
    """Two inputs, an output of each kind, and dropout, which must be silent."""
    image = keras.Input((None, None, 3), name="image")
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(image))
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.Embedding(9, 4)(words)[:, 0]])
    x = layers.Dropout(0.5)(x)
    return keras.Model(
        [image, words], {"price": layers.Dense(1)(x), "kind": layers.Dense(3, "softmax")(x)}, name="shop"
    )


def samples(number):
    return {
        "image": RANDOM.uniform(size=(number, 9, 8, 3)).astype("float32"),
        "words": RANDOM.integers(0, 9, (number, 5)),
    }


@pytest.mark.parametrize("number", [1, FEW, FEW + 1])
def test_the_answers_are_those_of_predict(model, number):
    inputs = samples(number)
    answers, expected = zoo.predict(model, inputs), model.predict(inputs, verbose=0)
    assert answers.keys() == expected.keys()
    for name in expected:
        assert type(answers[name]) is np.ndarray
        np.testing.assert_allclose(answers[name], expected[name], rtol=1e-5, atol=1e-6)


def test_only_many_samples_are_compiled_but_for_jax_which_compiles_whatever_it_computes(model):
    zoo.predict(model, samples(FEW))
    assert (model.predict_function is None) == (keras.backend.backend() != "jax")
    zoo.predict(model, samples(FEW + 1))
    assert model.predict_function is not None


def chain_of_words():
    """A mask from the embedding to the recurrence: padding must not count."""
    words = keras.Input((None,), dtype="int32", name="words")
    return keras.Model([words], layers.LSTM(3)(layers.Embedding(9, 4, mask_zero=True)(words)))


def shared_and_nested():
    """One layer used twice, a model inside, an output that is used further, one that is the input, and an operation."""
    image = keras.Input((4, 4, 3), name="image")
    conv = layers.Conv2D(3, 1)
    once = conv(image)
    inner = keras.Model(image, layers.BatchNormalization()(layers.Dropout(0.5)(conv(once))))
    return keras.Model([image], {"once": once, "sum": keras.ops.sum(inner(once), axis=(1, 2)), "image": image})


def half_precision():
    image = keras.Input((4, 4, 3), name="image")
    x = layers.Conv2D(8, 3, dtype="mixed_bfloat16")(image)
    return keras.Model([image], layers.Dense(2, dtype="float32")(layers.Flatten()(x)))


class Doubling(keras.Model):
    """A class of the user's, which does more than its graph."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


def own_class():
    image = keras.Input((4, 4, 3), name="image")
    return Doubling([image], layers.Dense(2)(image))


@pytest.mark.parametrize("build", [chain_of_words, shared_and_nested, half_precision, own_class])
def test_every_kind_of_graph_is_walked_as_keras_would(build):
    network = build()
    if "words" in {each.name for each in network.inputs}:
        inputs = {"words": np.array([[3, 1, 0, 0], [2, 5, 7, 0]], "int64")}
    else:
        inputs = {"image": RANDOM.uniform(size=(2, 4, 4, 3))}
    answers, expected = zoo.predict(network, inputs), network(inputs, training=False)
    keras.tree.assert_same_structure(answers, expected)
    for ours, keras_own in zip(keras.tree.flatten(answers), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(keras_own), rtol=1e-5, atol=1e-6)


def test_an_output_is_dropped_after_its_last_use():
    """A chain of any length holds two tensors at a time."""
    outputs, alive = [], []

    class Watched(layers.Layer):
        def call(self, x):
            alive.append(sum(each() is not None for each in outputs))
            x = x + 1
            outputs.append(weakref.ref(x))
            return x

    x = image = keras.Input((4,), name="row")
    for _ in range(20):
        x = Watched()(x)
    network = keras.Model([image], x)
    outputs.clear()
    alive.clear()
    found = walk_graph(network, {"row": np.zeros((1, 4))})  # on JAX too, where `predict` compiles the model instead
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), np.full((1, 4), 20))
    assert alive == [0] + [1] * 19
    np.testing.assert_array_equal(zoo.predict(network, np.zeros((1, 4))), np.full((1, 4), 20))


@pytest.mark.parametrize("name", ["mobilenet_tiny", "resnet_tiny", "inception_v3_tiny"])
def test_networks_of_the_catalogue_answer_as_they_do_compiled(name):
    network = zoo.create_model(name)
    image = {"image": RANDOM.uniform(size=(1, *network.inputs[0].shape[1:]))}
    expected = network.predict(image, verbose=0)["predictions"]
    np.testing.assert_allclose(zoo.predict(network, image)["predictions"], expected, rtol=1e-5, atol=1e-6)


def test_a_model_with_one_input_takes_an_array():
    tiny = zoo.create_model("mobilenet_tiny")
    images = RANDOM.uniform(size=(2, *tiny.inputs[0].shape[1:]))
    np.testing.assert_array_equal(
        zoo.predict(tiny, images)["predictions"], zoo.predict(tiny, {"image": images.tolist()})["predictions"]
    )


WRONG = {
    "one array for two inputs": (lambda given: given["image"], DataError, "shop has the inputs image, words"),
    "a mistyped name": (
        lambda given: {"imgae": given["image"], "words": given["words"]},
        UnknownNameError,
        "did you mean 'image'",
    ),
    "an input less": (lambda given: {"image": given["image"]}, DataError, "also takes words"),
    "one image": (lambda given: {**given, "image": given["image"][0]}, DataError, r"\(any, any, any, 3\), samples"),
    "four channels": (lambda given: {**given, "image": np.zeros((2, 9, 8, 4))}, DataError, r"of shape \(2, 9, 8, 4\)"),
    "other numbers of samples": (
        lambda given: {**given, "words": given["words"][:1]},
        DataError,
        "same number of samples",
    ),
    "no sample": (lambda given: {key: array[:0] for key, array in given.items()}, DataError, "at least one"),
    "texts": (lambda given: {**given, "words": np.array([["a"], ["b"]])}, DataError, "takes numbers"),
    "lists of two lengths": (lambda given: {**given, "words": [[1], [1, 2]]}, DataError, "are arrays"),
}


@pytest.mark.parametrize(("change", "error", "sentence"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_told(model, change, error, sentence):
    with pytest.raises(error, match=sentence):
        zoo.predict(model, change(samples(2)))


def test_a_batch_size_is_a_number(model):
    with pytest.raises(ConfigError, match="'batch_size' must be"):
        zoo.predict(model, samples(2), batch_size=0)


def test_classify_prepares_asks_and_names():
    tag = "mobilenet_025.imagenet"
    network = zoo.create_model("mobilenet_025")
    photo = RANDOM.integers(0, 256, (80, 120, 3), dtype=np.uint8)
    best = zoo.classify(photo, tag, model=network, top=3)
    assert best == zoo.decode(zoo.predict(network, zoo.preprocess(photo, tag)), tag, 3)[0]
    assert len(best) == 3


def test_weights_without_classes_name_nothing():
    with pytest.raises(ConfigError, match="has no classes"):
        zoo.classify(np.zeros((8, 8, 3), np.uint8), "mobilenet.imagenet_notop")
