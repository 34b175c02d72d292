"""A run folder: what it tells, what is refused, and where a run goes on."""

import json
import subprocess
import sys
from dataclasses import fields

import keras
import numpy as np
import pytest

from tests.toy import CONFIG, line_samples, toy_recipe, toy_samples
from zoo.errors import ConfigError
from zoo.models.author_profile import author_profile_tiny
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, fit, predict
from zoo.training.runs.run_folder import graph_hash


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return author_profile_tiny(**CONFIG)


def weights_of(model):
    return [np.array(variable) for variable in model.weights]


def test_a_run_folder_tells_what_happened_and_a_finished_run_is_loaded(model, tmp_path):
    recipe = toy_recipe(epochs=2)
    run = fit(model, toy_samples(100, 0), toy_samples(50, 1), recipe, folder=tmp_path / "run")
    trained = weights_of(model)
    rows = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert rows == run.history
    keras.utils.set_random_seed(99)
    other = author_profile_tiny(**CONFIG)
    again = fit(other, toy_samples(100, 0), toy_samples(50, 1), recipe, folder=tmp_path / "run")
    assert again.history == run.history
    for left, right in zip(trained, weights_of(other), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not list((tmp_path / "run").glob(".*tmp*"))


def test_the_folder_of_another_run_is_refused_and_left_alone(model, tmp_path):
    train, validation = toy_samples(100, 0), toy_samples(50, 1)
    fit(model, train, validation, toy_recipe(epochs=1), folder=tmp_path / "run")
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()}
    cases = [
        (model, toy_recipe(epochs=1, batch_size=16), train, "batch_size is 32 there and 16 here"),
        (author_profile_tiny(**{**CONFIG, "vocabulary_size": 120}), toy_recipe(epochs=1), train, "embedding"),
        (model, toy_recipe(epochs=1), toy_samples(100, 5), "data.train is"),
    ]
    for other, recipe, data, words in cases:
        with pytest.raises(ConfigError, match=words):
            fit(other, data, validation, recipe, folder=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"data\.validation is"):
        fit(model, train, toy_samples(50, 2), toy_recipe(epochs=1), folder=tmp_path / "run")
    assert before == {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()}


def test_a_folder_that_is_no_run_folder_is_refused(model, tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(ConfigError, match="not a run folder"):
        fit(model, toy_samples(50, 0), toy_samples(50, 1), toy_recipe(epochs=1), folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_damaged_checkpoint_is_told_in_one_sentence(model, tmp_path):
    arguments = (toy_samples(50, 0), toy_samples(50, 1), toy_recipe(epochs=1))
    fit(model, *arguments, folder=tmp_path / "run")
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ConfigError, match="not a checkpoint of this run"):
        fit(model, *arguments, folder=tmp_path / "run")


def test_training_stops_when_patience_is_out_and_a_resumed_run_does_not_go_on(model, tmp_path):
    recipe = toy_recipe(epochs=9, patience=2, optimiser=Optimiser(learning_rate=0.3, schedule="constant"))
    arguments = (toy_samples(300, 0), toy_samples(100, 1), recipe)
    run = fit(model, *arguments, folder=tmp_path / "run")
    assert len(run.history) == min(9, run.best_epoch + 2)
    assert fit(author_profile_tiny(**CONFIG), *arguments, folder=tmp_path / "run").history == run.history


def test_a_run_stopped_in_its_first_epoch_after_a_resume_leaves_the_model_as_its_checkpoint_says(model, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyboardInterrupt

    train, validation = toy_samples(300, 0), toy_samples(100, 1)
    fit(model, train, validation, toy_recipe())
    before = predict(model, validation, toy_recipe().heads)["age"]
    recipe = toy_recipe(start_at_prior=False)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fit(model, train, validation, recipe, folder=tmp_path / "run", callbacks=[Stop()])
        np.testing.assert_allclose(predict(model, validation, recipe.heads)["age"], before, rtol=1e-3, atol=1e-2)


def test_a_folder_belongs_to_one_training_at_a_time(model, tmp_path):
    train, validation, recipe = toy_samples(100, 0), toy_samples(50, 1), toy_recipe(epochs=1)
    seen = []

    def second(epoch, logs):
        other = author_profile_tiny(**CONFIG)
        with pytest.raises(ConfigError, match="in use by another training"):
            fit(other, train, validation, recipe, folder=tmp_path / "run")
        seen.append(epoch)

    fit(
        model,
        train,
        validation,
        recipe,
        folder=tmp_path / "run",
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=second)],
    )
    assert seen == [0]
    assert fit(model, train, validation, recipe, folder=tmp_path / "run").best_epoch == 1  # free again


