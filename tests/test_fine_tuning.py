"""A pretrained network is fine-tuned: what is frozen stays to the bit, and the whole model is what was measured."""

import argparse
import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests.photo_folders import fill
from tests.pretrained import changed, network, pictures, recipe, values
from zoo.cli.main import training_options
from zoo.cli.options import add_training_options
from zoo.errors import ConfigError, UnknownNameError
from zoo.metrics import score
from zoo.training import FineTune, FineTuningNotice, Optimiser, find_learning_rate, fit, freeze, stages_for, unfreeze
from zoo.training.fine_tuning.fine_tune import AS_FROZEN, PROBE
from zoo.training.fine_tuning.network import Network
from zoo.training.fine_tuning.plan import expanded, has_learnt_nothing, plan_for
from zoo.training.recipe import changed as with_changes

TRAIN, VALIDATION = pictures(48, 0), pictures(40, 1)


@pytest.fixture(autouse=True)
def kept_in(tmp_path, monkeypatch):
    """The features of a test stand in a folder of its own."""
    monkeypatch.setenv("ZOO_FEATURES", str(tmp_path / "features"))
    return tmp_path / "features"


def trained_layers(model):
    return {
        layer.name for layer in model._flatten_layers() if layer.trainable_variables and not hasattr(layer, "layers")
    }


