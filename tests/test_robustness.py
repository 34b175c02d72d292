"""Attacks: what fools a model whose decision is known beforehand; what is refused, in a sentence."""

import json

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ZooError
from zoo.pictures.preprocessing import Preprocessing
from zoo.robustness import PixelScale, fooling_images
from zoo.robustness.classifier import Classifier
from zoo.robustness.gradient_attacks import noise, pgd
from zoo.robustness.logits import LOGITS, PROBABILITIES, with_logits
from zoo.robustness.sources import picture_rows

pytestmark = pytest.mark.backends
SIDE = 4


def mean_model(activation="softmax", sharpness=50.0):
    """Bright or dark: two classes by whether the mean of the pixels, from 0 to 255, is above the middle."""
    image = keras.Input((SIDE, SIDE, 1), name="image")
    x = keras.layers.Flatten(name="flat")(keras.layers.Rescaling(1 / 255, offset=-0.5, name="centred")(image))
    model = keras.Model([image], {"light": keras.layers.Dense(2, activation=activation, name="light")(x)})
    row = np.full(SIDE * SIDE, sharpness / SIDE**2, np.float32)
    model.get_layer("light").set_weights([np.stack([-row, row], axis=1), np.zeros(2, np.float32)])
    return model


def grey(*shares):
    """Pictures of one shade each."""
    return np.stack([np.full((SIDE, SIDE, 1), 255.0 * share, np.float32) for share in shares])


PICTURES, LABELS = grey(0.45, 0.4, 0.62), np.array([0, 0, 1])


@pytest.fixture(scope="module")
def model():
    return mean_model()


def test_pgd_finds_the_strength_that_the_decision_needs(model):
    found = zoo.attack(
        model, PICTURES, LABELS, method="pgd", strength=[0.04, 0.06, 0.11, 0.13], steps=20, scale=(0, 255)
    )
    assert list(found.accuracy.values()) == pytest.approx([1, 1, 2 / 3, 1 / 3, 0])
    assert [flip.row for flip in found.flips] == [0, 1, 2]
    for flip in found.flips:
        assert np.abs(flip.changed - flip.original).max() <= flip.strength + 1e-6
        assert flip.before[0] == flip.label != flip.after[0]


def test_the_l2_ball_holds_what_it_must(model):
    # All pixels move by d: the length is d * SIDE, and .05 is needed for the first picture.
    found = zoo.attack(model, PICTURES, LABELS, norm="l2", strength=[0.19, 0.22], steps=20, scale=(0, 255))
    assert list(found.accuracy.values()) == pytest.approx([1, 1, 2 / 3])
    assert np.linalg.norm(found.flips[0].changed - found.flips[0].original) <= 0.22 + 1e-5


def test_a_sure_model_has_a_gradient_all_the_same():
    """Its probabilities are exactly 1: their own gradient is 0."""
    sure = mean_model(sharpness=5e4)
    found = zoo.attack(sure, PICTURES, LABELS, method="fgsm", strength=0.13, scale=(0, 255))
    assert found.accuracy[0.13] == 0


def test_few_pixels_and_patches_change_what_they_may(model):
    # One pixel moves the mean by a sixteenth of .55 at the most: only the first picture is near enough, with two.
    found = zoo.attack(
        model, PICTURES, LABELS, method="one_pixel", strength=[1, 2], population=20, generations=8, scale=(0, 255)
    )
    assert found.accuracy[1.0] == 1
    assert found.accuracy[2.0] == pytest.approx(2 / 3)
    assert (found.flips[0].changed != found.flips[0].original).sum() <= 2
    patched = zoo.attack(model, PICTURES, LABELS, method="patch", strength=0.25, scale=(0, 255))
    assert patched.accuracy[0.25] == 0
    assert (patched.flips[0].changed != patched.flips[0].original).sum() <= 4


def test_a_pipelines_own_rule_says_what_is_predicted(model):
    """Bright from a share of .999 on: pictures that are likelier bright than dark count as dark."""

    def decide(shares):
        return (shares[:, 1] >= 0.999).astype(int)

    bright = grey(0.52)
    classifier = Classifier(model, {"image": bright}, None, (0, 255), decide)
    assert classifier.scores(classifier.pictures, np.arange(1)).argmax() == 1
    _, fooled = noise(classifier, np.arange(1), np.array([0]), 1e-3, 0)
    assert not fooled.any()
    changed, fooled = pgd(classifier, np.arange(1), np.array([0]), 0.06, 0)
    assert fooled.all()
    assert decide(np.exp(classifier.scores(changed, np.arange(1)))) == 1


def test_noise_is_no_attack(model):
    found = zoo.attack(model, PICTURES, LABELS, method="noise", strength=0.05, scale=(0, 255))
    assert found.accuracy[0.05] == 1


def test_fooling_images_are_answered_with_confidence(model):
    found = fooling_images(model, classes=[0, 1], goal=0.99, scale=(0, 255))
    assert (found.confidence >= 0.99).all()
    assert (found.before < 0.99).all()
    predicted = keras.ops.convert_to_numpy(model({"image": found.pictures * 255.0})["light"])
    assert np.diag(predicted) == pytest.approx(found.confidence, abs=1e-4)


def test_a_class_to_show_is_one(model):
    with pytest.raises(ZooError, match="by number below 2; received -1"):
        fooling_images(model, classes=[-1], scale=(0, 255))


