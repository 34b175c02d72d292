"""Blocks: sizes, parameter counts by hand, and values against arithmetic written a second time in numpy."""

import keras
import numpy as np
import pytest
from keras import ops

import blocks
from tests.tensors import model_of, normal, outputs_of, scramble
from zoo.testing.gradients import gradients as gradients_of

pytestmark = pytest.mark.backends

# inception


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 7), (8, 5), (31, 32)])
def test_inception_branches_line_up_for_any_size(size):
    model = model_of(lambda x: blocks.inception_module(x, (1, 2, 3, 4), name="mixed"), None, None, 3)
    assert model([normal(2, *size, 3)]).shape == (2, -(-size[0] // 2), -(-size[1] // 2), 10)


def test_inception_counts_the_parameters_of_the_classic_example():
    model = model_of(lambda x: blocks.inception_module(x, 128, name="mixed"), 32, 32, 192)
    one_by_one, three_by_three = 192 * 128 + 128, 9 * 128 * 128 + 128
    by_hand = one_by_one  # 1x1
    by_hand += one_by_one + three_by_three  # 1x1, 3x3
    by_hand += 9 * 192 * 128 + 128  # pooling, 3x3
    by_hand += one_by_one + 2 * three_by_three  # 1x1, 3x3, 3x3
    assert model.count_params() == by_hand == 738_176


def test_inception_first_branch_is_a_strided_pointwise_product():
    model = scramble(model_of(lambda x: blocks.inception_module(x, 4, name="mixed"), 9, 7, 3))
    x = normal(2, 9, 7, 3)
    kernel, bias = model.get_layer("mixed_a_conv").get_weights()
    expected = np.maximum(x[:, ::2, ::2] @ kernel[0, 0] + bias, 0)
    np.testing.assert_allclose(outputs_of(model, [x])[..., :4], expected, atol=1e-5)


def test_inception_with_stride_one_keeps_the_size():
    model = model_of(lambda x: blocks.inception_module(x, 2, stride=1, name="mixed"), None, None, 3)
    assert model([normal(1, 5, 6, 3)]).shape == (1, 5, 6, 8)


# residual


def test_residual_connection_adds_the_tensor_itself_when_shapes_agree():
    x, y = keras.Input((4, 5, 3)), keras.Input((4, 5, 3))
    model = keras.Model([x, y], blocks.residual_connection(x, y, name="skip"))
    a, b = normal(2, 4, 5, 3), normal(2, 4, 5, 3)
    assert model.count_params() == 0
    np.testing.assert_array_equal(outputs_of(model, [a, b]), a + b)


def test_residual_connection_projects_by_a_strided_pointwise_product():
    x, y = keras.Input((7, 5, 3)), keras.Input((4, 3, 6))
    model = scramble(keras.Model([x, y], blocks.residual_connection(x, y, stride=2, name="skip")))
    a, b = normal(2, 7, 5, 3), normal(2, 4, 3, 6)
    kernel, bias = model.get_layer("skip_projection").get_weights()
    assert model.count_params() == 3 * 6 + 6
    np.testing.assert_allclose(outputs_of(model, [a, b]), a[:, ::2, ::2] @ kernel[0, 0] + bias + b, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(1,), (9,), (5, 8), (1, 7), (3, 4, 5)])
def test_residual_block_takes_sequences_images_and_volumes_of_any_size(size, stride):
    model = model_of(lambda x: blocks.residual_block(x, 4, stride=stride, name="block"), *[None] * len(size), 3)
    assert model([normal(2, *size, 3)]).shape == (2, *[-(-n // stride) for n in size], 4)


def test_residual_block_counts_the_parameters_of_both_classic_forms():
    identity = model_of(lambda x: blocks.residual_block(x, 64, name="block"), 56, 56, 64)
    projection = model_of(lambda x: blocks.residual_block(x, 128, stride=2, name="block"), 56, 56, 64)
    assert identity.count_params() == 2 * (9 * 64 * 64 + 64) == 73_856
    assert projection.count_params() == (9 * 64 * 128 + 128) + (9 * 128 * 128 + 128) + (64 * 128 + 128) == 229_760


def test_residual_block_without_weights_hands_its_input_on():
    model = model_of(lambda x: blocks.residual_block(x, 3, name="block"), 6, 6, 3)
    for variable in model.weights:
        variable.assign(np.zeros(variable.shape))
    x = np.abs(normal(1, 6, 6, 3))
    np.testing.assert_array_equal(outputs_of(model, [x]), x)


# shared encoder


def test_shared_encoder_has_its_weights_once_and_the_gradients_of_its_uses_add_up():
    encoder = keras.layers.LSTM(4, name="encoder")
    left, right = keras.Input((None, 3), name="left"), keras.Input((None, 3), name="right")
    model = keras.Model([left, right], blocks.shared_encoder(encoder, [left, right]))
    a, b = normal(2, 5, 3), normal(2, 7, 3)

    def gradients(weight_left, weight_right):
        def loss(outputs):
            return weight_left * ops.sum(outputs[0] ** 2) + weight_right * ops.sum(outputs[1])

        return gradients_of(model, {"left": a, "right": b}, loss).values()

    assert model.count_params() == 4 * (3 + 4 + 1) * 4
    for both, one, other in zip(gradients(1, 1), gradients(1, 0), gradients(0, 1), strict=True):
        assert np.abs(one).max() > 1e-3
        assert np.abs(other).max() > 1e-3
        np.testing.assert_allclose(both, one + other, atol=1e-5)


def test_shared_encoder_takes_a_whole_model():
    encoder = model_of(keras.layers.Dense(2), 3)
    tensors = [keras.Input((3,)) for _ in range(3)]
    model = keras.Model(tensors, blocks.shared_encoder(encoder, tensors))
    x = normal(2, 3)
    first, second, third = outputs_of(model, [x, x, 2 * x])
    assert model.count_params() == 3 * 2 + 2
    np.testing.assert_array_equal(first, second)
    assert np.abs(third - first).max() > 1e-3


def test_a_head_adds_the_scores_of_others_before_its_activation():
    x, scores = keras.Input((4,)), keras.Input((3,))
    model = keras.Model([x, scores], blocks.classification_head(x, 3, scores=scores, name="kind"))
    values, others = np.ones((2, 4), "float32"), np.array([[0, 0, 0], [0, 9, 0]], "float32")
    alone, pushed = np.log(outputs_of(model, [values, others]))
    np.testing.assert_allclose(pushed - alone - (pushed - alone)[0], [0, 9, 0], atol=1e-4)


# fusion and heads


def test_fuse_puts_vectors_side_by_side():
    x, y = keras.Input((2,)), keras.Input((3,))
    a, b = normal(4, 2), normal(4, 3)
    model = keras.Model([x, y], blocks.fuse([x, y], name="fusion"))
    np.testing.assert_array_equal(outputs_of(model, [a, b]), np.concatenate([a, b], axis=1))


HEADS = {
    "regression": lambda x: blocks.regression_head(x, name="target"),
    "classification": lambda x: blocks.classification_head(x, 3, name="target"),
    "binary": lambda x: blocks.binary_head(x, name="target"),
}


@pytest.mark.parametrize("kind", HEADS)
def test_heads_are_named_after_their_target_and_answer_in_their_range(kind):
    model = scramble(model_of(HEADS[kind], 4))
    x = 5 * normal(50, 4)
    kernel, bias = model.get_layer("target").get_weights()
    logits = x @ kernel + bias
    expected = {
        "regression": logits,
        "classification": np.exp(logits) / np.exp(logits).sum(-1, keepdims=True),
        "binary": 1 / (1 + np.exp(-logits)),
    }
    np.testing.assert_allclose(outputs_of(model, [x]), expected[kind], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", HEADS)
def test_heads_answer_in_float32_under_mixed_precision(kind):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = model_of(lambda x: HEADS[kind](keras.layers.Dense(4)(x)), 4)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.layers[1].compute_dtype == "bfloat16"
    assert model.output.dtype == "float32"


# what a block says to a wrong argument


def tensor(*shape):
    return keras.Input(shape)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: blocks.inception_module(tensor(4, 3), 8, name="x"), r"\(B, H, W, C\); received a tensor of shape"),
        (lambda: blocks.inception_module(tensor(4, 4, 3), (8, 8), name="x"), r"one number or four.*\(8, 8\)"),
        (lambda: blocks.inception_module(tensor(4, 4, 3), 0, name="x"), "at least 1; received 0"),
        (lambda: blocks.residual_block(tensor(3), 8, name="x"), "one to three dimensions of space"),
        (lambda: blocks.residual_block(tensor(8, 8, 3), 8, stride=True, name="x"), "at least 1; received True"),
        (
            lambda: blocks.residual_connection(tensor(8, 8, 3), tensor(4, 4, 3), name="x"),
            r"With stride=1 the shortcut has the shape \(None, 8, 8, 3\), but the layers end at \(None, 4, 4, 3\)",
        ),
        (lambda: blocks.shared_encoder(keras.layers.Dense, [tensor(3)] * 2), "made before it is shared"),
        (lambda: blocks.shared_encoder(keras.layers.Dense(2), tensor(3)), "at least two tensors"),
        (lambda: blocks.embed(tensor(3, 4), 10, 4, name="x"), r"token numbers, \(B, L\)"),
        (lambda: blocks.embed(tensor(None), "many", 4, name="x"), "'vocabulary_size' .* received 'many'"),
        (
            lambda: blocks.convolutional_text_encoder(tensor(None, 4), tensor(None), stages=(8, 8), name="x"),
            "lists of filters",
        ),
        (
            lambda: blocks.convolutional_text_encoder(tensor(None, 4), tensor(None), dropout=1, name="x"),
            "from 0 to less than 1; received 1",
        ),
        (lambda: blocks.fuse([tensor(3), tensor(4, 4)], name="x"), r"tensors\[1\].*pool or flatten"),
        (lambda: blocks.fuse([tensor(3)], name="x"), "at least two vectors"),
        (lambda: blocks.classification_head(tensor(3), 1, name="x"), "'classes' .* at least 2; received 1"),
        (lambda: blocks.regression_head(tensor(4, 3), name="x"), "one vector for each sample"),
        (lambda: blocks.regression_head(tensor(4), scores=tensor(2), name="x"), r"must be \(B, 1\); received .* 2\)"),
        (
            lambda: blocks.convolutional_text_encoder(tensor(None, 4), tensor(None), pooling="mean", name="x"),
            "one of max, mean_and_max, sum; received 'mean'",
        ),
        (
            lambda: blocks.convolutional_text_encoder(tensor(None, 4), tensor(None), pooled_dropout=1, name="x"),
            "'pooled_dropout' .* less than 1; received 1",
        ),
    ],
)
def test_a_wrong_argument_is_told_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
