"""A search for a learning rate finds one that trains, and leaves no trace."""

import struct
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.backends import several_steps
from tests.rate_search import what_is_left
from tests.toy import line_model, line_recipe, line_samples
from zoo.cli.main import main
from zoo.errors import ConfigError, UnknownNameError
from zoo.samples import Samples
from zoo.tasks import rates
from zoo.tasks.verbs import prepare
from zoo.training import Optimiser, TrainingError, find_learning_rate, fit
from zoo.training.rate_finder import _valley

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.backends
@several_steps
def test_a_search_leaves_model_optimiser_and_random_numbers_as_they_were_bit_for_bit():
    assert what_is_left() == {"same_state": True, "same_training": True}


def test_the_suggested_rate_trains_better_than_a_hundredth_or_a_thousand_times_of_it():
    train, validation = line_samples(2000, 0), line_samples(500, 1)

    def skill(rate):
        keras.utils.set_random_seed(0)
        model, recipe = line_model(), line_recipe(optimiser=Optimiser(learning_rate=rate), epochs=2)
        return max(row["val_skill"] for row in fit(model, train, validation, recipe).history)

    keras.utils.set_random_seed(0)
    found = find_learning_rate(line_model(), train, line_recipe())
    assert found.suggestion == found.valley
    assert found.rates[0] < found.valley < found.rates[-1]
    assert found.rates[0] < found.steepest < found.rates[-1]
    good = skill(found.suggestion)
    assert good > 0.8
    assert good > skill(found.suggestion / 100)
    assert good > skill(found.suggestion * 1000)


def test_a_search_ends_where_the_loss_runs_away():
    found = find_learning_rate(line_model(), line_samples(500, 0), line_recipe(optimiser=Optimiser("sgd")), highest=1e4)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 100
    assert found.suggestion < found.rates[-1] < 1e4


def test_a_search_may_take_more_steps_than_an_epoch_has():
    found = find_learning_rate(line_model(), line_samples(60, 0), line_recipe(), highest=0.01, steps=50)
    assert len(found.rates) == 50


def test_the_picture_is_a_png_and_is_written_whole(tmp_path):
    found = find_learning_rate(line_model(), line_samples(500, 0), line_recipe(), steps=30)
    path = found.save(tmp_path / "rates.png")
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (800, 450)
    assert [each.name for each in tmp_path.iterdir()] == ["rates.png"]


def test_the_valley_is_the_middle_of_the_longest_fall_past_a_bump():
    losses = np.array([5.0, 5.1, 4.0, 3.0, 3.5, 2.0, 1.0, 6.0, 5.5])  # falls at 0 (or 1), 2, 3, 5, 6
    assert _valley(losses) == 3


def test_a_model_is_as_before_when_the_search_fails():
    model, samples = line_model(), line_samples(64, 0)
    model.get_layer("y").kernel.assign(np.full((8, 1), np.nan))
    before = [np.array(each) for each in model.variables]
    with pytest.raises(TrainingError, match=r"after 0 steps, at a rate of 1e-07: look at the data"):
        find_learning_rate(model, samples, line_recipe())
    for ours, theirs in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(ours), theirs)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"lowest": 0}, "'lowest' of the rates must be a number > 0; received 0"),
        ({"highest": float("nan")}, "'highest' .* received nan"),
        ({"highest": "1"}, "'highest' .* received '1'"),
        ({"lowest": 1.0, "highest": 0.1}, "must be below the highest; received 1.0 and 0.1"),
        ({"steps": 3}, "steps >= 10; received 3"),
        ({"steps": 20.5}, "steps >= 10; received 20.5"),
    ],
)
def test_a_wrong_range_is_one_sentence(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        find_learning_rate(line_model(), line_samples(64, 0), line_recipe(), **options)


def test_samples_that_do_not_fit_the_model_are_one_sentence():
    x = np.zeros((40, 4), np.float32)
    with pytest.raises(UnknownNameError, match="Unknown key of the inputs 'z'"):
        find_learning_rate(line_model(), Samples({"x": x, "z": x}, {"y": x[:, 0]}), line_recipe())
    with pytest.raises(ConfigError, match="without a single label"):
        find_learning_rate(line_model(), Samples({"x": x}, {"y": x[:, 0] + np.nan}), line_recipe())


def test_the_command_says_the_rate_in_a_line_and_draws_the_search(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["find-rate", "mlp_tiny", "--data", "membership", "--steps", "20"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("learning rate ")
    assert printed.count("\n") == 1
    assert "picture: mlp_tiny_membership_rates.png" in printed
    assert (tmp_path / "mlp_tiny_membership_rates.png").read_bytes()[:4] == b"\x89PNG"


def test_a_rate_is_sought_on_the_rows_that_the_recipe_trains_on(monkeypatch):
    """Not on those of validation, which only a training may take in the end (`Recipe.refit`)."""
    seen = []
    monkeypatch.setattr(rates, "find_learning_rate", lambda model, samples, *rest, **options: seen.append(len(samples)))
    rates.find_rate("mlp_tiny", "membership", data_options={"rows": 60, "validation": 20, "test": 10})
    assert seen == [60]


def test_a_rate_is_sought_with_the_weights_and_the_stages_that_a_training_begins_with(monkeypatch):
    seen = []
    monkeypatch.setattr(rates, "find_learning_rate", lambda model, samples, recipe, **_: seen.append((model, recipe)))
    options = {"rows": 60, "validation": 20, "test": 10}
    rates.find_rate("mlp_tiny", "membership", data_options=options, changes={"fine_tune": "all"})
    ((model, recipe),) = seen
    assert recipe.fine_tune == "all"
    alike = prepare("mlp_tiny", "membership", data_options=options).build()
    for ours, theirs in zip(model.get_weights(), alike.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mobilenet_tiny", "--data", "membership", "--weights", "imagenett"], "Unknown weights of mobilenet_tiny"),
        (["mlp_tiny", "--data", "membership", "--fine-tune", "last_stge"], "did you mean 'last_stage'"),
        (["mlp_tiny", "--data", "membership", "--steps", "3"], "steps >= 10; received 3"),
        (["mlp_tiny", "--data", "membership", "--steps", "many"], "'many' is not a whole number"),
        (["mlp_tiny", "--data", "membership", "--seed", "-1"], "A seed must not be negative"),
        (["sequential_twin", "--data", "membership"], "There is no recipe for 'sequential_twin'"),
        (["mlp_tyni"], "did you mean 'mlp_tiny'"),
    ],
)
def test_a_wrong_search_is_one_sentence(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["find-rate", *arguments])
    except SystemExit as stop:  # argparse
        code = stop.code
    assert code == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())
