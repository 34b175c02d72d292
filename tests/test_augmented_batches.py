"""Pictures of a training batch: mixed samples, recipes, views, and what is shown of them."""

import re

import numpy as np
import pytest

from tests.augmented import NAMES, pictures, smooth
from zoo.drawing.picture_grid import as_bytes, write_picture_grid
from zoo.errors import ConfigError, UnknownNameError
from zoo.pictures.views import VIEWS, average_over_views, refuse_views_of_maps, require_views, view_of
from zoo.samples import Samples, Target
from zoo.training import Head, Recipe
from zoo.training.augmentation.pictures import (
    PRESETS,
    CutMix,
    Flip,
    Mixup,
    Rotate,
    augmentation,
    draw_for,
    draw_mix,
)
from zoo.training.augmentation.pictures.batch import PictureAugmentation
from zoo.training.augmentation.pictures.showing import batch_to_show
from zoo.training.batches import Batches


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


def test_volumes_are_seen_from_eight_sides_and_maps_of_places_from_one():
    volume = np.arange(2 * 3 * 4 * 5, dtype="float32").reshape(2, 3, 4, 5, 1)
    views = require_views("mirrored", {"volume": volume})
    corners = {float(view_of(volume, view)[0, 0, 0, 0, 0]) for view in views}
    assert corners == {float(volume[0, z, y, x, 0]) for z in (0, -1) for y in (0, -1) for x in (0, -1)}
    np.testing.assert_array_equal(view_of(volume, "flip_depth_width"), volume[:, ::-1, :, ::-1])
    assert view_of(volume, "left") is volume  # a view of pictures
    found = average_over_views(lambda given: {"first": given["volume"][:, 0, 0, 0, 0]}, {"volume": volume}, views)
    np.testing.assert_allclose(found["first"], [(each.min() + each.max()) / 2 for each in volume])
    with pytest.raises(UnknownNameError, match="did you mean 'flip_depth'"):
        require_views("flip_deth", {"volume": volume})
    refuse_views_of_maps(views, {"label": "binary"})
    refuse_views_of_maps(("plain",), {"centre": "heat_map"})
    with pytest.raises(ConfigError, match="'centre' is a map of places"):
        refuse_views_of_maps(views, {"label": "binary", "centre": "heat_map"})


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
    with pytest.raises(ConfigError, match="3 batches; there is none of step=3"):
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
