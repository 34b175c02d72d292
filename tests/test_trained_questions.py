"""A trained network of questions: what it answers and shows, starts from and refuses."""

import json

import keras
import numpy as np
import pytest

import zoo
from examples.question_answering import main
from zoo.artifacts import tracked_folder
from zoo.catalogue import describe, list_models
from zoo.cli.main import main as zoo_command
from zoo.datasets.questions.build import OTHER
from zoo.errors import ConfigError, DataError, WeightsError
from zoo.pipeline import Pipeline
from zoo.report.attention import draw_attention
from zoo.tasks import ask, evaluate, load_dataset, load_pipeline, questions, recipe_for, train
from zoo.terminal import show_predictions

DATA = {"train": 300, "validation": 60, "test": 60, "seed": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A memory network after a few epochs on generated stories, read back from a file of its weights."""
    folder = tmp_path_factory.mktemp("run")
    found, report = train(
        "memory_network_tiny", "stories", folder=folder, data_options=DATA, epochs=4, restarts=1, linear_start=0.25
    )
    scores = {row["metric"]: row["model"] for row in report.scores}
    assert scores == pytest.approx({row["metric"]: row["model"] for row in evaluate(folder).scores}, abs=1e-6)
    found.save(folder / "weights.h5")
    return load_pipeline(folder / "weights.h5")


def test_a_story_s_reader_travels_with_the_model(trained):
    assert isinstance(trained, Pipeline)
    assert trained.schema == load_dataset("stories", **DATA).schema
    text, question = trained.schema.columns
    assert (text.layout, question.layout) == ("sentences", "sentence")
    assert text.vocabulary == question.vocabulary
    assert trained.entry == "memory_network_tiny"


def test_a_trained_model_answers_and_shows_what_it_looked_at(trained):
    reading = ask(trained, "Ada went to the attic. Ben took the milk.", "Where is Ada?")
    assert reading.sentences == ("Ada went to the attic.", "Ben took the milk.")
    assert reading.attention.shape == (2, 2)
    labels = [label for label, _ in reading.answers]
    shares = [share for _, share in reading.answers]
    assert {"attic", "yes"} <= set(labels)
    assert OTHER not in labels
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(reading.attention.sum(axis=1), 1.0, rtol=1e-5)
    assert reading.notes == ()


def test_the_last_sentence_of_a_text_is_the_question(trained):
    asked = dict(ask(trained, "Ada went to the attic.", "Where is Ada?").answers)
    rows = questions.rows(["Ada went to the attic. Where is Ada?"], trained.schema)
    (found,) = trained.predict(rows).to_dict("records")
    assert found["answer"] == max(asked, key=asked.get)
    assert {label: found[f"answer={label}"] for label in asked} == pytest.approx(asked, abs=1e-5)
    with pytest.raises(DataError, match="as the last one, the question"):
        questions.rows(["Where is Ada?"], trained.schema)


def test_sentences_and_a_text_of_them_are_one_story(trained):
    sentences = ("Ada went to the attic.", "Ben took the milk.")
    found = trained.predictions({"text": [sentences, " ".join(sentences)], "question": ["Where is Ada?"] * 2})["answer"]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_the_command_answers_with_labels_that_stories_have(trained, tmp_path, capsys):
    trained.save(tmp_path / "model.h5")
    given = ["predict", "memory_network_tiny", "Ada went to the attic. Where is Ada?"]
    assert zoo_command([*given, "--weights", str(tmp_path / "model.h5")]) == 0
    title, line = capsys.readouterr().out.splitlines()
    assert title == given[-1]
    assert line.split()[0] == "answer"
    show_predictions(trained, questions.rows(given[-1:] * 2, trained.schema), given[-1:] * 2)
    assert OTHER not in capsys.readouterr().out
    assert zoo_command(["predict", "memory_network_tiny", "Ada?", "--weights", str(tmp_path / "model.h5")]) == 2
    error = capsys.readouterr().err
    assert "as the last one, the question; received 'Ada?'" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("story", "question", "sentence"),
    [
        ("", "Where is Ada?", "The story is empty"),
        (None, "Where is Ada?", "The story is empty"),
        ("Ada went to the attic.", "  ", "The question is empty"),
        ("...", "Where is Ada?", "The story has no word"),
        ("彼女は屋根裏へ行った。", "Where is Ada?", "The story .* no word that the model knows; .* script"),
        ("Ada went to the attic.", "¿Dónde está?", "The question .* no word that the model knows"),
        ("Ada ran. " * 200_000, "Where is Ada?", "1,800,000 characters; at most 1,000,000"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(trained, story, question, sentence):
    with pytest.raises(DataError, match=sentence):
        ask(trained, story, question)


def test_of_several_questions_the_one_that_cannot_be_answered_is_named(trained):
    rows = {"text": ["Ada went to the attic."] * 2, "question": ["Where is Ada?", float("nan")]}
    with pytest.raises(DataError, match="row 2: the question is empty"):
        trained.predict(rows)
    with pytest.raises(DataError, match="must hold texts or lists of sentences; received '7'"):
        trained.predict({"text": [7], "question": ["Where is Ada?"]})
    with pytest.raises(DataError, match="The table lacks 'question'"):
        trained.predict({"text": ["Ada went to the attic."]})


def test_a_model_that_answers_no_questions_is_told(capsys):
    assert main(["ask", "--text", __file__, "--weights", "poem.tang", "Where is Ada?"]) == 2
    assert capsys.readouterr().err == "error: 'poem.tang' holds a model that answers no questions: poem.\n"


def test_a_vocabulary_larger_than_the_model_is_told(trained):
    answers = len(trained.schema.targets["answer"].labels)
    config = {**trained.origin["config"], "vocabulary_size": answers + 2}
    small = zoo.create_model("memory_network_tiny", **config)
    with pytest.raises(DataError, match=rf"The model was built for {answers + 2} ids of 'text'; the schema has \d+"):
        Pipeline(trained.schema, small)


def test_what_a_model_does_not_know_or_read_is_noted(trained):
    notes = ask(trained, "Zoe went to the attic. " * 60, "Where is Zoe?").notes
    assert "never seen 'zoe'" in notes[0]
    assert "60 sentences; the model read the last 50" in notes[1]


def test_a_story_of_a_hundred_thousand_words_is_read(trained):
    reading = ask(trained, "Ada went to the attic. " * 20_000, "Where is Ada?")
    assert len(reading.sentences) == 50
    reading = ask(trained, "ada attic " * 50_000, "Where is Ada?")
    assert "up to their 100th word" in reading.notes[0]


def test_the_catalogue_says_what_the_card_of_the_weights_says():
    weights = describe("memory_network").weights["babi"]
    card = json.loads((tracked_folder() / weights.file).with_suffix(".card.json").read_text(encoding="utf-8"))
    assert f"{100 * card['scores_on_test']['accuracy']:.1f} %" in weights.scores["answer"]


def test_a_training_starts_from_trained_weights_with_their_vocabulary_answers_and_network(trained, tmp_path):
    config = trained.origin["config"] | {"hops": 1}  # not the recipe's
    keras.utils.set_random_seed(0)
    model = zoo.create_model(trained.entry, **config)
    Pipeline(trained.schema, model, origin={**trained.origin, "config": config}).save(tmp_path / "older.h5")
    again, _ = train(
        "memory_network_tiny",
        "stories",
        folder=tmp_path / "run",
        data_options=DATA | {"train": 60},
        seed=1,
        weights=tmp_path / "older.h5",
        epochs=1,
    )
    assert again.schema.column("text") == trained.schema.column("text")
    assert again.schema.targets == trained.schema.targets
    assert again.origin["config"] == config
    assert ask(again, "Ada went to the attic.", "Where is Ada?").attention.shape == (1, 1)


def test_weights_that_answer_no_questions_start_no_training(tmp_path):
    other = tmp_path / "other.h5"
    zoo.save_weights(zoo.create_model("sequential_twin"), other, metadata={"entry": "sequential_twin"})
    with pytest.raises(WeightsError, match="holds weights, but no pipeline"):
        train("memory_network_tiny", "stories", folder=tmp_path / "run", weights=other)
    with pytest.raises(WeightsError, match="holds poem, a model of poems; 'memory_network_tiny' is one of questions"):
        train("memory_network_tiny", "stories", folder=tmp_path / "run", weights="poem.tang")


def test_attention_is_drawn(tmp_path):
    path = tmp_path / "attention.png"
    draw_attention(
        ["Ann has $5.", "Bob left."], np.array([[0.9, 0.1], [0.2, 0.8]]), path, question="Who?", answer="ann"
    )
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_ending_of_its_name_says_what_a_picture_is_written_as(tmp_path):
    endings = {".svg": b"<?xml", ".JPG": b"\xff\xd8", "": b"\x89PNG", ".v2": b"\x89PNG"}
    for ending, begins in endings.items():
        name = f"looks{ending}"
        draw_attention(("Ada sat.",), np.ones((1, 1)), tmp_path / name, question="Who sat?", answer="ada")
        assert (tmp_path / name).read_bytes().startswith(begins)


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
    for name in list_models(task="question-answering", for_tests=True):
        options = {**questions.options(name), **DATA}
        dataset = load_dataset("stories", task="questions", **options)
        recipe = recipe_for(dataset, name, data="stories", options=options)
        model = zoo.create_model(name, **recipe.config)
        assert Pipeline(dataset.schema, model).schema is dataset.schema  # which checks inputs, outputs, vocabulary


def test_the_words_of_a_story_are_the_inputs_of_two_lstms():
    assert load_dataset("stories", **DATA, layout="words").train.inputs["text"].ndim == 2
