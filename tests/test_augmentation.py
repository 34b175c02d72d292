"""Pictures of a training batch: what each transform does, and that the same seed, epoch and step give the same bits."""

import re

import numpy as np
import pytest

from zoo.drawing.picture_grid import as_bytes, write_picture_grid
from zoo.errors import ConfigError, UnknownNameError
from zoo.pictures import sampling
from zoo.pictures.views import VIEWS, average_over_views, require_views, view_of
from zoo.samples import Samples, Target
from zoo.training import Head, Recipe
from zoo.training.augmentation.pictures import (
    PRESETS,
    TRANSFORMS,
    AlternatingFlip,
    Brightness,
    Contrast,
    Crop,
    CutMix,
    Erase,
    Flip,
    Grey,
    Mixup,
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
    draw_mix,
)
from zoo.training.augmentation.pictures.batch import PictureAugmentation
from zoo.training.augmentation.pictures.colour import LUMINANCE
from zoo.training.augmentation.pictures.showing import batch_to_show
from zoo.training.augmentation.pictures.tables import change_values
from zoo.training.batches import Batches

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
NAMES = [*TRANSFORMS, *PRESETS]
OF_SOUNDS = ("time_shift", "gain", "noise", "spec_augment", "sounds")
OF_VOLUMES = ("flip_axes", "quarter_turns", "affine", "voxel_noise", "volumes")


def pictures(count=6, height=20, width=16, channels=3, dtype="uint8"):
    values = np.random.default_rng(1).integers(0, 256, (count, height, width, channels))
    return values.astype("uint8") if dtype == "uint8" else (values / 255.0).astype(dtype)


def given_to(name):
    """Pictures; of sounds decibels (bands, frames, 1); volumes (depth, height, width, 1)."""
    if name in OF_VOLUMES:
        return pictures(channels=8, dtype="float32")[..., None]
    return -80 * pictures(channels=1, dtype="float32") if name in OF_SOUNDS else pictures()


def seen(given, *transforms, seed=0, epoch=0, step=0, white=255.0, rows=None):
    draw = draw_for(given, seed=seed, epoch=epoch, step=step, rows=rows)
    return augment(given, transforms, draw, white=white)


def smooth(height=24, width=24):
    y, x = np.mgrid[0:height, 0:width]
    return np.repeat((100 + 3 * x + 2 * y)[None, :, :, None], 3, axis=-1).astype("uint8")


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


def mix_of(given, *transforms, step=0):
    return draw_mix(transforms, draw_for(given, seed=0, epoch=0, step=step, place=-1))


def test_mixup_takes_both_pictures_by_shares_that_add_up_to_one():
    given = pictures(50, dtype="float32")
    mix = mix_of(given, Mixup(1.0))
    own = mix.share[:, None, None, None]
    np.testing.assert_allclose(mix.pictures(given), own * given + (1 - own) * given[mix.partner], rtol=1e-5)
    assert 0.0 < mix.share.min() < 0.3 < 0.7 < mix.share.max() < 1.0


def test_cutmix_has_as_much_of_the_other_picture_as_the_share_says():
    given = np.arange(1, 41, dtype=np.uint8)[:, None, None, None] * np.ones((1, 30, 40, 3), np.uint8)
    mix = mix_of(given, CutMix(share=0.5))
    found = mix.pictures(given)
    np.testing.assert_allclose(
        (found == given).mean(axis=(1, 2, 3)), np.where(mix.partner == np.arange(40), 1, mix.share)
    )
    assert all(set(np.unique(each)) <= {row + 1, mix.partner[row] + 1} for row, each in enumerate(found))
    assert 8 < (mix.share < 1).sum() < 32


def test_of_mixup_and_cutmix_one_is_drawn_for_each_picture():
    given = pictures(200)
    mix = mix_of(given, Mixup(1.0, share=1.0), CutMix(share=1.0))
    assert 60 < len(mix.boxes) < 140
    assert (mix.share < 1).mean() > 0.95


