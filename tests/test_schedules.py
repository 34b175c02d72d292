"""Rates, momenta and averages follow the steps; a run that stops in the middle of a schedule goes on exactly."""

import keras
import numpy as np
import pytest

from tests.toy import line_model, line_recipe, line_samples
from zoo.errors import ConfigError, UnknownNameError
from zoo.training import Optimiser, fit
from zoo.training.optimisers.batch_statistics import BatchStatistics
from zoo.training.optimisers.schedules import equal_average


def rates(steps=100, **options):
    """The rate before every step, and after the last."""
    optimizer = Optimiser(learning_rate=1.0, **options).build(steps)
    found = []
    for step in range(steps + 1):
        optimizer.iterations.assign(step)
        found.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    return np.array(found)


def test_one_cycle_rises_over_a_quarter_and_falls_to_nearly_nothing():
    found = rates(schedule="one_cycle")
    assert found[0] == pytest.approx(1 / 25)
    assert found[25] == found.max() == pytest.approx(1.0)
    assert found[12] < 0.5 < found[13]  # half a cosine: half way at half time
    assert found[100] == pytest.approx(1e-5, abs=1e-6)
    assert (np.diff(found[:26]) > 0).all()
    assert (np.diff(found[25:]) < 0).all()


def test_the_momentum_of_one_cycle_is_least_where_the_rate_is_highest():
    optimizer = Optimiser("adamw", schedule="one_cycle", warm_up=0.5).build(10)
    found = []
    for step in (0, 5, 10):
        optimizer.iterations.assign(step)
        found.append(float(keras.ops.convert_to_numpy(optimizer.beta_1)))
    assert found == pytest.approx([0.95, 0.85, 0.95])
    assert Optimiser("adamw").build(10).beta_1 == 0.9


def test_one_step_of_adam_takes_the_momentum_of_its_place_in_the_cycle():
    """The second moment is what (1 - beta_1) of the first gradient left in the first: Kingma and Ba, algorithm 1."""
    optimizer = Optimiser("adam", schedule="one_cycle", warm_up=0.5).build(10)
    weight = keras.Variable([1.0])
    optimizer.build([weight])
    optimizer.iterations.assign(5)
    optimizer.apply([keras.ops.convert_to_tensor([2.0])], [weight])
    assert keras.ops.convert_to_numpy(optimizer._momentums[0]) == pytest.approx([2.0 * 0.15])


def test_linear_rises_and_falls_in_lines():
    assert rates(10, schedule="linear", warm_up=0.2)[[0, 1, 2, 6, 10]] == pytest.approx([0.01, 0.505, 1.0, 0.5, 0.0])


def test_step_divides_by_ten_at_half_and_three_quarters():
    assert rates(8, schedule="step", warm_up=0.0) == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01])
    assert rates(schedule="step")[0] == pytest.approx(0.01)  # with its own warm-up


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "one_cycle", "step"])
@pytest.mark.parametrize("warm_up", [None, 0.0, 0.3, 1.0])
def test_every_schedule_stays_within_its_rate_for_any_warm_up_and_length(schedule, warm_up):
    for steps in (1, 2, 7):
        found = rates(steps, schedule=schedule, warm_up=warm_up)
        assert np.isfinite(found).all()
        assert (found >= -1e-6).all()
        assert found.max() <= 1.0 + 1e-6


def test_the_average_of_the_last_steps_weighs_them_equally():
    momentum = equal_average(0.3, 10)
    average = np.nan
    for step, weight in enumerate(np.arange(10.0)):
        share = float(momentum(step)) if step else 0.0
        average = weight if share == 0 else share * average + (1 - share) * weight
    assert average == pytest.approx(np.mean([7.0, 8.0, 9.0]))


def test_a_run_is_judged_by_and_ends_with_the_mean_of_its_last_weights():
    trace = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            trace.append([np.array(value) for value in self.model.trainable_variables])

    # One step an epoch: the weights after an epoch are those after a step. Half of four steps are averaged.
    samples = line_samples(64, 0)
    optimiser = Optimiser(learning_rate=0.1, schedule="constant", average_last=0.5)
    recipe = line_recipe(epochs=4, batch_size=64, optimiser=optimiser)
    keras.utils.set_random_seed(0)
    model = line_model()
    run = fit(model, samples, samples, recipe, callbacks=[Keep()])
    assert run.best_epoch == 4
    mean = (trace[2][0] + trace[3][0]) / 2  # the hidden layer, which no unit is folded into
    np.testing.assert_allclose(model.trainable_variables[0], mean, atol=1e-6)


@pytest.mark.parametrize("rows", [256, 129])
def test_batch_normalisation_has_the_statistics_of_the_averaged_weights(rows):
    """Of 129 rows the last batch has one, with a variance of 0, and counts as one."""
    samples = line_samples(rows, 0)
    optimiser = Optimiser(learning_rate=0.1, schedule="constant", average_last=0.9)
    keras.utils.set_random_seed(0)
    model = line_model(dropout=0.5)
    fit(model, samples, samples, line_recipe(epochs=4, batch_size=64, optimiser=optimiser))
    hidden = keras.Model(model.input, model.get_layer("hidden").output).predict([samples.inputs["x"]], verbose=0)
    norm = model.get_layer("norm")
    np.testing.assert_allclose(np.array(norm.moving_mean), hidden.mean(axis=0), rtol=1e-4, atol=1e-5)
    assert norm.momentum == 0.99
    # The mean variance of batches of 64: less than that of all rows by how their means differ.
    np.testing.assert_allclose(norm.moving_variance, hidden.var(axis=0), rtol=0.1)


