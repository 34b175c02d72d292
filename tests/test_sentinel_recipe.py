"""A training by a recipe under the NaN sentinel: what is told, what goes on, and what a resumed run remembers."""

import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.backends import several_steps
from tests.toy import TARGETS, line_model, line_recipe, line_samples, same, toy_recipe, toy_samples
from zoo.errors import UnknownNameError
from zoo.models.author_profile import author_profile_tiny
from zoo.samples import Samples
from zoo.sentinel import IncidentWarning, batches_between_looks
from zoo.training import Optimiser, TrainingError, fit

pytestmark = pytest.mark.backends


def toy_model():
    keras.utils.set_random_seed(0)
    return author_profile_tiny(income_groups=4, vocabulary_size=100)


def infinite(samples, row):
    """The samples as floats that nobody trains on: an extra input of the model with one bad number."""
    extra = np.zeros((len(samples), 2), "float32")
    extra[row, 1] = np.inf
    return Samples({**samples.inputs, "extra": extra}, samples.targets)


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
def test_a_training_by_a_recipe_names_the_sample_and_keeps_the_best_weights(tmp_path):
    base = toy_model()
    extra = keras.Input((2,), name="extra")
    outputs = dict(base(base.inputs[0]))
    age = layers.Add(name="plus")([outputs["age"], ops.sum(extra, axis=-1, keepdims=True)])
    model = keras.Model(
        [base.inputs[0], extra],
        {
            "age": layers.Dense(1, name="age")(age),
            "income": layers.Activation("linear", name="income")(outputs["income"]),
            "gender": layers.Activation("linear", name="gender")(outputs["gender"]),
        },
    )
    train_split, validation = infinite(toy_samples(300, 0), 123), infinite(toy_samples(50, 1), 0)
    validation.inputs["extra"][:] = 0
    recipe = toy_recipe(start_at_prior=False)
    with pytest.raises(TrainingError, match=r"input 'extra' holds Inf .* sample 123 of the training split"):
        fit(model, train_split, validation, recipe, folder=tmp_path)
    assert len(list((tmp_path / "incidents").iterdir())) == 1
    run = fit(model, train_split, validation, replace(recipe, on_nonfinite="skip"))
    assert [np.isfinite(row["loss"]) for row in run.history] == [True] * 3


def steep_recipe(**changes):
    """Plain gradient descent with a schedule whose rate is far too high until it is lowered once."""
    optimiser = Optimiser("sgd", learning_rate=5.0, schedule="linear", warm_up=0)
    return line_recipe(optimiser=optimiser, on_nonfinite="lower_rate", **changes)


def steep_fit(callbacks=(), **options):
    x = keras.Input((4,), name="x")
    keras.utils.set_random_seed(0)
    model = keras.Model([x], {"y": layers.Dense(1, name="y")(x)}, name="plane")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncidentWarning)
        run = fit(model, line_samples(1024, 0), line_samples(64, 1), steep_recipe(), callbacks=callbacks, **options)
    return model.get_weights(), [row["learning_rate"] for row in run.history]


class Interrupted(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def test_a_lowered_schedule_stays_lowered_when_a_run_is_resumed(tmp_path):
    weights, rates = steep_fit()
    assert max(rates) < 0.5
    with pytest.raises(KeyboardInterrupt):
        steep_fit([Interrupted()], folder=tmp_path / "run")
    resumed, rates_then = steep_fit(folder=tmp_path / "run")
    assert rates_then == rates
    assert same(resumed, weights)


def test_where_a_rate_is_lowered_from_does_not_depend_on_when_checkpoints_are_written(tmp_path):
    assert same(steep_fit()[0], steep_fit(folder=tmp_path / "run", checkpoint_seconds=0.0)[0])


def test_an_epoch_without_a_sound_batch_is_told():
    samples = line_samples(96, 0)
    samples.inputs["x"][::16] = np.nan
    recipe = line_recipe(on_nonfinite="skip", batch_size=48)
    told = pytest.raises(TrainingError, match=r"Every batch of epoch 1 .* input 'x' holds NaN")
    with pytest.warns(IncidentWarning), told:
        fit(line_model(), samples, line_samples(32, 1), recipe)


def test_watching_a_recipe_changes_neither_weights_nor_history():
    runs, weights = {}, {}
    for on_nonfinite in ("stop", None):
        model = toy_model()
        run = fit(model, toy_samples(200, 0), toy_samples(50, 1), toy_recipe(epochs=2, on_nonfinite=on_nonfinite))
        weights[on_nonfinite] = model.get_weights()
        runs[on_nonfinite] = [{k: v for k, v in row.items() if k != "seconds"} for row in run.history]
    assert same(weights["stop"], weights[None])
    assert runs["stop"] == runs[None]


def test_recipes_know_what_can_be_done_about_trouble():
    with pytest.raises(UnknownNameError, match="did you mean 'lower_rate'"):
        toy_recipe(on_nonfinite="lower_rates")
    assert set(TARGETS) == {"age", "income", "gender"}


@pytest.mark.parametrize("steps_per_execution", [1, pytest.param(4, marks=several_steps)])
def test_what_is_written_between_epochs_past_keras_is_no_batchs_fault(steps_per_execution):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                kernel = self.model.get_layer("hidden").kernel
                spoilt = ops.full(kernel.shape, np.nan)
                if hasattr(kernel.value, "assign"):
                    kernel.value.assign(spoilt)
                else:
                    kernel._value = spoilt

    samples = line_samples(128, 0)
    recipe = line_recipe(steps_per_execution=steps_per_execution)
    with pytest.raises(TrainingError, match="Epoch 2, batch 1: weight 'hidden/kernel' was overwritten with NaN"):
        fit(line_model(), samples, samples, recipe, callbacks=[Spoil()])


@pytest.mark.parametrize(
    ("size", "filled", "every"),
    [(1, None, 32), (1, 2**23, 32), (1, 2**16, 128), (1, 1, 256), (4, 1, 64), (32, None, 512)],
)
def test_short_steps_are_looked_at_less_often(size, filled, every):
    assert batches_between_looks(size, filled) == every
