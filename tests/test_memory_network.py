"""Models that answer questions: what their graphs promise, how they are trained, what they say and refuse to say."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import zoo
from blocks import (
    dropped_table,
    learnt_position_encoding,
    memory_hop,
    position_encoding,
    sentence_ages,
    word_places,
)
from examples.question_answering import main
from zoo.catalogue import list_models
from zoo.datasets import load_questions
from zoo.errors import ConfigError, DataError, UnknownNameError, WeightsError
from zoo.models import memory_network, question_answering
from zoo.recipes import load_trained
from zoo.recipes.families import family_of
from zoo.recipes.trained_questions import TrainedQuestions
from zoo.report.attention import draw_attention

SMALL = {"vocabulary_size": 30, "answers": 5, "embedding_dim": 6}
DATA = {"train": 300, "validation": 60, "test": 60, "seed": 0}


def tokens(*shape, seed=0):
    return np.random.default_rng(seed).integers(1, 30, shape).astype("int32")


def answer(model, text, question):
    return np.asarray(model({"text": text, "question": question}, training=False)["answer"])


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
        np.testing.assert_allclose(np.asarray(graph([x, mask]))[row], expected, rtol=1e-5, atol=1e-6)


def test_learnt_weights_of_places_tell_the_order_of_words():
    inputs = keras.Input((3, 4)), keras.Input((3,), dtype="bool")
    weights = keras.layers.Embedding(2, 4, embeddings_initializer=keras.initializers.RandomNormal(1.0, 0.5))
    graph = keras.Model(inputs, learnt_position_encoding(*inputs, weights))
    x, mask = np.random.default_rng(0).normal(size=(1, 3, 4)).astype("float32"), np.ones((1, 3), bool)
    table = np.asarray(weights.embeddings)
    np.testing.assert_allclose(
        np.asarray(graph([x, mask]))[0], x[0, 0] * table[0] + (x[0, 1] + x[0, 2]) * table[1], rtol=1e-5
    )


def test_the_newest_sentence_has_age_zero_and_padding_ages_nothing():
    present = keras.Input((None,), dtype="bool")
    graph = keras.Model(present, sentence_ages(present, 3, noise=0.5, name="ages"))
    there = np.array([[True, True, True, True, False], [True, False, False, False, False]])
    assert np.asarray(graph(there))[:, :4].tolist()[0] == [2, 2, 1, 0]
    assert np.asarray(graph(there))[1, 0] == 0
    drawn = np.stack([np.asarray(graph(there[:1], training=True)) for _ in range(20)])
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
    for attention in hops({"text": text, "question": tokens(2, 3)}):
        np.testing.assert_allclose(np.asarray(attention).sum(axis=1), 1.0, rtol=1e-5)
        assert np.asarray(attention)[0, 2:].tolist() == [0.0, 0.0]


def test_a_multiplicative_hop_can_tell_whether_state_and_reading_agree():
    """Of one sentence, which is read whole whatever the attention."""
    state, value = keras.Input((2,)), keras.Input((1, 2))
    present = keras.Input((1,), dtype="bool")
    hops = {kind: memory_hop(state, value, value, present, multiplicative=kind, name=f"hop{kind}") for kind in (0, 1)}
    graph = keras.Model([state, value, present], hops)
    graph.get_layer("hop1_product").set_weights([np.array([[10.0, 0.0], [0.0, 100.0]])])
    new = graph([np.array([[2.0, 3.0]]), np.array([[[5.0, 7.0]]]), np.ones((1, 1), bool)])
    np.testing.assert_allclose(np.asarray(new[0]), [[7.0, 10.0]])
    np.testing.assert_allclose(np.asarray(new[1]), [[7.0 + 10 * 2 * 5, 10.0 + 100 * 3 * 7]])


def test_a_dropped_table_draws_once_for_the_batch_and_only_in_training():
    table = keras.layers.Embedding(50, 8, embeddings_initializer="ones")
    question = keras.Input((None,), dtype="int32")
    graph = keras.Model(question, dropped_table(table, 0.25, question, name="dropped"))
    asked = tokens(3, 2)
    assert (np.asarray(graph(asked)) == 1.0).all()
    drawn = np.stack([np.asarray(graph(asked, training=True)) for _ in range(20)])
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


# --- trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A memory network after a few epochs on generated stories, read back from its file."""
    family = family_of("memory_network_tiny")
    dataset = family.load("stories", DATA, None)
    recipe = replace(family.recipe(dataset, "memory_network_tiny", data="stories", options=DATA), epochs=4)
    model = zoo.create_model("memory_network_tiny", **recipe.config)
    run = family.fit(model, dataset.train, dataset.validation, recipe, seed=0)
    assert len(run.history) == 4
    path = tmp_path_factory.mktemp("run") / "model.h5"
    family.trained(model, recipe, dataset, origin={"data": "stories", "seed": 0}).save(path)
    return load_trained(path)


