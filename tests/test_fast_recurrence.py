"""Recurrent layers run in `fast_recurrence` while a model trains: Keras' values and gradients, masks and options."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.backends import only_on
from zoo.models.question_answering import question_answering_tiny
from zoo.training.acceleration.accelerate import accelerate
from zoo.training.acceleration.recurrent_layers import (
    fast_loops,
    plain_embeddings,
    plain_recurrences,
)

pytestmark = only_on("tensorflow", because="the fast layers are written for TensorFlow")

VOCABULARY, BATCH, LENGTH = 40, 5, 9
KINDS = [layers.LSTM, layers.GRU]


def texts():
    """A full text, an empty one, one that ends, one that starts late, one with a hole."""
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, (BATCH, LENGTH)).astype("int32")
    tokens[1] = tokens[2, 4:] = tokens[3, :4] = tokens[4, 5] = 0
    return tokens


def reader(kind, *, masked=True, **options):
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, mask_zero=masked)(tokens)
    return keras.Model(tokens, keras.tree.flatten(kind(7, **options)(x)))


def of_both_directions(kind):
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)
    x = layers.Bidirectional(kind(4, return_sequences=True))(x)
    return keras.Model(tokens, layers.Bidirectional(kind(3))(x))


def from_a_state(kind):
    """A text that starts late has outputs of zero, not the first state, until then."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)
    _, *states = kind(4, return_state=True)(x)
    return keras.Model(tokens, kind(4, return_sequences=True)(x, initial_state=states))


def shared(kind):
    """One encoder, a model of its own, called twice."""
    tokens = keras.Input((None,), dtype="int32")
    encoder = keras.Model(tokens, kind(4)(layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)))
    left, right = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    return keras.Model([left, right], encoder(left) - 2.0 * encoder(right))


def stacked(kind):
    """The second layer reads vectors, not an embedding."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)
    return keras.Model(tokens, kind(4, dropout=0.5)(kind(5, return_sequences=True)(x)))


def outputs_and_gradients(model, inputs, *, fast):
    for variable in model.non_trainable_variables:  # the same dropout each time
        if "seed" in variable.path:
            variable.assign(np.array([1, 2], "uint32"))

    @tf.function(autograph=False)
    def run():
        with tf.GradientTape() as tape:
            outputs = (accelerate(model) if fast else model)(inputs, training=True)
            loss = sum(tf.reduce_sum(tf.sin(3.0 * y + row)) for row, y in enumerate(keras.tree.flatten(outputs)))
        found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        return outputs, [tf.convert_to_tensor(each) for each in found]

    return [np.array(each) for each in keras.tree.flatten(run())]


def assert_same(model, inputs):
    for variable in model.trainable_variables:  # biases start at zero, which would hide a mistake in them
        variable.assign_add(keras.random.normal(variable.shape, stddev=0.1, seed=1))
    plain, computed = (outputs_and_gradients(model, inputs, fast=fast) for fast in (False, True))
    for one, two in zip(plain, computed, strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5 * max(1.0, np.abs(one).max()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {"masked": False},
        {"return_sequences": True, "return_state": True},
        {"return_sequences": True, "go_backwards": True, "zero_output_for_mask": True},
        {"dropout": 0.4},
        {"use_bias": False},
    ],
    ids=lambda options: "-".join(options),
)
def test_outputs_and_gradients_are_the_layers(kind, options):
    assert_same(reader(kind, **options), texts())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("build", [of_both_directions, from_a_state, stacked])
def test_layers_together_are_keras_too(kind, build):
    assert_same(build(kind), texts())


def test_tokens_given_as_floats_are_read_as_keras_reads_them():
    tokens = keras.Input((LENGTH,))  # float32, where nobody says otherwise
    x = layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)
    assert_same(keras.Model(tokens, layers.LSTM(4)(x)), texts().astype("float32"))


def read_twice(kind):
    """The embedding is also averaged."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)
    return keras.Model(tokens, [kind(4)(x), layers.GlobalAveragePooling1D()(x)])


