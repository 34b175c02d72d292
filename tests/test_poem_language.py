"""One step of a language model of poems at a time: the same scores as of the whole poem at once, on every backend."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo.columns.characters import LINE_END, Characters, inputs_of
from zoo.models.poem import poem
from zoo.poetry import Constraints, Form, Settings, make_plan, pingshui, write
from zoo.tasks.poem_language import language_of

VERSE = Characters(tuple("春江花月夜明山水風雲人心天地日中空同東紅"))
WORDS = Characters(("thy", "sweet", "love", "remembered", "such", "wealth"), " ")


def model_of(characters, **config):
    keras.utils.set_random_seed(0)
    return poem(vocabulary_size=characters.size, embedding_dim=8, place_dim=2, units=16, **config)


def log_probabilities(scores):
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(("config", "free"), [({}, False), ({"cell": "lstm", "depth": 2}, False), ({}, True)])
def test_steps_with_memory_score_as_the_whole_poem_does(config, free):
    model = model_of(VERSE, **config)
    language = language_of(model, VERSE, free=free)
    ids = np.random.default_rng(0).integers(3, VERSE.size, (4, 12))
    if free:
        ids[:, 5::6] = LINE_END
    form = (6, 6)
    whole = np.log(keras.ops.convert_to_numpy(model(inputs_of(ids, form, free=free))["next"]))
    memory = {}
    for at in range(12):
        scores, memory = language.step(ids, np.full(4, at), memory, form)
        np.testing.assert_allclose(log_probabilities(scores), whole[:, at], atol=1e-5)


def test_a_seed_writes_the_same_poems_again():
    language = language_of(model_of(VERSE), VERSE, free=False)
    plan = make_plan(Constraints(Form.parse("5x4"), rhyme="東", must=("明月",), repeats=False), language, pingshui())
    first, again, other = (write(plan, language, 40, Settings(seed=seed)).poems for seed in (1, 1, 2))
    assert first == again != other


def test_free_lines_of_words_are_scored_though_they_differ_in_length():
    model = model_of(WORDS)
    language = language_of(model, WORDS, free=True)
    poems = write(make_plan(Constraints(Form.parse("*x3")), language, None), language, 10, Settings(seed=1)).poems
    assert len({len(line.split()) for poem in poems for line in poem}) > 2
    assert all(word in WORDS.characters for poem in poems for line in poem for word in line.split())


def test_the_same_weights_write_the_same_poem_on_jax(tmp_path):
    pytest.importorskip("jax")
    model = model_of(VERSE)
    model.save(tmp_path / "model.keras")
    script = """
import sys
import keras
from zoo.poetry import Form, Settings, Constraints, make_plan, pingshui, write
from tests.test_poem_language import VERSE, language_of

assert keras.backend.backend() == "jax"
language = language_of(keras.saving.load_model(sys.argv[1]), VERSE, free=False)
plan = make_plan(Constraints(Form.parse("5x4"), rhyme="on"), language, pingshui())
sys.stdout.buffer.write(repr(write(plan, language, 3, Settings(seed=5)).poems).encode())
"""
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "model.keras"],
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(root)}, cwd=root, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    language = language_of(model, VERSE, free=False)
    plan = make_plan(Constraints(Form.parse("5x4"), rhyme="on"), language, pingshui())
    assert done.stdout.decode() == repr(write(plan, language, 3, Settings(seed=5)).poems)
