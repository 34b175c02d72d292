"""How long a training lasts follows from the number of rows; what the user says of it wins, and how it went is told."""

import numpy as np
import pandas as pd
import pytest

from zoo.report.progress import best_epoch, progress, still_improving
from zoo.tasks import load_dataset, recipe_for
from zoo.tasks.length import Length
from zoo.tasks.pairs import ALIGNED
from zoo.tasks.tables import GENERAL
from zoo.tasks.texts import OWN

LENGTHS = [GENERAL["mlp"].length, GENERAL["entity_embedding"].length, Length.like(OWN.training, 11_000)]
SIZES = (60, 343, 490, 1_000, 3_500, 14_000, 48_000, 700_000)


def steps(rows, found):
    return -(-rows // found["batch_size"]) * found["epochs"]


@pytest.mark.parametrize("entry", ["mlp", "entity_embedding"])
def test_a_table_of_a_few_hundred_rows_gets_a_thousand_steps(entry):
    length = GENERAL[entry].length
    for rows in (343, 490, 1_000, 3_500):
        assert steps(rows, length.training(rows)) >= 1_000
    assert length.training(343)["batch_size"] <= 32


@pytest.mark.parametrize(("entry", "epochs", "batch_size"), [("mlp", 20, 128), ("entity_embedding", 15, 256)])
def test_a_large_table_takes_no_more_samples_and_steps_than_with_fixed_epochs(entry, epochs, batch_size):
    for rows in (48_000, 700_000):
        found = GENERAL[entry].length.training(rows)
        assert found["epochs"] <= epochs
        assert steps(rows, found) <= -(-rows // batch_size) * epochs


@pytest.mark.parametrize("length", LENGTHS)
def test_batches_grow_with_the_rows_and_epochs_become_fewer(length):
    found = [length.training(rows) for rows in SIZES]
    assert (np.diff([each["batch_size"] for each in found]) >= 0).all()
    assert all(length.epochs[0] <= each["epochs"] <= length.epochs[1] for each in found)
    assert found[-1]["epochs"] == length.epochs[0]
    assert all(each["patience"] >= 2 for each in found)


@pytest.mark.parametrize("settings", [OWN, ALIGNED])
def test_a_length_chosen_on_some_data_is_that_of_the_settings_there(settings):
    found = Length.like(settings.training, 11_000).training(11_000)
    assert found["epochs"] == settings.training["epochs"]
    assert found["batch_size"] == settings.training["batch_size"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("length") / "mine.csv"
    pd.DataFrame({"x": np.arange(100.0), "y": np.arange(100) * 0.5 + 0.25}).to_csv(path, index=False)
    return load_dataset(path, targets=["y"])


def test_the_users_epochs_and_batch_size_win(table):
    recipe = recipe_for(table, "mlp", data="mine.csv", options={}, changes={"epochs": 7})
    assert (recipe.epochs, recipe.patience) == (7, None)
    whole = recipe_for(table, "mlp", data="mine.csv", options={}, changes={"batch_size": 70})
    assert whole.batch_size == 70
    assert whole.epochs == GENERAL["mlp"].length.epochs[1]
    assert whole.patience is not None


def test_rows_that_are_trained_on_stop_no_training(table):
    assert recipe_for(table, "mlp", data="mine.csv", options={}, changes={"refit": True}).patience is None


def test_named_data_keeps_its_settings():
    plane = load_dataset("plane")
    assert recipe_for(plane, "linear_regression", data="plane", options={}).epochs == 200


def rows_of(*skills):
    return [{"val_skill": skill} for skill in skills]


def test_the_last_line_says_how_the_training_went():
    rising = rows_of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    assert progress(rising, 8) == "Still improving at the last epoch: train longer with --epochs 16."
    flat = rows_of(0.1, 0.5, 0.7, 0.79, 0.8, 0.8001, 0.8002, 0.8003)
    assert not still_improving(flat)
    assert progress(flat, 8) == "Best at epoch 8 of 8."
    assert progress(rows_of(0.1, 0.9, *[0.5] * 6), 8) == "Best at epoch 2 of 8."
    assert progress(rows_of(0.1, 0.9, 0.5), 8) == "Stopped after 3 of 8 epochs: best at epoch 2."
    assert "validation rows too (refit)" in progress(rising, 8, refit=True)
    assert progress([], 8) == ""
    assert best_epoch(rows_of(0.3, 0.3)) == 1
