"""An input that is decoded when a batch asks for it trains, resumes and predicts as the whole array does."""

import threading

import keras
import numpy as np
import pytest

from zoo.errors import DataError
from zoo.lazy_array import LazyArray
from zoo.samples import Samples, Target
from zoo.training import Recipe, fit, heads_for, predict

PICTURES = np.random.default_rng(0).normal(size=(96, 6, 6, 1)).astype("float32")
HEADS = heads_for({"bright": Target("binary", ("no", "yes"))})
RECIPE = Recipe(HEADS, epochs=2, batch_size=16)


def lazy(rows=range(96), seen=None):
    def decode(item):
        if seen is not None:
            seen.append((item, threading.get_ident()))
        return PICTURES[item]

    return LazyArray(list(rows), decode, shape=(6, 6, 1), dtype="float32")


def samples(pictures):
    return Samples({"picture": pictures}, {"bright": (PICTURES.mean(axis=(1, 2, 3)) > 0).astype("int32")})


def model():
    keras.utils.set_random_seed(0)
    x = keras.Input((6, 6, 1), name="picture")
    y = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.Conv2D(4, 3, activation="relu", name="conv")(x))
    return keras.Model(x, {"bright": keras.layers.Dense(1, activation="sigmoid", name="bright")(y)})


def test_it_has_what_an_array_has():
    pictures = lazy()
    assert (len(pictures), pictures.shape, pictures.ndim, pictures.dtype) == (96, (96, 6, 6, 1), 4, np.float32)
    for rows in (
        np.array([5, 0, 95]),
        slice(3, 90, 7),
        np.arange(96) % 5 == 0,
        np.array([[1, 2], [3, 4]]),
        7,
        np.array([], int),
    ):
        np.testing.assert_array_equal(pictures[rows], PICTURES[rows])


def test_nothing_is_decoded_before_rows_are_read():
    seen = []
    split = samples(lazy(seen=seen)).take(np.arange(40))
    both = split.joined(split)
    assert (len(split), len(both), seen) == (40, 80, [])
    np.testing.assert_array_equal(both.inputs["picture"][np.array([41])], PICTURES[[1]])
    assert [item for item, _ in seen] == [1]


def test_it_trains_to_the_bits_of_the_whole_array(tmp_path):
    found = []
    for number, pictures in enumerate((PICTURES, lazy())):
        network = model()
        run = fit(network, samples(pictures), samples(pictures), RECIPE, folder=tmp_path / str(number))
        found.append((network.get_weights(), [row["val_loss"] for row in run.history]))
    assert found[0][1] == found[1][1]
    for one, other in zip(found[0][0], found[1][0], strict=True):
        np.testing.assert_array_equal(one, other)
    outputs = [predict(network, samples(pictures), HEADS) for pictures in (PICTURES, lazy())]
    np.testing.assert_array_equal(outputs[0]["bright"], outputs[1]["bright"])


def test_other_items_are_other_data(tmp_path):
    fit(model(), samples(lazy()), samples(lazy()), RECIPE, folder=tmp_path)
    changed = samples(lazy([*range(95), 0]))
    with pytest.raises(Exception, match="data"):
        fit(model(), changed, samples(lazy()), RECIPE, folder=tmp_path)
    assert lazy().fingerprint == lazy().fingerprint != lazy([*range(95), 0]).fingerprint


def test_a_row_of_another_shape_is_named():
    widths = {"a.png": 2, "b.png": 3}
    odd = LazyArray(list(widths), lambda item: np.zeros((2, widths[item])), shape=(2, 2), dtype="float32")
    with pytest.raises(DataError, match=r"Row 2 \(b\.png\) has the shape \(2, 3\), not \(2, 2\)"):
        odd[np.array([0, 1])]
    with pytest.raises(DataError, match="another lazy one"):
        odd.joined(np.zeros((2, 2)))


def test_a_picture_that_breaks_in_the_middle_of_an_epoch_ends_the_training_with_its_own_error():
    steps = []

    class Counted(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(batch)

    def decode(item):
        if item == 17 and len(steps) > 2:
            raise DataError("Row 17 is no picture.")
        return PICTURES[item]

    pictures = LazyArray(list(range(96)), decode, shape=(6, 6, 1), dtype="float32")
    with pytest.raises(DataError, match=r"^Row 17 is no picture\.$"):
        fit(model(), samples(pictures), samples(PICTURES), RECIPE, callbacks=[Counted()])
    assert len(steps) > 2
