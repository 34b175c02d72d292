"""What `volume_measures` says of a volume, against numbers counted by hand."""

import keras
import numpy as np
import pytest

from blocks.volume_measures import SMALL, volume_measures

pytestmark = pytest.mark.backends


def measured(volume, **options):
    """The measures before they are standardised, from logarithms back to means."""
    given = keras.Input((*volume.shape, 1))
    model = keras.Model(given, volume_measures(given, name="measured", **options))
    norm = model.get_layer("measured_bn")
    norm.set_weights([np.ones_like(each) if row in (0, 3) else np.zeros_like(each)
                      for row, each in enumerate(norm.get_weights())])  # fmt: skip
    levels = model.get_layer("measured_levels")
    levels.set_weights([np.ones_like(levels.get_weights()[0]), np.array([0.0, -1.5], "float32")])
    found = model(volume[None, ..., None].astype("float32"))
    return np.exp(keras.ops.convert_to_numpy(found)[0] * np.sqrt(1 + norm.epsilon)) - SMALL


def test_the_measures_of_a_box_are_its_size_what_erosion_leaves_brightness_and_its_sides():
    volume = np.full((8, 10, 12), -1.0)
    volume[2:5, 3:8, 4:8] = 1.0  # 3 x 5 x 4 voxels, 2 brighter than the darkest
    places = volume.size
    found = measured(volume, reach=1, levels=2)
    by_hand = [2 * 60, 2 * (60 + 2 * (5 * 4 + 3 * 4 + 3 * 5)), 2 * 1 * 3 * 2, 2 * 60, 0.5 * 60]
    np.testing.assert_allclose(found[:5] * places, by_hand, rtol=1e-3)
    shadows = [(2 * 5 * 4 / 120, 2 * 3 / 8), (2 * 3 * 4 / 96, 2 * 5 / 10), (2 * 3 * 5 / 80, 2 * 4 / 12)]
    np.testing.assert_allclose(found[5:].reshape(3, 3)[:, :2], shadows, rtol=1e-3)
    faces = [2 * 2 * 5 * 4 / (9 * 120), 2 * 2 * 3 * 4 / (11 * 96), 2 * 2 * 3 * 5 / (13 * 80)]
    np.testing.assert_allclose(found[5:].reshape(3, 3)[:, 2], faces, rtol=1e-3)


def test_erosion_looks_at_the_neighbours_that_share_a_face_and_goes_on_from_what_is_left():
    volume = np.zeros((9, 9, 9))
    volume[2:7, 2:7, 2:7] = 1.0
    volume[2, 2, 2] = 0.0  # a corner, which touches what is inside at a point only: with 26 neighbours 26 would be left
    found = measured(volume, reach=2, levels=2) * volume.size
    np.testing.assert_allclose(found[[0, 2, 4]], [124, 27, 1], rtol=2e-3)
    np.testing.assert_allclose(found[1], 125 + 6 * 25 - 3, rtol=1e-3)  # dilated: the corner, and faces that lack it


def test_mirrored_volumes_measure_the_same_and_one_voxel_is_measured():
    volume = np.random.default_rng(0).normal(size=(6, 7, 8))
    np.testing.assert_allclose(measured(volume[::-1, :, ::-1], levels=2), measured(volume, levels=2), rtol=1e-4)
    assert np.isfinite(measured(np.ones((1, 1, 1)), levels=2)).all()
