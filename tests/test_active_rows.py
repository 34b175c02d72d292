"""Adam passes over rows of a long table that never had a gradient: with the values of Keras' own, which does not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.backends import only_on
from zoo.training.acceleration import active_rows
from zoo.training.acceleration.active_rows import FEW, LONG
from zoo.training.acceleration.fused_adam import FusedAdam, _Step

pytestmark = only_on("tensorflow", because="gradients that name rows are TensorFlow's")

STEPS = 6
WORDS = (5, 9, LONG - 1)


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """From the third step on, so that a test sees both ways."""
    monkeypatch.setattr(active_rows, "SETTLED", 2)


def gradients(words=WORDS):
    """Of one word a step, which stands there twice; the moments of the others go on moving them."""
    random = np.random.default_rng(0)
    for number in range(STEPS):
        word = words[number % len(words)]
        yield np.array([word, word]), random.normal(size=(2, 3)).astype("float32")


def train(optimiser, found, *, table=None):
    table = keras.Variable(np.ones((LONG, 3), "float32")) if table is None else table
    optimiser.build([table])

    @tf.function(autograph=False)
    def step(rows, values):
        optimiser.apply([tf.IndexedSlices(values, rows, tf.constant((LONG, 3)))], [table])

    for rows, values in found:
        step(tf.constant(rows), tf.constant(values))
    return table


def dense(found):
    for rows, values in found:
        whole = np.zeros((LONG, 3), "float32")
        np.add.at(whole, rows, values)
        yield whole


def passed_over(monkeypatch):
    """How often Adam was asked for some rows, and for all."""
    counts = {"on_rows": tf.Variable(0), "on_all": tf.Variable(0)}
    for name, count in counts.items():
        own = getattr(_Step, name)

        def counted(self, *arguments, own=own, count=count):
            count.assign_add(1)
            own(self, *arguments)

        monkeypatch.setattr(_Step, name, counted)
    return counts


@pytest.mark.parametrize("options", [{}, {"global_clipnorm": 0.5}, {"clipvalue": 0.1}, {"clipnorm": 0.3}], ids=str)
def test_the_values_are_keras_and_most_rows_are_passed_over(options, monkeypatch):
    counts = passed_over(monkeypatch)
    plain = keras.optimizers.Adam(0.1, **options)
    expected = keras.Variable(np.ones((LONG, 3), "float32"))
    plain.build([expected])
    for each in dense(gradients()):
        plain.apply([tf.constant(each)], [expected])
    optimiser = FusedAdam(0.1, **options)
    table = train(optimiser, gradients())
    np.testing.assert_allclose(np.array(table), np.array(expected), atol=1e-5)
    for one, two in zip(plain.variables, optimiser.variables, strict=True):
        np.testing.assert_allclose(np.array(two), np.array(one), atol=1e-5)
    if options.keys() <= {"global_clipnorm"}:  # clipped by itself, a table's gradient is spread over it
        assert (counts["on_rows"].numpy(), counts["on_all"].numpy()) == (STEPS - 2, 2)


def test_where_many_rows_move_all_are_read(monkeypatch):
    counts = passed_over(monkeypatch)
    many = np.arange(LONG // FEW + 1)
    train(FusedAdam(0.1), [(many, np.ones((len(many), 3), "float32"))] * 4)
    assert counts["on_rows"].numpy() == 0


def test_a_row_whose_gradient_is_nothing_does_not_move():
    optimiser = FusedAdam(0.1)
    train(optimiser, [(np.array([5, 7]), np.array([[1, 1, 1], [0, 0, 0]], "float32"))] * 3)
    _, rows = optimiser._watched[0]
    assert np.flatnonzero(rows._moving.numpy()).tolist() == [5]


def test_a_run_that_goes_on_elsewhere_has_the_same_bits():
    found = list(gradients())
    through = train(FusedAdam(0.1), found)
    first = FusedAdam(0.1)
    table = train(first, found[:4])
    second = FusedAdam(0.1)
    second.build([table])
    for mine, yours in zip(second.variables, first.variables, strict=True):
        mine.assign(yours)
    np.testing.assert_array_equal(np.array(train(second, found[4:], table=table)), np.array(through))


def test_a_row_is_known_by_either_moment():
    """The square of 1e-22 is 0 in single precision."""
    optimiser = FusedAdam(0.1)
    table = train(optimiser, [(np.array([5]), np.full((1, 3), 1e-22, "float32"))] * 3)
    _, rows = optimiser._watched[0]
    rows.forget()
    optimiser.apply([tf.IndexedSlices(tf.zeros((1, 3)), tf.constant([9]), tf.constant((LONG, 3)))], [table])
    assert np.flatnonzero(rows._moving.numpy()).tolist() == [5]


def test_moments_that_are_loaded_are_looked_at():
    source = FusedAdam(0.1)
    train(source, gradients())
    state = {}
    source.save_own_variables(state)
    other = FusedAdam(0.1)
    train(other, [(np.array([3]), np.ones((1, 3), "float32"))] * 3)
    other.load_own_variables(state)
    before = np.ones((LONG, 3), "float32")
    table = other._trainable_variables[0]
    table.assign(before)
    other.apply([tf.IndexedSlices(tf.zeros((1, 3)), tf.constant([3]), tf.constant((LONG, 3)))], [table])
    assert np.flatnonzero((np.array(table) != before).any(axis=1)).tolist() == sorted(WORDS)


def test_a_row_whose_moments_are_not_finite_is_not_passed_over():
    """A sentinel must find it: NaN is no 0."""
    optimiser = FusedAdam(0.1)
    table = train(optimiser, gradients())
    moments = optimiser._velocities[0]
    moments.assign(tf.tensor_scatter_nd_update(moments.value, [[8]], [[np.nan] * 3]))
    optimiser._watched[0][1].forget()
    gradient = tf.IndexedSlices(tf.ones((1, 3)), tf.constant([5]), tf.constant((LONG, 3)))
    optimiser.apply([gradient], [table])
    assert np.flatnonzero(np.isnan(np.array(table)).any(axis=1)).tolist() == [8]
