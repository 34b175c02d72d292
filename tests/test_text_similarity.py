"""Models that compare two texts: one encoder for both, the same answer whichever text comes first, on any backend."""

import keras
import numpy as np
import pytest

import zoo
from blocks import (
    best_match,
    likeness,
    same_tokens,
    shared_encoder,
    shared_neighbours,
    shared_words,
    soft_alignment,
)
from zoo.datasets.pairs.spelling import spelling_vectors
from zoo.errors import ConfigError
from zoo.models import text_similarity, text_similarity_manhattan
from zoo.testing.subject import answers, fill

MODELS = ("text_similarity", "text_similarity_manhattan", "text_similarity_aligned")
SYMMETRIC = MODELS[1:]
SMALL = {"vocabulary_size": 60, "embedding_dim": 8, "units": 8, "low": 1.0, "high": 5.0}


def model_of(name):
    model = zoo.create_model(name, **SMALL)
    fill(model)
    return model


def texts(batch=5, left=7, right=11, seed=0):
    """Random texts of at most these lengths, padded with 0; some of their words are the same."""
    random = np.random.default_rng(seed)
    found = {}
    for name, length in (("left", left), ("right", right)):
        tokens = random.integers(1, 20, (batch, length)).astype("int32")
        used = random.integers(1, length + 1, (batch, 1))
        found[name] = np.where(np.arange(length) < used, tokens, 0).astype("int32")
    return found


def scores(model, left, right):
    return answers(model, {"left": left, "right": right})["score"]


def test_words_are_alike_by_their_spelling_from_the_start():
    """The table that is not trained changes the score of a model, and holds nothing until it is filled."""
    model, pairs = zoo.create_model("text_similarity_aligned", **SMALL), texts(batch=20)
    before = scores(model, **pairs)
    table = model.get_layer("spelling")
    assert not table.trainable
    assert not of(table.embeddings).any()
    words = ["run", "runs", "running", "dog", "dogs"] + [f"w{i}" for i in range(53)]
    table.embeddings.assign(spelling_vectors(words, 64))
    assert np.abs(scores(model, **pairs) - before).max() > 1e-3


@pytest.mark.parametrize("name", SYMMETRIC)
def test_swapping_the_texts_changes_nothing(name):
    model, pairs = model_of(name), texts(batch=40)
    one, other = scores(model, **pairs), scores(model, pairs["right"], pairs["left"])
    assert np.ptp(one) > 0.01
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_reference_tells_the_texts_apart_by_their_place():
    model, pairs = model_of("text_similarity"), texts(batch=40)
    assert np.abs(scores(model, **pairs) - scores(model, pairs["right"], pairs["left"])).max() > 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_padding_and_lengths_change_no_score(name):
    model, pairs = model_of(name), texts()
    longer = {side: np.pad(values, ((0, 0), (0, 9))) for side, values in pairs.items()}
    np.testing.assert_allclose(scores(model, **longer), scores(model, **pairs), atol=1e-5)
    one_word = scores(model, np.array([[3]], "int32"), np.array([[5]], "int32"))
    empty = scores(model, np.array([[0]], "int32"), np.array([[5, 6]], "int32"))
    assert np.isfinite(one_word).all()
    assert np.isfinite(empty).all()


@pytest.mark.parametrize("name", MODELS)
def test_a_score_lies_on_the_scale(name):
    found = scores(model_of(name), **texts(batch=50))
    assert found.min() >= 1.0
    assert found.max() <= 5.0


def test_the_manhattan_model_calls_equal_texts_the_most_alike():
    model, pairs = model_of("text_similarity_manhattan"), texts()
    np.testing.assert_allclose(scores(model, pairs["left"], pairs["left"]), 5.0, atol=1e-6)


def encoders_of(model):
    """Layer with weights -> how many inputs it reads."""
    return {layer.name: len(layer._inbound_nodes) for layer in model.layers if layer.weights}


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_and_reloaded_model_still_holds_one_encoder(name, tmp_path):
    model, pairs = model_of(name), texts()
    shared = {layer for layer, uses in encoders_of(model).items() if uses == 2}
    assert shared >= ({"embedding", "encoder"} if name != "text_similarity_aligned" else {"embedding", "compare"})
    model.save(tmp_path / "model.keras")
    zoo.save_weights(model, tmp_path / "model.h5", metadata={"entry": name, "config": SMALL})
    opened = keras.saving.load_model(tmp_path / "model.keras")
    loaded = zoo.create_model(name, weights=tmp_path / "model.h5")
    for again in (opened, loaded):
        assert encoders_of(again) == encoders_of(model)
        assert again.count_params() == model.count_params()
        np.testing.assert_allclose(scores(again, **pairs), scores(model, **pairs), atol=1e-6)
        table = again.get_layer("embedding").embeddings
        table.assign(keras.ops.zeros_like(table))
        left = scores(again, pairs["left"], pairs["left"][::-1])
        assert np.ptp(left) < np.ptp(scores(model, pairs["left"], pairs["left"][::-1]))  # both sides read that table