def test_a_process_that_holds_a_folder_keeps_another_out(model, tmp_path):
    """Another process, which a lock in memory would not see; killed, it leaves the folder free."""
    train, validation, recipe = toy_samples(100, 0), toy_samples(50, 1), toy_recipe(epochs=1)
    fit(model, train, validation, recipe, folder=tmp_path / "run")
    hold = "import filelock, sys, time; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print(1, flush=True)"
    command = [sys.executable, "-c", f"{hold}; time.sleep(99)", str(tmp_path / "run" / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"1"
        with pytest.raises(ConfigError, match="in use by another training"):
            fit(model, train, validation, recipe, folder=tmp_path / "run")
        other.kill()
    assert fit(model, train, validation, recipe, folder=tmp_path / "run").best_epoch == 1


def test_a_finished_run_that_is_asked_for_more_epochs_says_what_to_do(model, tmp_path):
    train, validation = toy_samples(100, 0), toy_samples(50, 1)
    fit(model, train, validation, toy_recipe(epochs=1), folder=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"planned for 1 epoch\(s\).*cannot become one of 3.*another folder"):
        fit(model, train, validation, toy_recipe(epochs=3), folder=tmp_path / "run")


def test_a_run_that_a_callback_stopped_is_finished(model, tmp_path):
    train, validation, recipe = toy_samples(100, 0), toy_samples(50, 1), toy_recipe(epochs=4)

    def stop(epoch, logs):
        model.stop_training = epoch == 1

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=stop)]
    first = fit(model, train, validation, recipe, folder=tmp_path / "run", callbacks=callbacks)
    again = fit(model, train, validation, recipe, folder=tmp_path / "run")
    assert len(first.history) == 2
    assert again.history == first.history


def test_a_folder_knows_another_activation_and_a_model_rebuilt_under_other_names(tmp_path):
    def line(activation):
        x = keras.Input((4,))
        return keras.Model(x, keras.layers.Dense(1)(keras.layers.Dense(4, activation=activation)(x)))

    def go_on(model):
        name = model.layers[-1].name
        data = line_samples(64, 0)
        samples = Samples(data.inputs, {name: data.targets["y"]})
        return fit(model, samples, samples, Recipe({name: Head(Target("regression"))}, epochs=1), folder=tmp_path / "r")

    keras.utils.clear_session(free_memory=False)
    go_on(line("relu"))
    keras.utils.clear_session(free_memory=False)
    with pytest.raises(ConfigError, match=r"another run: model\.graph"):
        go_on(line("tanh"))


def test_whatever_changes_a_run_stands_in_its_config(model, tmp_path):
    fit(model, toy_samples(100, 0), toy_samples(50, 1), toy_recipe(epochs=1), folder=tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    told = {each.name for each in fields(Recipe)} - {"expected"}  # which changes nothing
    assert set(config["recipe"]) == told
    assert {"restarts", "linear_start", "shuffled_entities"} <= told
    assert {"seed", "data", "model", "steps_per_execution"} <= set(config)


def test_a_graph_with_a_layer_that_does_not_tell_its_settings_is_known_by_its_calls():
    class Own(keras.layers.Layer):
        def __init__(self, factor):  # Keras cannot tell what it was given
            super().__init__()
            self.factor = factor

        def call(self, x):
            return x * self.factor

    def graph(activation="relu", twice=False):
        x = keras.Input((4,), name="x")
        h = Own(2.0)(keras.layers.Dense(3, activation=activation)(x))
        return graph_hash(keras.Model(x, h + h if twice else h))

    assert graph() == graph()
    assert len({graph(), graph("tanh"), graph(twice=True)}) == 3