def test_one_output_of_a_sigmoid_has_two_classes():
    image = keras.Input((SIDE, SIDE, 1), name="image")
    x = keras.layers.Flatten()(image)
    binary = keras.Model([image], {"bright": keras.layers.Dense(1, activation="sigmoid", name="bright")(x)})
    row = np.full((SIDE * SIDE, 1), 50 / SIDE**2, np.float32)
    binary.get_layer("bright").set_weights([row, np.array([-25.0], np.float32)])
    found = zoo.attack(binary, PICTURES / 255, LABELS, strength=[0.06, 0.13], steps=10, scale=(0, 1))
    assert list(found.accuracy.values()) == pytest.approx([1, 2 / 3, 0])


def test_logits_are_found_behind_dense_and_activation_layers_and_told_where_they_are_not():
    x = keras.Input((3,), name="x")
    scores = keras.layers.Dense(2, name="scores")(x)
    for last, what in (
        (keras.layers.Softmax(name="last")(scores), LOGITS),
        (keras.layers.Activation("softmax", name="last")(scores), LOGITS),
        (keras.layers.Dense(2, activation="softmax", name="last")(x), LOGITS),
        (keras.layers.Identity(name="last")(keras.layers.Softmax()(scores)), PROBABILITIES),
    ):
        assert with_logits(keras.Model([x], {"last": last}), None)[2] == what


def test_an_input_of_normalised_pixels_is_attacked_in_shares_of_their_range():
    row = Preprocessing(SIDE, 1.0, "bilinear", "rgb", 1 / 255, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    scale = PixelScale.of(row, 1)
    assert (scale.low.tolist(), scale.high.tolist()) == ([-2.0], [2.0])
    given = np.random.default_rng(0).uniform(-2, 2, (2, 3, 3, 1)).astype(np.float32)
    assert scale.to_numbers(scale.to_share(given)) == pytest.approx(given, abs=1e-5)


def test_blue_first_is_drawn_red_first():
    row = Preprocessing(SIDE, 1.0, "bilinear", "bgr", 1.0, (104.0, 117.0, 124.0), (1.0, 1.0, 1.0))
    scale = PixelScale.of(row, 3)
    assert (scale.colour, scale.low.tolist()) == ("bgr", [-104.0, -117.0, -124.0])
    picture = pytest.importorskip("zoo.robustness.picture")
    assert picture.in_rgb(np.array([[[0.1, 0.2, 0.3]]]), "bgr").tolist() == [[[0.3, 0.2, 0.1]]]


def test_without_labels_the_predictions_are_attacked_and_that_is_said(model):
    found = zoo.attack(model, PICTURES, method="fgsm", strength=0.01, scale=(0, 255))
    assert (found.accuracy[0.0], found.accuracy[0.01]) == (1, 1)
    assert "no true ones" in found.notes[0]


def test_the_page_is_written(model, tmp_path):
    found = zoo.attack(model, PICTURES, LABELS, strength=[0.06, 0.13], steps=5, scale=(0, 255))
    for path in found.save(tmp_path):
        assert path.stat().st_size > 100
    written = json.loads((tmp_path / "robustness.json").read_text())
    assert [row["strength"] for row in written["accuracy"]] == [0, 0.06, 0.13]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scale": None}, "How large a pixel may be is not known"),
        ({"scale": (0, 1)}, "by their scale pixels lie within 0 to 1"),
        ({"scale": (255, 0)}, "brightest pixel must be above"),
        ({"strength": 8}, "in parts of 255 that is 8/255"),
        ({"strength": -0.1}, "above 0 and at most 1"),
        ({"strength": float("nan")}, "above 0 and at most 1"),
        ({"method": "one_pixel", "strength": 1.5}, "a whole number of pixels"),
        ({"method": "pdg"}, "did you mean 'pgd'"),
        ({"norm": "l1"}, "Unknown norm 'l1'"),
        ({"steps": 0}, "'steps' must be a whole number"),
        ({"method": "noise", "steps": 3}, "Unknown option of 'noise'"),
        ({"output": "colour"}, "Unknown output"),
        ({"labels": [0, 1]}, "2 labels for 3 samples"),
        ({"labels": [0, 1, 2]}, "by number below 2"),
        ({"samples": np.zeros((3, 16))}, "an array \\(n, height, width, channels\\)"),
        ({"method": "typos", "scale": None}, "it takes a pipeline"),
        ({"strength": []}, "at least one strength"),
        ({"classes": ["dark"]}, "2 classes; received 1 names"),
    ],
)
def test_what_does_not_fit_is_told(model, changes, told):
    given = {"samples": PICTURES, "labels": LABELS, "scale": (0, 255), **changes}
    with pytest.raises(ZooError, match=told):
        zoo.attack(model, **given)


def test_a_model_without_pictures_is_refused():
    x = keras.Input((4,), name="numbers")
    table = keras.Model([x], {"kind": keras.layers.Dense(2, activation="softmax", name="kind")(x)})
    with pytest.raises(ZooError, match="none of them holds pictures"):
        zoo.attack(table, {"numbers": np.zeros((2, 4), np.float32)}, [0, 1], scale=(0, 1))


def test_gradients_by_pixels_are_those_of_the_log_odds_by_shares(model):
    classifier, labels, _ = picture_rows(model, PICTURES, LABELS, None, (0, 255))
    rows = np.arange(3)
    _, gradient = classifier.gradient(classifier.pictures, rows, labels)
    step = 1e-3
    for row in rows:
        moved = classifier.pictures.copy()
        moved[row, 0, 0, 0] += step
        scores = [classifier.scores(each, rows)[row] for each in (moved, classifier.pictures)]
        odds = [each[1 - labels[row]] - each[labels[row]] for each in scores]  # the only other class
        assert gradient[row, 0, 0, 0] == pytest.approx((odds[0] - odds[1]) / step, rel=0.01)