def test_a_batch_that_is_mixed_carries_both_labels_and_both_weights():
    samples = Samples({"photo": pictures(12)}, {"kind": np.arange(12, dtype=np.int32)}, sample_weight=np.arange(12.0))
    batches = Batches(samples, batch_size=12, augmentation=augmentation("mixup"))
    rows = np.arange(12)[::-1]
    _, targets, weights = batches.training_batch(rows, 0, 0)
    mix = batches.pictures.mix(batches.inputs(rows), rows, 0, 0)
    np.testing.assert_array_equal(targets["kind"], rows)
    np.testing.assert_array_equal(targets["mixed/kind"], rows[mix.partner])
    np.testing.assert_array_equal(weights["mixed/kind"], rows[mix.partner])
    np.testing.assert_array_equal(targets["mixed/share"], mix.share)


def test_recipes_name_presets_transforms_and_options():
    assert augmentation(None) == augmentation("none") == augmentation([]) == ()
    assert augmentation("standard") == PRESETS["standard"]
    assert augmentation(["flip", ("rotate", {"degrees": 15})]) == (Flip(), Rotate(15))
    assert augmentation(Flip()) == augmentation(("flip", {})) == augmentation({"name": "flip"}) == (Flip(),)
    assert augmentation({"left": "flip", "right": None}) == {"left": (Flip(),), "right": ()}


@pytest.mark.parametrize("name", NAMES)
def test_plain_values_make_the_same_transforms_again(name):
    plain = [each.to_json() for each in augmentation(name)]
    assert augmentation(plain) == augmentation(name)


