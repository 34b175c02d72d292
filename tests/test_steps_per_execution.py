"""Several steps in one call: the weights of single steps, the same incidents named, the same runs resumed."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.backends import only_on, several_steps
from tests.stacked_run import differences
from tests.toy import CONFIG, line_model, line_recipe, line_samples, toy_recipe, toy_samples
from zoo.errors import ConfigError
from zoo.models.author_profile import author_profile_tiny
from zoo.samples import Samples
from zoo.sentinel import IncidentWarning
from zoo.stacked_batches import StackedBatches
from zoo.training import Optimiser, TrainingError, fit
from zoo.training.acceleration.steps_per_execution import MOST_STEPS, stack_batches, steps_per_execution
from zoo.training.batches import Batches
from zoo.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.backends
@several_steps
def test_several_steps_in_one_call_give_the_weights_of_single_steps():
    for case, (weights, history) in differences().items():
        assert weights < 1e-6, case  # mostly 0: within a loop TensorFlow may round a schedule's rate otherwise
        assert history < 1e-6, case


@pytest.mark.backends
@only_on("torch", because="Keras takes several steps elsewhere")
def test_pytorch_takes_single_steps_and_says_so_where_several_are_wanted():
    arguments = line_model(), line_samples(100, 0), line_samples(64, 1)
    for way in ("stop", None):
        history = fit(*arguments, line_recipe(epochs=2, on_nonfinite=way)).history
        assert np.isfinite(history[-1]["loss"])
    with pytest.raises(ConfigError, match=r"PyTorch takes single steps; received steps_per_execution 4\."):
        fit(*arguments, line_recipe(steps_per_execution=4))


@pytest.mark.parametrize("balance", ["uncertainty", "gradnorm"])
def test_balancing_learns_the_same_in_several_steps(balance):
    def weights(steps):
        keras.utils.set_random_seed(0)
        model = author_profile_tiny(dropout=0.2, **CONFIG)
        recipe = toy_recipe(balance=balance, epochs=2, trim_padding=False, steps_per_execution=steps)
        fit(model, toy_samples(200, 0), toy_samples(50, 1), recipe)
        return model.get_weights()

    if balance == "gradnorm" and keras.backend.backend() != "tensorflow":
        with pytest.raises(ConfigError, match="'gradnorm' needs the TensorFlow backend"):
            weights(3)
        return
    for left, right in zip(weights(1), weights(3), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


@pytest.fixture
def calls(monkeypatch):
    """How many batches each call trained on."""
    sizes, own = [], Trainer.train_on

    def counted(self, batch):
        sizes.append(len(batch) if isinstance(batch, StackedBatches) else 1)
        return own(self, batch)

    monkeypatch.setattr(Trainer, "train_on", counted)
    return sizes


def test_a_small_network_takes_an_epoch_in_few_calls(calls):
    fit(line_model(), line_samples(48 * 32 + 3, 0), line_samples(50, 1), line_recipe(epochs=1))
    assert calls == [24, 24, 1]  # 24 divides the 48 full batches, 32 does not


def test_batches_of_different_length_are_single_steps(calls):
    recipe = toy_recipe(epochs=1, steps_per_execution=4, token_dropout=0.1)
    samples = toy_samples(300, 0)
    wide = Samples({"posts": np.pad(samples.inputs["posts"], ((0, 0), (0, 30)))}, samples.targets)
    wide.inputs["posts"][:60, 30:] = 5
    fit(author_profile_tiny(**CONFIG), wide, toy_samples(50, 1), recipe)
    assert sum(calls) == 10
    assert set(calls) <= {1, 4}


def test_a_stack_holds_the_batches_that_single_steps_read():
    batches = Batches(toy_samples(100, 0), batch_size=16, token_dropout=0.3)
    order = batches.order(2)
    full = [rows for rows in order if len(rows) == 16]
    stack = stack_batches(batches, full[:3], 2, 5)
    for place, (inputs, targets, weights) in enumerate(stack):
        assert weights is None
        np.testing.assert_array_equal(inputs["posts"], batches.training_inputs(full[place], 2, 5 + place)["posts"])
        for name, values in batches.targets(full[place]).items():
            np.testing.assert_array_equal(targets[name], values)
    assert stack_batches(batches, order, 2, 0) is None  # of which one is short


def test_how_many_steps_share_a_call_depends_on_the_size_of_the_work():
    small = Batches(line_samples(32 * 1000, 0), batch_size=32)
    assert steps_per_execution(line_model(), small, None) in range(MOST_STEPS // 2, MOST_STEPS + 1)
    assert steps_per_execution(line_model(), small, 3) == 3
    assert steps_per_execution(line_model(), Batches(line_samples(32, 0), batch_size=32), None) == 1
    x = keras.Input((4,), name="x")
    wide = layers.Dense(4000, name="second")(layers.Dense(4000, name="first")(x))
    large = keras.Model([x], {"y": layers.Dense(1, name="y")(wide)})
    assert steps_per_execution(large, small, None) < MOST_STEPS / 4
    texts = Batches(toy_samples(100, 0), batch_size=5, trim_padding=True)
    assert steps_per_execution(author_profile_tiny(**CONFIG), texts, None) == 1


@pytest.mark.parametrize("steps", [0, 2.5, True])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    with pytest.raises(ConfigError, match="'steps_per_execution' must be None or a whole number >= 1"):
        line_recipe(steps_per_execution=steps)


def logarithm_model():
    """The line model on the logarithm of its input: a zero breaks the step that meets it."""
    keras.utils.set_random_seed(0)
    x = keras.Input((4,), name="x")
    hidden = layers.Dropout(0.2, name="dropout")(layers.Dense(8, activation="relu", name="hidden")(ops.log(x)))
    return keras.Model([x], {"y": layers.Dense(1, name="y")(hidden)}, name="logarithms")


def positive(*bad):
    """40 batches of 16 and a short one, with a bad number in each of these (row, column, number) of the split."""
    samples = line_samples(40 * 16 + 5, 0)
    inputs = {"x": np.abs(samples.inputs["x"]) + 0.1}
    for row, column, number in bad:
        inputs["x"][row, column] = number
    return Samples(inputs, samples.targets)


@pytest.mark.parametrize(("number", "kind"), [(np.nan, "input 'x' holds NaN"), (0.0, "layer 'log.*' gave -Inf")])
@pytest.mark.parametrize("row", [0, 300, 644])
def test_a_fault_within_a_call_is_named_with_its_batch_and_sample(number, kind, row):
    recipe = line_recipe(batch_size=16, steps_per_execution=8)
    batches = Batches(positive(), batch_size=16)
    batch = 1 + next(place for place, rows in enumerate(batches.order(0)) if row in rows)
    with pytest.raises(TrainingError, match=rf"Epoch 1, batch {batch}: {kind} .* sample {row} of the training split"):
        fit(logarithm_model(), positive((row, 2, number)), positive(), recipe)


def outcome(steps, on_nonfinite, *bad):
    """Weights and losses of a training that meets these numbers in each of two epochs."""
    optimiser = Optimiser("adam", schedule="constant")
    recipe = line_recipe(
        epochs=2, batch_size=16, on_nonfinite=on_nonfinite, optimiser=optimiser, steps_per_execution=steps
    )
    model = logarithm_model()
    rows = fit(model, positive(*bad), positive(), recipe).history
    return model.get_weights(), [row["loss"] for row in rows]


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
def test_faults_left_out_of_calls_leave_the_weights_of_single_steps():
    bad = (70, 1, 0.0), (71, 1, np.nan), (333, 0, 0.0), (640, 3, np.nan)
    (weights, losses), (others, those) = outcome(1, "skip", *bad), outcome(8, "skip", *bad)
    for left, right in zip(weights, others, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    assert losses == pytest.approx(those, rel=1e-6)


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
def test_a_rate_is_lowered_within_a_call_and_training_goes_on():
    weights, losses = outcome(8, "lower_rate", (333, 0, 0.0))
    assert np.isfinite(losses).all()
    assert all(np.isfinite(each).all() for each in weights)


def test_every_sound_batch_counts_in_the_history_when_one_within_a_call_is_left_out():
    recipe = line_recipe(epochs=1, batch_size=16, steps_per_execution=8, on_nonfinite="skip", balance="static")
    bad = positive((333, 0, 0.0))
    order = Batches(bad, batch_size=16).order(0)
    with pytest.warns(IncidentWarning, match="gave -Inf"):
        row = fit(logarithm_model(), bad, positive(), recipe).history[0]
    single = fit(logarithm_model(), positive(), positive(), replace(recipe, steps_per_execution=1)).history[0]
    assert len(order) == 41
    assert row["loss"] == pytest.approx(single["loss"], rel=0.2)
    assert row["weight_y"] == single["weight_y"] == pytest.approx(1.0)


def test_a_run_stopped_between_calls_ends_with_the_same_bits(tmp_path, calls, monkeypatch):
    recipe, train, validation = line_recipe(steps_per_execution=4), line_samples(32 * 13 + 7, 0), line_samples(64, 1)

    def model():
        keras.utils.set_random_seed(0)
        return line_model(dropout=0.3)

    whole = model()
    fit(whole, train, validation, recipe)
    assert calls[:6] == [4, 4, 4, 1, 1, 4]
    own, taken = Trainer.train_on, []

    def stopped(self, batch):
        taken.append(1)
        if len(taken) in (3, 9):
            raise KeyboardInterrupt
        return own(self, batch)

    monkeypatch.setattr(Trainer, "train_on", stopped)
    resumed = model()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fit(resumed, train, validation, recipe, folder=tmp_path / "run", checkpoint_seconds=0.0)
        resumed = model()
    fit(resumed, train, validation, recipe, folder=tmp_path / "run", checkpoint_seconds=0.0)
    assert all(map(np.array_equal, whole.get_weights(), resumed.get_weights()))
