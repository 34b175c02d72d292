"""Acceleration can be left out: trainings give the same weights with it and without, and it stands aside elsewhere."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.acceleration_cases import CASES, case
from tests.backends import only_on
from tests.toy import line_recipe
from zoo.errors import ConfigError
from zoo.keras_internals import checks
from zoo.training import Optimiser, fit
from zoo.training.acceleration.accelerate import accelerate, accelerate_optimiser, is_known_right
from zoo.training.acceleration.fused_adam import FusedAdam
from zoo.training.optimisers.summed_rows import SummedAdam

pytestmark = only_on("tensorflow", because="the fast layers and optimisers are written for TensorFlow")


@pytest.mark.parametrize("name", CASES)
def test_a_training_gives_the_same_weights_without_acceleration(name):
    found = []
    for acceleration in (True, False):
        model, *arguments = case(name, acceleration=acceleration)
        before = [keras.ops.convert_to_numpy(each).copy() for each in model.trainable_variables]
        run = fit(model, *arguments)
        weights = [keras.ops.convert_to_numpy(each) for each in model.trainable_variables]
        found.append((weights, [row["val_loss"] for row in run.history]))
    (fast, fast_losses), (plain, plain_losses) = found
    moved = max(np.abs(one - two).max() for one, two in zip(plain, before, strict=True))
    assert max(np.abs(one - two).max() for one, two in zip(fast, plain, strict=True)) < 0.01 * moved
    np.testing.assert_allclose(fast_losses, plain_losses, rtol=1e-4)


def recurrent():
    tokens = keras.Input((None,), dtype="int32")
    return keras.Model(tokens, layers.LSTM(4)(layers.Embedding(9, 6)(tokens)))


def test_the_door_gives_a_faster_model_and_optimiser():
    assert accelerate(model := recurrent()) is not model
    assert accelerate_optimiser(SummedAdam) is FusedAdam
    assert accelerate_optimiser(keras.optimizers.RMSprop) is keras.optimizers.RMSprop
    plain = type(Optimiser("adam").build(10, acceleration=False)).__mro__
    assert SummedAdam in plain
    assert FusedAdam not in plain


def test_with_a_graphics_processor_everything_is_keras_own(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["a device"])
    assert not is_known_right()
    assert accelerate(model := recurrent()) is model
    plain = type(Optimiser("adam", average_last=0.5).build(10)).__mro__
    assert SummedAdam in plain
    assert FusedAdam not in plain


def test_a_fast_layer_whose_private_names_are_gone_is_left_out_with_a_warning(monkeypatch):
    monkeypatch.setattr(checks, "_names_read_by", lambda kind: set())
    with pytest.warns(UserWarning, match="slower than it could be: Keras .* no private name 'inner_loop'"):
        assert accelerate(model := recurrent()) is model
    with pytest.warns(UserWarning, match="no private name '_get_variable_index'"):
        assert accelerate_optimiser(SummedAdam) is SummedAdam


def test_what_is_no_switch_is_refused():
    with pytest.raises(ConfigError, match="'acceleration' must be True or False; received 'no'"):
        line_recipe(acceleration="no")


def test_the_switch_stands_in_the_configuration_of_a_run():
    assert line_recipe(acceleration=False).to_json()["acceleration"] is False
