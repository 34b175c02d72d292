"""Encoders of texts: against numpy at every length, blind to padding, parameters counted by hand."""

import itertools

import keras
import numpy as np
import pytest

import blocks
from tests.tensors import RANDOM, model_of, outputs_of, scramble

# text


def convolutional_text_model(dropout=0.0, stages=((6,), (5, 4), (3, 4)), **options):
    def stack(tokens):
        return blocks.convolutional_text_encoder(
            blocks.embed(tokens, 30, 5, name="embedding"),
            blocks.padding_mask(tokens),
            stages=stages,
            units=7,
            dropout=dropout,
            name="encoder",
            **options,
        )

    return scramble(model_of(stack, None, dtype="int32"))


def lstm_text_model():
    def stack(tokens):
        x = blocks.embed(tokens, 30, 5, name="embedding")
        return blocks.lstm_text_encoder(x, blocks.padding_mask(tokens), 7, name="encoder")

    return scramble(model_of(stack, None, dtype="int32"))


def padded(tokens, length):
    return np.pad(tokens, ((0, 0), (0, length - tokens.shape[1])))


def encoded_in_numpy(model, tokens):
    """One text without padding (L,) through the convolutional stack, written as loops."""
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    x = weights["embedding"][0][tokens]
    for number, convolutions in enumerate(((1,), (2, 3), (4, 5))):
        if number:
            x = np.array([x[start : start + 5].max(0) for start in range(0, len(x), 5)])
        for which in convolutions:
            kernel, bias = weights[f"encoder_conv{which}"]
            wide = np.pad(x, ((2, 2), (0, 0)))
            x = np.array([np.tensordot(wide[i : i + 5], kernel, 2) + bias for i in range(len(x))]).clip(0)
    kernel, bias = weights["encoder_dense"]
    return (x.max(0) @ kernel + bias).clip(0)