def shown(kind):
    """The embedding is an output too."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, mask_zero=True)(tokens)
    return keras.Model(tokens, [kind(4)(x), x])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("build", [read_twice, shown])
def test_an_embedding_that_others_read_is_computed(kind, build):
    assert_same(build(kind), texts())


def test_an_embedding_with_a_penalty_is_computed():
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 6, activity_regularizer="l2")(tokens)
    model = keras.Model(tokens, layers.LSTM(4)(x))
    accelerate(model)(texts())
    found = float(sum(model.losses))
    model(texts())
    assert found == pytest.approx(float(sum(model.losses)))
    assert found > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradients_of_a_shared_encoder_add_up(kind):
    assert_same(shared(kind), [texts(), texts()[:, ::-1].copy()])


def test_a_state_that_is_kept_goes_on_in_the_next_batch():
    tokens = keras.Input(batch_shape=(BATCH, LENGTH), dtype="int32")
    recurrent = layers.GRU(4, stateful=True)
    model = keras.Model(tokens, recurrent(layers.Embedding(VOCABULARY, 6)(tokens)))
    expected = [np.array(model(texts())) for _ in range(2)]
    recurrent.reset_state()
    forward = accelerate(model)
    for each in expected:
        np.testing.assert_allclose(forward(texts()), each, atol=1e-6)


def test_the_embeddings_gradient_names_each_word_of_the_batch_once():
    model = reader(layers.LSTM)
    table = model.trainable_variables[0].value
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(accelerate(model)(texts(), training=True)[0])
    assert sorted(tape.gradient(loss, table).indices.numpy()) == sorted({*texts().flat})


def test_the_models_layers_are_their_own_again_after_a_call():
    model = reader(layers.LSTM)
    recurrences, embeddings = plain_recurrences(model), plain_embeddings(model)
    assert len(recurrences) == len(embeddings) == 1
    with fast_loops(recurrences, embeddings):
        assert {"inner_loop", "call"} <= vars(recurrences[0]).keys() | vars(embeddings[0]).keys()
    assert not {"inner_loop", "call"} & (vars(recurrences[0]).keys() | vars(embeddings[0]).keys())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [{"activation": "relu"}, {"recurrent_dropout": 0.1}, {"dtype": "mixed_bfloat16"}, {"unroll": True}],
    ids=lambda options: next(iter(options)),
)
def test_a_layer_with_other_options_is_left_alone(kind, options):
    tokens = keras.Input((LENGTH,), dtype="int32")
    model = keras.Model(tokens, kind(4, **options)(layers.Embedding(VOCABULARY, 6)(tokens)))
    assert accelerate(model) is model


def test_a_gru_whose_reset_gate_comes_before_the_product_is_left_alone():
    model = reader(layers.GRU, reset_after=False)
    assert accelerate(model) is model


class Accelerated(keras.Model):
    """Trains a model through its accelerated function."""

    def __init__(self, model):
        super().__init__()
        self.model, self.forward, self.built = model, accelerate(model), True

    def call(self, inputs, training=None):
        return self.forward(inputs, training=training)


def test_two_trainings_on_texts_of_many_lengths_give_the_same_bits():
    def train():
        keras.utils.set_random_seed(3)
        trainer = Accelerated(question_answering_tiny(dropout=0.2))
        trainer.compile("adam", loss={"answer": "sparse_categorical_crossentropy"})
        for length in (30, 25, 30):
            tokens = np.random.default_rng(length).integers(0, 200, (8, length)).astype("int32")
            trainer.train_on_batch({"text": tokens, "question": tokens[:, :5]}, {"answer": tokens[:, 0] % 20})
        return [np.array(variable) for variable in trainer.variables]

    assert all(np.array_equal(one, two) for one, two in zip(train(), train(), strict=True))