def test_a_norm_that_is_called_twice_keeps_the_statistics_of_both_calls():
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    norm = keras.layers.BatchNormalization()
    model = keras.Model([left, right], norm(left) + norm(right))
    random = np.random.default_rng(0)
    ones = [{"left": random.normal(0, 1, (64, 3)), "right": random.normal(10, 1, (64, 3))} for _ in range(40)]
    BatchStatistics(model).take([{name: x.astype("float32") for name, x in each.items()} for each in ones])
    np.testing.assert_allclose(norm.moving_mean, 5.0, atol=0.3)
    np.testing.assert_allclose(norm.moving_variance, 1.0, atol=0.1)


def test_a_frozen_norm_keeps_its_statistics():
    x = keras.Input((3,), name="x")
    norm = keras.layers.BatchNormalization(trainable=False)
    BatchStatistics(keras.Model(x, norm(x))).take([{"x": np.ones((4, 3), "float32")}])
    np.testing.assert_array_equal(norm.moving_mean, 0.0)


def test_a_look_at_the_averaged_weights_leaves_the_training_alone():
    """Statistics and random states are those of a training without an average, which is only ever looked at."""
    samples = line_samples(256, 0)

    def end(**average):
        ends = []

        class Keep(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                ends.append([np.array(each) for each in self.model.variables])

        optimiser = Optimiser(learning_rate=0.1, schedule="constant", **average)
        keras.utils.set_random_seed(0)
        model = line_model(dropout=0.5)
        fit(model, samples, samples, line_recipe(optimiser=optimiser), callbacks=[Keep()])
        return ends[-1]

    for one, two in zip(end(), end(average_last=0.9), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", ["adam", "adamw", "muon", "rmsprop", "sgd"])
def test_weight_decay_shrinks_matrices_and_leaves_biases_and_norms_alone(name):
    inputs = keras.Input((3,))
    x = keras.layers.BatchNormalization(name="norm")(
        keras.layers.Dense(4, bias_initializer="ones", name="beta")(inputs)
    )
    model = keras.Model(inputs, x)
    optimizer = Optimiser(name, learning_rate=0.1, schedule="constant", weight_decay=0.5).build(
        10, (), model.trainable_variables
    )
    optimizer.build(model.trainable_variables)
    before = [np.array(value) for value in model.trainable_variables]
    optimizer.apply([keras.ops.zeros(each.shape) for each in model.trainable_variables])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        expected = old * (1 - 0.1 * 0.5) if old.ndim == 2 else old
        np.testing.assert_allclose(np.array(variable), expected, rtol=1e-6, err_msg=variable.path)


class Interruption(keras.callbacks.Callback):
    """Ends a run as a lost machine would, before the epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise InterruptedError


def test_a_run_that_stopped_in_the_middle_of_one_cycle_goes_on_exactly(tmp_path):
    optimiser = Optimiser(
        "adamw", learning_rate=1e-2, schedule="one_cycle", weight_decay=0.1, clip_norm=1.0, average_last=0.5
    )
    recipe = line_recipe(epochs=4, optimiser=optimiser)

    def run(folder, callbacks=()):
        keras.utils.set_random_seed(0)
        model = line_model(dropout=0.2)
        fit(model, line_samples(200, 0), line_samples(80, 1), recipe, folder=folder, callbacks=callbacks)
        return [np.array(value) for value in model.variables]

    whole = run(tmp_path / "whole")
    with pytest.raises(InterruptedError):
        run(tmp_path / "broken", [Interruption(2)])
    for ours, theirs in zip(run(tmp_path / "broken"), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"schedule": "onecycle"}, "Unknown schedule 'onecycle'; did you mean 'one_cycle'"),
        ({"schedule": None}, "Unknown schedule 'None'"),
        ({"warm_up": 1.5}, "'warm_up' of an optimiser must lie in 0..1; received 1.5"),
        ({"warm_up": "0.1"}, "'warm_up' .* received '0.1'"),
        ({"weight_decay": -0.1}, "'weight_decay' .* received -0.1"),
        ({"weight_decay": None}, "'weight_decay' .* received None"),
        ({"learning_rate": float("nan")}, "'learning_rate' .* received nan"),
        ({"learning_rate": True}, "'learning_rate' .* received True"),
        ({"clip_norm": 0}, "'clip_norm' .* received 0"),
        ({"average_last": 1}, "'average_last' .* between 0 and 1; received 1"),
        ({"average": 0.9, "average_last": 0.5}, "'average' or 'average_last', not both"),
    ],
)
def test_a_wrong_option_of_an_optimiser_is_one_sentence(options, sentence):
    with pytest.raises((ConfigError, UnknownNameError), match=sentence):
        Optimiser(**options)