@pytest.mark.parametrize("length", [1, 2, 4, 5, 6, 24, 25, 26, 131])
def test_convolutional_text_encoder_agrees_with_numpy_at_every_length(length):
    model = convolutional_text_model()
    tokens = RANDOM.integers(1, 30, (2, length))
    expected = [encoded_in_numpy(model, text) for text in tokens]
    np.testing.assert_allclose(outputs_of(model, [tokens]), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("build", "paddings"), [(convolutional_text_model, (8, 40, 500, 777)), (lstm_text_model, (8, 40))]
)
@pytest.mark.parametrize("length", [1, 7])
def test_text_encoders_ignore_how_much_padding_follows(build, paddings, length):
    model = build()
    tokens = RANDOM.integers(1, 30, (4, length))
    alone = outputs_of(model, [tokens])
    assert np.ptp(alone, axis=0).max() > 1e-2  # the texts are told apart
    for padding in paddings:
        np.testing.assert_allclose(outputs_of(model, [padded(tokens, padding)]), alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("build", [convolutional_text_model, lstm_text_model])
def test_text_encoders_are_finite_on_a_text_without_words(build):
    assert np.isfinite(outputs_of(build(), [np.zeros((2, 9), "int32")])).all()


def test_mean_and_max_pooling_puts_both_side_by_side_and_the_padding_counts_for_neither():
    tokens = keras.Input((None,), dtype="int32")
    x = blocks.embed(tokens, 9, 3, name="embedding")
    options = {"stages": ((4,),), "units": None}
    mean = blocks.convolutional_text_encoder(
        x, blocks.padding_mask(tokens), pooling="mean_and_max", name="encoder", **options
    )
    model = keras.Model(tokens, {"pooled": mean, "map": x})
    text = np.array([[3, 1, 4, 1, 5, 0, 0]])
    layer = next(layer for layer in model.layers if layer.name == "encoder_conv1")
    embedded = np.pad(outputs_of(model, text)["map"][0, :5], ((2, 2), (0, 0)))
    maps = np.stack([np.tensordot(embedded[i : i + 5], np.asarray(layer.kernel), 2) for i in range(5)])
    maps = np.maximum(maps + np.asarray(layer.bias), 0)
    expected = np.concatenate([maps.mean(0), maps.max(0)])
    np.testing.assert_allclose(outputs_of(model, text)["pooled"][0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("padding", [0, 30])
def test_sum_pooling_adds_up_what_the_windows_tell_and_skip_puts_it_beside_the_dense_layer(padding):
    tokens = keras.Input((None,), dtype="int32")
    x = blocks.embed(tokens, 9, 3, name="embedding")
    encoded = blocks.convolutional_text_encoder(
        x, blocks.padding_mask(tokens), stages=((4,),), pooling="sum", units=2, skip=True, name="encoder"
    )
    model = scramble(keras.Model(tokens, {"encoded": encoded, "map": x}))
    text = np.array([[3, 1, 4, 1, 5] + [0] * padding])
    layer, dense = (model.get_layer(f"encoder_{name}") for name in ("conv1", "dense"))
    embedded = np.pad(np.asarray(model(text)["map"])[0, :5], ((2, 2), (0, 0)))
    maps = np.stack([np.tensordot(embedded[i : i + 5], np.asarray(layer.kernel), 2) for i in range(5)])
    pooled = np.maximum(maps + np.asarray(layer.bias), 0).sum(0) / 10
    expected = np.concatenate([pooled, np.maximum(pooled @ np.asarray(dense.kernel) + np.asarray(dense.bias), 0)])
    np.testing.assert_allclose(np.asarray(model(text)["encoded"])[0], expected, rtol=1e-4, atol=1e-6)


def test_text_encoders_count_the_parameters_of_the_reference():
    def stack(x):
        return blocks.convolutional_text_encoder(x, keras.ops.any(keras.ops.not_equal(x, 0), -1), name="encoder")

    convolutions = (5 * 256 * 128 + 128) + (5 * 128 * 256 + 256) + 3 * (5 * 256 * 256 + 256)
    assert model_of(stack, None, 256).count_params() == convolutions + 256 * 128 + 128 == 1_344_768
    assert lstm_text_model().count_params() == 30 * 5 + 4 * (5 + 7 + 1) * 7


def test_the_graph_begins_with_embedding_mask_and_convolution():
    """Training recognises this pattern to make the first step faster."""
    model = convolutional_text_model()
    consumers = {
        node.operation.name for node in model.get_layer("embedding").output._keras_history.operation._outbound_nodes
    }
    assert consumers == {"encoder_mask0"}
    assert [node.operation.name for node in model.get_layer("encoder_mask0")._outbound_nodes] == ["encoder_conv1"]
    assert model.get_layer("encoder_conv1").padding == "same"


def test_dropout_adds_layers_only_when_asked_for_and_changes_no_prediction():
    plain, dropping = convolutional_text_model(), convolutional_text_model(dropout=0.5)
    dropping.set_weights(plain.get_weights())
    tokens = RANDOM.integers(1, 30, (4, 60))
    assert not any("dropout" in layer.name for layer in plain.layers)
    assert sum("dropout" in layer.name for layer in dropping.layers) == 2
    np.testing.assert_array_equal(outputs_of(plain, [tokens]), outputs_of(dropping, [tokens]))
    assert np.abs(outputs_of(plain, [tokens]) - outputs_of(dropping, [tokens], training=True)).max() > 1e-2


def test_the_pooled_features_may_have_a_dropout_of_their_own():
    only_pooled = convolutional_text_model(pooled_dropout=0.5)
    assert [layer.rate for layer in only_pooled.layers if "dropout" in layer.name] == [0.5]
    both = convolutional_text_model(dropout=0.25, pooled_dropout=0.5)
    assert [layer.rate for layer in both.layers if "dropout" in layer.name] == [0.25, 0.5]


def test_a_bag_is_the_weighted_sum_of_its_word_and_pair_vectors():
    tokens = keras.Input((None,), dtype="int32")
    mask = blocks.padding_mask(tokens)
    model = keras.Model(
        tokens,
        [
            blocks.bag_of_words(tokens, mask, 3, vocabulary_size=20, name="words"),
            blocks.bag_of_pairs(tokens, mask, 3, vocabulary_size=20, buckets=7, name="pairs"),
        ],
    )
    random = np.random.default_rng(0)
    words, pairs = random.normal(size=(20, 3)), random.normal(size=(7, 3))
    model.get_layer("words").embeddings.assign(words)
    model.get_layer("pairs").embeddings.assign(pairs)
    text = [5, 2, 5, 9]
    rarity = {token: 1 + np.log(1 + token / 100) for token in text}
    distinct = sorted(set(text))
    first = np.array([rarity[token] ** 1.5 * (1 + np.log(text.count(token))) for token in distinct])
    second = np.array([rarity[left] + rarity[right] for left, right in itertools.pairwise(text)])
    buckets = [(left * 40_503 + right) % 7 for left, right in itertools.pairwise(text)]
    for padding in (0, 3):
        of_words, of_pairs = model.predict_on_batch(np.array([text + [0] * padding], "int32"))
        np.testing.assert_allclose(of_words[0], 10 * (first / np.linalg.norm(first)) @ words[distinct], rtol=1e-3)
        np.testing.assert_allclose(of_pairs[0], 10 * (second / np.linalg.norm(second)) @ pairs[buckets], rtol=1e-3)
