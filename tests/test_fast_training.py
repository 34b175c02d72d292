"""The accelerated forward pass of convolutions over time is the model's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tests.backends import only_on
from zoo.models.author_profile import author_profile
from zoo.training.acceleration.accelerate import accelerate
from zoo.training.acceleration.fused_adam import FusedAdam

pytestmark = only_on("tensorflow", because="the fast layers are written for TensorFlow")

VOCABULARY = 60


def profile(**changes):
    """The author profile with channels enough for tiles, in few weights."""
    config = {"vocabulary_size": VOCABULARY, "embedding_dim": 64, "stages": ((64,), (96, 64)), "units": 16}
    return author_profile(**(config | changes))


def texts(length, batch=6, seed=0):
    """(batch, length) tokens: the first text is full, the second empty, the others end somewhere."""
    random = np.random.default_rng(seed)
    tokens = random.integers(1, VOCABULARY, (batch, length)).astype("int32")
    ends = random.integers(0, length + 1, batch)
    ends[:2] = length, 0
    return np.where(np.arange(length) < ends[:, None], tokens, 0).astype("int32")


def gradients(model, forward, tokens):
    """Outputs in training, and the gradient of a fixed weighing of them, as it stands and as arrays."""
    values = [variable.value for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        outputs = forward({"posts": tf.constant(tokens)}, training=True)
        loss = sum(tf.reduce_sum(tf.sin(3.0 * y + row)) for row, y in enumerate(outputs.values()))
    raw = tape.gradient(loss, values)
    return {name: np.array(y) for name, y in outputs.items()}, raw, [np.array(tf.convert_to_tensor(g)) for g in raw]


def restart_dropout(model):
    for variable in model.non_trainable_variables:
        if "seed" in variable.path:
            variable.assign(np.array([1, 2], "uint32"))


@pytest.mark.parametrize("length", [1, 2, 26, 203])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_outputs_and_gradients_are_the_models(length, dropout):
    keras.utils.set_random_seed(length)
    model, tokens = profile(dropout=dropout), texts(length)
    for variable in model.trainable_variables:  # biases start at zero, which would hide a mistake in them
        variable.assign_add(keras.random.normal(variable.shape, stddev=0.05))
    restart_dropout(model)
    expected, _, expected_gradients = gradients(model, model, tokens)
    restart_dropout(model)
    outputs, _, computed = gradients(model, accelerate(model), tokens)
    for name in expected:
        np.testing.assert_allclose(outputs[name], expected[name], atol=1e-5, rtol=1e-5)
    for variable, plain, fast in zip(model.trainable_variables, expected_gradients, computed, strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-4 * max(np.abs(plain).max(), 1e-3), err_msg=variable.path)


def test_inference_leaves_dropout_out():
    model, tokens = profile(dropout=0.5), texts(40)
    expected, outputs = model.predict_on_batch(tokens), accelerate(model)([tokens], training=False)
    for name in expected:
        np.testing.assert_allclose(outputs[name], expected[name], atol=1e-5)


def test_the_embeddings_gradient_names_each_word_of_the_batch_once():
    model, tokens = profile(), texts(40)
    _, raw, _ = gradients(model, accelerate(model), tokens)
    slices = raw[[v.path for v in model.trainable_variables].index("embedding/embeddings")]
    assert isinstance(slices, tf.IndexedSlices)
    assert sorted(slices.indices.numpy()) == sorted({0, *tokens.flat})
    assert not slices.values.numpy()[list(slices.indices.numpy()).index(0)].any()


def small(*, padding="same", masked=0, second_reader=False, mask_of_other=False, dtype="float32"):
    """Channels too few for tiles: only the convolution of tokens can be replaced."""
    tokens, other = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(VOCABULARY, 8, dtype=dtype)(tokens)
    mask = ops.expand_dims(ops.cast(ops.not_equal(other if mask_of_other else tokens, masked), dtype), -1)
    x = layers.Conv1D(4, 3, padding=padding, dtype=dtype)(ops.multiply(embedded, mask))
    y = ops.max(x, axis=1)
    if second_reader:
        y = ops.concatenate([y, ops.max(embedded, axis=1)], axis=-1)
    return keras.Model([tokens, other] if mask_of_other else [tokens], {"y": y})


def test_any_token_can_be_the_masked_one():
    model, tokens = small(masked=7), texts(200)
    forward = accelerate(model)
    np.testing.assert_allclose(forward([tokens])["y"], model([tokens])["y"], atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [{"padding": "valid"}, {"second_reader": True}, {"mask_of_other": True}, {"dtype": "bfloat16"}],
    ids=lambda change: next(iter(change)),
)
def test_a_graph_of_another_shape_is_left_alone(change):
    assert accelerate(model := small()) is not model
    assert accelerate(model := small(**change)) is model


def test_an_embedding_called_twice_is_left_alone():
    one, two, embedding = keras.Input((9,), dtype="int32"), keras.Input((9,), dtype="int32"), layers.Embedding(50, 8)
    parts = [embedding(one) * ops.expand_dims(ops.cast(one != 0, "float32"), -1), embedding(two)]
    parts[0] = layers.Conv1D(8, 3, padding="same")(parts[0])
    model = keras.Model([one, two], ops.concatenate(parts))
    assert accelerate(model) is model


def test_a_sequence_of_dense_layers_has_nothing_to_replace():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
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
        trainer = Accelerated(profile(targets=("age",), dropout=0.2))
        trainer.compile(optimizer=FusedAdam(1e-3), loss={"age": "mse"})
        for step in range(3):
            tokens = texts(200 - 25 * step, batch=32, seed=step)  # lengths as trimmed batches have them
            trainer.train_on_batch({"posts": tokens}, {"age": tokens.mean(1, keepdims=True).astype("float32")})
        return [np.array(variable) for variable in trainer.variables]

    assert all(np.array_equal(one, two) for one, two in zip(train(), train(), strict=True))
