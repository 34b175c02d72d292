"""What training promises on every backend: true histories, and divergences that name batch and place."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.toy import CONFIG, line_model, line_recipe, line_samples, toy_recipe, toy_samples
from zoo.models.author_profile import author_profile_tiny
from zoo.samples import Samples, Target
from zoo.training import Optimiser, Recipe, TrainingError, fit, heads_for, predict

pytestmark = pytest.mark.backends
LETTERS = {"letter": Target("classification", tuple("abc"))}


def letters(rows: int, seed: int) -> Samples:
    """Numbers that grow from row to row, and letters that have nothing to do with them."""
    random = np.random.default_rng(seed)
    x = (random.normal(size=(rows, 4)) * np.linspace(0.1, 3.0, rows)[:, None]).astype("float32")
    return Samples({"x": x}, {"letter": random.integers(0, 3, rows).astype("int32")})


def letter_model() -> keras.Model:
    x = keras.Input((4,), name="x")
    return keras.Model([x], {"letter": layers.Dense(3, activation="softmax", name="letter")(x)})


@pytest.mark.parametrize("on_nonfinite", ["stop", None])
def test_the_recorded_loss_is_the_mean_over_all_batches(on_nonfinite):
    keras.utils.set_random_seed(0)
    model, train = letter_model(), letters(100, 0)  # three batches of 32, and one of 4
    still = Optimiser("sgd", learning_rate=1e-12, schedule="constant")
    recipe = Recipe(heads_for(LETTERS), epochs=2, batch_size=32, optimiser=still, on_nonfinite=on_nonfinite)
    run = fit(model, train, letters(50, 1), recipe)
    shares = predict(model, train, recipe.heads)["letter"]
    expected = -np.log(shares[np.arange(100), train.targets["letter"]]).mean()
    assert [row["letter_loss"] for row in run.history] == pytest.approx([expected] * 2, rel=1e-5)


@pytest.mark.filterwarnings("ignore::zoo.sentinel.IncidentWarning")
@pytest.mark.parametrize(
    ("rate", "on_nonfinite"),
    [
        (1e6, "stop"),
        (1e6, None),
        (1e30, "stop"),
        (1e30, "skip"),
        (1e30, "lower_rate"),
        (1e30, None),
    ],
)
def test_a_divergence_ends_the_run_in_a_sentence(rate, on_nonfinite):
    keras.utils.set_random_seed(0)
    model = author_profile_tiny(**CONFIG)
    steep = Optimiser("sgd", learning_rate=rate, schedule="constant")
    recipe = toy_recipe(epochs=1, optimiser=steep, on_nonfinite=on_nonfinite)
    place = {
        "stop": r"Epoch 1, batch 2: (layer|the loss of output) '",
        "skip": r"The validation loss of output '\w+' became (nan|inf) in epoch 1|Epoch 1, batch \d: ",
        "lower_rate": r"Epoch 1, batch \d: ",
        None: r"The loss became (nan|inf) in epoch 1, step 2 \(output \w+",
    }[on_nonfinite]
    with pytest.raises(TrainingError, match=place):
        fit(model, toy_samples(200, 0), toy_samples(50, 1), recipe)


def test_nan_in_the_data_is_named_with_its_sample():
    samples = line_samples(100, 0)
    samples.inputs["x"][70, 1] = np.nan
    with pytest.raises(TrainingError, match=r"input 'x' holds NaN in row \d+, column 1 .* sample 70 of the training"):
        fit(line_model(), samples, line_samples(50, 1), line_recipe())


def test_averaged_weights_keep_their_constraints():
    """On JAX with a scaled loss, Keras averages what a step left before the constraint was applied."""
    keras.utils.set_random_seed(0)
    x = keras.Input((3,), name="x")
    model = keras.Model(
        x, {"y": keras.layers.Dense(1, kernel_constraint="non_neg", dtype="mixed_float16", name="y")(x)}
    )
    inputs = np.random.default_rng(0).uniform(size=(64, 3)).astype("float32")
    samples = Samples({"x": inputs}, {"y": -inputs.sum(axis=1)})  # every step would make the weights negative
    optimiser = Optimiser("sgd", learning_rate=0.1, schedule="constant", average_last=0.5)
    recipe = Recipe(heads_for({"y": Target("regression")}), epochs=4, batch_size=8, optimiser=optimiser)
    fit(model, samples, samples, recipe)
    assert np.array(model.get_layer("y").kernel).min() >= 0


def test_without_a_single_sound_step_there_is_no_average():
    """In half precision a step is left out where its scaled gradients are not finite; an average of none would be 0."""
    keras.utils.set_random_seed(0)
    x = keras.Input((3,), name="x")
    hidden = keras.layers.Dense(4, dtype="mixed_float16", name="hidden")(x)
    model = keras.Model(x, {"y": keras.layers.Dense(1, dtype="float32", name="y")(hidden)})
    inputs = np.random.default_rng(0).normal(size=(16, 3)).astype("float32") * 1000.0  # gradients overflow
    samples = Samples({"x": inputs}, {"y": inputs.sum(axis=1)})
    optimiser = Optimiser("adam", learning_rate=1e-3, schedule="constant", average=0.9)
    recipe = Recipe(heads_for({"y": Target("regression")}), epochs=1, batch_size=16, optimiser=optimiser)
    fit(model, samples, samples, recipe)
    assert np.abs(np.array(model.get_layer("hidden").kernel)).max() > 0
