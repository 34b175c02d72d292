"""Batches are made in a thread while a step computes: in order, with errors in their place, and nothing left behind."""

import threading
import time

import keras
import numpy as np
import pytest

from zoo.errors import DataError
from zoo.lazy_array import LazyArray
from zoo.models.small_images import mnist_cnn_tiny
from zoo.samples import Samples, Target
from zoo.training import Head, Recipe, fit
from zoo.training.acceleration.read_ahead import AHEAD, read_ahead
from zoo.training.batches import Batches


def threads():
    return [each for each in threading.enumerate() if each.name.startswith("read_ahead")]


def failing(count):
    yield from range(count)
    raise DataError("Row 7 is no picture.")


@pytest.mark.parametrize("wanted", [True, False])
def test_items_come_in_their_order(wanted):
    with read_ahead(iter(range(50)), wanted=wanted) as items:
        assert list(items) == list(range(50))
    assert not threads()


def test_no_more_are_made_than_may_wait():
    made = []

    def items():
        for number in range(50):
            made.append(number)
            yield number

    with read_ahead(items()) as ahead:
        assert next(ahead) == 0
        time.sleep(0.2)
        assert AHEAD < len(made) <= AHEAD + 3  # taken, waiting, and the one that waits for a place
    assert not threads()


def test_the_next_items_are_made_while_one_is_used():
    begun = threading.Event()

    def items():
        yield 0
        begun.set()
        yield 1

    with read_ahead(items()) as ahead:
        next(ahead)
        assert begun.wait(5.0)


@pytest.mark.parametrize("wanted", [True, False])
def test_an_error_is_raised_where_its_item_is_asked_for(wanted):
    taken = []
    with read_ahead(failing(4), wanted=wanted) as items, pytest.raises(DataError, match="Row 7"):
        taken.extend(items)
    assert taken == [0, 1, 2, 3]
    assert not threads()


def test_an_error_that_nobody_asks_for_is_nobodys():
    with read_ahead(failing(1)) as items:
        assert next(items) == 0
    assert not threads()


def test_nothing_is_left_when_the_user_of_the_items_fails():
    def use():
        with read_ahead(iter(range(1000))) as items:
            next(items)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert not threads()


# --- in a training


def digits(count, decode):
    pictures = LazyArray(range(count), decode, shape=(8, 8, 1), dtype="float32", finish=lambda each: each / 255)
    return Samples({"image": pictures}, {"label": np.arange(count) % 10})


def decoded(row):
    return np.random.default_rng(row).integers(0, 256, (8, 8, 1), dtype=np.uint8)


def trained(decode):
    keras.utils.set_random_seed(0)
    model = mnist_cnn_tiny(input_shape=(8, 8, 1))
    head = Head(Target("classification", tuple("0123456789")))
    recipe = Recipe({"label": head}, epochs=2, batch_size=8, augmentation="digits")
    fit(model, digits(40, decode), digits(16, decoded), recipe)
    return model.get_weights()


def test_a_training_reads_ahead_in_a_thread_and_ends_with_the_same_bits(monkeypatch):
    names = set()

    def decode(row):
        names.update(each.name for each in threads())
        return decoded(row)

    ahead = trained(decode)
    assert names == {"read_ahead_0"}
    assert not threads()
    names.clear()
    monkeypatch.setattr(Batches, "are_computed", False)
    assert all(map(np.array_equal, ahead, trained(decode)))
    assert not names


def test_a_picture_that_breaks_ends_the_training_and_the_thread_with_its_own_error():
    def decode(row):
        if row == 17:
            raise DataError("Row 17 is no picture.")
        return decoded(row)

    with pytest.raises(DataError, match="Row 17 is no picture"):
        trained(decode)
    assert not threads()
