"""What each transform does to pictures, and that the same seed, epoch and step give the same bits."""

import numpy as np
import pytest

from tests.augmented import NAMES, pictures, smooth
from zoo.pictures import sampling
from zoo.training.augmentation.pictures import (
    AlternatingFlip,
    Brightness,
    Contrast,
    Crop,
    Erase,
    Flip,
    Grey,
    RandAugment,
    ResizedCrop,
    Rotate,
    Saturation,
    Shift,
    Warp,
    Zoom,
    augment,
    augmentation,
    draw_for,
)
from zoo.training.augmentation.pictures.colour import LUMINANCE
from zoo.training.augmentation.pictures.tables import change_values

STILL = [
    Flip(0.0),
    Crop(0.0),
    Shift(0.0, 0.0),
    Zoom((1.0, 1.0)),
    Rotate(0.0),
    Warp(0.0),
    ResizedCrop((1.0, 1.0), (1.0, 1.0)),
    Brightness(0.0),
    Contrast(0.0),
    Saturation(0.0),
    Grey(0.0),
    Erase(0.0),
]

OF_SOUNDS = ("time_shift", "gain", "noise", "spec_augment", "sounds")
OF_VOLUMES = ("flip_axes", "quarter_turns", "affine", "voxel_noise", "volumes")


def given_to(name):
    """Pictures; of sounds decibels (bands, frames, 1); volumes (depth, height, width, 1)."""
    if name in OF_VOLUMES:
        return pictures(channels=8, dtype="float32")[..., None]
    return -80 * pictures(channels=1, dtype="float32") if name in OF_SOUNDS else pictures()


def seen(given, *transforms, seed=0, epoch=0, step=0, white=255.0, rows=None):
    draw = draw_for(given, seed=seed, epoch=epoch, step=step, rows=rows)
    return augment(given, transforms, draw, white=white)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in (*OF_SOUNDS, *OF_VOLUMES)])
def test_type_and_shape_stay_and_the_given_array_is_not_written_to(name, channels, dtype):
    given = pictures(channels=channels, dtype=dtype)
    kept = given.copy()
    found = seen(given, *augmentation(name), white=255.0 if dtype == "uint8" else 1.0)
    assert (found.dtype, found.shape) == (given.dtype, given.shape)
    assert 0 <= found.min() <= found.max() <= (255 if dtype == "uint8" else 1)
    np.testing.assert_array_equal(given, kept)


@pytest.mark.parametrize("name", [*OF_SOUNDS, *OF_VOLUMES])
def test_of_sounds_and_volumes_too_type_and_shape_stay_and_the_given_array_is_not_written_to(name):
    given = given_to(name)
    kept = given.copy()
    found = seen(given, *augmentation(name))
    assert (found.dtype, found.shape) == (given.dtype, given.shape)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(given, kept)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("none", "mixup", "cutmix")])
def test_seed_epoch_and_step_tell_all_bits_in_any_order(name):
    given, transforms = given_to(name), augmentation(name)
    first = {(epoch, step): seen(given, *transforms, epoch=epoch, step=step) for epoch in (0, 1) for step in (0, 1)}
    for (epoch, step), expected in reversed(first.items()):
        np.testing.assert_array_equal(seen(given, *transforms, epoch=epoch, step=step), expected)
    assert (first[0, 0] != first[1, 0]).any()


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("none", "mixup", "cutmix", "alternating_flip")]
)
def test_another_step_or_seed_gives_other_pictures(name):
    given, transforms = given_to(name), augmentation(name)
    base = seen(given, *transforms)
    assert (base != seen(given, *transforms, step=1)).any()
    assert (base != seen(given, *transforms, seed=1)).any()


def test_threads_and_neighbours_change_no_bit(monkeypatch):
    given, transforms = pictures(8, 64, 64), augmentation("strong")
    monkeypatch.setattr(sampling, "PIXELS", 64 * 64)
    monkeypatch.setattr(sampling, "THREADS", 1)
    alone = seen(given, *transforms)
    monkeypatch.setattr(sampling, "THREADS", 4)
    np.testing.assert_array_equal(seen(given, *transforms), alone)
    monkeypatch.setattr(sampling, "PIXELS", 64 * 64 * 3)
    np.testing.assert_array_equal(seen(given, *transforms), alone)


