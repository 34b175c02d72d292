"""Adam in one operation a variable gives the values of Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.backends import only_on
from zoo.training.acceleration.fused_adam import FUSED_OPTIMISERS, FusedAdam
from zoo.training.optimisers.optimiser import OPTIMISERS, Optimiser

pytestmark = only_on("tensorflow", because="the fused step is written for TensorFlow")

GRADIENTS = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32")
ROUNDING = 1e-5  # Keras takes 1 - beta in double precision and 1 - beta ** step in single; here both are single


def steps(optimiser, *, sparse, xla):
    """A table after a few steps: a sparse gradient names a row twice and leaves others out."""
    table = keras.Variable(np.ones((6, 3), "float32"))
    optimiser.build([table])

    @tf.function(jit_compile=xla)
    def step(gradient):
        rows = tf.IndexedSlices(gradient[:3], tf.constant([4, 1, 4]), tf.constant((6, 3)))
        optimiser.apply([rows if sparse else gradient], [table])

    for gradient in GRADIENTS:
        step(tf.constant(gradient))
    return [np.array(table), *(np.array(each) for each in optimiser.variables)]


def plain_steps(optimiser, *, sparse):
    """The same with the sum of the rows: Keras' own step on sparse gradients squares repeated rows one by one."""
    table = keras.Variable(np.ones((6, 3), "float32"))
    optimiser.build([table])
    for gradient in GRADIENTS:
        dense = np.zeros_like(gradient)
        np.add.at(dense, [4, 1, 4], gradient[:3])
        optimiser.apply([tf.constant(dense if sparse else gradient)], [table])
    return [np.array(table), *(np.array(each) for each in optimiser.variables)]


@pytest.mark.parametrize("name", ["adam", "adamw"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("xla", [False, True])
def test_a_step_is_keras(name, sparse, xla):
    rate = keras.optimizers.schedules.CosineDecay(0.1, 10)
    options = {"weight_decay": 0.01, "global_clipnorm": 1.0, "epsilon": 1e-3}
    expected = plain_steps(OPTIMISERS[name](rate, **options), sparse=sparse)
    found = steps(FUSED_OPTIMISERS[OPTIMISERS[name]](rate, **options), sparse=sparse, xla=xla)
    for one, two in zip(expected, found, strict=True):
        np.testing.assert_allclose(two, one, atol=ROUNDING)


@pytest.mark.parametrize("sparse", [False, True])
def test_amsgrad_is_left_to_keras(sparse):
    expected = plain_steps(keras.optimizers.Adam(0.1, amsgrad=True), sparse=sparse)
    found = steps(FusedAdam(0.1, amsgrad=True), sparse=sparse, xla=False)
    for one, two in zip(expected, found, strict=True):
        np.testing.assert_allclose(two, one, atol=ROUNDING)


def test_a_momentum_that_a_schedule_moves_is_used():
    """One cycle moves beta_1: the moments after a few steps are those of Keras' Adam under the same schedule."""
    from zoo.training.optimisers.schedules import following, learning_rate, momentum

    rate, cycle = learning_rate("one_cycle", 0.1, None, 4), momentum("one_cycle", None, 4)
    plain = following(keras.optimizers.Adam, beta_1=cycle)(learning_rate=rate)
    for one, two in zip(
        plain_steps(plain, sparse=False),
        steps(Optimiser("adam", 0.1, "one_cycle").build(4), sparse=False, xla=False),
        strict=True,
    ):
        np.testing.assert_allclose(two, one, atol=ROUNDING)


def test_an_average_is_not_kept_up_before_it_begins():
    optimizer = Optimiser("sgd", learning_rate=0.1, schedule="constant", average_last=0.5).build(4)
    weight = keras.Variable(np.zeros(2, "float32"))
    optimizer.build([weight])
    averages = []
    for _ in range(4):
        optimizer.apply([keras.ops.ones(2)], [weight])
        averages.append(float(np.array(optimizer._model_variables_moving_average[0])[0]))
    assert averages == pytest.approx([0.0, 0.0, -0.3, -0.35])


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_without_acceleration_the_parts_of_a_repeated_row_are_summed_before_they_are_squared(name):
    options = {"global_clipnorm": 1.0}
    expected = plain_steps(OPTIMISERS[name](0.1, **options), sparse=True)
    found = steps(OPTIMISERS[name](0.1, **options), sparse=True, xla=False)
    for one, two in zip(expected, found, strict=True):
        np.testing.assert_allclose(two, one, atol=ROUNDING)
