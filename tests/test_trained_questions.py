"""A trained network of questions: what it answers and shows, starts from and refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
from zoo.tasks.families import family_of
from zoo.tasks.trained_questions import TrainedQuestions

import zoo
from examples.question_answering import main
from zoo.artifacts import tracked_folder
from zoo.catalogue import describe, list_models
from zoo.errors import ConfigError, DataError, WeightsError
from zoo.report.attention import draw_attention
from zoo.tasks import load_dataset, load_pipeline

DATA = {"train": 300, "validation": 60, "test": 60, "seed": 0}


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
    return load_pipeline(path)


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


def test_the_catalogue_says_what_the_card_of_the_weights_says():
    weights = describe("memory_network").weights["babi"]
    card = json.loads((tracked_folder() / weights.file).with_suffix(".card.json").read_text(encoding="utf-8"))
    assert f"{100 * card['scores_on_test']['accuracy']:.1f} %" in weights.scores["answer"]


def test_another_vocabulary_starts_from_the_trained_one(trained, tmp_path):
    trained.save(tmp_path / "model.h5")
    family = family_of("memory_network_tiny")
    dataset = family.load("stories", {**DATA, "seed": 1}, tmp_path / "model.h5")
    assert dataset.schema.of("text")[0].tokeniser.words == trained.tokeniser.words
    assert dataset.targets["answer"] == trained.heads["answer"].target
    config = trained.config | {"hops": 1}  # not the recipe's
    older = TrainedQuestions(**{**vars(trained), "config": config, "model": zoo.create_model(trained.entry, **config)})
    older.save(tmp_path / "older.h5")
    like = family.recipe(family.load("stories", DATA, tmp_path / "older.h5"), trained.entry, data="stories", options={})
    assert like.config == config
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
        family = family_of(name)
        dataset = family.load("stories", DATA, None)
        recipe = family.recipe(dataset, name, data="stories", options=DATA)
        assert zoo.create_model(name, **recipe.config).output["answer"].shape[-1] == len(
            dataset.targets["answer"].labels
        )


def test_the_words_of_a_story_are_the_inputs_of_two_lstms():
    assert load_dataset("stories", **DATA, layout="words").train.inputs["text"].ndim == 2