@pytest.mark.parametrize("transform", STILL, ids=lambda each: each.name)
def test_a_transform_of_strength_0_changes_nothing(transform):
    given = pictures()
    np.testing.assert_array_equal(seen(given, transform), given)
    floats = pictures(dtype="float32")
    np.testing.assert_array_equal(seen(floats, transform, white=1.0), floats)


def test_a_flip_mirrors_and_twice_is_nothing():
    given = pictures()
    np.testing.assert_array_equal(seen(given, Flip(1.0)), given[:, :, ::-1])
    np.testing.assert_array_equal(seen(given, Flip(0.0, 1.0)), given[:, ::-1])
    np.testing.assert_array_equal(seen(seen(given, Flip(1.0, 1.0)), Flip(1.0, 1.0)), given)


def test_alternating_flips_show_every_picture_both_ways_in_two_epochs():
    given, rows = pictures(400, 2, 3), np.arange(400)[::-1]
    even, odd, again = (seen(given, AlternatingFlip(), epoch=each, rows=rows) for each in (0, 1, 2))
    np.testing.assert_array_equal(odd, even[:, :, ::-1])
    np.testing.assert_array_equal(again, even)
    assert 150 < (even == given).all(axis=(1, 2, 3)).sum() < 250
    np.testing.assert_array_equal(seen(given[5:9], AlternatingFlip(), rows=rows[5:9], step=3), even[5:9])


def test_a_crop_is_a_window_of_the_reflected_picture():
    given = pictures(30)
    found = seen(given, Crop(0.25))
    padded = np.pad(given, ((0, 0), (5, 5), (4, 4), (0, 0)), mode="reflect")
    windows = [
        {padded[row, y : y + 20, x : x + 16].tobytes() for y in range(11) for x in range(9)}
        for row in range(len(given))
    ]
    assert all(each.tobytes() in window for each, window in zip(found, windows, strict=True))
    assert (found != given).any(axis=(1, 2, 3)).sum() > 20


def test_flip_and_crop_together_mirror_the_window():
    given = pictures(20)
    both = seen(given, Crop(0.25), Flip(1.0))
    np.testing.assert_array_equal(both[:, :, ::-1], seen(given, Crop(0.25)))


def test_sampling_reads_between_pixels_and_reflects_outside():
    given = pictures(2, 9, 12)
    matrix = np.tile(np.eye(3), (2, 1, 1))
    matrix[:, 0, 2], matrix[:, 1, 2] = 3.5, -2.25
    found = sampling.warp(given, matrix).astype(float)
    padded = np.pad(given.astype(float), ((0, 0), (4, 0), (0, 5), (0, 0)), mode="reflect")
    left, right = padded[:, :, 3:15], padded[:, :, 4:16]
    between = (left + right) / 2
    expected = 0.25 * between[:, 1:10] + 0.75 * between[:, 2:11]
    np.testing.assert_allclose(found, expected, atol=1.0)
    floats = sampling.warp(given.astype("float32"), matrix)
    np.testing.assert_allclose(floats, expected, atol=1e-3)


@pytest.mark.parametrize(
    "transform", [Rotate(25.0), Zoom((0.5, 2.0)), Warp(0.4), ResizedCrop()], ids=lambda each: each.name
)
def test_bytes_and_floats_are_sampled_alike(transform):
    given = pictures()
    floats = seen(given.astype("float32"), transform)
    np.testing.assert_allclose(seen(given, transform), floats, atol=1.01)


def test_a_quarter_turn_is_numpys():
    given = pictures(2, 15, 15)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(sampling.warp(given, np.stack([turn] * 2)), np.rot90(given, axes=(1, 2)))


def test_far_outside_the_picture_is_reflected_again_and_again():
    given = pictures(1, 5, 4)
    matrix = np.eye(3)[None].copy()
    matrix[:, 0, 2] = 6.0 + 1e-9  # a period of 4 columns, no whole number: it is sampled
    np.testing.assert_array_equal(sampling.warp(given, matrix), given)
    matrix[:, 0, 2] = 6.0
    np.testing.assert_array_equal(sampling.warp(given, matrix), given)