def test_the_reference_counts_the_parameters_of_the_book():
    vectors = text_similarity(vocabulary_size=None)
    assert [tuple(each.shape) for each in vectors.inputs] == [(None, None, 128)] * 2
    assert vectors.count_params() == 4 * 32 * (128 + 32 + 1) + (64 + 1)
    assert text_similarity().count_params() == vectors.count_params() + 10_000 * 128


def test_zeros_behind_a_sequence_of_vectors_change_no_score():
    model = text_similarity_manhattan(vocabulary_size=None, embedding_dim=4)
    left, right = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype("float32")
    padded = np.pad(left, ((0, 0), (0, 3), (0, 0)))
    np.testing.assert_allclose(scores(model, padded, right), scores(model, left, right), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "config", "sentence"),
    [
        ("text_similarity", {"units": 0}, "'units' must be a whole number of at least 1; received 0"),
        ("text_similarity", {"dropout": 1}, "'dropout' must be a number from 0 to less than 1; received 1"),
        ("text_similarity", {"low": 5, "high": 1}, "'low' must be a number below 'high'; received 5 and 1"),
        ("text_similarity_manhattan", {"low": 2, "high": "five"}, "'low' must be a number below 'high'"),
        ("text_similarity_aligned", {"kernel": 0}, "'kernel' must be a whole number of at least 1; received 0"),
        ("text_similarity_aligned", {"vocabulary_size": None}, "'vocabulary_size' must be a whole number"),
    ],
)
def test_an_option_that_does_not_fit_is_told(name, config, sentence):
    with pytest.raises(ConfigError, match=sentence):
        zoo.create_model(name, **config)


def test_the_same_word_of_both_texts_is_found_and_padding_is_not():
    left, right = np.array([[2, 3, 2, 0]]), np.array([[3, 2, 0]])
    found = [keras.ops.convert_to_numpy(each) for each in same_tokens([keras.ops.array(left), keras.ops.array(right)])]
    np.testing.assert_array_equal(found[0][0], [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(found[1], found[0].transpose(0, 2, 1))


def of(values):
    return keras.ops.convert_to_numpy(values)


def test_shared_words_are_counted_by_hand():
    """Of "a b c" and "b c d e" two words are shared, which weigh 2 and 3, and the neighbours "b c"."""
    tokens = [keras.ops.array([[1, 2, 3, 0]]), keras.ops.array([[2, 3, 4, 5]])]
    masks, same = [tokens[0] != 0, tokens[1] != 0], same_tokens(tokens)
    best = [best_match(same[0][..., None], masks[1]), best_match(same[1][..., None], masks[0])]
    np.testing.assert_array_equal(of(best[1])[0, :, 0], [1, 1, 0, 0])
    found = of(shared_words(best, [keras.ops.cast(each, "float32") for each in tokens], masks))[0]
    np.testing.assert_allclose(found, [4 / 7, 5 / 14, 5 / 6, 0, 0, 7 / 20 - 1, 1 / 10], rtol=1e-5)
    np.testing.assert_allclose(of(shared_neighbours(same, masks)), [[2 / 7]], rtol=1e-5)


def test_padding_takes_no_part_in_an_alignment():
    left, right = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    embed = keras.layers.Embedding(9, 4)
    x, masks = shared_encoder(embed, [left, right]), [keras.ops.not_equal(each, 0) for each in (left, right)]
    alike = [each[..., None] for each in same_tokens([left, right])]
    model = keras.Model([left, right], soft_alignment(x, masks, alike, 4, name="alignment"))
    one = np.array([[1, 2, 3]]), np.array([[7, 0, 0]])
    beside = of(model([keras.ops.array(each) for each in one])[0])
    np.testing.assert_allclose(beside[0], np.tile(of(embed.embeddings)[7], (3, 1)), rtol=1e-5)


def test_the_likest_word_of_a_text_is_not_its_padding():
    x = [keras.ops.array([[[1.0, 0.0]]]), keras.ops.array([[[-0.6, 0.8], [0.0, 0.0]]])]
    alike = [each[..., None] for each in likeness(x)]
    assert float(of(best_match(alike[0], keras.ops.array([[True, False]])))[0, 0, 0]) == pytest.approx(-0.6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"masks": []}, "'masks' must be a list of 2 tensors"),
        ({"inputs": []}, "'inputs' must be a list of at least two tensors"),
    ],
)
def test_a_shared_encoder_needs_two_inputs_and_a_mask_for_each(arguments, sentence):
    tensors = [keras.Input((None, 3)) for _ in range(2)]
    with pytest.raises(ValueError, match=sentence):
        shared_encoder(keras.layers.LSTM(2), **{"inputs": tensors, **arguments})