def test_digits_are_never_mirrored():
    assert not {"flip", "alternating_flip"} & {each.name for each in PRESETS["digits"]}


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("rotat", UnknownNameError, "did you mean 'rotate'"),
        ("standart", UnknownNameError, "did you mean 'standard'"),
        (("rotate", {"degree": 3}), UnknownNameError, "did you mean 'degrees'"),
        (
            ("rotate", {"degrees": -3}),
            ConfigError,
            "'degrees' of the augmentation 'rotate' must be a number from 0 to 180",
        ),
        (("erase", {"area": 0.2}), ConfigError, "'area' .* two numbers from 0 to 1; received 0.2"),
        (("zoom", {"factor": (2, 1)}), ConfigError, "smaller number first"),
        (("erase", {"fill": "white"}), ConfigError, "one of mean, noise, black; received 'white'"),
        (("rand_augment", {"number": 1.5}), ConfigError, "a whole number from 1 to 10; received 1.5"),
        (["flip", "light"], ConfigError, "'flip' is named twice"),
        (3, ConfigError, "a name, a transform or a list"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_in_a_sentence(given, error, said):
    with pytest.raises(error, match=said):
        augmentation(given)


@pytest.mark.parametrize(
    ("inputs", "given", "said"),
    [
        ({"text": np.zeros((4, 7), "int32")}, "flip", "inputs are {'text': 'int32"),
        ({"photo": pictures(4)}, {"foto": "flip"}, "did you mean 'photo'"),
        ({"photo": pictures(4), "age": np.zeros((4, 1), "float32")}, "mixup", "every input must be pictures"),
        ({"a": pictures(4), "b": pictures(4)}, {"a": "mixup", "b": "flip"}, "mix all inputs"),
        ({"photo": pictures(4, dtype="float32") - 0.5}, "brightness", "before they are normalised"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_data_that_cannot_be_augmented_is_told(inputs, given, said):
    with pytest.raises((ConfigError, UnknownNameError), match=said):
        PictureAugmentation(Samples(inputs), augmentation(given), 0)


def test_two_pictures_of_a_row_are_drawn_apart_and_mixed_alike():
    samples = Samples({"left": pictures(40), "right": pictures(40)}, {"kind": np.zeros(40, np.int32)})
    flipped = Batches(samples, batch_size=40, augmentation=augmentation("flip")).training_inputs(np.arange(40), 0, 0)
    assert (flipped["left"] != flipped["right"]).any()
    mixed = Batches(samples, batch_size=40, augmentation=augmentation("mixup")).training_inputs(np.arange(40), 0, 0)
    np.testing.assert_array_equal(mixed["left"], mixed["right"])


def test_other_inputs_and_normalised_pictures_that_are_only_moved_are_let_alone():
    text, photo = np.ones((4, 7), "int32"), pictures(4, dtype="float32") - 0.5
    samples = Samples({"photo": photo, "text": text})
    found = Batches(samples, batch_size=4, augmentation=augmentation(("flip", {"horizontal": 1}))).training_inputs(
        np.arange(4), 0, 0
    )
    np.testing.assert_array_equal(found["text"], text)
    np.testing.assert_array_equal(found["photo"], photo[:, :, ::-1])


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_the_same_picture_seen_otherwise(view):
    given = np.repeat(smooth(32, 32), 2, axis=0)
    found = view_of(given, view)
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    assert (view == "plain") == (found is given)
    np.testing.assert_allclose(found.mean(), given.mean(), rtol=0.08)
    if view == "left":
        np.testing.assert_array_equal(found[:, :, 2:], given[:, :, :-2])


def test_predictions_are_the_means_over_views():
    inputs = {"photo": pictures(4), "number": np.arange(4.0)}

    def predict(given):
        return {"first": given["photo"][:, 0, 0, 0].astype("float32"), "number": given["number"]}

    found = average_over_views(predict, inputs, ("plain", "flip"))
    corner = inputs["photo"][:, 0, :, 0].astype(float)
    np.testing.assert_allclose(found["first"], (corner[:, 0] + corner[:, -1]) / 2)
    np.testing.assert_allclose(found["number"], inputs["number"])


@pytest.mark.parametrize(
    ("views", "inputs", "said"),
    [
        ("flop", {"photo": pictures(1)}, "did you mean 'flip'"),
        (("plain", "rihgt"), {"photo": pictures(1)}, "did you mean 'right'"),
        ((), {"photo": pictures(1)}, "at least one view"),
        ("mirrored", {"x": np.zeros((2, 3))}, "no input is"),
    ],
)
def test_views_that_do_not_fit_are_told(views, inputs, said):
    with pytest.raises((ConfigError, UnknownNameError), match=said):
        require_views(views, inputs)


def test_a_shown_batch_is_that_of_training_with_its_labels():
    targets = {"kind": np.array([0, 1, 2, -1] * 3, np.int32), "age": np.arange(12, dtype=np.float32)}
    samples = Samples({"photo": pictures(12)}, targets)
    heads = {"kind": Head(Target("classification", tuple("abc"))), "age": Head(Target("regression", unit="years"))}
    recipe = Recipe(heads, batch_size=5, augmentation="light")
    batches = Batches(samples, batch_size=5, seed=3, augmentation=recipe.augmentation)
    shown, rows = batch_to_show(samples, recipe, seed=3, epoch=1, step=2), batches.order(1)[2]
    np.testing.assert_array_equal(shown.pictures["photo"], batches.training_inputs(rows, 1, 2)["photo"])
    assert shown.labels[1] == f"kind: {'abc?'[rows[1] % 4]}\nage: {rows[1]} years"
    mixed = batch_to_show(samples, Recipe(heads, batch_size=5, augmentation=("mixup", {"alpha": 2.0})))
    assert any(re.match(r"kind: 0\.\d\d [abc?] \+ 0\.\d\d [abc?]\n", label) for label in mixed.labels)
    with pytest.raises(ConfigError, match="the batches 0 to 2; received 3"):
        batch_to_show(samples, recipe, step=3)


@pytest.mark.parametrize(("channels", "dtype"), [(1, "uint8"), (3, "float32"), (4, "uint8")])
def test_a_grid_of_pictures_is_written_with_a_text_for_each(tmp_path, channels, dtype):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    file = write_picture_grid(
        pictures(7, channels=channels, dtype=dtype), ["$5 and more"] * 7, tmp_path / "grid.png", columns=4, title="seen"
    )
    with image.open(file) as written:
        assert written.size == (round(4 * 1.35 * 120), pytest.approx((0.3 + 2 * (1.35 * 20 / 16 + 0.2)) * 120, abs=2))
        colours = np.unique(np.asarray(written.convert("RGB")).reshape(-1, 3), axis=0)
    assert len(colours) > 100


def test_a_grid_shows_normalised_pictures_on_one_scale():
    shown = as_bytes(np.array([-2.0, 0.0, 2.0]).reshape(3, 1, 1, 1))
    assert shown.reshape(-1).tolist() == [0, 128, 255]
    assert as_bytes(np.array([0.0, 1.0]).reshape(2, 1, 1, 1)).reshape(-1).tolist() == [0, 255]