def test_a_trained_model_answers_and_shows_what_it_looked_at(trained):
    reading = trained.ask("Ada went to the attic. Ben took the milk.", "Where is Ada?")
    assert isinstance(trained, TrainedQuestions)
    assert reading.sentences == ("Ada went to the attic.", "Ben took the milk.")
    assert reading.attention.shape == (2, 2)
    labels = [label for label, _ in reading.answer.probabilities]
    assert {"attic", "yes"} <= set(labels)
    assert not any(label.startswith("(") for label in labels)
    assert reading.notes == ()


def test_the_last_sentence_of_a_text_is_the_question(trained):
    asked = trained.ask("Ada went to the attic.", "Where is Ada?").answer
    assert trained.answer(["Ada went to the attic. Where is Ada?"])[0]["answer"] == asked
    with pytest.raises(DataError, match="as the last one, the question"):
        trained.answer(["Where is Ada?"])


@pytest.mark.parametrize(
    ("story", "question", "sentence"),
    [
        ("", "Where is Ada?", "The story is empty"),
        ("Ada went to the attic.", "  ", "The question is empty"),
        ("...", "Where is Ada?", "The story has no word"),
        ("彼女は屋根裏へ行った。", "Where is Ada?", "The story .* no word that the model knows; .* script"),
        ("Ada went to the attic.", "¿Dónde está?", "The question .* no word that the model knows"),
        ("Ada ran. " * 200_000, "Where is Ada?", "1,800,000 characters; at most 1,000,000"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(trained, story, question, sentence):
    with pytest.raises(DataError, match=sentence):
        trained.ask(story, question)


def test_what_a_model_does_not_know_or_read_is_noted(trained):
    notes = trained.ask("Zoe went to the attic. " * 60, "Where is Zoe?").notes
    assert "never seen 'zoe'" in notes[0]
    assert "60 sentences; the model read the last 50" in notes[1]


def test_a_story_of_a_hundred_thousand_words_is_read(trained):
    reading = trained.ask("Ada went to the attic. " * 20_000, "Where is Ada?")
    assert len(reading.sentences) == 50
    reading = trained.ask("ada attic " * 50_000, "Where is Ada?")
    assert "up to their 100th word" in reading.notes[0]


def test_another_vocabulary_starts_from_the_trained_one(trained, tmp_path):
    trained.save(tmp_path / "model.h5")
    family = family_of("memory_network_tiny")
    dataset = family.load("stories", {**DATA, "seed": 1}, tmp_path / "model.h5")
    assert dataset.tokeniser.words == trained.tokeniser.words
    assert dataset.targets["answer"] == trained.heads["answer"].target
    other = tmp_path / "other.h5"
    zoo.save_weights(zoo.create_model("sequential_twin"), other, metadata={"entry": "sequential_twin"})
    with pytest.raises(WeightsError, match="not a file of a model of questions"):
        family.load("stories", DATA, other)


def test_attention_is_drawn(tmp_path):
    path = tmp_path / "attention.png"
    draw_attention(
        ["Ann has $5.", "Bob left."], np.array([[0.9, 0.1], [0.2, 0.8]]), path, question="Who?", answer="ann"
    )
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_ending_of_its_name_says_what_a_picture_is_written_as(tmp_path):
    for name, begins in (("looks.svg", b"<?xml"), ("looks.JPG", b"\xff\xd8"), ("looks", b"\x89PNG")):
        draw_attention(("Ada sat.",), np.ones((1, 1)), tmp_path / name, question="Who sat?", answer="ada")
        assert (tmp_path / name).read_bytes().startswith(begins)
    with pytest.raises(UnknownNameError, match=r"Unknown kind of picture 'pgn'; did you mean 'png'"):
        draw_attention(("Ada sat.",), np.ones((1, 1)), tmp_path / "looks.pgn", question="Who sat?", answer="ada")


def test_a_picture_without_a_name_is_told():
    with pytest.raises(ConfigError, match="The name of a file to write is missing"):
        draw_attention(("Ada sat.",), np.ones((1, 1)), "", question="Who sat?", answer="ada")


def test_the_example_asks_a_model_of_ones_own(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained.save(tmp_path / "model.h5")
    (tmp_path / "story.txt").write_text("Ada went to the attic.\nBen went to the garden.\n")
    given = ["ask", "--text", "story.txt", "--weights", "model.h5", "Where is Ada?"]
    assert main(given) == 0
    shown = capsys.readouterr().out
    assert "Where is Ada?" in shown
    assert "hop 2" in shown
    assert (tmp_path / "attention.png").exists()
    assert main(["ask", "--text", "nowhere.txt", "--weights", "model.h5", "Where is Ada?"]) == 2
    assert "There is no file 'nowhere.txt'" in capsys.readouterr().err


def test_every_model_of_questions_has_a_recipe():
    for name in list_models(task="question-answering"):
        family = family_of(name)
        dataset = family.load("stories", DATA, None)
        recipe = family.recipe(dataset, name, data="stories", options=DATA)
        assert zoo.create_model(name, **recipe.config).output["answer"].shape[-1] == len(
            dataset.targets["answer"].labels
        )


def test_the_words_of_a_story_are_the_inputs_of_two_lstms():
    assert load_questions("stories", **DATA, layout="words").train.inputs["text"].ndim == 2
