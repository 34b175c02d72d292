"""Models that answer questions: what their graphs promise."""

import keras
import numpy as np
import pytest

import zoo
from blocks import (
    learnt_position_encoding,
    memory_hop,
    position_encoding,
    sentence_ages,
    table_dropout,
    word_places,
)
from tests.tensors import outputs_of
from zoo.errors import ConfigError
from zoo.models import memory_network, question_answering
from zoo.sentinel import IncidentWarning, NaNSentinel

SMALL = {"vocabulary_size": 30, "answers": 5, "embedding_dim": 6}


def tokens(*shape, seed=0):
    return np.random.default_rng(seed).integers(1, 30, shape).astype("int32")


def answer(model, text, question):
    return outputs_of(model, {"text": text, "question": question}, training=False)["answer"]


def shaken(model):
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.normal(size=variable.shape) * 0.5)
    return model


# --- the reference


def test_question_answering_counts_the_parameters_of_the_reference():
    embeddings = 10_000 * 64 + 10_000 * 32
    lstms = 4 * 32 * (64 + 32 + 1) + 4 * 16 * (32 + 16 + 1)
    assert question_answering().count_params() == embeddings + lstms + (32 + 16) * 500 + 500 == 1_000_052


@pytest.mark.parametrize("form", ["list", "dict"])
def test_question_answering_is_fitted_by_a_list_and_by_a_dict(form):
    model = zoo.create_model("question_answering_tiny")
    model.compile("adam", loss={"answer": "sparse_categorical_crossentropy"})
    text, question = tokens(16, 12), tokens(16, 4)
    inputs = [text, question] if form == "list" else {"question": question, "text": text}
    history = model.fit(inputs, {"answer": np.zeros(16, "int32")}, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


# --- the memory network


def test_position_encoding_is_that_of_the_paper():
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    mask = np.array([[True, True, True], [True, True, False]])
    inputs = keras.Input((3, 4)), keras.Input((3,), dtype="bool")
    graph = keras.Model(inputs, position_encoding(inputs[0], word_places(inputs[1]), name="encoding"))
    for row, count in enumerate((3, 2)):
        expected = np.zeros(4)
        for j in range(1, count + 1):
            for k in range(1, 5):
                weight = (1 - j / count) - (k / 4) * (1 - 2 * j / count)
                expected[k - 1] += weight * x[row, j - 1, k - 1]
        np.testing.assert_allclose(outputs_of(graph, [x, mask])[row], expected, rtol=1e-5, atol=1e-6)


def test_learnt_weights_of_places_tell_the_order_of_words():
    inputs = keras.Input((3, 4)), keras.Input((3,), dtype="bool")
    weights = keras.layers.Embedding(2, 4, embeddings_initializer=keras.initializers.RandomNormal(1.0, 0.5))
    graph = keras.Model(inputs, learnt_position_encoding(*inputs, weights))
    x, mask = np.random.default_rng(0).normal(size=(1, 3, 4)).astype("float32"), np.ones((1, 3), bool)
    table = np.asarray(weights.embeddings)
    np.testing.assert_allclose(
        outputs_of(graph, [x, mask])[0], x[0, 0] * table[0] + (x[0, 1] + x[0, 2]) * table[1], rtol=1e-5
    )


def test_the_newest_sentence_has_age_zero_and_padding_ages_nothing():
    present = keras.Input((None,), dtype="bool")
    graph = keras.Model(present, sentence_ages(present, 3, noise=0.5, name="ages"))
    there = np.array([[True, True, True, True, False], [True, False, False, False, False]])
    assert outputs_of(graph, there)[:, :4].tolist()[0] == [2, 2, 1, 0]
    assert outputs_of(graph, there)[1, 0] == 0
    drawn = np.stack([outputs_of(graph, there[:1], training=True) for _ in range(20)])
    assert len(np.unique(drawn[:, 0, 3])) > 1, "in training empty sentences come in between"


@pytest.mark.parametrize("tying", ["adjacent", "layerwise"])
@pytest.mark.parametrize("encoding", ["position", "learnt"])
def test_padding_changes_no_answer(tying, encoding):
    model = shaken(memory_network(**SMALL, tying=tying, encoding=encoding))
    text, question = tokens(2, 4, 5), tokens(2, 3)
    wider = np.pad(text, ((0, 0), (0, 3), (0, 2))), np.pad(question, ((0, 0), (0, 4)))
    np.testing.assert_allclose(answer(model, text, question), answer(model, *wider), rtol=1e-5, atol=1e-6)


def test_the_order_of_sentences_and_of_words_matters():
    model = shaken(memory_network(**SMALL))
    text, question = tokens(1, 4, 5), tokens(1, 3)
    for changed in (text[:, ::-1], text[:, :, ::-1]):
        assert np.abs(answer(model, text, question) - answer(model, changed, question)).max() > 1e-4


def test_a_hop_shares_out_its_attention_among_the_sentences_that_are_there():
    model = shaken(memory_network(**SMALL))
    hops = keras.Model(model.inputs, [model.get_layer(f"hop{hop}_attention").output for hop in (1, 2, 3)])
    text = tokens(2, 4, 5)
    text[0, 2:] = 0
    for attention in outputs_of(hops, {"text": text, "question": tokens(2, 3)}):
        np.testing.assert_allclose(attention.sum(axis=1), 1.0, rtol=1e-5)
        assert attention[0, 2:].tolist() == [0.0, 0.0]


def test_a_multiplicative_hop_can_tell_whether_state_and_reading_agree():
    """Of one sentence, which is read whole whatever the attention."""
    state, value = keras.Input((2,)), keras.Input((1, 2))
    present = keras.Input((1,), dtype="bool")
    plain = memory_hop(state, value, value, present, name="plain")
    hop = memory_hop(state, value, value, present, multiplicative=True, name="hop")
    graph = keras.Model([state, value, present], [plain, hop])
    graph.get_layer("hop_product").set_weights([np.array([[10.0, 0.0], [0.0, 100.0]])])
    new = outputs_of(graph, [np.array([[2.0, 3.0]]), np.array([[[5.0, 7.0]]]), np.ones((1, 1), bool)])
    np.testing.assert_allclose(new[0], [[7.0, 10.0]])
    np.testing.assert_allclose(new[1], [[7.0 + 10 * 2 * 5, 10.0 + 100 * 3 * 7]])


def test_dropout_of_a_table_draws_once_for_the_batch_and_only_in_training():
    question = keras.Input((None,), dtype="int32")
    graph = keras.Model(question, table_dropout(keras.layers.Embedding(50, 8), 0.25, question, name="dropped"))
    asked = tokens(3, 2)
    assert (outputs_of(graph, asked) == 1.0).all()
    drawn = np.stack([outputs_of(graph, asked, training=True) for _ in range(20)])
    assert drawn.shape == (20, 50, 8)
    assert 0.2 < (drawn == 0).mean() < 0.3
    np.testing.assert_allclose(drawn[drawn > 0], 1 / 0.75, rtol=1e-6)


def test_weights_of_a_network_with_dropout_answer_alike_without_it():
    config = {**SMALL, "multiplicative": True}
    model = shaken(memory_network(**config, weight_dropout=0.2))
    plain = memory_network(**config)
    for layer in plain.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    text, question = tokens(2, 4, 5), tokens(2, 3)
    np.testing.assert_allclose(answer(model, text, question), answer(plain, text, question), rtol=1e-6)
    assert model.count_params() == memory_network(**SMALL).count_params() + 3 * 6**2
    assert {f"hop{hop}_product" for hop in (1, 2, 3)} <= {layer.name for layer in model.layers if layer.weights}


@pytest.mark.parametrize(("rate", "differ"), [(0.5, True), (0.0, False)])
def test_dropout_of_tables_falls_on_what_is_read_in_training(rate, differ):
    model = shaken(memory_network(**SMALL, noise=0.0, weight_dropout=rate))
    same = {"text": np.repeat(tokens(1, 4, 5), 2, axis=0), "question": np.repeat(tokens(1, 3), 2, axis=0)}
    first, second = (outputs_of(model, same, training=True)["answer"] for _ in range(2))
    np.testing.assert_allclose(first[0], first[1], rtol=1e-5)  # one draw for the batch
    assert bool(np.abs(first - second).max() > 1e-4) is differ


def test_the_largest_token_is_still_known_from_the_graph():
    model = memory_network(**SMALL, weight_dropout=0.1)
    model.compile("sgd", loss={"answer": "sparse_categorical_crossentropy"})
    text, question = tokens(8, 4, 5), tokens(8, 3)
    text[3, 2, 1] = 30
    sentinel, inputs = NaNSentinel(), {"question": question, "text": text}
    with pytest.warns(IncidentWarning, match="30"):
        model.fit(inputs, {"answer": np.zeros(8)}, shuffle=False, verbose=0, callbacks=[sentinel])
    assert (sentinel.incidents[0].name, sentinel.incidents[0].row) == ("text", 3)


def test_linear_attention_has_the_same_weights():
    names = [{layer.name for layer in memory_network(**SMALL, linear=linear).layers} for linear in (False, True)]
    assert names[0] - names[1] == {"hop1_softmax", "hop2_softmax", "hop3_softmax"}
    assert names[1] <= names[0]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"tying": "adjacnt"}, "did you mean 'adjacent'"),
        ({"encoding": "learned"}, "did you mean 'learnt'"),
        ({"vocabulary_size": 5, "answers": 10}, "'vocabulary_size' must be a whole number of at least 12"),
        ({"weight_dropout": 1}, "'weight_dropout' must be a number from 0 to less than 1"),
        ({"hops": 0}, "'hops' must be a whole number of at least 1"),
    ],
)
def test_a_wrong_option_is_told(config, sentence):
    with pytest.raises((ConfigError, ValueError), match=sentence):
        zoo.create_model("memory_network_tiny", **config)