@pytest.mark.parametrize(
    ("until", "trained"),
    [
        (None, set()),
        ("head", {"category"}),
        ("s2", {"conv2", "category"}),
        (4, {"category"}),
        ("conv1", {"conv2", "category"}),
        ("norm1", {"conv2", "category"}),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_model_is_frozen_up_to_a_place_and_learnt_batch_norm_above_it_is_held(nested, until, trained):
    model = network(nested=nested)
    said = freeze(model, until)
    assert trained_layers(model) == trained == set(said.trained)
    assert set(said.held) == {"norm1", "norm2"}


def test_a_place_inside_a_nested_model_has_a_path_and_all_of_it_a_name():
    model = network(nested=True)
    freeze(model, "base/relu1")
    assert trained_layers(model) == {"conv2", "category"}
    freeze(model, "base")
    assert trained_layers(model) == {"category"}


def test_strides_of_a_model_of_any_size_are_those_of_a_known_one():
    assert list(Network(network(side=None)).strides) == list(Network(network(side=64)).strides) == ["s2", "s4"]


def test_fresh_batch_norm_above_the_place_learns():
    model = network(learnt=False)
    freeze(model, "conv1")
    assert trained_layers(model) == {"norm1", "conv2", "norm2", "category"}


def test_unfreezing_wakes_batch_norm_when_asked_alone():
    model = network()
    freeze(model)
    unfreeze(model, "s2")
    assert trained_layers(model) == {"conv2", "category"}
    unfreeze(model)
    assert trained_layers(model) == {"conv1", "conv2", "category"}
    assert unfreeze(model, batch_norm=True).held == ()
    assert trained_layers(model) == {"conv1", "norm1", "conv2", "norm2", "category"}


def test_a_frozen_nested_base_is_unfrozen_from_a_place_on():
    model = network(nested=True)
    model.get_layer("base").trainable = False
    unfreeze(model, "base/relu1")
    assert trained_layers(model) == {"conv2", "category"}


def test_what_is_frozen_is_said_in_one_line():
    said = str(freeze(network(), "head"))
    assert "4 of 5 layers frozen" in said
    assert "2 batch normalisations keep their statistics" in said
    assert said.endswith("trained: category")
    assert "\n" not in said


def test_a_place_that_there_is_not_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Unknown place to freeze until 'conv3'; did you mean 'conv2'"):
        freeze(network(), "conv3")


def test_a_place_is_not_taken_from_something_that_has_no_graph():
    with pytest.raises(ConfigError, match="Only a functional or sequential model"):
        freeze(keras.layers.Dense(3))


def test_a_pretrained_network_is_fine_tuned_by_default_and_batch_norm_stays_as_it_was_to_the_bit():
    model = network()
    before = values(model)
    with pytest.warns(FineTuningNotice, match="linear_probe with batch normalisation held, chosen for 48 rows"):
        run = fit(model, TRAIN, VALIDATION, recipe(fine_tune="auto"))
    assert changed(before, values(model)) == {"category"}
    assert "features of 88 rows kept on disk" in run.notes[-1]
    accuracy = score(
        "accuracy", VALIDATION.targets["category"], model.predict(VALIDATION.inputs, verbose=0)["category"]
    )
    assert run.history[run.best_epoch - 1]["val_category_accuracy"] == pytest.approx(accuracy)
    assert all(layer.trainable for layer in model.layers)


@pytest.mark.backends
def test_stages_go_down_the_network_at_rates_that_fall():
    """Adam's steps are the rate, whatever the gradient: what moved tells the rate of each layer."""
    model = network()
    before = values(model)
    optimiser = Optimiser(learning_rate=1e-3, schedule="constant", weight_decay=0.0)
    tune = FineTune("all", rate=0.5, decay=0.1)
    fit(model, TRAIN, VALIDATION, recipe(fine_tune=tune, epochs=1, batch_size=48, optimiser=optimiser))
    after = values(model)
    moved = {
        path.split("/")[-2]: float(np.abs(after[path] - before[path]).max())
        for path in after
        if path.endswith("kernel")
    }
    assert moved["category"] == pytest.approx(1e-3, rel=0.01)
    assert moved["conv2"] == pytest.approx(0.5 * 0.1 * 1e-3, rel=0.01)
    assert moved["conv1"] == pytest.approx(0.5 * 0.01 * 1e-3, rel=0.01)
    assert changed(before, after) == {"category", "conv1", "conv2"}


def test_weight_decay_falls_beside_the_rate():
    model = network()
    before = values(model)
    optimiser = Optimiser("sgd", learning_rate=0.5, schedule="constant", weight_decay=0.1)
    blind = replace(TRAIN, sample_weight={"category": np.r_[1.0, np.zeros(47)]})
    blind.inputs["image"][0] = 0  # without a gradient for the first kernel: the decay alone moves it
    tune = FineTune("all", rate=1.0, decay=0.5, weight_decay=0.1)
    fit(model, blind, VALIDATION, recipe(fine_tune=tune, epochs=1, batch_size=48, optimiser=optimiser))
    path = next(path for path in before if path.endswith("conv1/kernel"))
    share = 1 - 0.5 * 0.25 * 0.1 * 0.01
    np.testing.assert_allclose(values(model)[path], before[path] * share, rtol=1e-6, atol=1e-8)


def test_stages_that_would_train_what_somebody_froze_are_refused():
    model = network()
    model.get_layer("conv1").trainable = False
    with pytest.raises(ConfigError, match=r"frozen \(conv1\), and all would train them: fine_tune='as_frozen'"):
        fit(model, TRAIN, VALIDATION, recipe(fine_tune="all"))
    assert plan_for(model, recipe(fine_tune="last_stage"), TRAIN).stages[0].name == "last_stage"


def test_stages_are_refused_where_no_weight_was_ever_trained(tmp_path):
    assert not has_learnt_nothing(network())
    assert has_learnt_nothing(network(learnt=False))
    fill(tmp_path / "photos")
    with pytest.raises(ConfigError, match=r"nothing to fine-tune \(linear_probe\): all weights of 'mobilenet_tiny'"):
        zoo.train("mobilenet_tiny", tmp_path / "photos", folder=tmp_path / "run", fine_tune="linear_probe", epochs=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("learnt", ["nothing", "the head too"])
def test_other_models_are_trained_as_they_are(learnt):
    model = network(learnt=learnt != "nothing")
    if learnt != "nothing":
        model.get_layer("category").bias.assign([0.1, 0.2, 0.3])
    train = pictures(48, 0)
    assert plan_for(model, recipe(fine_tune="auto"), train) is None
    assert plan_for(network(), recipe(fine_tune=None), train) is None


def test_the_best_epoch_of_all_stages_is_kept():
    model = network()
    tune = FineTune(("linear_probe", "all"), rate=1.0, decay=1.0, cache_gib=0)
    wild = recipe(fine_tune=tune, epochs=3, optimiser=Optimiser("sgd", learning_rate=3.0, schedule="constant"))
    run = fit(model, TRAIN, VALIDATION, wild)
    skills = [row["val_skill"] for row in run.history]
    assert run.best_epoch == 1 + int(np.argmax(skills))
    assert [row["epoch"] for row in run.history] == [1, 2, 3, 4, 5, 6]
    assert [row["stage"] for row in run.history] == [1, 1, 1, 2, 2, 2]
    accuracy = score(
        "accuracy", VALIDATION.targets["category"], model.predict(VALIDATION.inputs, verbose=0)["category"]
    )
    assert run.history[run.best_epoch - 1]["val_category_accuracy"] == pytest.approx(accuracy)


class Interrupt(keras.callbacks.Callback):
    """Ends the second training with an error, after its first epoch."""

    trainings = 0

    def on_train_begin(self, logs=None):
        self.trainings += 1

    def on_epoch_end(self, epoch, logs=None):
        if self.trainings == 2:
            raise KeyboardInterrupt


def test_a_fine_tuning_that_was_interrupted_goes_on_to_the_same_bits(tmp_path):
    plan = recipe(fine_tune=FineTune(("linear_probe", "last_stage"), cache_gib=0), batch_size=24, epochs=2)
    whole = network(dropout=0.2)
    expected = fit(whole, TRAIN, VALIDATION, plan, folder=tmp_path / "whole")
    broken = network(dropout=0.2)
    with pytest.raises(KeyboardInterrupt):
        fit(broken, TRAIN, VALIDATION, plan, folder=tmp_path / "broken", callbacks=[Interrupt()])
    resumed = network(dropout=0.2)
    run = fit(resumed, TRAIN, VALIDATION, plan, folder=tmp_path / "broken")
    assert [row["val_loss"] for row in run.history] == [row["val_loss"] for row in expected.history]
    assert changed(values(whole), values(resumed)) == set()
    again = fit(resumed, TRAIN, VALIDATION, plan, folder=tmp_path / "broken")  # finished, on the trained model itself
    assert again.best_epoch == run.best_epoch
    assert changed(values(whole), values(resumed)) == set()
    config = json.loads((tmp_path / "broken" / "config.json").read_text())
    assert config["recipe"]["fine_tune"]["stages"] == ["linear_probe", "last_stage"]


def test_a_rate_is_sought_with_what_is_frozen_frozen():
    model = network()
    before = values(model)
    found = find_learning_rate(model, TRAIN, recipe(fine_tune="linear_probe"), steps=20, highest=1.0)
    assert found.suggestion > 1e-6
    assert changed(before, values(model)) == set()
    assert all(layer.trainable for layer in model.layers)


def test_training_pictures_may_be_smaller_in_a_stage_and_validation_ones_are_not():
    seen = []
    model = network(side=None)
    size = layers.Lambda(lambda x: (seen.append(x.shape[1]), x)[1], name="size")
    model = keras.Model([model.inputs[0]], {"category": model(size(model.inputs[0]))["category"]}, name="small")
    seen.clear()
    fit(model, TRAIN, VALIDATION, recipe(fine_tune=FineTune("all", sizes=(8,)), batch_size=48, epochs=1))
    assert {8, 16} <= set(seen)  # training and validation


def test_sizes_need_a_model_of_any_size():
    tune = FineTune("all", sizes=(8,))
    with pytest.raises(ConfigError, match=r"for models that take pictures of any size, .* takes \(16, 16, 3\)"):
        fit(network(), TRAIN, VALIDATION, recipe(fine_tune=tune))


def test_gradual_adds_a_stage_of_the_network_at_a_time():
    stages = list(expanded(FineTune("gradual"), 4, 10))
    assert [(stage.name, stage.parts, stage.epochs) for stage in stages] == [
        ("linear_probe", 1, 10),
        ("gradual_2", 2, 1),
        ("gradual_3", 3, 1),
        ("all", 4, 10),
    ]


def test_the_number_of_epochs_must_be_that_of_the_stages():
    with pytest.raises(
        ConfigError, match=r"there are 4 \(linear_probe, gradual_2, gradual_3, all\); received \[1, 2\]"
    ):
        list(expanded(FineTune("gradual", epochs=(1, 2)), 4, 10))


def test_more_rows_train_more_of_the_network():
    assert [len(stages_for(rows, 2)) for rows in (10, 100, 1000)] == [1, 2, 2]
    assert stages_for(1000, 0)[-1] == stages_for(50 * 20, 20)[-1]
    assert stages_for(10, 2) == (PROBE,)
    assert [stages_for(rows, 196) for rows in (900, 1400)] == [(PROBE,), (PROBE, "last_two_stages")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stages": "linear_prob"}, "did you mean 'linear_probe'"),
        ({"stages": ()}, "must name at least one"),
        ({"decay": 0}, "'decay' of a FineTune must lie above 0 and up to 1; received 0"),
        ({"rate": float("nan")}, "'rate' of a FineTune .* received nan"),
        ({"stages": AS_FROZEN, "epochs": (3, 4)}, r"one number a stage, 1; received \[3, 4\]"),
        ({"epochs": 3}, "must be whole numbers > 0, one a stage; received 3"),
        ({"batch_norm": "held"}, "did you mean 'hold'"),
        ({"views": 0}, "'views' of a FineTune must be a whole number >= 1; received 0"),
        ({"cache_gib": -1}, "'cache_gib' of a FineTune must be a number >= 0"),
    ],
)
def test_a_wrong_fine_tune_is_one_sentence(options, sentence):
    with pytest.raises((ConfigError, UnknownNameError), match=sentence):
        FineTune(**options)


def test_stages_by_name_keep_the_rates_of_a_recipe_on_a_command_line_too():
    own = recipe(fine_tune=FineTune("auto", rate=0.04, views=4))
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    add_training_options(parser)

    def asked(*given):
        told = training_options(parser.parse_args(["mobilenet_tiny", *given]))
        return with_changes(own, {name: value for name, value in told.items() if name == "fine_tune"})

    assert asked("--fine-tune", "all").fine_tune == FineTune("all", rate=0.04, views=4)
    both = asked("--fine-tune", "linear_probe", "--fine-tune", "last_stage").fine_tune
    assert both == FineTune(("linear_probe", "last_stage"), rate=0.04, views=4)
    assert asked("--fine-tune", "none").fine_tune is None
    assert asked() == own
    with pytest.raises(UnknownNameError, match="did you mean 'last_stage'"):
        asked("--fine-tune", "laststage")
