"""Means and deviations of maps and spectrograms, against numpy; their gradients where nothing changes."""

import keras
import numpy as np
import pytest

from blocks.statistics import mean_and_deviation, spectrogram_statistics

pytestmark = pytest.mark.backends


def numbers(tensors):
    return [keras.ops.convert_to_numpy(each) for each in tensors]


def test_those_of_maps_are_numpys():
    maps = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype("float32")
    mean, deviation = numbers(mean_and_deviation(maps))
    np.testing.assert_allclose(mean, maps.mean(axis=(1, 2)), atol=1e-6)
    np.testing.assert_allclose(deviation, maps.std(axis=(1, 2)), rtol=1e-5)


def test_those_of_a_spectrogram_are_of_each_band_over_time():
    sound = np.zeros((1, 2, 4, 1), "float32")
    sound[0, 1, :, 0] = [1.0, 3.0, 1.0, 3.0]
    mean, deviation, steps = numbers(spectrogram_statistics(sound))
    np.testing.assert_allclose(mean, [[0.0, 2.0]])
    np.testing.assert_allclose(deviation, [[0.0, 1.0]], atol=2e-3)
    np.testing.assert_allclose(steps, [[0.0, 2.0]])


def test_silence_has_a_gradient_that_is_a_number():
    given = keras.Input((2, 4, 1))
    scaled = keras.layers.Dense(1, kernel_initializer="ones", name="scale")(given)
    total = keras.layers.Concatenate()([*spectrogram_statistics(scaled), *mean_and_deviation(scaled)])
    model = keras.Model(given, keras.layers.Dense(1)(total))
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 2, 4, 1)), np.ones((4, 1)), verbose=0)
    assert all(np.isfinite(each).all() for each in model.get_weights())


def test_a_tensor_of_another_rank_is_refused():
    with pytest.raises(ValueError, match="a spectrogram of one channel"):
        spectrogram_statistics(keras.Input((4, 5)))
    with pytest.raises(ValueError, match="two frames at least"):
        spectrogram_statistics(keras.Input((4, 1, 1)))
    with pytest.raises(ValueError, match="maps of features"):
        mean_and_deviation(keras.Input((4, 5)))