def test_all_geometry_together_is_one_sampling_of_the_product():
    given = smooth()
    together = seen(given, Rotate(20.0), Zoom((1.2, 1.2)))
    assert together.shape == given.shape
    np.testing.assert_allclose(together[0, 11:13, 11:13].astype(float), given[0, 11:13, 11:13], atol=4)


def test_brightness_keeps_the_hue():
    given = (pictures(dtype="float32") + 0.1) * 0.4
    found = seen(given, Brightness(0.5), white=1.0)
    ratios = found / given
    np.testing.assert_allclose(ratios, ratios[:, :1, :1, :1] * np.ones_like(ratios), rtol=1e-5)
    assert np.ptp(ratios[:, 0, 0, 0]) > 0.1


def test_contrast_keeps_the_mean_luminance():
    given = pictures(dtype="float32") * 0.3 + 0.3
    found = seen(given, Contrast(0.4), white=1.0)
    np.testing.assert_allclose((found @ LUMINANCE).mean(axis=(1, 2)), (given @ LUMINANCE).mean(axis=(1, 2)), rtol=1e-4)
    assert np.abs(found.std(axis=(1, 2, 3)) / given.std(axis=(1, 2, 3)) - 1).max() > 0.1


def test_saturation_keeps_the_luminance_and_grey_takes_all_colour():
    given = pictures(dtype="float32") * 0.3 + 0.3
    np.testing.assert_allclose(seen(given, Saturation(0.5), white=1.0) @ LUMINANCE, given @ LUMINANCE, rtol=1e-4)
    grey = seen(given, Grey(1.0), white=1.0)
    np.testing.assert_allclose(grey, np.repeat((given @ LUMINANCE)[..., None], 3, axis=-1), rtol=1e-4)


def test_colours_composed_are_those_done_one_after_the_other():
    given = pictures(3, dtype="float32") * 0.2 + 0.4
    draw = draw_for(given, seed=0, epoch=0, step=0)
    composed = augment(given, [Contrast(0.3), Saturation(0.3), Brightness(0.2)], draw, white=1.0)
    one = draw_for(given, seed=0, epoch=0, step=0)
    step_by_step = given
    for each in (Contrast(0.3), Saturation(0.3), Brightness(0.2)):
        step_by_step = augment(step_by_step, [each], one, white=1.0)
    np.testing.assert_allclose(composed, step_by_step, rtol=1e-4)


@pytest.mark.parametrize("fill", ["mean", "noise", "black"])
def test_erase_takes_a_rectangle_of_the_share(fill):
    given = np.full((40, 30, 40, 1), 7, np.uint8)
    given[:, ::2] = 201  # a mean of 104 that no pixel has
    found = seen(given, Erase(1.0, area=(0.2, 0.2), ratio=(0.5, 2.0), fill=fill))
    if fill == "noise":
        assert set(np.unique(found)) == {7, 201}
        return
    changed = (found != given)[..., 0]
    np.testing.assert_allclose(changed.mean(axis=(1, 2)), 0.2, atol=0.02)
    for each in changed:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        assert each.sum() == len(rows) * len(columns) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


@pytest.mark.parametrize("name", ["posterize", "solarize", "autocontrast", "equalize"])
def test_changes_of_values_are_those_of_pillow(name):
    image, ops = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageOps")
    given = (np.random.default_rng(0).normal(100, 20, (30, 31, 3)).clip(0, 255)).astype("uint8")
    options = {"posterize": [6], "solarize": [128]}.get(name, [])
    expected = np.asarray(getattr(ops, name)(image.fromarray(given), *options))
    found = given.copy()
    change_values(found, [(name, 0.5)], 255.0)
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)


def test_a_second_change_reads_the_histogram_of_the_first():
    given = pictures(1)[0]
    together, apart = given.copy(), given.copy()
    change_values(together, [("posterize", 1.0), ("equalize", 0.3)], 255.0)
    for each in (("posterize", 1.0), ("equalize", 0.3)):
        change_values(apart, [each], 255.0)
    np.testing.assert_array_equal(together, apart)


def test_rand_augment_changes_more_at_a_higher_strength():
    given = np.repeat(smooth(), 200, axis=0)
    changed = [np.abs(seen(given, RandAugment(2, each)).astype(float) - given).mean() for each in (2.0, 10.0, 30.0)]
    assert changed[0] < changed[1] < changed[2]
